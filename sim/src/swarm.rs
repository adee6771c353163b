//! Draws schedules by swarm: first which kinds of fault exist at all in this run, then when.
//!
//! Leaving kinds out finds more than mixing everything, because one fault no longer hides what
//! another one leads to. Times are not even: half of the faults lie where a message is under way or
//! where another fault is at work, and between them are long quiet stretches.

mod habits;
mod mqtt5;
mod pressure;
mod qos;
mod wires;

use std::ops::RangeInclusive;

use crate::app::{Intervals, LARGE_QOS1_PERCENT};
use crate::fault::{Fault, FaultKind};
use crate::random::{Purpose, Random};
use crate::schedule::{
    Fidelity, Habits, InboundBytes, Schedule, Setup, TopicBytes, Topology, VERSION, Wires, Workload,
};

/// Sets of topic filters that each match `down/0` to `down/2`, and no topic twice.
const FILTERS: &[&[&str]] = &[
    &["down/#"],
    &["down/+", "other/#"],
    &["down/0", "down/1", "down/2"],
    &["+/0", "down/1", "down/2/#"],
];

/// What a scenario leaves to chance, and within which limits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draw<'a> {
    /// The scenario's name, which the schedule carries.
    pub scenario: &'a str,
    /// Where the client runs. Kinds that need a bridge are left out where there is none.
    pub topology: Topology,
    /// How closely the link is simulated. Kinds that need wires are left out where there are none.
    pub fidelity: Fidelity,
    /// How long faults and workload go on, in milliseconds.
    pub duration_ms: u32,
    /// The kinds that may exist.
    pub kinds: &'a [FaultKind],
    /// How many of them exist in one run; all there are, if there are fewer.
    pub kinds_per_run: RangeInclusive<u32>,
    /// How many faults a run has.
    pub faults: RangeInclusive<u32>,
    /// The application publishes every so many milliseconds.
    pub publish_every_ms: RangeInclusive<u32>,
    /// The witness publishes every so many milliseconds.
    pub inbound_every_ms: RangeInclusive<u32>,
    /// The application's habits are so many times as frequent as in a run of an hour.
    pub habits_pace: u32,
}

impl Default for Draw<'_> {
    /// One hour of a bridge with 3 to 30 faults of 2 to 8 kinds, and a message each way
    /// every 4.8 to 4.9 s on average.
    fn default() -> Self {
        Self {
            scenario: "swarm",
            topology: Topology::Bridge,
            fidelity: Fidelity::Frame,
            duration_ms: 3_600_000,
            kinds: &FaultKind::ALL,
            kinds_per_run: 2..=8,
            faults: 3..=30,
            publish_every_ms: 4_800..=4_900,
            inbound_every_ms: 4_800..=4_900,
            habits_pace: 1,
        }
    }
}

impl Draw<'_> {
    /// Whether a fault of this kind may be drawn.
    #[must_use]
    pub fn may_draw(&self, kind: FaultKind) -> bool {
        self.kinds.contains(&kind)
            && (self.topology == Topology::Bridge || !kind.needs_bridge())
            && (self.fidelity == Fidelity::Wire || !kind.needs_wires())
            && (self.may_speak_mqtt5() || !kind.needs_mqtt5())
    }

    /// Whether a run may speak MQTT 5.
    #[must_use]
    pub fn may_speak_mqtt5(&self) -> bool {
        mqtt5::is_possible(self)
    }
}

/// How many of a hundred messages for the device are large, where nothing is drawn to fill its memory.
#[cfg(feature = "turmoil")]
pub(crate) fn habitual_large_percent(seed: u64) -> u8 {
    habits::large_percent(seed)
}

