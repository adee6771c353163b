//! Random packets of MQTT 5, for the tests that take any.

use fivewire_core::mqtt::v5::{
    Ack, Auth, Connack, Connect, Disconnect, Filters, Packet, Properties, Property, Publish,
    ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe, SubscriptionOptions, TopicFilters,
    Unsuback, Unsubscribe, Will,
};
use fivewire_core::mqtt::{PacketId, QoS};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A packet that owns its texts.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    Connect(ConnectSample),
    Connack(bool, ReasonCode, Vec<Owned>),
    Publish(PublishSample),
    /// The packet type, 4 to 7.
    Ack(u8, PacketId, ReasonCode, Vec<Owned>),
    Subscribe(PacketId, Vec<Owned>, Vec<(String, SubscriptionOptions)>),
    Unsubscribe(PacketId, Vec<Owned>, Vec<String>),
    /// The packet type, 9 or 11.
    Answers(u8, PacketId, Vec<Owned>, Vec<ReasonCode>),
    Pingreq,
    Pingresp,
    Disconnect(ReasonCode, Vec<Owned>),
    Auth(ReasonCode, Vec<Owned>),
}

#[derive(Clone, Debug)]
pub(crate) struct ConnectSample {
    pub client_id: String,
    pub clean_start: bool,
    pub keep_alive_s: u16,
    pub properties: Vec<Owned>,
    pub will: Option<WillSample>,
    pub username: Option<String>,
    pub password: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
pub(crate) struct WillSample {
    pub topic: String,
    pub payload: Vec<u8>,
    pub qos: QoS,
    pub retain: bool,
    pub properties: Vec<Owned>,
}

#[derive(Clone, Debug)]
pub(crate) struct PublishSample {
    pub dup: bool,
    /// None with QoS 0.
    pub packet_id: Option<PacketId>,
    pub qos: QoS,
    pub retain: bool,
    pub topic: String,
    pub properties: Vec<Owned>,
    pub payload: Vec<u8>,
}

/// A property that owns its texts: whichever of them it needs.
#[derive(Clone, Debug)]
pub(crate) struct Owned {
    pub id: u8,
    pub number: u32,
    pub text: String,
    pub value: String,
    pub bytes: Vec<u8>,
}

impl Owned {
    fn property(&self) -> Property<'_> {
        let flag = self.number % 2 == 1;
        let two_bytes = self.number as u16;
        let text = self.text.as_str();
        match self.id {
            0x01 => Property::PayloadFormatIndicator(flag),
            0x02 => Property::MessageExpiryInterval(self.number),
            0x03 => Property::ContentType(text),
            0x08 => Property::ResponseTopic(text),
            0x09 => Property::CorrelationData(&self.bytes),
            0x0B => Property::SubscriptionIdentifier(1 + self.number % 268_435_455),
            0x11 => Property::SessionExpiryInterval(self.number),
            0x12 => Property::AssignedClientIdentifier(text),
            0x13 => Property::ServerKeepAlive(two_bytes),
            0x15 => Property::AuthenticationMethod(text),
            0x16 => Property::AuthenticationData(&self.bytes),
            0x17 => Property::RequestProblemInformation(flag),
            0x18 => Property::WillDelayInterval(self.number),
            0x19 => Property::RequestResponseInformation(flag),
            0x1A => Property::ResponseInformation(text),
            0x1C => Property::ServerReference(text),
            0x1F => Property::ReasonString(text),
            0x21 => Property::ReceiveMaximum(two_bytes.max(1)),
            0x22 => Property::TopicAliasMaximum(two_bytes),
            0x23 => Property::TopicAlias(two_bytes.max(1)),
            0x24 => Property::MaximumQos(QoS::from_u8(u8::from(flag)).expect("0 or 1")),
            0x25 => Property::RetainAvailable(flag),
            0x26 => Property::UserProperty(text, &self.value),
            0x27 => Property::MaximumPacketSize(self.number.max(1)),
            0x28 => Property::WildcardSubscriptionAvailable(flag),
            0x29 => Property::SubscriptionIdentifierAvailable(flag),
            0x2A => Property::SharedSubscriptionAvailable(flag),
            id => unreachable!("no property has the identifier {id}"),
        }
    }
}

fn borrowed(properties: &[Owned]) -> Vec<Property<'_>> {
    properties.iter().map(Owned::property).collect()
}

