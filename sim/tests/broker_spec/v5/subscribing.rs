//! SUBSCRIBE and UNSUBSCRIBE of MQTT 5.

use fivewire_sim::broker::Misbehaviour;

use crate::rig::Rig;

/// [MQTT5-3.3.4-3] [MQTT5-3.3.4-4]
#[test]
fn a_message_carries_the_identifiers_of_all_subscriptions_it_is_for() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "to", b"");
    rig.subscribe_v5(1, "a", 0, b"\x0b\x07");
    rig.subscribe_v5(1, "#", 1, b"\x0b\x80\x01");
    rig.subscribe_v5(1, "b", 0, b"");
    rig.connect(2, "from");
    rig.receive(2, b"\x32\x06\x00\x01a\x00\x01x");
    assert_eq!(rig.sent_to(1), b"\x32\x0c\x00\x01a\x00\x01\x05\x0b\x07\x0b\x80\x01x");
    rig.receive(2, b"\x30\x04\x00\x01bx");
    assert_eq!(rig.sent_to(1), b"\x30\x08\x00\x01b\x03\x0b\x80\x01x");
}

/// [MQTT5-3.8.3-3]
#[test]
fn no_local_leaves_out_what_the_client_published_itself() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    rig.subscribe_v5(1, "a", 0b100, b"");
    assert_eq!(rig.answer(1, b"\x30\x05\x00\x01a\x00x"), b"");
    rig.connect(2, "from");
    rig.receive(2, b"\x30\x04\x00\x01ax");
    assert_eq!(rig.sent_to(1), b"\x30\x05\x00\x01a\x00x");
}

/// [MQTT5-3.3.1-12] [MQTT5-3.3.1-13]
#[test]
fn retain_is_passed_on_where_that_is_asked_for() {
    let mut rig = Rig::new();
    rig.connect_v5(1, "a", b"");
    rig.subscribe_v5(1, "a", 0, b"");
    rig.subscribe_v5(1, "b", 0b1000, b"");
    rig.connect(2, "from");
    rig.receive(2, b"\x31\x04\x00\x01ax\x31\x04\x00\x01bx");
    assert_eq!(rig.sent_to(1), b"\x30\x05\x00\x01a\x00x\x31\x05\x00\x01b\x00x");
}

/// [MQTT5-3.3.1-9] [MQTT5-3.3.1-10] [MQTT5-3.3.1-11]
#[test]
fn retained_messages_come_always_or_once_or_never() {
    for (options, times) in [(0x00, 2), (0x10, 1), (0x20, 0)] {
        let mut rig = Rig::new();
        rig.connect(2, "from");
        rig.receive(2, b"\x31\x04\x00\x01ax");
        rig.connect_v5(1, "a", b"");
        let subscribe = [&b"\x82\x07\x00\x01\x00\x00\x01a"[..], &[options]].concat();
        let answers = [rig.answer(1, &subscribe), rig.answer(1, &subscribe)];
        let count = answers.iter().filter(|answer| answer.ends_with(b"\x31\x05\x00\x01a\x00x"));
        assert_eq!(count.count(), times, "{options:#x}");
    }
}

/// [MQTT5-3.8.4-6] [MQTT5-3.11.3-1]
#[test]
fn each_filter_has_a_reason_code_of_its_own() {
    let mut rig = Rig::new();
    rig.broker.set_misbehaviour(Misbehaviour {
        refuse_filter: Some("no".into()),
        ..Misbehaviour::default()
    });
    rig.connect_v5(1, "a", b"");
    let subscribe = b"\x82\x19\x00\x09\x00\x00\x01a\x02\x00\x02no\x01\x00\x0a$share/s/a\x01";
    assert_eq!(rig.answer(1, subscribe), b"\x90\x06\x00\x09\x00\x02\x87\x9e");
    let unsubscribe = b"\xa2\x0a\x00\x09\x00\x00\x01a\x00\x02no";
    assert_eq!(rig.answer(1, unsubscribe), b"\xb0\x05\x00\x09\x00\x00\x11");
}