/// Draws the schedule of a seed.
#[must_use]
pub fn draw(seed: u64, draw: &Draw<'_>) -> Schedule {
    let mut random = Random::new(seed, Purpose::Schedule);
    let setup = draw_setup(&mut random, draw);
    let mut workload = draw_workload(&mut random, draw);
    workload.habits = habits::draw(seed, draw);
    workload.large_percent = habits::large_percent(seed);
    let pressure = pressure::draw_workload(draw, &mut workload, seed);
    // as with what the device publishes
    workload.inbound_every_ms =
        workload.inbound_every_ms * inbound_qos1_permyriad(&workload) / 10_000;
    let mut schedule = Schedule {
        version: VERSION,
        scenario: draw.scenario.to_owned(),
        seed,
        duration_ms: draw.duration_ms,
        setup,
        workload,
        faults: Vec::new(),
    };
    // Of five topics, room for all, for three, or for none: names come, go, and are said again.
    if draw.topology == Topology::Bridge {
        let size = *Random::new(seed, Purpose::TopicMemory).pick(&[64, 18, 18, 0]);
        schedule.setup.topic_bytes = TopicBytes(size);
    }
    if schedule.setup.has_wires() {
        wires::draw_memory(&mut random, &mut schedule);
    }
    pressure::draw_memory(&mut schedule);
    let kinds = draw_kinds(&mut random, draw);
    if !kinds.is_empty() {
        let faults = draw_faults(&mut random, draw, &schedule, &kinds);
        schedule.faults = faults;
    }
    mqtt5::draw(draw, &mut schedule);
    habits::move_faults(&mut schedule);
    qos::draw(draw, &mut schedule);
    if let Some(random) = pressure {
        pressure::draw_faults(random, &mut schedule);
    }
    schedule
}

/// Of 10,000 messages of the witness, this many have QoS 1.
fn inbound_qos1_permyriad(workload: &Workload) -> u32 {
    let large_percent = u32::from(workload.large_percent);
    let qos1_percent = 100 - u32::from(workload.inbound_qos0_percent);
    large_percent * LARGE_QOS1_PERCENT + (100 - large_percent) * qos1_percent
}

fn in_range(random: &mut Random, range: &RangeInclusive<u32>) -> u32 {
    random.between(*range.start(), *range.end())
}

fn draw_setup(random: &mut Random, draw: &Draw<'_>) -> Setup {
    let latency_min_ms = random.between(1, 20);
    let filters = random.pick(FILTERS);
    Setup {
        topology: draw.topology,
        window: random.between(1, 16) as u8,
        keep_alive_s: *random.pick(&[10, 20, 30, 60, 60, 60, 120]),
        clean_session: random.chance(1, 10),
        clean_init: random.chance(3, 4),
        release_after_ms: random.chance(1, 2).then(|| random.between(0, 3_000)),
        will: random.chance(2, 3),
        latency_min_ms,
        latency_max_ms: latency_min_ms + random.between(0, 200),
        host_drift_ppm: random.between(0, 400) as i32 - 200,
        esp_drift_ppm: random.between(0, 400) as i32 - 200,
        chops_segments: random.chance(1, 2),
        outbox_bytes: 1_024 * random.between(1, 8),
        filters: filters.iter().map(ToString::to_string).collect(),
        refused_filter: random.chance(1, 4).then(|| "refused/#".to_owned()),
        topic_bytes: TopicBytes::default(),
        inbound_bytes: InboundBytes::default(),
        fidelity: draw.fidelity,
        wires: match draw.fidelity {
            Fidelity::Frame => Wires::default(),
            Fidelity::Wire => wires::draw_boards(random),
        },
        mqtt5: None,
    }
}

fn draw_workload(random: &mut Random, draw: &Draw<'_>) -> Workload {
    let payload_min_bytes = random.between(8, 40) as u16;
    let payload_range_bytes = if random.chance(1, 5) { 600 } else { 120 };
    let qos0_percent = if random.chance(1, 2) { 0 } else { random.between(1, 30) };
    // QoS 0 comes on top: the rate of QoS 1 is the one that was asked for.
    let publish_every_ms = in_range(random, &draw.publish_every_ms) * (100 - qos0_percent) / 100;
    Workload {
        publish_every_ms,
        qos0_percent: qos0_percent as u8,
        topics: random.between(1, 5) as u8,
        payload_min_bytes,
        payload_max_bytes: payload_min_bytes + random.between(0, payload_range_bytes) as u16,
        inbound_every_ms: in_range(random, &draw.inbound_every_ms),
        inbound_topics: (0..random.between(1, 3)).map(|topic| format!("down/{topic}")).collect(),
        large_percent: 0,
        inbound_qos0_percent: 0,
        habits: Habits::default(),
    }
}

