//! What the predecessor's link did for its users, with its own edge time: speed, and objects as text.

use fivewire_core::link::Role;
use fivewire_core::link::syncom::{Config, Memory, Syncom};
use fivewire_sim::rig::{Boards, Rig};
use fivewire_sim::wires::End;

/// From an edge of one end to the next one of the other, in µs (PREDECESSORS.md §1.11: 1.6 kbit/s
/// at the most).
const EDGE_US: u32 = 312;

fn end(role: Role) -> Syncom<Vec<u8>> {
    let memory = Memory { transmit: vec![0; 8_192], receive: vec![0; 8_192] };
    Syncom::new(&Config::new(role), memory).expect("the defaults work")
}

fn up() -> Rig<Syncom<Vec<u8>>, Syncom<Vec<u8>>> {
    let boards = Boards::steady(EDGE_US);
    let mut rig = Rig::new(1, boards, end(Role::Initiator), || end(Role::Passive));
    assert!(rig.run_until_up(20_000_000));
    rig.run_for(1_000_000);
    rig
}

#[test]
fn strings_move_118_characters_a_second_and_a_publication_of_20_takes_a_quarter_of_a_second() {
    let mut rig = up();
    let began_us = rig.now_us();
    // p, topic, message of 20 characters, retain, QoS.
    rig.send(End::Host, b"p\x7Fa/b\x7Ftwenty characters...\x7F0\x7F1");
    assert!(rig.run_until(1_000_000, |rig| rig.at(End::Esp).received.len() == 1));
    let latency_us = rig.now_us() - began_us;
    assert!(latency_us <= 250_000, "{latency_us} µs");
    for end in End::ALL {
        (0..60).for_each(|_| rig.send(end, &[b'x'; 100]));
    }
    let began_us = rig.now_us();
    assert!(rig.run_until(600_000_000, |rig| {
        End::ALL.into_iter().all(|end| rig.at(end).received.len() >= 60)
    }));
    let characters_per_s = 6_000 * 1_000_000 / (rig.now_us() - began_us);
    assert!(characters_per_s >= 118, "{characters_per_s} each way at once");
}

#[test]
fn an_object_that_is_echoed_as_json_is_the_same_object() {
    let mut rig = up();
    let object = serde_json::json!({ "count": 42, "list": [1, 2.5, "three", null, true] });
    rig.send(End::Host, object.to_string().as_bytes());
    assert!(rig.run_until(10_000_000, |rig| rig.at(End::Esp).received.len() == 1));
    let echo = rig.at(End::Esp).received[0].clone();
    rig.send(End::Esp, &echo);
    assert!(rig.run_until(10_000_000, |rig| rig.at(End::Host).received.len() == 1));
    let back: serde_json::Value =
        serde_json::from_slice(&rig.at(End::Host).received[0]).expect("it is JSON");
    assert_eq!(back, object);
}
