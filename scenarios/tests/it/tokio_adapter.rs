//! The tokio adapter, as it is published, in a simulated network: the same promises, and nothing
//! left of it in the end. `FIVEWIRE_SEEDS=A..B` runs other seeds.

use fivewire_core::event::{AbandonReason, DownReason, Event};
use fivewire_core::time::Instant;
use fivewire_scenarios::{secs, seeds};
use fivewire_sim::cross_check::{History, compare};
use fivewire_sim::fault::{Fault, FaultKind};
use fivewire_sim::observation::{Observation, Observer, Part};
use fivewire_sim::replay::replay;
use fivewire_sim::run::{self, Report};
use fivewire_sim::schedule::{Habits, Schedule};
use fivewire_sim::tokio_world;
use fivewire_sim::trace::Blind;

/// A run of both engines, neither of which may break a promise, and which must agree.
#[track_caller]
pub(crate) fn both(schedule: &Schedule) -> Report {
    let [mut events, mut turmoil] = [History::default(), History::default()];
    let name = format!("{} seed {}: {:?}", schedule.scenario, schedule.seed, schedule.faults);
    let report = run::run(schedule, &mut events);
    assert!(report.breach.is_none(), "{name}\nevents: {}", report.breach.unwrap());
    let report = tokio_world::run(schedule, &mut turmoil).unwrap();
    assert!(report.breach.is_none(), "{name}\nturmoil: {}", report.breach.unwrap());
    let comparison = compare(&events, &turmoil);
    let unexplained: Vec<String> = comparison.unexplained().map(ToString::to_string).collect();
    assert!(unexplained.is_empty(), "{name}\n{}", unexplained.join("\n"));
    let workload = &schedule.workload;
    if workload.publish_every_ms > 0 || workload.inbound_every_ms > 0 {
        let facts = comparison.of_messages;
        assert!(facts > 7, "{name}\nonly {facts} facts about messages compared");
    }
    assert!(comparison.compared > 7, "{name}\nonly {} facts compared", comparison.compared);
    report
}

/// A minute with one fault in it, after everything has come up.
fn minute_with(seed: u64, kind: FaultKind) -> Schedule {
    let mut minutes = (seed..).map(|seed| tokio_world::default_for(4 * seed));
    let speaks_it = |minute: &Schedule| minute.setup.is_v5() || !kind.needs_mqtt5();
    let mut schedule = minutes.find(speaks_it).unwrap();
    // that on which a broker refuses publications
    schedule.workload.topics = 1;
    let duration_ms = if kind.is_instant() { 0 } else { secs(15) };
    schedule.faults = vec![Fault { at_ms: secs(20), duration_ms, kind }];
    schedule
}

/// With arguments that make it felt.
fn felt(kind: FaultKind) -> FaultKind {
    match kind {
        FaultKind::Latency { .. } => FaultKind::Latency { extra_ms: 700 },
        FaultKind::ConnectDenied { .. } => FaultKind::ConnectDenied { code: 3 },
        FaultKind::Backlog { .. } => FaultKind::Backlog { messages: 60 },
        FaultKind::AppBurst { .. } => FaultKind::AppBurst { messages: 60 },
        FaultKind::BrokerDisconnects { .. } => FaultKind::BrokerDisconnects { code: 0x8B },
        FaultKind::PublicationsRefused { .. } => FaultKind::PublicationsRefused { code: 0x97 },
        other => other,
    }
}

/// True for what hurts nobody who is connected.
const fn needs_company(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::ConnectRefused | FaultKind::ConnectBlackhole | FaultKind::ConnectDenied { .. }
    )
}

#[test]
fn each_kind_of_fault_really_hurts_the_adapter_and_breaks_no_promise() {
    let is_known = |kind: &FaultKind| !kind.needs_bridge();
    let kinds = FaultKind::ALL.into_iter().filter(is_known);
    for (kind, seed) in kinds.map(felt).zip(0..) {
        let mut schedule = minute_with(seed, kind);
        if needs_company(kind) {
            let closing = Fault { at_ms: secs(21), duration_ms: 0, kind: FaultKind::TcpReset };
            schedule.faults.push(closing);
        }
        let report = both(&schedule);
        for (kind, _, bit) in report.faults {
            assert_eq!(bit, 1, "{} hurt nobody", kind.name());
        }
    }
}

#[test]
fn every_promise_is_kept_in_the_first_seeds_and_both_engines_agree() {
    for seed in seeds(12) {
        both(&tokio_world::default_for(seed));
    }
}

#[test]
fn one_seed_is_one_run_whatever_ran_before_and_on_which_thread() {
    let schedule = tokio_world::default_for(5);
    let hash = |schedule: &Schedule| tokio_world::run(schedule, &mut Blind).unwrap().hash;
    let alone = hash(&schedule);
    let (other, again) = std::thread::scope(|scope| {
        let thread = scope.spawn(|| (hash(&tokio_world::default_for(6)), hash(&schedule)));
        let here = hash(&schedule);
        let (other, there) = thread.join().unwrap();
        assert_eq!(here, there);
        (other, here)
    });
    assert_eq!(again, alone);
    assert_ne!(other, alone);
}

/// What the application did with its publications, and what it was told of them.
#[derive(Default, Debug)]
struct Wishes {
    retained: u32,
    deadlines: u32,
    expired: u32,
    cancelled: u32,
}

