//! A time server: datagrams, so any question and any answer may be late or lost.

use std::collections::VecDeque;

use fivewire_core::bridge::esp;
use fivewire_core::sntp::PACKET_BYTES;

use super::World;
use super::agenda::{NEVER, Slot};
use crate::app::Application;
use crate::observation::Observer;
use crate::random::{Purpose, Random};
use crate::schedule::Setup;

/// Seconds from 1900, where these servers count from, to 1970.
const FROM_1900_S: u64 = 2_208_988_800;

/// A server that the device can reach over WiFi. In a world there is none unless
/// [`World::set_time_server`] puts one there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimeServer {
    /// The time at the beginning of the world: seconds since 1970.
    pub start_unix_s: u64,
    /// Each way takes at least this long, in milliseconds.
    pub delay_min_ms: u32,
    /// Each way takes at most this long, in milliseconds.
    pub delay_max_ms: u32,
    /// Of a hundred datagrams so many are lost, on each way.
    pub loss_percent: u32,
}

impl TimeServer {
    /// One as far away as the broker, whose datagrams get lost at times.
    pub(super) const fn of(setup: &Setup) -> Self {
        Self {
            start_unix_s: 1_700_000_000,
            delay_min_ms: setup.latency_min_ms,
            delay_max_ms: setup.latency_max_ms,
            loss_percent: 10,
        }
    }
}

/// The server, and its answers on their way.
pub(super) struct Running {
    server: TimeServer,
    random: Random,
    questions: u64,
    answers: VecDeque<(u64, [u8; PACKET_BYTES])>,
}

impl Running {
    fn travel_us(&mut self) -> Option<u64> {
        let TimeServer { delay_min_ms, delay_max_ms, loss_percent, .. } = self.server;
        let ms = self.random.between(delay_min_ms, delay_max_ms);
        (!self.random.chance(loss_percent, 100)).then_some(u64::from(ms) * 1_000)
    }

    /// What comes back of a question, and when.
    fn answer(&mut self, now: u64, cookie: u64) -> Option<(u64, [u8; PACKET_BYTES])> {
        self.questions += 1;
        let asked = now + self.travel_us()?;
        let arrives = asked + self.travel_us()?;
        // The seconds have 32 bits, so they come round in 2036.
        let seconds = (self.server.start_unix_s + FROM_1900_S + asked / 1_000_000) as u32;
        let fraction = ((asked % 1_000_000) << 32) / 1_000_000;
        let mut packet = [0; PACKET_BYTES];
        packet[..2].copy_from_slice(&[0x24, 2]); // version 4, server, stratum 2
        packet[24..32].copy_from_slice(&cookie.to_be_bytes());
        packet[40..44].copy_from_slice(&seconds.to_be_bytes());
        packet[44..].copy_from_slice(&(fraction as u32).to_be_bytes());
        Some((arrives, packet))
    }
}

impl<A: Application> World<A> {
    /// Puts a time server into the network, or takes it away with all its answers.
    pub fn set_time_server(&mut self, server: Option<TimeServer>) {
        let seed = self.schedule.seed;
        self.time_server = server.map(|server| {
            Box::new(Running {
                server,
                random: Random::new(seed, Purpose::TimeServer),
                questions: 0,
                answers: VecDeque::new(),
            })
        });
        self.plan_time_server();
    }

    /// How often the time server was asked.
    #[must_use]
    pub fn time_questions(&self) -> u64 {
        self.time_server.as_ref().map_or(0, |server| server.questions)
    }

    /// The ESP8266 asks. Without a network the datagram goes nowhere.
    #[cold]
    pub(super) fn ask_time_server(&mut self, cookie: u64) {
        let Some(server) = self.time_server.as_mut().filter(|_| self.radio.is_associated()) else {
            return;
        };
        if let Some(answer) = server.answer(self.now, cookie) {
            let place = server.answers.partition_point(|(at, _)| *at <= answer.0);
            server.answers.insert(place, answer);
            self.plan_time_server();
        }
    }

    fn plan_time_server(&mut self) {
        let next = self.time_server.as_ref().and_then(|server| server.answers.front());
        self.agenda.set(Slot::TimeServer, next.map_or(NEVER, |(at, _)| *at));
    }

    /// An answer arrives, if anybody is there.
    #[cold]
    pub(super) fn deliver_time<O: Observer>(&mut self, observer: &mut O) {
        let answer = self.time_server.as_mut().and_then(|server| server.answers.pop_front());
        let local = self.esp.clock.local(self.now);
        if let (Some((_, datagram)), Some(esp), true) =
            (answer, &mut self.esp.machine, self.radio.is_associated())
        {
            esp.handle(local, esp::Input::Datagram(&datagram));
            self.drain_esp(observer);
        }
        self.plan_time_server();
    }
}