fn draw_kinds(random: &mut Random, draw: &Draw<'_>) -> Vec<FaultKind> {
    let mut kinds: Vec<FaultKind> = draw.kinds.to_vec();
    kinds.retain(|kind| draw.may_draw(*kind));
    // those are drawn apart, see `mqtt5` and `qos`
    kinds.retain(|kind| !kind.needs_mqtt5() && *kind != FaultKind::QosExceeded);
    let count = in_range(random, &draw.kinds_per_run) as usize;
    for place in 0..count.min(kinds.len()) {
        let other = random.between(place as u32, kinds.len() as u32 - 1) as usize;
        kinds.swap(place, other);
    }
    kinds.truncate(count);
    let pressure = FaultKind::Backlog { messages: 0 };
    let needs_pressure = kinds.contains(&FaultKind::EspReceiveOverflow)
        || (kinds.contains(&FaultKind::AppHolds) && random.chance(1, 2));
    if needs_pressure && draw.kinds.contains(&pressure) && !kinds.contains(&pressure) {
        kinds.push(pressure);
    }
    let burst = FaultKind::AppBurst { messages: 0 };
    if kinds.contains(&FaultKind::EspStalls) && !kinds.contains(&burst) {
        kinds.push(burst);
    }
    kinds
}

/// When messages come into being, in milliseconds.
fn message_times_ms(schedule: &Schedule) -> Vec<u32> {
    let Schedule { seed, duration_ms, workload, .. } = schedule;
    let end_us = u64::from(*duration_ms) * 1_000;
    let outbound = Intervals::new(*seed, Purpose::Outbound, workload.publish_every_ms);
    let inbound = Intervals::new(*seed, Purpose::Inbound, workload.inbound_every_ms);
    let within = |at: &fivewire_core::time::Instant| at.as_micros() < end_us;
    let messages = outbound.take_while(within).chain(inbound.take_while(within));
    messages.map(|at| at.as_millis() as u32).collect()
}

/// Where faults are worth while.
struct Times {
    /// When messages come into being, in milliseconds.
    messages_ms: Vec<u32>,
    /// How long one is under way, there and back.
    round_trip_ms: u32,
    end_ms: u32,
}

impl Times {
    fn new(schedule: &Schedule) -> Self {
        let Schedule { duration_ms, setup, .. } = schedule;
        Self {
            messages_ms: message_times_ms(schedule),
            round_trip_ms: 2 * setup.latency_max_ms + 30,
            // Nobody is connected at first, and the last ones should have time to bite.
            end_ms: duration_ms.saturating_sub(15_000),
        }
    }

    fn draw(&self, random: &mut Random, kind: FaultKind, before: &[Fault]) -> u32 {
        if let Some(at_ms) = wires::draw_time(random, kind, self.end_ms, before) {
            return at_ms.min(self.end_ms);
        }
        if let Some(at_ms) = flood_while_held(random, kind, before) {
            return at_ms.min(self.end_ms);
        }
        if needs_company(kind) && !before.is_empty() && random.chance(3, 4) {
            let other = company(random, kind, before);
            let at_ms = other.at_ms + random.between(0, other.duration_ms.saturating_add(2_000));
            return at_ms.saturating_sub(random.between(0, 5_000)).min(self.end_ms);
        }
        let at_ms = match (random.below(4), before.last()) {
            (0 | 1, _) if !self.messages_ms.is_empty() => {
                *random.pick(&self.messages_ms) + random.between(0, self.round_trip_ms)
            }
            (2, Some(other)) => {
                other.at_ms + random.between(0, other.duration_ms.saturating_add(5_000))
            }
            _ => random.between(1_000, self.end_ms.max(1_000)),
        };
        at_ms.min(self.end_ms)
    }
}

