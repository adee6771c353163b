//! One seed, one run (P11): whoever watches, however often, in fresh or used memory.

use fivewire_core::time::Instant;
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::run::{Report, Runner, run};
use fivewire_sim::schedule::{Schedule, Topology};
use fivewire_sim::swarm::{Draw, draw};
use fivewire_sim::trace::{Blind, Timeline};

fn schedules() -> Vec<Schedule> {
    let bridge = Draw { duration_ms: 600_000, ..Draw::default() };
    let client = Draw { topology: Topology::Client, ..bridge.clone() };
    (0..12).flat_map(|seed| [draw(seed, &bridge), draw(seed, &client)]).collect()
}

#[test]
fn used_memory_changes_nothing() {
    let schedules = schedules();
    let fresh: Vec<Report> = schedules.iter().map(|one| run(one, &mut Blind)).collect();
    let mut runner = Runner::new(&schedules[0]);
    for (schedule, fresh) in schedules.iter().zip(&fresh).rev() {
        assert_eq!(&runner.run(schedule), fresh, "seed {}", schedule.seed);
    }
}

#[test]
fn watching_changes_nothing() {
    for schedule in schedules() {
        let mut timeline = Timeline::new();
        assert_eq!(run(&schedule, &mut timeline), run(&schedule, &mut Blind));
        assert!(timeline.lines().len() > 100);
    }
}

#[test]
fn seeds_differ() {
    let mut hashes: Vec<u64> =
        schedules().iter().map(|schedule| run(schedule, &mut Blind).hash).collect();
    hashes.sort_unstable();
    let all = hashes.len();
    hashes.dedup();
    assert_eq!(hashes.len(), all);
}

/// Time never goes backwards, faults begin before they bite or end, and nothing follows the end.
#[derive(Default)]
struct Grammar {
    now: Instant,
    began: Vec<usize>,
    ended: Vec<usize>,
    bitten: Vec<usize>,
    healed: bool,
    finished: bool,
}

impl Observer for Grammar {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        assert!(now >= self.now, "time went backwards");
        assert!(!self.finished, "{observation:?} after the end");
        self.now = now;
        match *observation {
            Observation::FaultBegan { index, .. } => {
                assert_eq!(index, self.began.len(), "faults begin in order");
                assert!(!self.healed);
                self.began.push(index);
            }
            Observation::FaultBit { index } => {
                assert!(self.began.contains(&index));
                assert!(!self.bitten.contains(&index), "fault {index} bit twice");
                self.bitten.push(index);
            }
            Observation::FaultEnded { index } => {
                assert!(self.began.contains(&index) && !self.ended.contains(&index));
                self.ended.push(index);
            }
            Observation::Healed => self.healed = true,
            Observation::Finished => {
                assert!(self.healed && self.began.len() == self.ended.len());
                self.finished = true;
            }
            _ => {}
        }
    }
}

#[test]
fn every_run_follows_the_grammar_of_observations() {
    for schedule in schedules() {
        let mut grammar = Grammar::default();
        let report = run(&schedule, &mut grammar);
        assert!(grammar.finished || report.breach.is_some(), "seed {}", schedule.seed);
        let bitten = report.faults.iter().filter(|(_, _, bites)| *bites == 1).count();
        assert_eq!(bitten, grammar.bitten.len());
    }
}
