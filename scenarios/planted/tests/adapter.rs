//! Each bug planted in the tokio adapter is caught in turmoil's network, and by nothing that the
//! event world does: it links no adapter, and what it does is the same to the last bit where the
//! adapter has bugs, while one of them is at work, and in a build in which there are none.

#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(missing_docs, reason = "the name of a test is its claim")]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use fivewire_planted::Catch;
use fivewire_planted::adapter::{SEEDS, catch, schedules};
use fivewire_sim::oracle::Promise;
use fivewire_sim::run::Runner;
use fivewire_sim::schedule::Schedule;
use fivewire_sim::trace::Blind;
use fivewire_sim::{catalogue, tokio_world};
use fivewire_tokio::planted::{Bug, ENABLED, Planted};

/// The event world's traces of the schedules in which [`catch`] looks for the bug, none of which
/// breaks a promise.
#[track_caller]
fn event_world() -> Vec<u64> {
    let mut runner = Runner::new(&tokio_world::default_for(0));
    let run = |schedule: Schedule| {
        let report = runner.run(&schedule);
        assert_eq!(report.breach, None, "seed {}", schedule.seed);
        report.hash
    };
    schedules().map(run).collect()
}

/// Says so when it goes, also with a panic: nobody waits for ever for what has failed.
struct Says<'a>(&'a AtomicBool);

impl Drop for Says<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The same while the bug is at work in another thread, from before the first run to after the
/// last.
#[track_caller]
fn event_world_beside(bug: Bug, found: &Catch) -> Vec<u64> {
    let (works, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let sweep = scope.spawn(|| {
            while !works.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            let hashes = event_world();
            is_over.store(true, Ordering::Release);
            hashes
        });
        while !is_over.load(Ordering::Acquire) && !sweep.is_finished() {
            let _round = Says(&works);
            let planted = Planted::with(bug);
            let report = tokio_world::run_planted(&found.schedule, planted, &mut Blind).unwrap();
            assert_eq!(report.breach.map(|breach| breach.promise), Some(found.promise));
        }
        sweep.join().unwrap()
    })
}

#[track_caller]
fn caught(bug: Bug, by: &[Promise]) {
    let before = event_world();
    let Some(found) = catch(bug) else { panic!("{bug:?} was not seen in {SEEDS} seeds") };
    println!("{bug:?}: seed {}, {}", found.seed, found.detail);
    assert!(by.contains(&found.promise), "{bug:?} was seen as {}", found.detail);
    assert_eq!(event_world_beside(bug, &found), before, "the event world saw something of it");
}

macro_rules! bugs {
    ($($name:ident: $bug:ident breaks $($promise:ident)or+;)*) => {$(
        #[test]
        fn $name() {
            caught(Bug::$bug, &[$(Promise::$promise),+]);
        }
    )*};
}

bugs! {
    a_wake_up_that_is_lost: LostWakeUp breaks P6 or P9 or P10;
    room_that_nobody_is_told_of: RoomUntold breaks P5 or P6;
    a_write_that_is_dropped_when_it_is_interrupted: WriteDroppedOnCancel breaks P1 or P3 or P6;
    a_partial_write_that_is_ignored: PartialWriteIgnored breaks P1 or P3 or P5 or P6;
    a_flush_that_is_forgotten: FlushForgotten breaks P6;
    a_timer_that_is_not_rearmed: TimerNotRearmed breaks P6 or P10;
    an_attempt_to_connect_that_leaks: ConnectLeaked breaks P7;
    a_shutdown_that_does_not_flush: ShutdownUnflushed breaks P10;
}

#[test]
fn an_adapter_that_could_have_a_bug_is_sound_without_one() {
    const { assert!(ENABLED) };
    for seed in 0..3 {
        let report = tokio_world::run(&tokio_world::default_for(seed), &mut Blind).unwrap();
        assert_eq!(report.breach, None);
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The packages that `fivewire-sim` is linked from, with what is given to `cargo tree`.
fn linked(options: &[&str]) -> String {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "-e", "normal", "--prefix", "none", "-p", "fivewire-sim"]);
    let output = tree.args(options).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All of `fivewire-sim` but `tokio_world` is built without its feature `turmoil`, so what it does
/// cannot depend on the adapter, or on anything else that is asynchronous.
#[test]
fn the_event_world_links_no_adapter() {
    let has = |tree: &str, package: &str| {
        tree.lines().any(|line| line.split(' ').next() == Some(package))
    };
    let (with, without) = (linked(&[]), linked(&["--no-default-features"]));
    for package in ["fivewire-tokio", "tokio", "turmoil"] {
        assert!(has(&with, package), "{package} is not in\n{with}");
        assert!(!has(&without, package), "{package} is in\n{without}");
    }
    assert!(has(&without, "fivewire-core"));
}

/// The hashes that `fivewire-scenarios` pins are those of a build without bugs.
#[test]
fn a_build_with_bugs_in_the_adapter_runs_the_event_world_as_one_without() {
    let file = "scenarios/tests/it/snapshots/it__swarm__one_seed_is_one_run_everywhere.snap";
    let pinned = std::fs::read_to_string(root().join(file)).unwrap();
    let mut found = 0;
    for name in ["swarm", "client", "esp-crash"] {
        for seed in 0..4 {
            let schedule = catalogue::find(name).unwrap().schedule(seed);
            let report = Runner::new(&schedule).run(&schedule);
            let line = format!("{name} {seed}: {:016x}, {} events", report.hash, report.events);
            assert!(pinned.lines().any(|pinned| pinned == line), "{line} is not pinned:\n{pinned}");
            found += 1;
        }
    }
    assert_eq!(found, 12);
}
