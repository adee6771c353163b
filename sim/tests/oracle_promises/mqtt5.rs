//! What the oracle judges where MQTT 5 is spoken.

use fivewire_core::event::{AbandonReason, DownReason, Event, Message, RefusedReason};
use fivewire_core::mqtt::v5::{Packet, Properties, Property, Publish, ReasonCode};
use fivewire_core::mqtt::{PacketId, QoS};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::Observation;
use fivewire_sim::oracle::Promise::{P1, P4, P5, P7, P9, P10, P12};
use fivewire_sim::schedule::{InboundBytes, Limits, Mqtt5, Setup, Topology, Wishes};

use crate::history::packet::puback;
use crate::history::{History, payload, setup, ticket};

/// CONNECT of MQTT 5 without a clean start, keep alive 60, topic alias maximum 2, receive maximum 16, session
/// expiry interval 60, maximum packet size 2,016.
pub(crate) const CONNECT: &[u8] =
    b"\x10\x23\x00\x04MQTT\x05\x00\x00\x3c\x10\x22\x00\x02\x21\x00\x10\
    \x11\x00\x00\x00\x3c\x27\x00\x00\x07\xe0\x00\x06device";
/// Where the maximum packet size is in it, and the size of the properties.
const PACKET_MAX: std::ops::Range<usize> = 24..29;
pub(crate) const PROPERTIES: usize = 12;
pub(crate) const CONNACK: &[u8] = b"\x20\x03\x00\x00\x00";
pub(crate) const OLD_SESSION: &[u8] = b"\x20\x03\x01\x00\x00";

pub(crate) fn limits() -> Setup {
    let mqtt5 = Mqtt5 {
        session_expiry_s: 60,
        receive_maximum: 2,
        packet_max_bytes: 256,
        aliases_from_broker: 2,
        aliases_from_device: 2,
        keep_alive_max_s: None,
        will_delay_s: 0,
        expiring_percent: 0,
        bare: false,
        expiry_max_s: 60,
        limits: Limits::default(),
        // where memory is short nobody asks why an alias is not used
        wishes: Wishes { connect_bytes: 512, ..Wishes::default() },
    };
    Setup { mqtt5: Some(mqtt5), ..setup() }
}

pub(crate) fn open(history: &mut History, connack: &[u8]) {
    history.open().device_sends(CONNECT).broker_sends(connack);
    history.told(Event::Connected { session_present: connack[2] == 1 });
}

fn connected() -> History {
    let mut history = History::of(limits());
    open(&mut history, CONNACK);
    history
}

#[test]
fn a_maximum_packet_size_that_the_memory_does_not_have_is_caught() {
    for wrong in [&b"\x27\x00\x00\x08\x01"[..], b"\x27\x00\x00\x07\x00", b""] {
        let mut connect = CONNECT.to_vec();
        connect.splice(PACKET_MAX, wrong.iter().copied());
        connect[1] = connect.len() as u8 - 2;
        connect[PROPERTIES] = 11 + wrong.len() as u8;
        let mut history = History::of(limits());
        history.open().device_sends(&connect).breaks(P5, "says that it takes packets of");
    }
}

fn reason(number: u32, reason_code: ReasonCode) -> Event<'static> {
    Event::Reason { ticket: ticket(number), reason_code }
}

