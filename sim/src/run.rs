//! Runs a schedule and reports.

use fivewire_core::planted::Planted;
use fivewire_core::recorder::{Machine, Payloads};
use fivewire_core::time::Instant;

use crate::app::Application;
use crate::fault::FaultKind;
use crate::marks::{Mark, Marks, Matrix};
use crate::observation::{Observation, Observer};
pub use crate::oracle::Breach;
use crate::oracle::{Oracle, Promise, settle_bound_ms};
use crate::schedule::{Schedule, Topology};
use crate::trace::{Blind, TraceHash};
use crate::world::{Messages, World};

/// What a run showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The hash of the trace: the same for the same schedule and version, everywhere (P11).
    pub hash: u64,
    /// The first promise that was broken.
    pub breach: Option<Breach>,
    /// Virtual time passed, in microseconds.
    pub virtual_us: u64,
    /// Events.
    pub events: u64,
    /// Messages each way.
    pub messages: Messages,
    /// How many judgements each promise got, by [`Promise::index`].
    pub checked: [u64; Promise::COUNT],
    /// Each fault of the schedule: how often it began, how often it hurt somebody.
    pub faults: Vec<(FaultKind, u64, u64)>,
    /// How often each interesting situation was reached.
    pub marks: Vec<(&'static str, u64)>,
    /// In which state of the client which kind of fault hurt somebody.
    pub matrix: Matrix,
}

/// Runs `schedule` to its end, or to the first breach. `extra` watches too.
#[must_use]
pub fn run(schedule: &Schedule, extra: &mut dyn Observer) -> Report {
    Runner::new(schedule).run_watched(schedule, extra)
}

/// Runs `schedule` to its end, and returns what a machine in it was told and said, for
/// [`replay`](crate::replay::replay). `None` where there is no such machine.
#[must_use]
pub fn record(schedule: &Schedule, machine: Machine, payloads: Payloads) -> Option<Vec<u8>> {
    run_recorded(schedule, machine, payloads, usize::MAX).map(|(_, recording)| recording)
}

/// The same with what the run showed, in segments of so many bytes at most.
pub(crate) fn run_recorded(
    schedule: &Schedule,
    machine: Machine,
    payloads: Payloads,
    segment_max_bytes: usize,
) -> Option<(Report, Vec<u8>)> {
    let is_at_esp = match (schedule.setup.topology, machine) {
        (Topology::Client, Machine::Client) | (Topology::Bridge, Machine::BridgeHost) => false,
        (Topology::Bridge, Machine::BridgeEsp) => true,
        _ => return None,
    };
    let mut world = World::new(schedule.clone());
    if is_at_esp {
        world.record_esp(payloads, segment_max_bytes);
    } else {
        world.record_host(payloads, segment_max_bytes);
    }
    let report = run_world(&mut world, &mut Blind);
    let recording =
        if is_at_esp { world.take_recording_of_esp() } else { world.take_recording_of_host() };
    Some((report, recording))
}

/// Runs one schedule after the other in the same memory.
pub struct Runner {
    world: World,
}

impl Runner {
    /// A runner, ready for any schedule; the first one only lends its size.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        Self { world: World::new(schedule.clone()) }
    }

    /// Puts a bug into the machines of all runs to come, for those that are built with bugs.
    pub fn plant(&mut self, planted: Planted) {
        self.world.plant(planted);
    }

    /// Runs `schedule` to its end, or to the first breach.
    #[must_use]
    pub fn run(&mut self, schedule: &Schedule) -> Report {
        self.run_watched(schedule, &mut Blind)
    }

    /// The same, watched by `extra`.
    #[must_use]
    pub fn run_watched<O: Observer + ?Sized>(
        &mut self,
        schedule: &Schedule,
        extra: &mut O,
    ) -> Report {
        self.world.reset(schedule);
        run_world(&mut self.world, extra)
    }
}

/// Everybody who watches every run, in whatever engine.
pub(crate) struct Watch<'a, O: ?Sized> {
    pub(crate) hash: TraceHash,
    pub(crate) oracle: Oracle,
    pub(crate) marks: Marks,
    extra: &'a mut O,
}

impl<'a, O: ?Sized> Watch<'a, O> {
    pub(crate) fn new(schedule: &Schedule, extra: &'a mut O) -> Self {
        Self {
            hash: TraceHash::new(),
            oracle: Oracle::new(schedule),
            marks: Marks::new(schedule),
            extra,
        }
    }
}

impl<O: Observer + ?Sized> Observer for Watch<'_, O> {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        self.hash.observe(now, observation);
        self.marks.observe(now, observation);
        self.oracle.observe(now, observation);
        self.extra.observe(now, observation);
    }
}

/// Runs a world that has not begun, whatever its application is, to its end or the first breach.
#[must_use]
pub fn run_world<A: Application, O: Observer + ?Sized>(
    world: &mut World<A>,
    extra: &mut O,
) -> Report {
    world.set_settle_limit_ms(settle_bound_ms(world.schedule()));
    let mut watch = Watch::new(world.schedule(), extra);
    while watch.oracle.breach().is_none() && world.step(&mut watch) {}
    Report {
        hash: watch.hash.value(),
        breach: watch.oracle.breach().cloned(),
        virtual_us: world.now().as_micros(),
        events: world.events(),
        messages: world.messages(),
        checked: *watch.oracle.checked(),
        faults: world.faults().collect(),
        marks: situations(&watch.marks).collect(),
        matrix: watch.marks.matrix().clone(),
    }
}

/// The marks without those of the faults themselves, which stand in [`Report::faults`].
pub(crate) fn situations(marks: &Marks) -> impl Iterator<Item = (&'static str, u64)> {
    let reached = marks.iter().filter(|(mark, _)| matches!(mark, Mark::Reached(_)));
    reached.map(|(mark, count)| (mark.name(), u64::from(count)))
}
