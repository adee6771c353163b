//! Brokers that stop and start again.

use fivewire_sim::fault::Memory;

use crate::rig::{NEW_SESSION, OLD_SESSION, Rig, publish_qos1, subscribe_packet};

/// A lasting session as 1 with one message in flight, a lasting session that is away with one
/// message queued, a retained message, and as 2 a client with a will for the one that is away.
fn busy_broker() -> Rig {
    let mut rig = Rig::new();
    rig.resume(1, "here");
    rig.subscribe(1, "a", 1);
    rig.resume(3, "away");
    rig.subscribe(3, "w", 1);
    rig.lose(3);
    rig.connect_with(2, "mortal", 0x0e, 0, b"\x00\x01w\x00\x01!");
    rig.receive(2, &publish_qos1(1, b'x'));
    rig.receive(2, b"\x31\x04\x00\x01rk");
    for key in 1..=3 {
        rig.sent_to(key);
    }
    rig.events();
    rig
}

#[test]
fn connections_are_gone_without_a_word() {
    for memory in [Memory::Kept, Memory::Lost] {
        let mut rig = busy_broker();
        rig.open(4);
        rig.broker.restart(rig.now(), memory);
        rig.drain();
        for key in 1..=4 {
            assert_eq!((rig.sent_to(key), rig.closed(key)), (vec![], None));
            assert_eq!(rig.answer(key, b"\xc0\x00"), b"", "nobody is there");
        }
        assert_eq!(rig.broker.connections().count(), 0);
        assert_eq!(rig.wait(), fivewire_core::time::Wait::ForInput);
        let disconnected = ["1 disconnected here Restarted", "2 disconnected mortal Restarted"];
        assert_eq!(rig.events()[..2], disconnected.map(String::from));
    }
}

#[test]
fn a_kept_memory_has_sessions_messages_and_the_wills_of_the_connections() {
    let mut rig = busy_broker();
    rig.broker.restart(rig.now(), Memory::Kept);
    rig.drain();
    assert!(!rig.broker.session_exists("mortal"), "a clean session is no part of it");
    let in_flight = [OLD_SESSION, b"\x3a\x06\x00\x01a\x00\x01x"].concat();
    assert_eq!(rig.resume(5, "here"), in_flight);
    let will = [OLD_SESSION, b"\x32\x06\x00\x01w\x00\x01!"].concat();
    assert_eq!(rig.resume(6, "away"), will);
    let expected = b"\x90\x03\x00\x01\x00\x31\x04\x00\x01rk";
    assert_eq!(rig.answer(5, &subscribe_packet("r", 0)), expected);
}

#[test]
fn a_lost_memory_has_nothing() {
    let mut rig = busy_broker();
    rig.broker.restart(rig.now(), Memory::Lost);
    rig.drain();
    assert_eq!(rig.broker.retained("r"), None);
    for client_id in ["here", "away"] {
        assert!(!rig.broker.session_exists(client_id));
        assert_eq!(rig.resume(5, client_id), NEW_SESSION);
        assert_eq!(rig.broker.subscriptions(client_id).count(), 0);
    }
}

#[test]
fn bytes_of_before_do_not_reach_a_connection_of_after() {
    let mut rig = busy_broker();
    rig.receive(1, b"\x30\x05\x00");
    rig.broker.restart(rig.now(), Memory::Kept);
    rig.drain();
    assert_eq!(rig.resume(1, "fresh"), NEW_SESSION);
    assert_eq!(rig.answer(1, b"\xc0\x00"), b"\xd0\x00");
}
