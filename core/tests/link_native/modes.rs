//! Ends that do not speak the same.

use fivewire_core::link::native::{Config, Memory, Native, VERSION};
use fivewire_core::link::{Event, Input, Levels, Link, Output, Peer, Role};
use fivewire_core::time::Instant;

use crate::predecessor::Predecessor;
use crate::rig::{ESP, HOST, Rig, Told};

/// A native end opposite the predecessor's; `after` own steps later that one is reset. What the
/// native end told.
fn meet_predecessor(role: Role, seed: u64, after: u64) -> Vec<Peer> {
    let other = if role == Role::Initiator { Role::Passive } else { Role::Initiator };
    let memory = Memory { transmit: vec![0; 100], receive: vec![0; 100] };
    let mut native = Native::new(&Config::new(role), memory, seed).expect("it is valid");
    let mut old = Predecessor::start(other);
    let mut drives = Levels::default();
    let (mut told, mut now_us) = (Vec::new(), 0);
    native.start(Instant::ZERO);
    let mut reset = false;
    // The initiator pauses once it knows: this is a while.
    while now_us < 2_000_000 && old.edges < 6_000 {
        now_us += 50;
        if !reset && native.counters().bits >= after {
            (old, reset) = (Predecessor::start(other), true);
        }
        loop {
            match native.poll() {
                Output::Drive(levels) => drives = levels,
                Output::Event(Event::Unsuited { peer }) => told.push(peer),
                Output::Event(event) => panic!("{event:?}"),
                Output::Reset { .. } => {}
                Output::Wait(_) => break,
            }
        }
        old.look(drives);
        assert!(!old.is_synchronised, "seed {seed}, reset after {after} steps");
        native.handle(Instant::from_micros(now_us), Input::Levels(old.drives));
    }
    told
}

#[test]
fn the_predecessor_is_recognised_and_never_synchronises() {
    for role in [Role::Initiator, Role::Passive] {
        for seed in 0..20 {
            assert_eq!(meet_predecessor(role, seed, 0), [Peer::Syncom], "{role:?} {seed}");
        }
    }
}

#[test]
fn the_predecessor_never_synchronises_wherever_in_a_hello_it_starts() {
    for role in [Role::Initiator, Role::Passive] {
        for after in 0..600 {
            let told = meet_predecessor(role, after ^ 0xBEEF, after);
            assert_eq!(told, [Peer::Syncom], "{role:?} after {after}");
        }
    }
}

#[test]
fn another_version_is_told_once_and_no_session_begins() {
    let newer = Config { version: VERSION + 1, ..Config::new(Role::Passive) };
    let mut rig = Rig::with(1, [Config::new(Role::Initiator), newer], [128; 4]);
    rig.start_both();
    rig.run_for(3_000_000);
    for (which, version) in [(HOST, VERSION + 1), (ESP, VERSION)] {
        let told: Vec<_> = rig.ends[which].told.iter().map(|told| told.1).collect();
        assert_eq!(told, [Told::Unsuited(Peer::OtherVersion(version))]);
    }
    assert!(rig.ends[HOST].edges < 4_000, "nothing to hurry for: {}", rig.ends[HOST].edges);
}

#[test]
fn two_ends_of_one_role_and_an_end_that_hears_itself_find_nobody() {
    let mut rig = Rig::with(1, [Config::new(Role::Initiator); 2], [128; 4]);
    rig.start_both();
    rig.run_for(1_000_000);
    assert!(rig.ends.iter().all(|end| end.told.is_empty() && !end.is_up()));

    let memory = Memory { transmit: [0; 100], receive: [0; 100] };
    let mut native = Native::new(&Config::new(Role::Initiator), memory, 1).expect("it is valid");
    native.start(Instant::ZERO);
    for now_us in 0..1_000_000 {
        match native.poll() {
            Output::Drive(levels) => {
                native.handle(Instant::from_micros(now_us), Input::Levels(levels))
            }
            Output::Event(event) => panic!("{event:?}"),
            _ => native.handle(Instant::from_micros(now_us), Input::Timeout),
        }
    }
    assert!(native.counters().bits > 100_000, "its clock answers itself");
}
