//! Connections: how they begin and end.

use fivewire_core::config::{Config, Mqtt5};
use fivewire_core::mqtt::v5::{
    Auth, Connack, Disconnect, Packet, Properties, Property, ReasonCode,
};
use fivewire_core::mqtt::{QoS, Will};
use fivewire_core::time::Instant;

use crate::rig::{CONFIG, Rig, T, accepted};

#[test]
fn connect_says_what_the_client_asks_for_and_can_take() {
    let mqtt5 = Mqtt5 {
        session_expiry_interval_s: 3_600,
        topic_alias_maximum: 4,
        connect: Properties::of(&[
            Property::RequestResponseInformation(true),
            Property::UserProperty("k", "v"),
        ]),
        will: Properties::of(&[Property::WillDelayInterval(5)]),
        ..Mqtt5::new()
    };
    let will = Will { topic: "w", payload: b"gone", qos: QoS::AtLeastOnce, retain: false };
    let config = Config { clean_init: true, mqtt5, will: Some(will), receive_maximum: 3, ..CONFIG };
    let mut rig = Rig::opened(&config);
    rig.sent(|packets| {
        let [Packet::Connect(connect)] = packets else { panic!("{packets:?}") };
        assert!(connect.clean_start);
        assert_eq!(connect.properties.session_expiry_interval_s(), Some(3_600));
        assert_eq!(connect.properties.receive_maximum(), 3);
        assert_eq!(connect.properties.topic_alias_maximum(), 4);
        assert_eq!(connect.properties.maximum_packet_size_bytes(), Some(512 - 32));
        assert!(connect.properties.request_response_information());
        assert!(connect.properties.user_properties().eq([("k", "v")]));
        assert_eq!(connect.will.unwrap().properties.will_delay_interval_s(), 5);
    });
    // the old session is discarded, and so is the one that discarded it
    rig.receive(&accepted(false, &[]));
    assert_eq!(rig.told(), "CloseTcp CleanSlate ");
    rig.sent(|packets| {
        let [Packet::Disconnect(disconnect)] = packets else { panic!("{packets:?}") };
        assert_eq!(disconnect.properties.session_expiry_interval_s(), Some(0));
    });
    rig.reconnect();
    rig.sent(|packets| {
        let [Packet::Connect(connect)] = packets else { panic!("{packets:?}") };
        assert!(!connect.clean_start);
    });
}

#[test]
fn a_clean_session_ends_with_its_connection() {
    let mut rig = Rig::opened(&Config { clean_session: true, ..CONFIG });
    rig.sent(|packets| {
        let [Packet::Connect(connect)] = packets else { panic!("{packets:?}") };
        assert!(connect.clean_start);
        assert_eq!(connect.properties.session_expiry_interval_s(), None);
    });
    rig.receive(&accepted(true, &[]));
    assert!(rig.told().contains("Breach(V5(SessionPresentWithCleanStart))"));
}

#[test]
fn what_the_broker_says_is_lent_before_what_it_leads_to() {
    let mut rig = Rig::opened(&CONFIG);
    rig.receive(&accepted(false, &[Property::ResponseInformation("answers/c")]));
    assert_eq!(
        rig.told(),
        "BrokerSaid([ResponseInformation(\"answers/c\")]) Connected { session_present: false } "
    );
    let properties = [Property::ReasonString("moving"), Property::ServerReference("b2")];
    rig.receive(&Packet::Disconnect(Disconnect {
        reason_code: ReasonCode::UseAnotherServer,
        properties: Properties::of(&properties),
    }));
    assert_eq!(
        rig.told(),
        "BrokerSaid([ReasonString(\"moving\"), ServerReference(\"b2\")]) CloseTcp \
         Disconnected { reason: ByBroker(UseAnotherServer) } "
    );
}

/// D-45
#[test]
fn a_disconnect_without_a_reason_byte_is_a_disconnect() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    rig.receive_bytes(&[0xE0, 0]);
    assert_eq!(rig.told(), "CloseTcp Disconnected { reason: ByBroker(Success) } ");
    rig.reconnect();
    rig.receive(&accepted(true, &[]));
    assert_eq!(rig.told(), "Connected { session_present: true } ");
}

#[test]
fn a_refused_connection_says_why_and_is_tried_again() {
    let mut rig = Rig::opened(&CONFIG);
    rig.receive(&Packet::Connack(Connack {
        session_present: false,
        reason_code: ReasonCode::ServerBusy,
        properties: Properties::NONE,
    }));
    assert_eq!(rig.told(), "CloseTcp AttemptFailed { reason: RefusedWith(ServerBusy) } ");
    rig.reconnect();
    rig.receive(&accepted(false, &[]));
    assert_eq!(rig.told(), "Connected { session_present: false } ");
}

