//! A client by itself, with a network that fails.

use fivewire_core::client::{Action, Client, Input, Output, Publication, TcpFailure};
use fivewire_core::config::{Config, Release};
use fivewire_core::event::{Delivery, Event, Ticket};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_core::time::{Instant, Wait};

use crate::broker::Broker;
use crate::memory::ClientMemory;
use crate::outcome::Outcome;
use crate::random::Random;

const STEPS: u32 = 1_000;

struct World<'a> {
    client: Client<&'a mut [u8]>,
    now: Instant,
    broker: Broker,
    random: Random,
    outcome: &'a mut Outcome,
    /// What is answered at the next step.
    owed: Option<Input<'static>>,
    open: bool,
    wait: Wait,
    delivery: Option<Delivery>,
    ticket: Option<Ticket>,
}

/// Runs the schedule of this seed.
pub(crate) fn run(
    seed: u64,
    protocol: ProtocolVersion,
    memory: &mut ClientMemory,
    outcome: &mut Outcome,
) {
    let config = Config {
        protocol,
        keep_alive_s: 10,
        ack_timeout_ms: 3_000,
        release: Release::Explicit,
        ..Config::new("trace")
    };
    let mut world = World {
        client: Client::new(&config, memory.lend(), seed)
            .expect("the buffers fit the configuration"),
        now: Instant::ZERO,
        broker: Broker::new(protocol == ProtocolVersion::V5),
        random: Random::new(seed),
        outcome,
        owed: None,
        open: false,
        wait: Wait::ForInput,
        delivery: None,
        ticket: None,
    };
    world.client.start(world.now);
    world.drain();
    for _ in 0..STEPS {
        world.step();
    }
    world.client.shut_down(world.now);
    world.drain();
    let counters = world.client.counters();
    world.outcome.note(world.now.as_micros(), &counters);
}

impl World<'_> {
    #[inline(never)]
    fn step(&mut self) {
        // On to the next deadline now and then, a little otherwise.
        self.now = match self.wait {
            Wait::Until(at, _) if self.random.once_in(4) => self.now.max(at),
            _ => self.now.plus_ms(self.random.below(120)),
        };
        match self.random.below(24) {
            0 => self.tell(Input::WifiDown),
            1 if self.open => {
                self.open = false;
                self.tell(Input::TcpClosed);
            }
            2 => self.broker.forget_session(),
            3..=9 => self.publish(),
            10 => self.subscribe(),
            11 => {
                if let Some(ticket) = self.ticket.take() {
                    let done = self.client.cancel(self.now, ticket);
                    self.outcome.note(0, &done);
                }
            }
            12..=16 => {
                if let Some(delivery) = self.delivery.take() {
                    let done = self.client.release(self.now, delivery);
                    self.outcome.note(1, &done);
                }
            }
            17 => self.client.hold(self.now, true),
            18 | 19 => self.client.hold(self.now, false),
            _ => {}
        }
        self.drain();
        if let Some(owed) = self.owed.take() {
            self.tell(owed);
        }
        if self.open
            && let Some((bytes, count)) = self.broker.say(self.client.receive_capacity())
        {
            self.tell(Input::Received(&bytes[..count]));
        }
        self.tell(Input::Timeout);
    }

    #[inline(never)]
    fn publish(&mut self) {
        let payload = [b'p'; 200];
        let size = self.random.below(200) as usize;
        let qos = if self.random.once_in(4) { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        let topic = if self.random.once_in(2) { "trace/one" } else { "trace/two" };
        let publication = Publication::new(topic, &payload[..size], qos);
        let ticket = self.client.publish(self.now, &publication);
        self.outcome.note(2, &ticket);
        self.ticket = ticket.ok().or(self.ticket);
    }

    #[inline(never)]
    fn subscribe(&mut self) {
        let filter = ["a/+", "a/#", "trace/one"][self.random.below(3) as usize];
        let ticket = match self.random.below(3) {
            0 => self.client.unsubscribe(self.now, filter),
            1 => self.client.subscribe(self.now, filter, QoS::AtMostOnce),
            _ => self.client.subscribe(self.now, filter, QoS::AtLeastOnce),
        };
        self.outcome.note(3, &ticket);
    }

    fn tell(&mut self, input: Input<'_>) {
        self.client.handle(self.now, input);
        self.drain();
    }

    #[inline(never)]
    fn drain(&mut self) {
        let at_us = self.now.as_micros();
        loop {
            match self.client.poll() {
                Output::Transmit(bytes) => {
                    // A full transport: nothing but this, or half of it, is taken.
                    let most = if self.random.once_in(8) { bytes.len() / 2 } else { bytes.len() };
                    let taken =
                        self.broker.take(&bytes[..most], &mut self.random, &mut self.outcome.hash);
                    self.client.handle(self.now, Input::Sent(taken));
                    if self.owed.is_none() {
                        self.owed = Some(Input::Writable);
                    }
                    continue;
                }
                Output::Event(Event::Message(message)) => {
                    self.delivery = message.delivery.or(self.delivery);
                    self.outcome.told(at_us, &Event::Message(message));
                    continue;
                }
                Output::Event(event) => {
                    self.outcome.told(at_us, &event);
                    continue;
                }
                Output::Wait(wait) => {
                    self.outcome.note(at_us, &wait);
                    self.wait = wait;
                    return;
                }
                Output::Action(action) => self.act(action),
            }
        }
    }

    #[inline(never)]
    fn act(&mut self, action: Action) {
        self.outcome.note(self.now.as_micros(), &action);
        match action {
            Action::JoinWifi => {
                let works = !self.random.once_in(6);
                self.owed = Some(if works { Input::WifiUp } else { Input::WifiDown });
            }
            Action::LeaveWifi => self.owed = None,
            Action::OpenTcp => {
                self.broker.forget_connection();
                self.open = !self.random.once_in(5);
                self.owed = Some(if self.open {
                    Input::TcpOpened
                } else {
                    Input::TcpFailed(TcpFailure::Refused)
                });
            }
            Action::CloseTcp => {
                self.open = false;
                self.owed = None;
            }
        }
    }
}
