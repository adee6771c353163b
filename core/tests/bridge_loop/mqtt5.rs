//! Both ends with a client that speaks MQTT 5.

use fivewire_core::bridge::{Broker, Network, esp, host};
use fivewire_core::client::{self, Publication};
use fivewire_core::config::{Config, Mqtt5};
use fivewire_core::error::ConfigError;
use fivewire_core::mqtt::v5::{
    Ack, Connack, Disconnect, Packet, Properties, Property, Publish, ReasonCode, ReasonCodes,
    RetainHandling, Suback, SubscriptionOptions, decode, split,
};
use fivewire_core::mqtt::{PacketId, ProtocolVersion, QoS, Split, Will};

use crate::rig::{Bridge, CONFIG};

const V5: Config<'_> = Config { protocol: ProtocolVersion::V5, ..CONFIG };

fn received(bridge: &mut Bridge, packet: &Packet<'_>) {
    let mut bytes = vec![0; packet.encoded_len()];
    packet.encode(&mut bytes).unwrap();
    bridge.net(client::Input::Received(&bytes));
}

/// Both ends, connected to a broker that said this.
fn connected(config: Config<'_>, session_present: bool, said: &[Property<'_>]) -> Bridge {
    let mut bridge = Bridge::with(config);
    bridge.esp_boots();
    connect(&mut bridge, session_present, said);
    bridge
}