/// A short pause changes nothing about some of them; after the others the client comes back soon.
#[test]
fn the_reason_decides_how_long_the_client_stays_away() {
    for (reason_code, pauses_ms) in [
        (ReasonCode::ServerShuttingDown, 250..=500),
        (ReasonCode::ServerBusy, 250..=500),
        (ReasonCode::SessionTakenOver, 4_000..=8_000),
        (ReasonCode::ServerMoved, 4_000..=8_000),
        (ReasonCode::NotAuthorized, 4_000..=8_000),
    ] {
        let mut rig = Rig::connected(&CONFIG, &[]);
        rig.receive(&Packet::Disconnect(Disconnect::new(reason_code)));
        let pause_ms = rig.pause_ms();
        assert!(pauses_ms.contains(&pause_ms), "{reason_code:?}: {pause_ms}");
    }
}

/// [MQTT5-3.2.2-21]
#[test]
fn the_servers_keep_alive_is_obeyed() {
    let mut rig = Rig::connected(&CONFIG, &[Property::ServerKeepAlive(8)]);
    rig.at(Instant::from_millis(2_999));
    rig.sent(|packets| assert!(packets.is_empty(), "{packets:?}"));
    rig.at(Instant::from_millis(3_001));
    rig.sent(|packets| assert_eq!(packets, [Packet::Pingreq]));
    // the next connection may have another, or none
    rig.reconnect();
    rig.sent(|_| {});
    rig.receive(&accepted(true, &[]));
    let pause_ms = rig.pause_ms();
    assert_eq!(pause_ms, 15_000);
}

/// [MQTT5-3.2.2-16]
#[test]
fn an_assigned_client_identifier_is_used_from_then_on() {
    let nameless = Config { client_id: "", ..CONFIG };
    let mut rig = Rig::opened(&nameless);
    rig.sent(|_| {});
    rig.receive(&accepted(false, &[Property::AssignedClientIdentifier("auto-7")]));
    rig.reconnect();
    rig.sent(|packets| {
        let [Packet::Connect(connect)] = packets else { panic!("{packets:?}") };
        assert_eq!(connect.client_id, "auto-7");
    });
    let mut rig = Rig::opened(&nameless);
    rig.receive(&accepted(false, &[]));
    assert!(rig.told().contains("NoAssignedClientIdentifier"));
}

/// [MQTT5-4.12.0-6]
#[test]
fn an_authentication_that_nobody_asked_for_is_refused() {
    let properties = [Property::AuthenticationMethod("SCRAM")];
    let properties = Properties::of(&properties);
    let auth = Packet::Auth(Auth { reason_code: ReasonCode::ContinueAuthentication, properties });
    let mut rig = Rig::opened(&CONFIG);
    rig.receive(&auth);
    assert!(rig.told().contains("AttemptFailed { reason: Breach(V5(AuthNotAskedFor)) }"));
    let mut rig = Rig::connected(&CONFIG, &[]);
    rig.receive(&auth);
    assert!(rig.told().contains("Disconnected { reason: Breach(V5(AuthNotAskedFor)) }"));
    rig.sent(|packets| {
        assert_eq!(packets, [Packet::Disconnect(Disconnect::new(ReasonCode::ProtocolError))]);
    });
}

#[test]
fn shutting_down_says_goodbye_normally() {
    let mut rig = Rig::connected(&CONFIG, &[]);
    rig.client.shut_down(T);
    rig.drain();
    assert_eq!(rig.told(), "CloseTcp Stopped ");
    rig.sent(|packets| {
        assert_eq!(packets, [Packet::Disconnect(Disconnect::new(ReasonCode::Success))]);
    });
}

#[test]
fn properties_that_the_client_sets_itself_are_no_configuration() {
    let validate = |connect: &[Property<'_>], will: &[Property<'_>]| {
        let [connect, will] = [connect, will].map(Properties::of);
        let mqtt5 = Mqtt5 { connect, will, ..Mqtt5::new() };
        Config { mqtt5, ..CONFIG }.validate()
    };
    assert!(validate(&[Property::UserProperty("a", "b")], &[]).is_ok());
    assert!(validate(&[Property::AuthenticationMethod("S")], &[]).is_err());
    assert!(validate(&[Property::ReceiveMaximum(1)], &[]).is_err());
    assert!(validate(&[], &[Property::TopicAlias(1)]).is_err());
    let twice = [Property::WillDelayInterval(1), Property::WillDelayInterval(2)];
    assert!(validate(&[], &twice).is_err());
}