const fn acknowledgement(packet_type: u8, ack: Ack<'_>) -> Packet<'_> {
    match packet_type {
        4 => Packet::Puback(ack),
        5 => Packet::Pubrec(ack),
        6 => Packet::Pubrel(ack),
        _ => Packet::Pubcomp(ack),
    }
}

impl Sample {
    /// Calls `f` with the packet, as long as what it borrows lives.
    pub(crate) fn with<R>(&self, f: impl FnOnce(Packet<'_>) -> R) -> R {
        match self {
            Self::Connect(connect) => connect.with(f),
            Self::Connack(session_present, reason_code, properties) => {
                let properties = borrowed(properties);
                f(Packet::Connack(Connack {
                    session_present: *session_present,
                    reason_code: *reason_code,
                    properties: Properties::of(&properties),
                }))
            }
            Self::Publish(publish) => {
                let properties = borrowed(&publish.properties);
                f(Packet::Publish(Publish {
                    dup: publish.dup,
                    qos: publish.qos,
                    retain: publish.retain,
                    topic: &publish.topic,
                    packet_id: publish.packet_id,
                    properties: Properties::of(&properties),
                    payload: &publish.payload,
                }))
            }
            Self::Ack(packet_type, packet_id, reason_code, properties) => {
                let properties = borrowed(properties);
                let (packet_id, reason_code) = (*packet_id, *reason_code);
                let ack = Ack { packet_id, reason_code, properties: Properties::of(&properties) };
                f(acknowledgement(*packet_type, ack))
            }
            Self::Subscribe(packet_id, properties, filters) => {
                let properties = borrowed(properties);
                let filters: Vec<_> =
                    filters.iter().map(|(filter, options)| (filter.as_str(), *options)).collect();
                f(Packet::Subscribe(Subscribe {
                    packet_id: *packet_id,
                    properties: Properties::of(&properties),
                    filters: Filters::of(&filters),
                }))
            }
            Self::Unsubscribe(packet_id, properties, filters) => {
                let properties = borrowed(properties);
                let filters: Vec<_> = filters.iter().map(String::as_str).collect();
                f(Packet::Unsubscribe(Unsubscribe {
                    packet_id: *packet_id,
                    properties: Properties::of(&properties),
                    filters: TopicFilters::of(&filters),
                }))
            }
            Self::Answers(packet_type, packet_id, properties, reason_codes) => {
                let (packet_id, properties) = (*packet_id, borrowed(properties));
                let properties = Properties::of(&properties);
                let reason_codes = ReasonCodes::of(reason_codes);
                f(match packet_type {
                    9 => Packet::Suback(Suback { packet_id, properties, reason_codes }),
                    _ => Packet::Unsuback(Unsuback { packet_id, properties, reason_codes }),
                })
            }
            Self::Pingreq => f(Packet::Pingreq),
            Self::Pingresp => f(Packet::Pingresp),
            Self::Disconnect(reason_code, properties) => {
                let (reason_code, properties) = (*reason_code, borrowed(properties));
                let properties = Properties::of(&properties);
                f(Packet::Disconnect(Disconnect { reason_code, properties }))
            }
            Self::Auth(reason_code, properties) => {
                let (reason_code, properties) = (*reason_code, borrowed(properties));
                f(Packet::Auth(Auth { reason_code, properties: Properties::of(&properties) }))
            }
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

impl ConnectSample {
    fn with<R>(&self, f: impl FnOnce(Packet<'_>) -> R) -> R {
        let properties = borrowed(&self.properties);
        let of_will = self.will.as_ref().map_or(Vec::new(), |will| borrowed(&will.properties));
        f(Packet::Connect(Connect {
            client_id: &self.client_id,
            clean_start: self.clean_start,
            keep_alive_s: self.keep_alive_s,
            properties: Properties::of(&properties),
            will: self.will.as_ref().map(|will| Will {
                topic: &will.topic,
                payload: &will.payload,
                qos: will.qos,
                retain: will.retain,
                properties: Properties::of(&of_will),
            }),
            username: self.username.as_deref(),
            password: self.password.as_deref(),
        }))
    }
}

/// Any packet that MQTT allows; lengths reach beyond the 127 that fit into one byte.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        2 => connect().prop_map(Sample::Connect),
        1 => connack(),
        3 => publish().prop_map(Sample::Publish),
        2 => (4_u8..8).prop_flat_map(|packet_type| {
            let properties = properties(&[0x1F], 0x26);
            (packet_id(), code(packet_type), properties).prop_map(
                move |(id, code, properties)| Sample::Ack(packet_type, id, code, properties),
            )
        }),
        1 => (packet_id(), properties(&[0x0B], 0x26), vec((filter(), options()), 1..5))
            .prop_map(|(id, properties, filters)| Sample::Subscribe(id, properties, filters)),
        1 => (packet_id(), properties(&[], 0x26), vec(filter(), 1..5))
            .prop_map(|(id, properties, filters)| Sample::Unsubscribe(id, properties, filters)),
        1 => select(vec![9_u8, 11]).prop_flat_map(|packet_type| {
            let codes = vec(code(packet_type), 1..140);
            (packet_id(), properties(&[0x1F], 0x26), codes).prop_map(
                move |(id, properties, codes)| Sample::Answers(packet_type, id, properties, codes),
            )
        }),
        1 => select(vec![Sample::Pingreq, Sample::Pingresp]),
        1 => (code(14), properties(&[0x11, 0x1C, 0x1F], 0x26))
            .prop_map(|(code, properties)| Sample::Disconnect(code, properties)),
        1 => (code(15), properties(&[0x16, 0x1F], 0x26)).prop_map(|(code, mut properties)| {
            properties.push(Owned {
                id: 0x15,
                number: 0,
                text: "SCRAM".to_owned(),
                value: String::new(),
                bytes: Vec::new(),
            });
            Sample::Auth(code, properties)
        }),
    ]
}

fn connect() -> impl Strategy<Value = ConnectSample> {
    let will = (name(), payload(), qos(), any::<bool>(), properties(MESSAGE_WILL, 0x26)).prop_map(
        |(topic, payload, qos, retain, properties)| WillSample {
            topic,
            payload,
            qos,
            retain,
            properties,
        },
    );
    let ids = &[0x11, 0x17, 0x19, 0x21, 0x22, 0x27, 0x15];
    let login = (option::of(text()), option::of(vec(any::<u8>(), 0..20)));
    let fields = (text(), any::<bool>(), any::<u16>(), properties(ids, 0x26));
    (fields, option::of(will), login).prop_map(|(fields, will, (username, password))| {
        let (client_id, clean_start, keep_alive_s, properties) = fields;
        ConnectSample { client_id, clean_start, keep_alive_s, properties, will, username, password }
    })
}

const MESSAGE_WILL: &[u8] = &[0x01, 0x02, 0x03, 0x08, 0x09, 0x18];

fn publish() -> impl Strategy<Value = PublishSample> {
    let ids = &[0x01, 0x02, 0x03, 0x08, 0x09, 0x23];
    let properties = prop_oneof![properties(ids, 0x26), properties(ids, 0x0B)];
    let fields = (any::<bool>(), packet_id(), qos(), any::<bool>());
    (fields, name(), any::<bool>(), properties, payload()).prop_map(
        |((dup, packet_id, qos, retain), topic, unnamed, properties, payload)| {
            let aliased = properties.iter().any(|property| property.id == 0x23);
            PublishSample {
                dup: dup && qos != QoS::AtMostOnce,
                packet_id: (qos != QoS::AtMostOnce).then_some(packet_id),
                qos,
                retain,
                topic: if aliased && unnamed { String::new() } else { topic },
                properties,
                payload,
            }
        },
    )
}

fn connack() -> impl Strategy<Value = Sample> {
    let ids =
        &[0x11, 0x12, 0x13, 0x15, 0x1A, 0x1C, 0x1F, 0x21, 0x22, 0x24, 0x25, 0x27, 0x28, 0x29, 0x2A];
    (any::<bool>(), code(2), properties(ids, 0x26)).prop_map(
        |(session_present, code, properties)| {
            Sample::Connack(session_present && code == ReasonCode::Success, code, properties)
        },
    )
}

/// Some of the properties with these identifiers in any order, and some with the one that may
/// repeat.
fn properties(ids: &'static [u8], repeated: u8) -> impl Strategy<Value = Vec<Owned>> {
    let ids = subsequence(ids.to_vec(), 0..=ids.len());
    (ids, 0_usize..3)
        .prop_map(move |(mut ids, count)| {
            ids.extend(std::iter::repeat_n(repeated, count));
            ids
        })
        .prop_shuffle()
        .prop_flat_map(|ids| ids.into_iter().map(owned).collect::<Vec<_>>())
}

fn owned(id: u8) -> impl Strategy<Value = Owned> {
    let text = if id == 0x08 { name().boxed() } else { text().boxed() };
    let number = prop_oneof![0_u32..3, 100_u32..70_000, any::<u32>()];
    (number, text, text2(), vec(any::<u8>(), 0..20))
        .prop_map(move |(number, text, value, bytes)| Owned { id, number, text, value, bytes })
}

fn code(packet_type: u8) -> impl Strategy<Value = ReasonCode> {
    let allowed: Vec<_> =
        ReasonCode::all().filter(|code| code.is_allowed_in(packet_type)).collect();
    prop_oneof![Just(ReasonCode::Success), select(allowed)]
}

fn packet_id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(|id| PacketId::new(id).expect("not 0"))
}

fn qos() -> impl Strategy<Value = QoS> {
    (0_u8..3).prop_map(|qos| QoS::from_u8(qos).expect("at most 2"))
}

fn options() -> impl Strategy<Value = SubscriptionOptions> {
    use RetainHandling::{DoNotSend, Send, SendIfNew};
    let handling = select(vec![Send, SendIfNew, DoNotSend]);
    (qos(), any::<bool>(), any::<bool>(), handling).prop_map(
        |(qos, no_local, retain_as_published, retain_handling)| SubscriptionOptions {
            qos,
            no_local,
            retain_as_published,
            retain_handling,
        },
    )
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 100..300)]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,12}", r"[^\x00]{0,12}"]
}

fn text2() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,3}", "[a-z]{60,70}"]
}

/// A topic name.
fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c$/]{1,12}", r"[^\x00+#]{1,12}"]
}

/// A topic filter of a subscription that is not shared.
fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![Just("+".to_owned()), "[a-c$]{1,3}", r"[^\x00+#/]{1,6}"];
    (vec(level, 1..5), any::<bool>()).prop_map(|(levels, all_below)| {
        let levels = levels.join("/");
        if all_below { levels + "/#" } else { levels }
    })
}
