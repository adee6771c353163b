//! Two boards, five wires, an access point and a broker. Each board looks at its pins every 250 µs.

use fivewire_core::client::Publication;
use fivewire_core::link::Levels;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;
use fivewire_sim::original::esp::Config as EspConfig;
use fivewire_sim::original::host::{Config as HostConfig, Event};
use fivewire_sim::original::{Generation, OriginalEsp, OriginalHost};

use crate::boards::{Asks, EspBoard, HostBoard, OurEsp, OurHost, Pins};
use crate::net::Net;

const TICK_US: u64 = 250;
/// How long an ESP8266 takes from the end of a reset to its first look at a pin.
const BOOT_MS: u32 = 300;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Ours,
    Original,
}

pub(crate) struct Rig {
    pub(crate) host: HostBoard,
    pub(crate) esp: EspBoard,
    pub(crate) net: Net,
    esp_kind: Kind,
    esp_config: EspConfig,
    pins: Pins,
    shows: Levels,
    /// What a wire from the ESP8266 shows instead, for one look.
    pub(crate) noise: Option<Levels>,
    boots_at: Option<Instant>,
    pub(crate) now: Instant,
    pub(crate) resets: usize,
    was_reset: bool,
}

impl Rig {
    pub(crate) fn new(host: Kind, esp: Kind) -> Self {
        Self::with(host, esp, HostConfig::default(), BOOT_MS)
    }

    pub(crate) fn with(host: Kind, esp: Kind, config: HostConfig, first_boot_ms: u32) -> Self {
        let now = Instant::ZERO;
        let generation = config.generation;
        Self {
            host: match host {
                Kind::Ours => HostBoard::Ours(Box::new(OurHost::new(now))),
                Kind::Original => {
                    HostBoard::Original(Box::new(OriginalHost::new(now, config)), Vec::new())
                }
            },
            esp: EspBoard::Off,
            net: Net::new(),
            esp_kind: esp,
            esp_config: EspConfig {
                generation,
                client_id: "a1b2c3".to_owned(),
                stored_network: true,
                time_s: 0,
            },
            pins: Pins::default(),
            shows: Levels::default(),
            noise: None,
            boots_at: Some(now.plus_ms(first_boot_ms)),
            now,
            resets: 0,
            was_reset: false,
        }
    }

    /// The chip has never joined a network.
    pub(crate) fn without_stored_network(mut self) -> Self {
        self.esp_config.stored_network = false;
        self
    }

    pub(crate) fn of_generation(generation: Generation, host: Kind, esp: Kind) -> Self {
        let config = HostConfig { generation, ..HostConfig::default() };
        Self::with(host, esp, config, BOOT_MS)
    }

    fn tick(&mut self) {
        self.now = Instant::from_micros(self.now.as_micros() + TICK_US);
        let now = self.now;
        let heard = self.noise.take().unwrap_or(self.shows);
        self.host.look(now, heard, &mut self.pins);
        self.tick_reset();
        if self.boots_at.is_some_and(|at| at <= now) {
            self.boots_at = None;
            self.esp = match self.esp_kind {
                Kind::Ours => EspBoard::Ours(Box::new(OurEsp::new(now))),
                Kind::Original => {
                    let config = self.esp_config.clone();
                    EspBoard::Original(Box::new(OriginalEsp::new(now, config)))
                }
            };
        }
        self.net.run(now);
        for told in std::mem::take(&mut self.net.told) {
            self.esp.net(now, told.input());
        }
        for asks in self.esp.look(now, self.pins.levels, &mut self.shows) {
            match asks {
                Asks::Action(action) => self.net.act(now, action),
                Asks::Transmit(bytes) => self.net.transmit(now, &bytes),
            }
        }
    }

    fn tick_reset(&mut self) {
        if self.pins.reset {
            if !self.was_reset {
                self.resets += 1;
            }
            // Who has no power cannot be reset either.
            if self.boots_at.is_none_or(|at| at <= self.now.plus_ms(BOOT_MS)) {
                self.crash_esp(BOOT_MS);
            }
        }
        self.was_reset = self.pins.reset;
    }

