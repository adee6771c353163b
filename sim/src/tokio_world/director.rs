//! Directs a run: builds the network, lets time pass tick by tick, and makes faults of the schedule
//! happen to turmoil's hosts and links.

use std::time::{Duration, UNIX_EPOCH};

use fivewire_core::time::Instant;
use turmoil::{Builder, Sim};

use super::crowd;
use super::device::{self, DEVICE};
use super::socket::{self, BROKER};
use super::stage::{Parts, Stage};
use crate::fault::{Fault, FaultKind};
use crate::observation::{BoardLoss, Ending, Observation, Part};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;
use crate::world::Lasting;

/// The witness's host.
const WITNESS: &str = "witness";
/// The host of those who only listen.
const LISTENERS: &str = "listeners";
/// A schedule up to this long runs in ticks of a millisecond, any other in ticks of ten.
const FINE_MAX_MS: u32 = 60_000;
const FINE_TICK: Duration = Duration::from_millis(1);
const COARSE_TICK: Duration = Duration::from_millis(10);
/// The delay of the way to the broker is drawn anew this often.
const LATENCY_EVERY_US: u64 = 500_000;

/// What the way between device and broker is like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Open,
    /// Nothing gets through, and nothing is lost: TCP sends again. turmoil's does not, so what would be
    /// a loss is held back instead.
    Held,
    /// The broker's machine has no power.
    Dark,
}

/// A run under way.
pub(super) struct Director<'a> {
    sim: Sim<'a>,
    pub(super) stage: Stage,
    schedule: Schedule,
    way: Way,
    next_fault: usize,
    latency: Random,
    latency_at: u64,
    /// When the device has its power back.
    boots_at: Option<u64>,
    pub(super) healed_at: Option<Instant>,
}

