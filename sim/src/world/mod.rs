//! The world: a device, a network, a broker, and everything that can go wrong between them.
//!
//! It jumps from event to event; time in which nothing happens costs nothing. Within an event
//! everything that can move at that instant moves, in a fixed order, before the next event.
//!
//! * [`World`] holds the parts and the agenda (this file, `agenda.rs`).
//! * The boards run the machines under test (`device.rs`, `boards.rs`, `drain.rs`); between them lies
//!   the link: whole frames (`link.rs`, `crossing.rs`), or every edge on its wires (`wires/`).
//! * The radio (`wifi.rs`) and TCP (`tcp/`) carry bytes to the broker's machine (`server.rs`), on which
//!   the witness lives as well (`witness.rs`).
//! * Faults begin and end (`faults.rs`, `trouble.rs`, `outages.rs`), then everything heals and
//!   settles (`settle.rs`).

mod acting;
mod agenda;
mod boards;
mod crossing;
mod device;
mod drain;
mod faults;
mod intrusions;
mod link;
mod network;
mod outages;
mod renewal;
mod server;
mod settle;
mod sizes;
mod tcp;
mod time_server;
mod trials;
mod trouble;
mod view;
mod wifi;
mod wires;
mod witness;

use fivewire_core::bridge::Lan;
use fivewire_core::bridge::notice::Notices;
use fivewire_core::client;
use fivewire_core::event::Event;
use fivewire_core::planted::Planted;
use fivewire_core::recorder::Payloads;
use fivewire_core::time::Instant;

use crate::app::{Application, Commands, Workload};
use crate::fault::Fault;
use crate::observation::{BoardLoss, Observation, Observer};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;
use acting::Acting;
use agenda::{Agenda, NEVER, Slot};
use boards::{Esp8266, HostBoard};
use link::Link;
use server::Server;
use settle::Settling;
use tcp::Tcp;
use wifi::Radio;
use wires::Wires;
use witness::Witness;

pub(crate) use device::{BROKER, FRAME_BYTES, HostMachine, NETWORK, PASSWORD};
pub use device::{BridgeState, DEVICE_ID, Services, WILL_PAYLOAD, WILL_TOPIC};
pub(crate) use drain::{ESP_FREE_BYTES, ESP_USED_BYTES};
pub(crate) use faults::Faults;
#[cfg(feature = "turmoil")]
pub(crate) use faults::Lasting;
pub use link::{LINK_BYTE_US, LINK_FRAME_US, LINK_SYNC_MAX_US};
#[cfg(feature = "turmoil")]
pub(crate) use outages::{REFUSED_TOPIC, denial_reason, return_code};
#[cfg(feature = "turmoil")]
pub(crate) use server::{broker_config, filter_refused_with};
pub use settle::SETTLE_LIMIT_MS;
pub use time_server::TimeServer;
pub(crate) use trials::TRIED_BYTES;
pub use witness::WITNESS_ID;

/// More events than this at one instant are a livelock.
const EVENTS_AT_ONCE_MAX: u32 = 1_000_000;

/// A world. It ends when its schedule has ended and everything has settled.
pub struct World<A = Workload> {
    now: u64,
    events: u64,
    events_at_once: u32,
    finished: bool,
    agenda: Agenda,
    schedule: Schedule,
    planted: Planted,
    faults: Faults,
    /// The first fault of the schedule that has not begun.
    next_fault: usize,
    radio: Radio,
    tcp: Tcp,
    link: Link,
    /// Instead of `link`, where the link is simulated edge by edge.
    wires: Option<Box<Wires>>,
    /// The wires go no further in one step.
    horizon: u64,
    host: HostBoard,
    esp: Esp8266,
    server: Server,
    witness: Witness,
    time_server: Option<Box<time_server::Running>>,
    /// Networks that are not there, whatever the faults say: the stored one, the given one.
    absent: [bool; 2],
    /// The network that is being joined.
    joining: Lan,
    services: Services,
    application: Acting<A>,
    client_state: client::State,
    machine_seeds: Random,
    boot: Random,
    settling: Settling,
    summary: Summary,
    notices: Notices,
    published: u64,
}

/// How many messages went which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Messages {
    /// Publications that the application got a ticket for.
    pub published: u64,
    /// Messages for the device that the witness handed to the broker.
    pub witnessed: u64,
    /// Messages that the device told its application.
    pub told: u64,
}

/// What the device told its application, in short.
#[derive(Clone, Copy, Debug, Default)]
struct Summary {
    connected: bool,
    stopped: bool,
    messages: u64,
}

impl Summary {
    const fn note(&mut self, event: &Event<'_>) {
        match event {
            Event::Connected { .. } => self.connected = true,
            Event::Disconnected { .. } => self.connected = false,
            Event::Message(_) => self.messages += 1,
            Event::Stopped => self.stopped = true,
            _ => {}
        }
    }
}