impl Observer for Wishes {
    fn observe(&mut self, _now: Instant, observation: &Observation<'_>) {
        match observation {
            Observation::Published { retain: true, .. } => self.retained += 1,
            Observation::DeadlineSet { .. } => self.deadlines += 1,
            Observation::Cancelled { .. } => self.cancelled += 1,
            Observation::Told(Event::Abandoned { reason: AbandonReason::Expired, .. }) => {
                self.expired += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn the_adapters_application_retains_and_gives_up_as_that_of_the_event_world_does() {
    let mut schedule = minute_with(0, FaultKind::WifiOutage);
    schedule.workload.publish_every_ms = 250;
    schedule.workload.habits = Habits {
        cancelled_percent: 20,
        deadline_percent: 20,
        retained_percent: 20,
        patience_max_ms: 5_000,
        ..Habits::default()
    };
    both(&schedule);
    for engine in 0..2 {
        let mut wishes = Wishes::default();
        match engine {
            0 => assert_eq!(run::run(&schedule, &mut wishes).breach, None),
            _ => assert_eq!(tokio_world::run(&schedule, &mut wishes).unwrap().breach, None),
        }
        let Wishes { retained, deadlines, expired, cancelled } = wishes;
        assert!(retained > 10 && deadlines > 10, "engine {engine}: {wishes:?}");
        assert!(expired > 0 && cancelled > 0, "engine {engine}: {wishes:?}");
    }
}

/// What else the application asked of its device, and what came of it.
#[derive(Default, Debug)]
struct Doings {
    ended: u32,
    renewed: u32,
    compared: u32,
    stopped: u32,
    programs: u32,
}

impl Observer for Doings {
    fn observe(&mut self, _now: Instant, observation: &Observation<'_>) {
        match observation {
            Observation::SaidOfItself { .. } => self.compared += 1,
            Observation::Told(Event::Unsubscribed(_)) => self.ended += 1,
            Observation::Told(Event::Subscribed { .. }) => {
                self.renewed += u32::from(self.ended > 0)
            }
            Observation::Told(Event::Stopped) => self.stopped += 1,
            Observation::BoardUp { part: Part::Host } => self.programs += 1,
            _ => {}
        }
    }
}

#[test]
fn the_adapters_application_ends_renews_compares_and_starts_anew_as_that_of_the_event_world_does() {
    let mut schedule = minute_with(0, FaultKind::WifiOutage);
    schedule.faults[0].duration_ms = secs(5);
    schedule.setup.refused_filter = None;
    schedule.workload.habits = Habits {
        resubscribes_every_ms: 3_000,
        asks_every_ms: 1_000,
        restarts_every_ms: 20_000,
        ..Habits::default()
    };
    both(&schedule);
    for engine in 0..2 {
        let mut doings = Doings::default();
        match engine {
            0 => assert_eq!(run::run(&schedule, &mut doings).breach, None),
            _ => assert_eq!(tokio_world::run(&schedule, &mut doings).unwrap().breach, None),
        }
        let Doings { ended, renewed, compared, stopped, programs } = doings;
        assert!(ended > 3 && renewed > 5 && compared > 40, "engine {engine}: {doings:?}");
        // turmoil's client is shut down once more in the end
        assert!(programs > 2 && stopped == programs - 1 + engine, "engine {engine}: {doings:?}");
    }
}

#[test]
fn a_habit_that_only_an_application_with_a_bridge_has_is_refused_by_name() {
    let mut schedule = tokio_world::default_for(0);
    schedule.workload.habits.chooses_network = true;
    let error = tokio_world::fits(&schedule).unwrap_err().to_string();
    assert!(error.contains("workload.habits.chooses_network"), "{error}");
}

/// Why attempts to connect failed.
#[derive(Default)]
struct Attempts(Vec<DownReason>);

impl Observer for Attempts {
    fn observe(&mut self, _now: Instant, observation: &Observation<'_>) {
        if let Observation::Told(Event::AttemptFailed { reason }) = observation {
            self.0.push(*reason);
        }
    }
}

fn attempts(kind: FaultKind) -> Vec<DownReason> {
    let mut schedule = minute_with(0, kind);
    schedule.faults.push(Fault { at_ms: secs(21), duration_ms: 0, kind: FaultKind::TcpReset });
    let mut attempts = Attempts::default();
    let report = tokio_world::run(&schedule, &mut attempts).unwrap();
    assert_eq!(report.breach, None);
    attempts.0
}

#[test]
fn connections_are_refused_by_a_machine_without_a_broker_and_hang_where_there_is_no_machine() {
    let refused = attempts(FaultKind::ConnectRefused);
    assert!(refused.len() > 3, "{refused:?}");
    assert!(refused.iter().all(|reason| *reason == DownReason::TcpRefused), "{refused:?}");
    for kind in [FaultKind::ConnectBlackhole, FaultKind::WifiOutage] {
        let hung = attempts(kind);
        assert!(!hung.is_empty(), "{kind:?}");
        assert!(hung.iter().all(|reason| *reason == DownReason::TcpUnreachable), "{hung:?}");
    }
}

#[test]
fn a_bare_core_says_to_the_byte_what_the_adapters_core_said() {
    let mut schedule = tokio_world::default_for(1);
    let reset = Fault { at_ms: secs(30), duration_ms: 0, kind: FaultKind::HostReset };
    schedule.faults.push(reset);
    schedule.faults.sort_by_key(|fault| fault.at_ms);
    let recording = tokio_world::record(&schedule).unwrap();
    let replayed = replay(&recording, &mut Blind);
    assert_eq!(replayed.difference, None);
    assert_eq!(replayed.damage, None);
    assert_eq!(replayed.breach, None);
    assert_eq!(replayed.beginnings, 2, "the board lost its power once");
    assert!(replayed.outputs > 100, "{replayed:?}");
}
