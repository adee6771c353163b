//! Subscriptions: options, identifiers, refusals.

use fivewire_core::config::Config;
use fivewire_core::error::SubscribeError;
use fivewire_core::mqtt::v5::{
    Packet, Properties, ReasonCode, ReasonCodes, Suback, SubscriptionOptions, Unsuback,
};
use fivewire_core::mqtt::{PacketId, ProtocolVersion, QoS};

use crate::rig::{CONFIG, Rig, T, accepted, id};

fn suback(packet_id: PacketId, reason_codes: &[ReasonCode]) -> Packet<'_> {
    let reason_codes = ReasonCodes::of(reason_codes);
    Packet::Suback(Suback { packet_id, properties: Properties::NONE, reason_codes })
}

#[test]
fn a_subscription_keeps_its_options_and_identifier_over_a_lost_session() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    let options =
        SubscriptionOptions { no_local: true, ..SubscriptionOptions::new(QoS::AtLeastOnce) };
    let ticket = rig.client.subscribe_with(T, "s/+", options, Some(300)).unwrap();
    rig.drain();
    let mut told = String::new();
    for _ in 0..2 {
        let mut packet_id = None;
        rig.sent(|packets| {
            let Some(Packet::Subscribe(subscribe)) = packets.last() else { panic!("{packets:?}") };
            assert!(subscribe.filters.iter().eq([("s/+", options)]));
            assert!(subscribe.properties.subscription_identifiers().eq([300]));
            packet_id = Some(subscribe.packet_id);
        });
        rig.receive(&suback(packet_id.unwrap(), &[ReasonCode::GrantedQos1]));
        told += &rig.told();
        rig.reconnect();
        rig.receive(&accepted(false, &[]));
    }
    let subscribed = format!("Subscribed {{ ticket: {ticket:?}, granted: AtLeastOnce }}");
    assert_eq!(told.matches(&subscribed).count(), 1, "{told}");
}

#[test]
fn asking_with_other_options_replaces_what_was_asked_for() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    let options = SubscriptionOptions::new(QoS::AtMostOnce);
    let first = rig.client.subscribe_with(T, "s", options, None).unwrap();
    let second = rig.client.subscribe_with(T, "s", options, Some(7)).unwrap();
    rig.drain();
    assert_eq!(rig.told(), format!("Superseded({first:?}) "));
    rig.sent(|packets| {
        let [Packet::Subscribe(subscribe)] = packets else { panic!("{packets:?}") };
        assert!(subscribe.properties.subscription_identifiers().eq([7]));
    });
    rig.receive(&suback(id(0x8000), &[ReasonCode::Success]));
    assert_eq!(rig.told(), format!("Subscribed {{ ticket: {second:?}, granted: AtMostOnce }} "));
}

#[test]
fn refusals_come_with_their_reason() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    rig.client.subscribe(T, "s", QoS::AtLeastOnce).unwrap();
    rig.drain();
    rig.receive(&suback(id(0x8000), &[ReasonCode::QuotaExceeded]));
    assert_eq!(
        rig.told(),
        "Reason { ticket: Ticket(1), reason_code: QuotaExceeded } SubscribeRefused(Ticket(1)) "
    );
    rig.client.unsubscribe(T, "s").unwrap();
    rig.drain();
    rig.receive(&Packet::Unsuback(Unsuback {
        packet_id: id(0x8001),
        properties: Properties::NONE,
        reason_codes: ReasonCodes::of(&[ReasonCode::NoSubscriptionExisted]),
    }));
    assert_eq!(
        rig.told(),
        "Reason { ticket: Ticket(2), reason_code: NoSubscriptionExisted } Unsubscribed(Ticket(2)) "
    );
}

#[test]
fn options_that_no_subscription_may_have_are_refused_before_they_are_queued() {
    let options = SubscriptionOptions::new(QoS::AtMostOnce);
    let mut rig = Rig::opened(&Config { protocol: ProtocolVersion::V3_1_1, ..CONFIG });
    let answer = rig.client.subscribe_with(T, "s", options, None);
    assert_eq!(answer, Err(SubscribeError::NeedsMqtt5));
    let mut rig = Rig::opened(&CONFIG);
    for (filter, identifier) in
        [("s", Some(0)), ("s", Some(268_435_456)), ("$share/+/s", None), ("$share/g", None)]
    {
        let answer = rig.client.subscribe_with(T, filter, options, identifier);
        assert_eq!(answer, Err(SubscribeError::Options), "{filter} {identifier:?}");
    }
    let no_local = SubscriptionOptions { no_local: true, ..options };
    assert!(rig.client.subscribe_with(T, "$share/g/s", no_local, None).is_err());
    assert!(rig.client.subscribe_with(T, "$share/g/s", options, None).is_ok());
}