impl World<Workload> {
    /// The world that `schedule` describes.
    #[must_use]
    pub fn new(schedule: Schedule) -> Self {
        let application = Workload::new(&schedule);
        Self::with_application(schedule, application)
    }

    /// Becomes the world that `schedule` describes, in the memory this one has.
    pub fn reset(&mut self, schedule: &Schedule) {
        self.application = Acting::new(Workload::new(schedule));
        self.schedule.clone_from(schedule);
        self.restart();
    }
}

impl<A: Application> World<A> {
    /// The world that `schedule` describes, with another application at the device. Of the
    /// schedule's workload, what concerns the witness still holds.
    #[must_use]
    pub fn with_application(schedule: Schedule, application: A) -> Self {
        let seed = schedule.seed;
        let mut world = Self {
            now: 0,
            events: 0,
            events_at_once: 0,
            finished: false,
            agenda: Agenda::new(),
            planted: Planted::NONE,
            faults: Faults::default(),
            next_fault: 0,
            radio: Radio::new(seed),
            tcp: Tcp::new(seed),
            link: Link::new(seed),
            wires: None,
            horizon: NEVER,
            host: HostBoard::new(&schedule.setup),
            esp: Esp8266::new(&schedule.setup),
            server: Server::new(&schedule.setup),
            witness: Witness::new(&schedule),
            time_server: None,
            absent: [false; 2],
            joining: Lan::Given,
            services: Services::default(),
            application: Acting::new(application),
            client_state: client::State::Idle,
            machine_seeds: Random::new(seed, Purpose::Machine),
            boot: Random::new(seed, Purpose::Boot),
            settling: Settling::default(),
            summary: Summary::default(),
            notices: Notices::new(),
            published: 0,
            schedule,
        };
        world.restart();
        world
    }

    fn restart(&mut self) {
        let seed = self.schedule.seed;
        self.now = 0;
        self.events = 0;
        self.events_at_once = 0;
        self.finished = false;
        self.agenda = Agenda::new();
        self.faults.reset(self.schedule.faults.len());
        self.next_fault = 0;
        self.radio = Radio::new(seed);
        self.tcp.reset(seed, &self.schedule.setup);
        self.link.reset(seed);
        let setup = &self.schedule.setup;
        self.wires = setup.has_wires().then(|| Box::new(Wires::new(seed, setup)));
        self.horizon = NEVER;
        self.host.reset(&self.schedule.setup);
        self.esp.reset(&self.schedule.setup);
        self.server = Server::new(&self.schedule.setup);
        self.witness = Witness::new(&self.schedule);
        self.time_server = None;
        self.absent = [false; 2];
        self.joining = Lan::Given;
        self.services = Services::of(&self.schedule.workload.habits);
        self.client_state = client::State::Idle;
        self.machine_seeds = Random::new(seed, Purpose::Machine);
        self.boot = Random::new(seed, Purpose::Boot);
        self.settling = Settling::default();
        self.summary = Summary::default();
        self.notices = Notices::new();
        self.published = 0;
        self.plan_start();
    }

    fn plan_start(&mut self) {
        let habits = &self.schedule.workload.habits;
        if habits.asks_every_ms > 0 && self.has_bridge() {
            self.set_time_server(Some(TimeServer::of(&self.schedule.setup)));
        }
        self.server.refuse(&self.schedule.setup);
        self.agenda.set(Slot::Broker, 0);
        self.agenda.set(Slot::HostBoots, 0);
        if self.has_bridge() {
            self.plan_esp_boot(0);
        }
        self.agenda.set(Slot::Heals, u64::from(self.schedule.duration_ms) * 1_000);
        let first = self.witness.next();
        self.agenda.set(Slot::Witness, first);
        self.plan_next_fault();
    }

    /// Puts a bug into the machines, for those that are built with bugs.
    pub fn plant(&mut self, planted: Planted) {
        self.planted = planted;
    }

    /// Records the machine of the application's board, in all its lives: call it before the world has
    /// begun. A segment takes so many bytes at most, and begins with a checkpoint.
    pub fn record_host(&mut self, payloads: Payloads, segment_max_bytes: usize) {
        self.host.record(payloads, segment_max_bytes);
    }

    /// The same with the ESP8266's.
    pub fn record_esp(&mut self, payloads: Payloads, segment_max_bytes: usize) {
        self.esp.record(payloads, segment_max_bytes);
    }

    /// What was recorded so far; see [`record_host`](Self::record_host).
    pub fn take_recording_of_host(&mut self) -> Vec<u8> {
        self.host.take_recording()
    }

    /// The same with the ESP8266's.
    pub fn take_recording_of_esp(&mut self) -> Vec<u8> {
        self.esp.take_recording()
    }

    /// Runs to the end.
    pub fn run<O: Observer>(&mut self, observer: &mut O) {
        while self.step(observer) {}
    }

    /// Runs up to and with the events of `until`.
    pub fn run_until<O: Observer>(&mut self, until: Instant, observer: &mut O) {
        self.horizon = until.as_micros();
        while !self.finished && self.next_event().is_some_and(|at| at <= until) {
            self.step(observer);
        }
        self.horizon = NEVER;
        if !self.finished {
            self.now = self.now.max(until.as_micros());
        }
    }