fn publish_with(history: &mut History, number: u32, properties: &[Property<'_>]) {
    history.see(Observation::Published {
        ticket: number,
        topic: "up/0",
        payload: &payload(number.into()),
        qos: QoS::AtLeastOnce,
        retain: false,
        properties: Properties::of(properties),
    });
}

/// PUBLISH with QoS 1 of the workload's message `number`, which is its identifier as well.
pub(crate) fn packet(topic: &str, number: u8, properties: &[u8]) -> Vec<u8> {
    let len = 13 + topic.len() + properties.len();
    let mut packet = vec![0x32, len as u8, 0, topic.len() as u8];
    packet.extend(topic.as_bytes());
    packet.extend([0, number, properties.len() as u8]);
    packet.extend(properties);
    packet.extend(payload(number.into()));
    packet
}

#[test]
fn aliases_properties_and_answers_that_fit_keep_the_promises() {
    let mut history = connected();
    publish_with(&mut history, 1, &[Property::UserProperty("k", "v")]);
    history.device_sends(&packet("up/0", 1, b"\x26\x00\x01k\x00\x01v\x23\x00\x01"));
    publish_with(&mut history, 2, &[]);
    history.device_sends(&packet("", 2, b"\x23\x00\x01"));
    history.broker_sends(b"\x40\x02\x00\x01").told(Event::Acked(ticket(1)));
    history.broker_sends(b"\x40\x03\x00\x02\x10");
    history.told(reason(2, ReasonCode::NoMatchingSubscribers)).told(Event::Acked(ticket(2)));
    history.settle().passes();
}

#[test]
fn properties_that_change_on_the_way_are_caught() {
    for wire in [&b"\x26\x00\x01k\x00\x01w"[..], b"", b"\x26\x00\x01k\x00\x01v\x03\x00\x01t"] {
        let mut history = connected();
        publish_with(&mut history, 1, &[Property::UserProperty("k", "v")]);
        history.device_sends(&packet("up/0", 1, wire)).breaks(P1, "with other properties");
    }
}

#[test]
fn an_alias_of_an_earlier_connection_is_caught() {
    let mut history = connected();
    publish_with(&mut history, 1, &[]);
    history.device_sends(&packet("up/0", 1, b"\x23\x00\x01")).break_off();
    open(&mut history, OLD_SESSION);
    let mut again = packet("", 1, b"\x23\x00\x01");
    again[0] |= 0x08;
    history.device_sends(&again).breaks(P1, "has no meaning on connection 2");
}

#[test]
fn an_interval_is_what_is_left_of_it() {
    for (sent_s, passes) in [(60, false), (46, true), (40, true), (30, false)] {
        let mut history = History::of(limits());
        publish_with(&mut history, 1, &[Property::MessageExpiryInterval(60)]);
        history.wait_ms(15_000);
        open(&mut history, CONNACK);
        history.wait_ms(5_000).device_sends(&packet("up/0", 1, &[2, 0, 0, 0, sent_s]));
        if passes {
            history.passes();
        } else {
            history.breaks(P1, &format!("arrived with {sent_s} s after 15 to 20 s"));
        }
    }
}

#[test]
fn a_publication_is_given_up_as_expired_only_when_it_is() {
    let expired = Event::Abandoned { ticket: ticket(1), reason: AbandonReason::Expired };
    for (properties, waits_ms, passes) in [
        (&[Property::MessageExpiryInterval(9)][..], 9_000, true),
        (&[Property::MessageExpiryInterval(9)], 7_000, false),
        (&[], 60_000, false),
    ] {
        let mut history = History::of(limits());
        publish_with(&mut history, 1, properties);
        history.wait_ms(waits_ms).told(expired);
        if passes {
            history.passes();
        } else {
            history.breaks(P1, "was given up (Expired) against its application");
        }
    }
}

#[test]
fn more_publications_than_the_broker_takes_are_caught() {
    let mut history = connected();
    for number in 1..=3 {
        publish_with(&mut history, number.into(), &[]);
        history.device_sends(&packet("up/0", number, b""));
    }
    history.breaks(P9, "publication 3 came before an answer to the others");
}

#[test]
fn larger_packets_and_aliases_than_the_broker_takes_are_caught() {
    let mut history = connected();
    history.device_sends(&packet("up/0", 1, b"\x23\x00\x03"));
    history.breaks(P9, "topic alias 3 came");
    let mut history = connected();
    let mut packet = vec![0x30, 0x80, 0x02, 0, 1, b'a', 0];
    packet.resize(259, b'x');
    history.device_sends(&packet).breaks(P9, "a packet of 259 bytes came");
}

#[test]
fn a_refusal_that_nobody_spoke_is_caught_and_one_that_the_broker_spoke_is_not() {
    let by_broker = RefusedReason::ByBroker(ReasonCode::QuotaExceeded);
    let refused = Event::Refused { ticket: ticket(1), reason: by_broker };
    let mut history = connected();
    publish_with(&mut history, 1, &[]);
    history.device_sends(&packet("up/0", 1, b""));
    history.broker_sends(b"\x40\x03\x00\x01\x97");
    history.told(reason(1, ReasonCode::QuotaExceeded)).told(refused).settle().passes();
    let mut history = connected();
    publish_with(&mut history, 1, &[]);
    history.device_sends(&packet("up/0", 1, b"")).told(refused);
    history.breaks(P1, "was told as refused, and nobody refused it");
}

#[test]
fn a_refusal_told_as_an_acknowledgement_is_caught() {
    let mut history = connected();
    publish_with(&mut history, 1, &[]);
    history.device_sends(&packet("up/0", 1, b"")).broker_sends(b"\x40\x03\x00\x01\x97");
    history.told(Event::Acked(ticket(1))).breaks(P1, "the broker wrote no PUBACK for it");
}

/// The witness publishes message 1 for the device, which has subscribed.
fn witnessed(properties: &[Property<'_>]) -> History {
    let mut history = connected();
    history.see(Observation::SubscribeAsked { ticket: 1, filter: "down/0", qos: QoS::AtLeastOnce });
    history.device_sends(b"\x82\x0c\x00\x01\x00\x00\x06down/0\x01");
    history.broker_sends(b"\x90\x04\x00\x01\x00\x01");
    history.told(Event::Subscribed { ticket: ticket(1), granted: QoS::AtLeastOnce });
    history.see(Observation::WitnessPublished {
        topic: "down/0",
        payload: &payload(1),
        qos: QoS::AtLeastOnce,
        properties: Properties::of(properties),
    });
    history
}

#[test]
fn a_message_may_expire_at_the_broker_but_not_after_it_was_sent() {
    let expiring = [Property::MessageExpiryInterval(5)];
    witnessed(&expiring).settle().passes();
    let mut history = witnessed(&expiring);
    history.broker_sends(&packet("down/0", 1, b"\x02\x00\x00\x00\x05")).settle();
    history.breaks(P5, "never told");
    witnessed(&[]).settle().breaks(P5, "never told");
}

#[test]
fn a_message_told_with_other_properties_is_caught() {
    let mut history = witnessed(&[Property::CorrelationData(b"x")]);
    history.broker_sends(&packet("down/0", 1, b"\x09\x00\x01x"));
    let body = payload(1);
    let message = Message::new("down/0", &body, QoS::AtLeastOnce);
    history.told(Event::Message(message)).breaks(P5, "with other properties");
}

/// The broker says DISCONNECT because of a fault.
fn disconnected(bytes: &[u8], code: u8) -> History {
    let mut history = connected();
    history.begin(0, FaultKind::BrokerDisconnects { code }).broker_sends(bytes);
    history.see_at_once(Observation::FaultBit { index: 0 }).end(0);
    history
}

#[test]
fn what_the_broker_says_in_a_disconnect_is_told() {
    let told = |reason| Event::Disconnected { reason };
    let mut history = disconnected(b"\xe0\x01\x97", 0x97);
    history.told(told(DownReason::ByBroker(ReasonCode::QuotaExceeded))).passes();
    let mut history = disconnected(b"\xe0\x00", 0);
    history.told(told(DownReason::TcpClosed));
    history.breaks(P12, "the broker said DISCONNECT with 0x00, and TcpClosed was told");
}

#[test]
fn a_device_that_complains_about_nothing_is_caught() {
    connected().device_sends(b"\xe0\x01\x81").breaks(P10, "which nobody asked for");
}

#[test]
fn a_connect_that_asks_for_something_else_is_caught() {
    for (at, byte, what) in [
        (15, 3, "allows 3 aliases"),
        (18, 15, "receive maximum"),
        (23, 61, "a session of 61 s"),
        (CONNECT.len() - 1, b'd', "came from \"devicd\""),
    ] {
        let mut connect = CONNECT.to_vec();
        connect[at] = byte;
        History::of(limits()).open().device_sends(&connect).breaks(P10, what);
    }
}

#[test]
fn a_reason_that_nobody_gave_and_one_that_is_not_told_are_caught() {
    let published = || {
        let mut history = connected();
        publish_with(&mut history, 1, &[]);
        history.device_sends(&packet("up/0", 1, b""));
        history
    };
    let mut history = published();
    history.broker_sends(b"\x40\x02\x00\x01").told(reason(1, ReasonCode::NotAuthorized));
    history.breaks(P7, "nobody said so");
    let mut history = published();
    history.broker_sends(b"\x40\x03\x00\x01\x10").told(Event::Acked(ticket(1)));
    history.breaks(P7, "the application was not told");
    let mut history = published();
    let by_broker = RefusedReason::ByBroker(ReasonCode::QuotaExceeded);
    history.broker_sends(b"\x40\x03\x00\x01\x97");
    history.told(Event::Refused { ticket: ticket(1), reason: by_broker });
    history.breaks(P1, "was told as refused with 0x97, after None");
}

#[test]
fn a_topic_that_has_an_alias_or_could_have_one_is_not_named() {
    let roomy = || {
        let mut setup = limits();
        if let Some(mqtt5) = &mut setup.mqtt5 {
            mqtt5.wishes = Wishes::default();
        }
        let mut history = History::of(setup);
        open(&mut history, CONNACK);
        publish_with(&mut history, 1, &[]);
        history
    };
    let mut history = roomy();
    history.device_sends(&packet("up/0", 1, b"")).breaks(P1, "was named, with alias None");
    let mut history = roomy();
    history.device_sends(&packet("up/0", 1, b"\x23\x00\x01"));
    publish_with(&mut history, 2, &[]);
    history.device_sends(&packet("up/0", 2, b"\x23\x00\x02"));
    history.breaks(P1, "was named, with alias Some(2)");
}

/// The broker has neither wildcards nor identifiers, takes QoS 0 only and retains nothing.
const POOR_CONNACK: &[u8] = b"\x20\x0b\x00\x00\x08\x24\x00\x25\x00\x28\x00\x29\x00";

/// A device that was told so, and told it to its application.
fn poor() -> History {
    let said = [
        Property::MaximumQos(QoS::AtMostOnce),
        Property::RetainAvailable(false),
        Property::WildcardSubscriptionAvailable(false),
        Property::SubscriptionIdentifierAvailable(false),
    ];
    let mut history = History::of(limits());
    history.open().device_sends(CONNECT).broker_sends(POOR_CONNACK);
    history.told(Event::BrokerSaid(Properties::of(&said)));
    history.told(Event::Connected { session_present: false });
    history
}

#[test]
fn what_the_broker_does_not_have_is_not_asked_for_and_refused_in_its_name() {
    let mut history = poor();
    publish_with(&mut history, 1, &[]);
    history.device_sends(&packet("up/0", 1, b"")).breaks(P9, "the broker takes none");
    let asked = |history: &mut History, filter| {
        history.see(Observation::SubscribeAsked { ticket: 1, filter, qos: QoS::AtLeastOnce });
    };
    let mut history = poor();
    asked(&mut history, "down/#");
    history.device_sends(b"\x82\x0c\x00\x01\x00\x00\x06down/#\x01");
    history.breaks(P9, "which the broker does not have");
    let mut history = poor();
    asked(&mut history, "down/#");
    history.told(reason(1, ReasonCode::WildcardSubscriptionsNotSupported));
    history.told(Event::SubscribeRefused(ticket(1))).settle().passes();
    let mut history = poor();
    asked(&mut history, "down/0");
    history.told(reason(1, ReasonCode::WildcardSubscriptionsNotSupported));
    history.breaks(P7, "nobody said so");
    let mut history = poor();
    publish_with(&mut history, 1, &[]);
    let by_broker = RefusedReason::ByBroker(ReasonCode::QosNotSupported);
    history.told(reason(1, ReasonCode::QosNotSupported));
    history.told(Event::Refused { ticket: ticket(1), reason: by_broker }).settle().passes();
}

#[test]
fn what_the_broker_says_of_itself_is_told_as_it_is() {
    let mut history = History::of(limits());
    history.open().device_sends(CONNECT).broker_sends(POOR_CONNACK);
    history.told(Event::Connected { session_present: false });
    history.breaks(P7, "and not what the broker said");
    let mut history = History::of(limits());
    history.open().device_sends(CONNECT).broker_sends(POOR_CONNACK);
    let other = [Property::MaximumQos(QoS::AtLeastOnce)];
    history.told(Event::BrokerSaid(Properties::of(&other))).breaks(P7, "what it did not");
}

#[test]
fn a_subscription_with_other_options_is_caught() {
    let mut history = connected();
    let (ticket, filter) = (1, "down/0");
    history.see(Observation::SubscribeAsked { ticket, filter, qos: QoS::AtLeastOnce });
    history.see(Observation::OptionsSet { ticket, options: 0x25, identifier: 7 });
    history.device_sends(b"\x82\x0e\x00\x01\x02\x0b\x07\x00\x06down/0\x05");
    history.breaks(P4, "was subscribed to with 0x05");
}

/// QoS 1 messages for a host with memory for packets of 892 bytes: the number and the payload of each, and
/// whether an alias stands for the topic. Besides the payload there are 16 bytes with the topic and its alias,
/// and 11 with the alias alone.
fn delivered(messages: &[(u16, usize, bool)]) -> History {
    let inbound_bytes = InboundBytes(900);
    let setup = Setup { topology: Topology::Bridge, inbound_bytes, ..limits() };
    let mut history = History::of(setup);
    let mut connect = CONNECT.to_vec();
    connect[PACKET_MAX].copy_from_slice(b"\x27\x00\x00\x03\xe0");
    history.open().device_sends(&connect).broker_sends(CONNACK);
    history.told(Event::Connected { session_present: false });
    history.told(Event::EspReady { resumed: false });
    for &(id, payload_bytes, is_aliased) in messages {
        let payload = vec![id as u8; payload_bytes];
        let (topic, qos, properties) = ("down0", QoS::AtLeastOnce, Properties::NONE);
        history.see(Observation::WitnessPublished { topic, payload: &payload, qos, properties });
        let on_wire = if is_aliased { "" } else { topic };
        let alias = [Property::TopicAlias(1)];
        let publish = Publish {
            packet_id: PacketId::new(id),
            properties: Properties::of(&alias),
            ..Publish::new(on_wire, &payload, qos)
        };
        let mut bytes = vec![0; 1_024];
        let size_bytes = Packet::Publish(publish).encode(&mut bytes).expect("it fits");
        history.broker_sends(&bytes[..size_bytes]);
    }
    history
}

#[test]
fn a_message_is_no_smaller_for_its_alias() {
    let payload = [1; 870];
    let told = Message::new("down0", &payload, QoS::AtLeastOnce);
    // in words as large as the one that was told, and a byte larger than any that fits beside it
    for (payload_bytes, may_be_too_large) in [(867, false), (868, true)] {
        let mut history = delivered(&[(1, 870, false), (2, payload_bytes, true)]);
        history.told(Event::Message(told)).device_sends(&puback(1));
        history.device_sends(&puback(2));
        if may_be_too_large {
            let size_bytes = payload_bytes + 11;
            history.told(Event::MessageTooLarge { qos: QoS::AtLeastOnce, size_bytes }).passes();
        } else {
            history.breaks(P5, "before the application got it");
        }
    }
}
