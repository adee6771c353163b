//! Valid packets of every kind, that own what they say, for proptest to draw and to shrink.

use fivewire_core::mqtt::{
    Connack, Connect, ConnectReturnCode, Filters, Packet, PacketId, Publish, QoS, ReturnCodes,
    Suback, Subscribe, SubscribeReturnCode, Unsubscribe, Will,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A packet that owns its texts.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    Connect(ConnectSample),
    Publish(PublishSample),
    Subscribe(PacketId, Vec<(String, QoS)>),
    Unsubscribe(PacketId, Vec<(String, QoS)>),
    Suback(PacketId, Vec<SubscribeReturnCode>),
    /// A packet that borrows nothing.
    Plain(Packet<'static>),
}

#[derive(Clone, Debug)]
pub(crate) struct ConnectSample {
    pub client_id: String,
    pub clean_session: bool,
    pub keep_alive_s: u16,
    pub will: Option<WillSample>,
    /// The user name, and perhaps a password.
    pub login: Option<(String, Option<Vec<u8>>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct WillSample {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: QoS,
    pub retain: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct PublishSample {
    pub dup: bool,
    /// None with QoS 0.
    pub packet_id: Option<PacketId>,
    pub qos: QoS,
    pub retain: bool,
    pub topic: String,
    pub payload: Vec<u8>,
}

impl Sample {
    /// Calls `f` with the packet, as long as what it borrows lives.
    pub(crate) fn with<R>(&self, f: impl FnOnce(Packet<'_>) -> R) -> R {
        match self {
            Self::Connect(connect) => f(Packet::Connect(connect.packet())),
            Self::Publish(publish) => f(Packet::Publish(publish.packet())),
            Self::Subscribe(packet_id, filters) => {
                let filters = borrowed(filters);
                let filters = Filters::list(&filters);
                f(Packet::Subscribe(Subscribe { packet_id: *packet_id, filters }))
            }
            Self::Unsubscribe(packet_id, filters) => {
                let filters = borrowed(filters);
                let filters = Filters::list(&filters);
                f(Packet::Unsubscribe(Unsubscribe { packet_id: *packet_id, filters }))
            }
            Self::Suback(packet_id, codes) => {
                let return_codes = ReturnCodes::list(codes);
                f(Packet::Suback(Suback { packet_id: *packet_id, return_codes }))
            }
            Self::Plain(packet) => f(*packet),
        }
    }

    /// The packet on the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.with(|packet| {
            let mut bytes = vec![0; packet.encoded_len()];
            assert_eq!(packet.encode(&mut bytes), Ok(bytes.len()));
            bytes
        })
    }
}

fn borrowed(filters: &[(String, QoS)]) -> Vec<(&str, QoS)> {
    filters.iter().map(|(filter, qos)| (filter.as_str(), *qos)).collect()
}

impl ConnectSample {
    fn packet(&self) -> Connect<'_> {
        let will = self.will.as_ref().map(|will| Will {
            topic: &will.topic,
            payload: &will.payload,
            qos: will.qos,
            retain: will.retain,
        });
        let (username, password) = match &self.login {
            Some((username, password)) => (Some(username.as_str()), password.as_deref()),
            None => (None, None),
        };
        Connect {
            client_id: &self.client_id,
            clean_session: self.clean_session,
            keep_alive_s: self.keep_alive_s,
            will,
            username,
            password,
        }
    }
}

impl PublishSample {
    fn packet(&self) -> Publish<'_> {
        Publish {
            dup: self.dup,
            qos: self.qos,
            retain: self.retain,
            topic: &self.topic,
            packet_id: self.packet_id,
            payload: &self.payload,
        }
    }
}

/// Any packet that MQTT allows; lengths reach beyond the 127 that fit into one byte.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    let filters = || vec((filter(), qos()), 1..5);
    let code = prop_oneof![
        qos().prop_map(SubscribeReturnCode::Granted),
        Just(SubscribeReturnCode::Failure)
    ];
    prop_oneof![
        2 => connect().prop_map(Sample::Connect),
        3 => publish().prop_map(Sample::Publish),
        1 => (packet_id(), filters()).prop_map(|(id, filters)| Sample::Subscribe(id, filters)),
        1 => (packet_id(), filters()).prop_map(|(id, filters)| Sample::Unsubscribe(id, filters)),
        1 => (packet_id(), vec(code, 1..140)).prop_map(|(id, codes)| Sample::Suback(id, codes)),
        1 => connack().prop_map(|connack| Sample::Plain(Packet::Connack(connack))),
        2 => short().prop_map(Sample::Plain),
    ]
}

fn connect() -> impl Strategy<Value = ConnectSample> {
    let will = (name(), vec(any::<u8>(), 0..20), qos(), any::<bool>())
        .prop_map(|(topic, payload, qos, retain)| WillSample { topic, payload, qos, retain });
    let login = (text(), option::of(vec(any::<u8>(), 0..20)));
    (text(), any::<bool>(), any::<u16>(), option::of(will), option::of(login)).prop_map(
        |(client_id, clean_session, keep_alive_s, will, login)| ConnectSample {
            client_id,
            clean_session,
            keep_alive_s,
            will,
            login,
        },
    )
}

fn publish() -> impl Strategy<Value = PublishSample> {
    let payload = prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 100..300)];
    (any::<bool>(), packet_id(), qos(), any::<bool>(), name(), payload).prop_map(
        |(dup, packet_id, qos, retain, topic, payload)| PublishSample {
            dup: dup && qos != QoS::AtMostOnce,
            packet_id: (qos != QoS::AtMostOnce).then_some(packet_id),
            qos,
            retain,
            topic,
            payload,
        },
    )
}

fn connack() -> impl Strategy<Value = Connack> {
    (any::<bool>(), 0_u8..6).prop_map(|(session_present, code)| Connack {
        session_present: session_present && code == 0,
        return_code: ConnectReturnCode::from_u8(code).expect("at most 5"),
    })
}

fn short() -> impl Strategy<Value = Packet<'static>> {
    (packet_id(), 0_u8..8).prop_map(|(id, which)| match which {
        0 => Packet::Puback(id),
        1 => Packet::Pubrec(id),
        2 => Packet::Pubrel(id),
        3 => Packet::Pubcomp(id),
        4 => Packet::Unsuback(id),
        5 => Packet::Pingreq,
        6 => Packet::Pingresp,
        _ => Packet::Disconnect,
    })
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(|id| PacketId::new(id).expect("not 0"))
}

fn qos() -> impl Strategy<Value = QoS> {
    (0_u8..3).prop_map(|qos| QoS::from_u8(qos).expect("at most 2"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,12}", r"[^\x00]{0,12}"]
}

/// A topic name.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c$/]{1,12}", r"[^\x00+#]{1,12}"]
}

/// A topic filter.
fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![Just("+".to_owned()), "[a-c$]{1,3}", r"[^\x00+#/]{1,6}"];
    (vec(level, 1..5), any::<bool>()).prop_map(|(levels, all_below)| {
        let levels = levels.join("/");
        if all_below { levels + "/#" } else { levels }
    })
}