/// True for what hurts nobody until something else has gone wrong.
const fn needs_company(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::ConnectRefused
            | FaultKind::ConnectBlackhole
            | FaultKind::ConnectDenied { .. }
            | FaultKind::EspSlowBoot
            | FaultKind::EspReceiveOverflow
    )
}

/// A backlog says most to an application that takes nothing: the two are drawn together.
fn flood_while_held(random: &mut Random, kind: FaultKind, before: &[Fault]) -> Option<u32> {
    let last =
        |wanted: fn(&FaultKind) -> bool| before.iter().rev().find(|fault| wanted(&fault.kind));
    let at_ms = match kind {
        FaultKind::Backlog { .. } => {
            let held = last(|kind| matches!(kind, FaultKind::AppHolds))?;
            held.at_ms + random.between(0, held.duration_ms.min(10_000))
        }
        FaultKind::AppHolds => {
            let flood = last(|kind| matches!(kind, FaultKind::Backlog { .. }))?;
            flood.at_ms.saturating_sub(random.between(0, 2_000))
        }
        _ => return None,
    };
    random.chance(3, 4).then_some(at_ms)
}

/// One of the faults so far; for buffers that overflow, one that fills them.
fn company<'a>(random: &mut Random, kind: FaultKind, before: &'a [Fault]) -> &'a Fault {
    let fills = |fault: &&Fault| matches!(fault.kind, FaultKind::Backlog { .. });
    let filling = before.iter().rev().find(fills);
    filling.filter(|_| kind == FaultKind::EspReceiveOverflow).unwrap_or(random.pick(before))
}

fn draw_faults(
    random: &mut Random,
    draw: &Draw<'_>,
    schedule: &Schedule,
    kinds: &[FaultKind],
) -> Vec<Fault> {
    let times = Times::new(schedule);
    let count = in_range(random, &draw.faults);
    let mut budget_ms = draw.duration_ms / 2;
    let mut faults: Vec<Fault> = Vec::with_capacity(count as usize);
    for number in 0..count as usize {
        // Every kind that exists has a turn before any has a second one.
        let kind = *kinds.get(number).unwrap_or_else(|| random.pick(kinds));
        let kind = with_arguments(random, kind);
        let at_ms = times.draw(random, kind, &faults);
        let duration_ms = if kind.needs_wires() {
            wires::draw_duration(random, kind, at_ms, draw.duration_ms)
        } else if kind.is_instant() {
            0
        } else {
            draw_duration(random, kind, schedule.setup.keep_alive_s, budget_ms)
        };
        budget_ms = budget_ms.saturating_sub(duration_ms);
        faults.push(Fault { at_ms, duration_ms, kind });
    }
    faults.sort_by_key(|fault| fault.at_ms);
    faults
}

fn with_arguments(random: &mut Random, kind: FaultKind) -> FaultKind {
    match kind {
        FaultKind::Latency { .. } => FaultKind::Latency { extra_ms: random.between(50, 4_000) },
        FaultKind::ConnectDenied { .. } => {
            FaultKind::ConnectDenied { code: random.between(1, 5) as u8 }
        }
        FaultKind::Malformed { .. } => FaultKind::Malformed { which: random.below(256) as u8 },
        FaultKind::Backlog { .. } => FaultKind::Backlog { messages: random.between(5, 120) as u16 },
        FaultKind::AppBurst { .. } => {
            FaultKind::AppBurst { messages: random.between(5, 120) as u16 }
        }
        other => wires::with_arguments(random, other),
    }
}