    /// The ESP8266 is gone, and boots again after so long.
    pub(crate) fn crash_esp(&mut self, boot_ms: u32) {
        self.esp = EspBoard::Off;
        self.net.board_gone();
        self.boots_at = Some(self.now.plus_ms(boot_ms));
    }

    /// A few minutes of noise on the wires, with three crashes and nine publications.
    pub(crate) fn suffer(&mut self, seed: u32) {
        let mut state = seed.wrapping_mul(77_777) + 1;
        for round in 0..60 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            self.noise = Some(Levels { clock: state >> 31 == 1, data: state >> 30 & 1 == 1 });
            if round % 7 == 0 {
                self.publish("a", &round.to_string());
            }
            if round % 20 == 5 {
                self.crash_esp(state >> 21 & 0xFFF);
            }
            self.run_ms(state >> 20 & 0xFFF);
        }
    }

    pub(crate) fn run_ms(&mut self, millis: u32) {
        let end = self.now.plus_ms(millis);
        while self.now < end {
            self.tick();
        }
    }

    /// Runs until `done`, and says how long that took.
    #[track_caller]
    pub(crate) fn run_until(&mut self, max_ms: u32, mut done: impl FnMut(&Self) -> bool) -> u64 {
        let start = self.now;
        while !done(self) {
            assert!(self.now < start.plus_ms(max_ms), "not within {max_ms} ms: {:?}", self.told());
            self.tick();
        }
        self.now.micros_since(start) / 1_000
    }

    pub(crate) fn is_connected(&self) -> bool {
        match &self.host {
            HostBoard::Ours(ours) => {
                ours.host.state() == fivewire_core::bridge::host::State::Running { connected: true }
            }
            HostBoard::Original(host, _) => host.is_running() && host.wifi(),
        }
    }

    #[track_caller]
    pub(crate) fn connect(&mut self) {
        self.run_until(30_000, Self::is_connected);
    }

    pub(crate) fn told(&self) -> Vec<String> {
        match &self.host {
            HostBoard::Ours(ours) => ours.told.clone(),
            HostBoard::Original(_, told) => told.iter().map(|event| format!("{event:?}")).collect(),
        }
    }

    pub(crate) fn publish(&mut self, topic: &str, payload: &str) {
        match &mut self.host {
            HostBoard::Ours(ours) => {
                let publication = Publication::new(topic, payload.as_bytes(), QoS::AtLeastOnce);
                ours.host.publish(self.now, &publication).expect("there is room");
            }
            HostBoard::Original(host, _) => {
                host.publish(topic, payload, false, 1).expect("it is legal");
            }
        }
    }

    pub(crate) fn subscribe(&mut self, filter: &str) {
        match &mut self.host {
            HostBoard::Ours(ours) => {
                ours.host.subscribe(self.now, filter, QoS::AtLeastOnce).expect("there is room");
            }
            HostBoard::Original(host, _) => host.subscribe(filter, 1),
        }
    }

    /// Publications that the application was told are done.
    pub(crate) fn done(&self) -> usize {
        match &self.host {
            HostBoard::Ours(ours) => ours.acked,
            HostBoard::Original(_, told) => {
                told.iter().filter(|event| matches!(event, Event::Published(_))).count()
            }
        }
    }

    /// Payloads of the messages that the application got.
    pub(crate) fn messages(&self) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match &self.host {
            HostBoard::Ours(ours) => {
                ours.messages.iter().map(|(_, payload, _)| text(payload)).collect()
            }
            HostBoard::Original(_, told) => told
                .iter()
                .filter_map(|event| match event {
                    Event::Message { payload, .. } => Some(payload.clone()),
                    _ => None,
                })
                .collect(),
        }
    }

    pub(crate) fn friend_publishes(&mut self, topic: &str, payload: &[u8]) {
        self.net.friend_publishes(self.now, topic, payload);
    }

    pub(crate) fn access_point(&mut self, on: bool) {
        self.net.set_access_point(self.now, on);
    }

    pub(crate) fn broker_listens(&mut self, on: bool) {
        self.net.set_listening(self.now, on);
    }

    /// The start-up or command task of the original ESP8266 dies.
    pub(crate) fn raise(&mut self) {
        if let EspBoard::Original(esp) = &mut self.esp {
            esp.raise();
        }
    }
}