fn connect(bridge: &mut Bridge, session_present: bool, said: &[Property<'_>]) {
    bridge.net(client::Input::WifiUp);
    bridge.net(client::Input::TcpOpened);
    let properties = Properties::of(said);
    let reason_code = ReasonCode::Success;
    let connack = Connack { session_present, reason_code, properties };
    received(bridge, &Packet::Connack(connack));
}

fn publish(bridge: &mut Bridge, payload: &[u8], properties: &[Property<'_>]) {
    let publication =
        Publication { properties, ..Publication::new("a", payload, QoS::AtLeastOnce) };
    bridge.host.publish(bridge.now, &publication).unwrap();
    bridge.settle();
}

fn answer(bridge: &mut Bridge, id: u16, reason_code: ReasonCode) {
    let packet_id = PacketId::new(id).unwrap();
    let properties = Properties::NONE;
    received(bridge, &Packet::Puback(Ack { packet_id, reason_code, properties }));
}

/// Shows the packets that were sent since the last call.
fn sent(bridge: &mut Bridge, look: impl FnOnce(&[Packet<'_>])) {
    let bytes = std::mem::take(&mut bridge.sent);
    let (mut rest, mut packets) = (bytes.as_slice(), Vec::new());
    while let Ok(Split::Header(header)) = split(rest) {
        let (packet, behind) = rest.split_at(header.packet_len());
        packets.push(decode(packet).unwrap());
        rest = behind;
    }
    look(&packets);
}

fn link(bridge: &mut Bridge, up: bool) {
    let frame_max_bytes = usize::MAX;
    let (host, esp) = if up {
        (host::Input::LinkUp { frame_max_bytes }, esp::Input::LinkUp { frame_max_bytes })
    } else {
        (host::Input::LinkDown, esp::Input::LinkDown)
    };
    bridge.host.handle(bridge.now, host);
    bridge.esp.handle(bridge.now, esp);
    bridge.settle();
}

fn wait_ms(bridge: &mut Bridge, ms: u32) {
    bridge.now = bridge.now.plus_ms(ms);
    bridge.host.handle(bridge.now, host::Input::Timeout);
    bridge.esp.handle(bridge.now, esp::Input::Net(client::Input::Timeout));
    bridge.settle();
}

fn last(bridge: &Bridge, count: usize) -> String {
    bridge.told[bridge.told.len() - count..].join(" ")
}

#[test]
fn connect_says_what_the_host_asks_for() {
    let mqtt5 = Mqtt5 {
        session_expiry_interval_s: 3_600,
        topic_alias_maximum: 4,
        own_topic_aliases: 2,
        connect: Properties::of(&[Property::UserProperty("board", "7")]),
        will: Properties::of(&[Property::WillDelayInterval(5)]),
    };
    let will = Will { topic: "w", payload: b"gone", qos: QoS::AtLeastOnce, retain: false };
    let mut bridge = connected(Config { mqtt5, will: Some(will), ..V5 }, false, &[]);
    sent(&mut bridge, |packets| {
        let [Packet::Connect(connect)] = packets else { panic!("{packets:?}") };
        assert_eq!(connect.properties.session_expiry_interval_s(), Some(3_600));
        assert_eq!(connect.properties.topic_alias_maximum(), 4);
        assert!(connect.properties.user_properties().eq([("board", "7")]));
        assert_eq!(connect.will.unwrap().properties.will_delay_interval_s(), 5);
    });
}

#[test]
fn properties_travel_both_ways_and_an_alias_arrives_as_its_topic() {
    let mqtt5 = Mqtt5 { topic_alias_maximum: 1, ..Mqtt5::new() };
    let mut bridge = connected(Config { mqtt5, ..V5 }, false, &[]);
    bridge.sent.clear();
    let properties = [
        Property::ResponseTopic("r"),
        Property::CorrelationData(b"42"),
        Property::UserProperty("k", "v"),
    ];
    publish(&mut bridge, b"1", &properties);
    publish(&mut bridge, b"2", &[]);
    sent(&mut bridge, |packets| {
        let [Packet::Publish(first), Packet::Publish(second)] = packets else { panic!() };
        assert_eq!((first.topic, first.payload), ("a", &b"1"[..]));
        assert_eq!(first.properties, Properties::of(&properties));
        assert!(second.properties.is_empty() && second.payload == b"2");
    });
    for topic in ["plants/7", ""] {
        let properties = [Property::TopicAlias(1), Property::ContentType("text")];
        let publish = Publish {
            properties: Properties::of(&properties),
            ..Publish::new(topic, b"!", QoS::AtMostOnce)
        };
        received(&mut bridge, &Packet::Publish(publish));
        let told = last(&bridge, 1);
        assert!(
            told.contains("topic: \"plants/7\"") && told.contains("ContentType(\"text\")"),
            "{told}"
        );
    }
    assert_eq!(bridge.resets, 1);
}

#[test]
fn a_publication_waits_at_both_ends_and_leaves_with_what_is_left_of_its_interval() {
    let mut bridge = Bridge::with(V5);
    publish(&mut bridge, b"1", &[Property::MessageExpiryInterval(60)]);
    wait_ms(&mut bridge, 5_000);
    bridge.esp_boots();
    wait_ms(&mut bridge, 7_000);
    connect(&mut bridge, false, &[]);
    sent(&mut bridge, |packets| {
        let Some(Packet::Publish(publish)) = packets.last() else { panic!("{packets:?}") };
        assert_eq!(publish.properties.message_expiry_interval_s(), Some(48));
    });
}

#[test]
fn what_expires_during_an_outage_is_told_once_and_not_sent() {
    let mut bridge = Bridge::with(V5);
    bridge.esp_boots();
    publish(&mut bridge, b"1", &[Property::MessageExpiryInterval(3)]);
    wait_ms(&mut bridge, 3_500);
    wait_ms(&mut bridge, 1_000);
    assert_eq!(bridge.told("Abandoned { ticket: Ticket(1), reason: Expired }"), 1);
    connect(&mut bridge, false, &[]);
    sent(&mut bridge, |packets| assert!(matches!(packets, [Packet::Connect(_)]), "{packets:?}"));
    assert_eq!(bridge.host.unacknowledged(), 0);
}

#[test]
fn a_refusal_is_told_with_its_reason() {
    let mut bridge = connected(V5, false, &[]);
    publish(&mut bridge, b"1", &[]);
    answer(&mut bridge, 1, ReasonCode::NotAuthorized);
    assert_eq!(
        last(&bridge, 2),
        "Reason { ticket: Ticket(1), reason_code: NotAuthorized } \
         Refused { ticket: Ticket(1), reason: ByBroker(NotAuthorized) }"
    );
    publish(&mut bridge, b"2", &[]);
    answer(&mut bridge, 2, ReasonCode::NoMatchingSubscribers);
    assert_eq!(
        last(&bridge, 2),
        "Reason { ticket: Ticket(2), reason_code: NoMatchingSubscribers } Acked(Ticket(2))"
    );
    assert_eq!(bridge.host.unacknowledged(), 0);
}

/// The ESP8266 does not take what is not in its outbox any more for acknowledged.
#[test]
fn what_was_refused_while_the_link_was_lost_is_told_as_refused() {
    let mut bridge = connected(V5, false, &[]);
    publish(&mut bridge, b"1", &[]);
    publish(&mut bridge, b"2", &[]);
    link(&mut bridge, false);
    answer(&mut bridge, 1, ReasonCode::QuotaExceeded);
    answer(&mut bridge, 2, ReasonCode::Success);
    link(&mut bridge, true);
    assert_eq!(bridge.told("Refused { ticket: Ticket(1), reason: ByBroker(QuotaExceeded) }"), 1);
    assert_eq!((bridge.told("Acked(Ticket(2))"), bridge.told("Acked")), (1, 1));
}

/// It may have been refused once because its head fits no buffer there; what came behind it fitted.
#[test]
fn what_the_esp_could_never_send_is_not_taken_for_acknowledged_when_it_comes_again() {
    let mut bridge = connected(V5, false, &[]);
    link(&mut bridge, false);
    publish(&mut bridge, b"1", &[Property::UserProperty("k", &"v".repeat(380))]);
    publish(&mut bridge, b"2", &[]);
    link(&mut bridge, true);
    assert_eq!(bridge.told("Refused { ticket: Ticket(1), reason: TooLargeForEsp }"), 1);
    // the same once more, as if the answer had been lost with the link
    let again = again_with_a_large_head();
    bridge.esp.handle(bridge.now, esp::Input::Frame(&again));
    assert_eq!(done_frames(&mut bridge), [0x93]);
}

/// A `PublishWith` of ticket 1, given before.
fn again_with_a_large_head() -> Vec<u8> {
    let value = "v".repeat(380);
    let mut frame = vec![0x4A, 1, 0, 1, 0x80, 1, b'a'];
    let properties = [&[0x26, 0, 1, b'k', 1, 124][..], value.as_bytes()].concat();
    frame.extend([0x82, 0x03]);
    assert_eq!(properties.len(), 386);
    frame.extend(properties);
    frame.push(b'1');
    frame
}

/// The first bytes of the frames with which the ESP8266 says that a publication is done.
fn done_frames(bridge: &mut Bridge) -> Vec<u8> {
    let mut done = Vec::new();
    loop {
        let frame = match bridge.esp.poll() {
            esp::Output::Frame(frame) => frame.to_vec(),
            esp::Output::Wait(_) => return done,
            _ => continue,
        };
        bridge.esp.handle(bridge.now, esp::Input::FrameSent(frame.len()));
        done.extend(frame.first().filter(|first| *first & 0xF0 == 0x90));
    }
}

#[test]
fn properties_that_no_message_has_mean_a_reset() {
    for properties in [
        &[0x11, 0, 0, 0, 0][..],               // a session expiry interval
        &[0x23, 0, 0],                         // topic alias 0
        &[0x03, 0, 1, b't', 0x03, 0, 1, b't'], // a content type, twice
    ] {
        let mut bridge = connected(V5, false, &[]);
        let mut frame = vec![0xC0, 0, 0x81, 1, b'x', properties.len() as u8];
        frame.extend(properties);
        bridge.host.handle(bridge.now, host::Input::Frame(&frame));
        bridge.settle();
        assert_eq!(bridge.told("EspReset { cause: Garbage }"), 1, "{properties:?}");
    }
}

#[test]
fn a_subscription_that_no_host_asks_for_has_the_esp_say_hello() {
    for frame in [
        &[0x0C, 0, 0, 0, 9, 1, 0xFF, 0, 0, 0, b'a'][..], // the identifier is too large
        &[0x0C, 0, 0, 0, 9, 2, 0, 0, 0, 0, b'a'],        // QoS 2
    ] {
        let mut bridge = connected(V5, false, &[]);
        bridge.esp.handle(bridge.now, esp::Input::Frame(frame));
        bridge.settle();
        assert_eq!(bridge.told("EspReady { resumed: true }"), 1, "{frame:?}");
    }
}

#[test]
fn a_lasting_session_needs_a_name_that_outlives_the_esp() {
    let config = Config { client_id: "", ..V5 };
    let network = Network { ssid: "home", password: "secret", use_default: false };
    let broker = Broker { host: "broker", port: 1883 };
    let settings = |config| host::Settings::new(config, network, broker).validate();
    assert!(matches!(settings(config), Err(ConfigError::Contradiction { .. })));
    assert!(settings(Config { clean_session: true, ..config }).is_ok());
}

#[test]
fn what_expired_at_the_esp_while_the_link_was_lost_is_told_as_expired() {
    let mut bridge = Bridge::with(V5);
    bridge.esp_boots();
    publish(&mut bridge, b"1", &[Property::MessageExpiryInterval(3)]);
    link(&mut bridge, false);
    // a clock that runs fast
    let later = bridge.now.plus_ms(4_500);
    bridge.esp.handle(later, esp::Input::Timeout);
    bridge.settle();
    bridge.now = bridge.now.plus_ms(2_000);
    link(&mut bridge, true);
    assert_eq!((bridge.told("reason: Expired"), bridge.told("Acked")), (1, 0));
}

#[test]
fn a_subscription_keeps_its_options_and_its_identifier_over_the_restarts_of_the_esp() {
    let mut bridge = connected(V5, false, &[]);
    let options = SubscriptionOptions {
        no_local: true,
        retain_handling: RetainHandling::DoNotSend,
        ..SubscriptionOptions::new(QoS::AtLeastOnce)
    };
    bridge.host.subscribe_with(bridge.now, "b/#", options, Some(300)).unwrap();
    bridge.settle();
    for _ in 0..2 {
        let mut id = PacketId::new(1);
        sent(&mut bridge, |packets| {
            let Some(Packet::Subscribe(subscribe)) = packets.last() else { panic!("{packets:?}") };
            assert!(subscribe.filters.iter().eq([("b/#", options)]));
            assert!(subscribe.properties.subscription_identifiers().eq([300]));
            id = Some(subscribe.packet_id);
        });
        received(
            &mut bridge,
            &Packet::Suback(Suback {
                packet_id: id.unwrap(),
                properties: Properties::NONE,
                reason_codes: ReasonCodes::of(&[ReasonCode::GrantedQos1]),
            }),
        );
        assert_eq!(bridge.told("Subscribed"), 1);
        bridge.esp_boots();
        connect(&mut bridge, false, &[]);
    }
}

#[test]
fn what_the_broker_says_is_told_before_what_it_leads_to() {
    let said = [Property::MaximumPacketSize(400), Property::ReasonString("welcome")];
    let mut bridge = connected(V5, false, &said);
    let told = last(&bridge, 2);
    assert!(
        told.starts_with("BrokerSaid([MaximumPacketSize(400), ReasonString(\"welcome\")])"),
        "{told}"
    );
    assert!(told.ends_with("Connected { session_present: false }"), "{told}");
    let properties = [Property::ServerReference("other")];
    let disconnect = Disconnect {
        reason_code: ReasonCode::ServerMoved,
        properties: Properties::of(&properties),
    };
    received(&mut bridge, &Packet::Disconnect(disconnect));
    let told = last(&bridge, 2);
    assert!(told.starts_with("BrokerSaid([ServerReference(\"other\")])"), "{told}");
    assert!(told.ends_with("Disconnected { reason: ByBroker(ServerMoved) }"), "{told}");
}

#[test]
fn what_the_broker_takes_no_packets_of_is_refused_in_its_name() {
    let mut bridge = connected(V5, false, &[Property::MaximumPacketSize(30)]);
    publish(&mut bridge, &[b'x'; 40], &[]);
    publish(&mut bridge, b"1", &[]);
    assert_eq!(bridge.told("Refused { ticket: Ticket(1), reason: ByBroker(PacketTooLarge) }"), 1);
    answer(&mut bridge, 2, ReasonCode::Success);
    assert_eq!(bridge.told("Acked(Ticket(2))"), 1);
}

#[test]
fn frames_of_mqtt_5_are_garbage_where_3_1_1_is_spoken() {
    for frame in
        [&[0xC0, 0, 0x81, 1, b'x', 0, b'1'][..], &[0xA0], &[0xA1, 0, 0, 0, 1, 0x80], &[0x94, 1]]
    {
        let mut bridge = Bridge::new();
        bridge.esp_boots();
        bridge.host.handle(bridge.now, host::Input::Frame(frame));
        bridge.settle();
        assert_eq!(bridge.told("EspReset { cause: Garbage }"), 1, "{frame:?}");
    }
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    bridge.esp.handle(bridge.now, esp::Input::Frame(&[0x40, 1, 0x80, 1, b'x', 0, b'1']));
    bridge.settle();
    assert_eq!(bridge.told("EspReady { resumed: true }"), 1, "it says hello");
}