/// Short ones hit one message, long ones outlast keep alive, most lie between.
fn draw_duration(random: &mut Random, kind: FaultKind, keep_alive_s: u16, budget_ms: u32) -> u32 {
    let (short, medium) = match kind {
        FaultKind::HostBusy | FaultKind::LinkDead => (20..=1_000, 1_000..=15_000),
        FaultKind::EspBrownOut => (1_000..=5_000, 5_000..=20_000),
        FaultKind::EspSlowBoot | FaultKind::EspReceiveOverflow => (5_000..=20_000, 20_000..=90_000),
        _ => (50..=2_000, 2_000..=25_000),
    };
    let keep_alive_ms = u32::from(keep_alive_s.max(10)) * 1_000;
    let long = keep_alive_ms..=keep_alive_ms.saturating_mul(3).min(200_000);
    let may_be_long = !matches!(kind, FaultKind::HostBusy | FaultKind::EspBrownOut);
    match random.below(6) {
        0 if may_be_long && *long.end() <= budget_ms => in_range(random, &long),
        1..=3 if *medium.end() <= budget_ms => in_range(random, &medium),
        _ => in_range(random, &short),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_schedule_every_time() {
        let options = Draw::default();
        assert_eq!(draw(7, &options), draw(7, &options));
        assert_ne!(draw(7, &options).faults, draw(8, &options).faults);
    }

    #[test]
    fn schedules_keep_their_limits() {
        let options = Draw::default();
        for seed in 0..500 {
            let schedule = draw(seed, &options);
            // those are drawn apart and come on top
            let is_apart =
                |fault: &&Fault| fault.kind == FaultKind::QosExceeded || fault.kind.needs_mqtt5();
            let apart = schedule.faults.iter().filter(is_apart).count();
            assert!((3..=30).contains(&(schedule.faults.len() - apart)), "{seed}");
            assert!(apart <= 11, "{seed}");
            assert!((1..=16).contains(&schedule.setup.window), "{seed}");
            let Workload { publish_every_ms, inbound_every_ms, .. } = schedule.workload;
            let qos1_permyriad = 100 * (100 - u32::from(schedule.workload.qos0_percent));
            for (every_ms, qos1_permyriad) in [
                (publish_every_ms, qos1_permyriad),
                (inbound_every_ms, inbound_qos1_permyriad(&schedule.workload)),
            ] {
                assert!(every_ms * 10_000 <= 5_000 * qos1_permyriad, "{seed}: {every_ms} ms");
            }
            assert!(schedule.faults.is_sorted_by_key(|fault| fault.at_ms), "{seed}");
            for fault in &schedule.faults {
                assert!(fault.at_ms < schedule.duration_ms, "{seed}: {fault:?}");
                assert_eq!(fault.kind.is_instant(), fault.duration_ms == 0, "{seed}: {fault:?}");
            }
            let mut names: Vec<&str> =
                schedule.faults.iter().map(|fault| fault.kind.name()).collect();
            names.sort_unstable();
            names.dedup();
            assert!(names.len() >= 2, "{seed}: {names:?}");
        }
    }

    #[test]
    fn every_kind_is_drawn_somewhere_and_left_out_somewhere() {
        let options = Draw::default();
        let schedules: Vec<Schedule> = (0..200).map(|seed| draw(seed, &options)).collect();
        let is_drawn = |kind: &FaultKind| !kind.needs_wires() && !kind.needs_mqtt5();
        for kind in FaultKind::ALL.into_iter().filter(is_drawn) {
            let with = schedules
                .iter()
                .filter(|one| one.faults.iter().any(|fault| fault.kind.name() == kind.name()))
                .count();
            assert!((10..150).contains(&with), "{} in {with} of 200", kind.name());
        }
    }

    #[test]
    fn without_a_bridge_nothing_is_drawn_that_needs_one() {
        let options = Draw { topology: Topology::Client, ..Draw::default() };
        for seed in 0..100 {
            assert!(draw(seed, &options).faults.iter().all(|fault| !fault.kind.needs_bridge()));
        }
    }

    #[test]
    fn a_scenario_without_kinds_has_no_faults() {
        let options = Draw { kinds: &[], ..Draw::default() };
        assert_eq!(draw(1, &options).faults, []);
    }
}