    /// When the next event happens.
    #[must_use]
    pub fn next_event(&self) -> Option<Instant> {
        let (_, at) = self.agenda.next()?;
        Some(Instant::from_micros(at.max(self.now)))
    }

    /// Does the next event. False if there is none: the run is over.
    pub fn step<O: Observer>(&mut self, observer: &mut O) -> bool {
        if self.finished {
            return false;
        }
        let Some((slot, at)) = self.agenda.next() else { return false };
        self.agenda.clear(slot);
        if at > self.now {
            self.now = at;
            self.events_at_once = 0;
        }
        self.events += 1;
        self.events_at_once += 1;
        assert!(
            self.events_at_once < EVENTS_AT_ONCE_MAX,
            "livelock: {EVENTS_AT_ONCE_MAX} events at one instant, the last was {slot:?}"
        );
        let state = self.client_state;
        self.dispatch(slot, observer);
        self.flow(observer);
        self.renew_after(slot, state, observer);
        !self.finished
    }

    fn dispatch<O: Observer>(&mut self, slot: Slot, observer: &mut O) {
        match slot {
            Slot::FaultBegins => self.begin_fault(observer),
            Slot::FaultEnds => self.end_faults(self.now, observer),
            Slot::Heals => self.heal(observer),
            Slot::Wifi => self.finish_join(observer),
            Slot::Tcp => self.step_tcp(observer),
            Slot::Link if self.wires.is_some() => self.step_wires(observer),
            Slot::Link => self.step_link(observer),
            Slot::Broker => self.wake_broker(observer),
            Slot::EspBoots => self.boot_esp(observer),
            Slot::EspBrownOut => self.sag(observer),
            Slot::Esp => self.wake_esp(observer),
            Slot::HostBoots if self.host.machine().is_some() => {
                self.lose_host(BoardLoss::Ended, observer);
            }
            Slot::HostBoots => self.boot_host(observer),
            Slot::Host => self.wake_host(observer),
            Slot::Application => self.act(observer),
            Slot::Witness => self.witness_publishes(),
            Slot::Settled => self.look_whether_settled(observer),
            Slot::TimeServer => self.deliver_time(observer),
        }
    }

    /// Lets everything move that can move at this instant.
    fn flow<O: Observer>(&mut self, observer: &mut O) {
        loop {
            let moved = self.flow_tcp(observer)
                || self.flow_broker(observer)
                || (self.has_bridge() && self.flow_link(observer));
            if !moved {
                break;
            }
        }
        self.tell_bites(observer);
        self.agenda.set(Slot::Tcp, self.tcp.next());
        let link = match &self.wires {
            Some(wires) => wires.next().max(self.now),
            None => self.link.next(),
        };
        self.agenda.set(Slot::Link, link);
        let action = self.next_action();
        self.agenda.set(Slot::Application, action);
    }

    fn tell_bites<O: Observer>(&mut self, observer: &mut O) {
        while let Some(index) = self.faults.next_untold() {
            self.see(observer, &Observation::FaultBit { index });
        }
    }

    fn see<O: Observer>(&self, observer: &mut O, observation: &Observation<'_>) {
        observer.observe(Instant::from_micros(self.now), observation);
    }

    /// Makes the application ask something of its device. `None` while its board is without power.
    pub fn command<O: Observer, T>(
        &mut self,
        observer: &mut O,
        command: impl FnOnce(&mut A, &mut Commands<'_>) -> T,
    ) -> Option<T> {
        let result = self.command_without_flow(observer, command)?;
        self.flow(observer);
        Some(result)
    }

    fn command_without_flow<O: Observer, T>(
        &mut self,
        observer: &mut O,
        command: impl FnOnce(&mut A, &mut Commands<'_>) -> T,
    ) -> Option<T> {
        let (machine, clock) = self.host.machine_and_clock()?;
        let now = Instant::from_micros(self.now);
        let mut commands = Commands { now, clock, machine, observer, published: 0 };
        let result = command(self.application.get_mut(), &mut commands);
        self.published += commands.published;
        self.drain_host(observer);
        Some(result)
    }

    fn act<O: Observer>(&mut self, observer: &mut O) {
        self.command_without_flow(observer, A::act);
    }

    /// When the application wants to act and can.
    fn next_action(&mut self) -> u64 {
        if self.host.machine().is_none() || self.host_is_busy() {
            return NEVER;
        }
        self.application.next()
    }

    /// Adds a fault to the schedule. One that lies in the past begins at once.
    pub fn add_fault(&mut self, fault: Fault) {
        let waiting = &self.schedule.faults[self.next_fault..];
        let place = waiting.partition_point(|other| other.at_ms <= fault.at_ms);
        self.schedule.faults.insert(self.next_fault + place, fault);
        self.faults.grow();
        self.plan_next_fault();
    }
}
