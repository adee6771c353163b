//! What a plain client says and hears, in either version of MQTT.

use fivewire_core::mqtt::v5::{self, Property, SubscriptionOptions};
use fivewire_core::mqtt::{
    Connect, ConnectReturnCode, Filters, Packet, PacketId, Publish, QoS, Split, Subscribe, decode,
    split,
};
use fivewire_tokio::Properties;

use super::seen::Message;
use crate::queue::{ByteQueue, Encode};

/// What the broker told it.
pub(super) enum Heard {
    Publish { id: Option<PacketId>, dup: bool, message: Message },
    Puback(PacketId),
    Accepted { session_present: bool },
    Suback,
    Else,
}

/// The packet with which it asks for its session, which never ends or ends with the connection.
pub(super) fn connect(is_v5: bool, client_id: &str, clean_session: bool) -> Vec<u8> {
    if is_v5 {
        let lasting = [Property::SessionExpiryInterval(u32::MAX)];
        let properties = if clean_session { &[][..] } else { &lasting };
        return encoded(&v5::Packet::Connect(v5::Connect {
            client_id,
            clean_start: clean_session,
            keep_alive_s: 0,
            properties: v5::Properties::of(properties),
            will: None,
            username: None,
            password: None,
        }));
    }
    encoded(&Packet::Connect(Connect {
        client_id,
        clean_session,
        keep_alive_s: 0,
        will: None,
        username: None,
        password: None,
    }))
}

/// With an identifier unless the quality of service is 0.
pub(super) fn publish(
    is_v5: bool,
    qos: QoS,
    packet_id: Option<PacketId>,
    topic: &str,
    payload: &[u8],
    properties: &[Property<'_>],
) -> Vec<u8> {
    if is_v5 {
        let properties = v5::Properties::of(properties);
        let publish =
            v5::Publish { packet_id, properties, ..v5::Publish::new(topic, payload, qos) };
        return encoded(&v5::Packet::Publish(publish));
    }
    let (dup, retain) = (false, false);
    encoded(&Packet::Publish(Publish { dup, qos, retain, topic, packet_id, payload }))
}

pub(super) fn puback(is_v5: bool, id: PacketId) -> Vec<u8> {
    if is_v5 {
        encoded(&v5::Packet::Puback(v5::Ack::success(id)))
    } else {
        encoded(&Packet::Puback(id))
    }
}

pub(super) fn subscribe(is_v5: bool, filter: &str) -> Vec<u8> {
    let packet_id = PacketId::new(u16::MAX).expect("it is not 0");
    if is_v5 {
        let filters = [(filter, SubscriptionOptions::new(QoS::AtLeastOnce))];
        let (properties, filters) = (v5::Properties::NONE, v5::Filters::of(&filters));
        let subscribe = v5::Subscribe { packet_id, properties, filters };
        return encoded(&v5::Packet::Subscribe(subscribe));
    }
    let filters = [(filter, QoS::AtLeastOnce)];
    let filters = Filters::list(&filters);
    encoded(&Packet::Subscribe(Subscribe { packet_id, filters }))
}

fn encoded(packet: &impl Encode) -> Vec<u8> {
    let mut bytes = ByteQueue::default();
    bytes.push_packet(packet);
    bytes.bytes().to_vec()
}

/// The whole packet at the front of a stream, if there is one.
///
/// # Panics
/// The broker writes no MQTT: a bug of the simulator.
pub(super) fn first(is_v5: bool, stream: &[u8]) -> Option<&[u8]> {
    let header = if is_v5 {
        v5::split(stream).expect("the broker writes MQTT 5")
    } else {
        split(stream).expect("the broker writes MQTT")
    };
    let Split::Header(header) = header else { return None };
    stream.get(..header.packet_len())
}

/// What a packet says.
///
/// # Panics
/// It is none: a bug of the simulator.
pub(super) fn heard(is_v5: bool, packet: &[u8]) -> Heard {
    if is_v5 {
        return heard_v5(packet);
    }
    match decode(packet).expect("the broker writes MQTT") {
        Packet::Publish(Publish { dup, qos, retain, topic, packet_id, payload }) => {
            let (topic, payload) = (topic.to_owned(), payload.to_vec());
            let properties = Properties::default();
            let message = Message { topic, payload, qos, retain, properties };
            Heard::Publish { id: packet_id, dup, message }
        }
        Packet::Puback(id) => Heard::Puback(id),
        Packet::Connack(connack) if connack.return_code == ConnectReturnCode::Accepted => {
            Heard::Accepted { session_present: connack.session_present }
        }
        Packet::Suback(_) => Heard::Suback,
        _ => Heard::Else,
    }
}

fn heard_v5(packet: &[u8]) -> Heard {
    match v5::decode(packet).expect("the broker writes MQTT 5") {
        v5::Packet::Publish(v5::Publish {
            dup,
            qos,
            retain,
            topic,
            packet_id,
            properties,
            payload,
        }) => {
            let (topic, payload) = (topic.to_owned(), payload.to_vec());
            let message = Message { topic, payload, qos, retain, properties: properties.into() };
            Heard::Publish { id: packet_id, dup, message }
        }
        v5::Packet::Puback(ack) => Heard::Puback(ack.packet_id),
        v5::Packet::Connack(connack) if connack.reason_code.as_u8() == 0 => {
            Heard::Accepted { session_present: connack.session_present }
        }
        v5::Packet::Suback(_) => Heard::Suback,
        _ => Heard::Else,
    }
}