impl Director<'_> {
    pub(super) fn new(schedule: &Schedule, planted: fivewire_tokio::planted::Planted) -> Self {
        let tick = if schedule.duration_ms <= FINE_MAX_MS { FINE_TICK } else { COARSE_TICK };
        let mut latency = Random::new(schedule.seed, Purpose::Latency);
        let mut sim = Builder::new()
            .rng_seed(latency.seed())
            .epoch(UNIX_EPOCH)
            .simulation_duration(Duration::MAX)
            .tick_duration(tick)
            .min_message_latency(FINE_TICK)
            .max_message_latency(FINE_TICK)
            .build();
        let stage = Stage::new(schedule);
        stage.lock().device.planted = planted;
        let host = stage.clone();
        sim.host(DEVICE, move || device::run(host.clone()));
        let host = stage.clone();
        sim.host(BROKER, move || socket::listen(host.clone()));
        let host = stage.clone();
        sim.host(WITNESS, move || crowd::watch(host.clone()));
        let host = stage.clone();
        sim.host(LISTENERS, move || crowd::listen(host.clone()));
        Self {
            sim,
            stage,
            schedule: schedule.clone(),
            way: Way::Open,
            next_fault: 0,
            latency,
            latency_at: 0,
            boots_at: None,
            healed_at: None,
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.sim.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn now(&self) -> Instant {
        Instant::from_micros(self.now_us())
    }

    /// How many faults of the schedule have begun.
    pub(super) const fn begun(&self) -> usize {
        self.next_fault
    }

    /// Lets one tick pass: first what is due by the schedule, then the hosts.
    ///
    /// # Panics
    /// A task of a host panicked.
    pub(super) fn step(&mut self) {
        let now_us = self.now_us();
        self.stage.lock().now = Instant::from_micros(now_us);
        if self.healed_at.is_none() {
            self.begin_faults(now_us);
            self.end_faults(now_us);
            if now_us >= u64::from(self.schedule.duration_ms) * 1_000 {
                self.heal();
            }
        }
        if self.boots_at.is_some_and(|at| at <= now_us) {
            self.boots_at = None;
            self.stage.lock().device.lost_power = false;
            self.sim.bounce(DEVICE);
        }
        self.set_latency(now_us);
        let mut parts = self.stage.lock();
        if self.healed_at.is_none() {
            let now = parts.now;
            parts.witness.pass_to(now);
        }
        parts.wake_broker();
        drop(parts);
        self.sim.step().unwrap_or_else(|error| panic!("a host gave up: {error}"));
        self.stage.lock().tell_bites();
    }

    fn set_latency(&mut self, now_us: u64) {
        if now_us < self.latency_at {
            return;
        }
        self.latency_at = now_us + LATENCY_EVERY_US;
        let setup = &self.schedule.setup;
        let latency_ms = self.latency.between(setup.latency_min_ms, setup.latency_max_ms).max(1);
        let extra_us = self.stage.lock().faults.extra_latency_us();
        let latency = Duration::from_millis(latency_ms.into()) + Duration::from_micros(extra_us);
        self.sim.set_link_latency(DEVICE, BROKER, latency);
    }

    fn begin_faults(&mut self, now_us: u64) {
        while let Some(fault) = self.schedule.faults.get(self.next_fault)
            && u64::from(fault.at_ms) * 1_000 <= now_us
        {
            let index = self.next_fault;
            let fault = fault.clone();
            self.next_fault += 1;
            self.begin_fault(index, &fault, now_us);
        }
    }

    fn begin_fault(&mut self, index: usize, fault: &Fault, now_us: u64) {
        self.stage.lock().fault_begins(index, fault);
        if let Some(sort) = Lasting::of(fault.kind) {
            let ends = now_us + u64::from(fault.duration_ms) * 1_000;
            self.stage.lock().faults.begin(index, fault.kind, sort, ends);
            self.begin_lasting(fault.kind);
        } else {
            let has_bitten = self.strike(index, fault.kind, now_us);
            let mut parts = self.stage.lock();
            if has_bitten {
                parts.faults.bite_one(index);
            }
            parts.tell_bites();
            parts.see(Observation::FaultEnded { index });
        }
    }

    /// A fault that lasts begins.
    fn begin_lasting(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::BrokerRestart { memory } => {
                let (ending, sort) = (Ending::Closed, Lasting::BrokerRestart);
                self.stage.lock().broker_goes_down(memory, ending, sort);
                // its sockets are closed, as those of any process that ends
                self.sim.crash(BROKER);
            }
            FaultKind::BrokerCrash { memory } => {
                let (ending, sort) = (Ending::Vanished, Lasting::BrokerCrash);
                self.stage.lock().broker_goes_down(memory, ending, sort);
                self.direct_way();
                self.sim.partition(WITNESS, BROKER);
                self.sim.partition(LISTENERS, BROKER);
                self.sim.crash(BROKER);
            }
            FaultKind::ConnectDenied { .. }
            | FaultKind::AcksSwallowed
            | FaultKind::AcksDoubled
            | FaultKind::PublicationsRefused { .. }
            | FaultKind::QosExceeded => {
                self.stage.lock().misbehave();
            }
            FaultKind::AppHolds => self.hold(),
            FaultKind::Latency { .. } => self.latency_at = 0,
            _ => {}
        }
        self.direct_way();
    }

    /// A fault that happens at once. True if it changed something.
    fn strike(&mut self, index: usize, kind: FaultKind, now_us: u64) -> bool {
        let mut parts = self.stage.lock();
        match kind {
            FaultKind::TcpReset => parts.lines.reset_current(),
            FaultKind::TcpHalfOpen => {
                parts.lines.forget_current(index);
                // it bites when the first bytes vanish
                false
            }
            FaultKind::BrokerCloses => parts.broker_closes(),
            FaultKind::BrokerDisconnects { code } => parts.broker_disconnects(code),
            FaultKind::SessionLost => parts.broker_forgets(),
            FaultKind::Malformed { which } => parts.broker_stammers(which),
            FaultKind::Backlog { messages } => {
                parts.witness.owe(messages.into());
                messages > 0
            }
            FaultKind::AppBurst { messages } => {
                parts.device.messages.burst(messages);
                parts.device.orders.send_modify(|orders| orders.news += 1);
                messages > 0
            }
            FaultKind::HostReset => {
                drop(parts);
                self.lose_power(now_us)
            }
            _ => false,
        }
    }

    /// The device loses power and boots again. Nobody is told: what its sockets say as they go is cut
    /// off, by a partition for no time at all. True if it was running.
    fn lose_power(&mut self, now_us: u64) -> bool {
        let mut parts = self.stage.lock();
        let boot_us = parts.device.boot_time().as_micros() as u64;
        let had_power = self.boots_at.replace(now_us + boot_us).is_none();
        let ran = parts.device.is_running;
        if had_power {
            parts.device.lost_power = true;
            if ran {
                parts.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::PowerLoss });
            }
            parts.device.forget();
            drop(parts);
            self.sim.partition(DEVICE, BROKER);
            self.sim.crash(DEVICE);
            self.way = Way::Dark;
            self.direct_way();
        }
        ran
    }

    /// Tells turmoil what the way between device and broker is like now.
    fn direct_way(&mut self) {
        let parts = self.stage.lock();
        let faults = &parts.faults;
        let way = if faults.is_on(Lasting::BrokerCrash) {
            Way::Dark
        } else if faults.is_on(Lasting::WifiOutage) || faults.is_on(Lasting::WifiFade) {
            Way::Held
        } else {
            Way::Open
        };
        drop(parts);
        if way == self.way {
            return;
        }
        match self.way {
            Way::Open => {}
            Way::Held => self.sim.release(DEVICE, BROKER),
            Way::Dark => self.sim.repair(DEVICE, BROKER),
        }
        match way {
            Way::Open => {}
            Way::Held => self.sim.hold(DEVICE, BROKER),
            Way::Dark => self.sim.partition(DEVICE, BROKER),
        }
        self.way = way;
    }

    /// Ends all faults that are due at `until`.
    fn end_faults(&mut self, until: u64) {
        loop {
            let mut parts = self.stage.lock();
            parts.tell_bites();
            let Some((index, kind)) = parts.faults.end_one(until) else { break };
            parts.see(Observation::FaultEnded { index });
            drop(parts);
            self.end_lasting(kind);
        }
    }

    fn end_lasting(&mut self, kind: FaultKind) {
        match kind {
            FaultKind::BrokerRestart { .. } | FaultKind::BrokerCrash { .. } => self.start_broker(),
            FaultKind::BrokerHang => {
                let mut parts = self.stage.lock();
                // what has arrived is heard before anybody looks at the clock
                parts.server.wake();
            }
            FaultKind::ConnectDenied { .. }
            | FaultKind::AcksSwallowed
            | FaultKind::AcksDoubled
            | FaultKind::PublicationsRefused { .. }
            | FaultKind::QosExceeded => {
                self.stage.lock().misbehave();
            }
            FaultKind::AppHolds => self.hold(),
            FaultKind::Latency { .. } => self.latency_at = 0,
            _ => {}
        }
        self.direct_way();
    }

    /// The broker's process starts again, unless another fault keeps it down.
    fn start_broker(&mut self) {
        let mut parts = self.stage.lock();
        let crashed = parts.faults.is_on(Lasting::BrokerCrash);
        let kept_down = crashed || parts.faults.is_on(Lasting::BrokerRestart);
        if !kept_down && parts.server.is_down {
            parts.broker_comes_up();
            drop(parts);
            self.sim.bounce(BROKER);
        } else {
            drop(parts);
        }
        if !crashed {
            self.sim.repair(WITNESS, BROKER);
            self.sim.repair(LISTENERS, BROKER);
        }
    }

    /// Tells the application whether to take messages.
    fn hold(&self) {
        let mut parts = self.stage.lock();
        let holds = parts.faults.is_on(Lasting::AppHolds);
        if parts.device.orders.borrow().holds != holds {
            parts.device.orders.send_modify(|orders| orders.holds = holds);
            parts.see(Observation::Holds(holds));
        }
    }

    /// All faults end; nobody begins anything new.
    fn heal(&mut self) {
        self.end_faults(u64::MAX);
        self.next_fault = self.schedule.faults.len();
        let mut parts = self.stage.lock();
        let now = parts.now;
        // an application that waits for room may not have looked for long
        parts.device.messages.pass_to(now);
        parts.device.messages.wind_down();
        parts.device.plan.wind_down(now);
        parts.witness.pass_to(now);
        parts.witness.wind_down();
        parts.see(Observation::Healed);
        self.healed_at = Some(parts.now);
    }

    /// Asks the application to shut down.
    pub(super) fn shut_down(&self) {
        self.stage.lock().device.orders.send_modify(|orders| orders.shut_down = true);
    }
}

impl Parts {
    fn fault_begins(&mut self, index: usize, fault: &Fault) {
        self.seen.push(super::seen::Seen::FaultBegan { index, fault: fault.clone() });
    }

    fn tell_bites(&mut self) {
        while let Some(index) = self.faults.next_untold() {
            self.see(Observation::FaultBit { index });
        }
    }
}
