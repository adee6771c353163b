//! The same packets through a codec that others wrote: it reads what this one writes, writes it
//! again in its own order, and this one reads that.
//!
//! What is lost or changed on the way shows, in either direction. mqttbytes has no AUTH; it leaves
//! the length of no properties out of some packets, knows no DISCONNECT for a bad method, cannot
//! tell a missing user name or password from an empty one, and takes a password for text. Samples
//! are made such that this does not matter.

#![cfg(feature = "mqtt5")]

mod mqtt5_samples;

use fivewire_core::mqtt::v5::{Packet, Properties, ReasonCode, decode};
use mqtt5_samples::{ConnectSample, Owned, Sample, sample};
use mqttbytes::v5;
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4_096) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_foreign_codec_reads_and_writes_the_same(sample in sample()) {
        prop_assume!(!matches!(sample, Sample::Auth(..)));
        let sample = expressible(sample);
        let mut stream = sample.bytes().into_iter().collect();
        let foreign = v5::read(&mut stream, usize::MAX);
        prop_assert!(stream.is_empty());
        let again = foreign_bytes(&foreign.expect("a packet that mqttbytes can read"));
        sample.with(|packet| {
            let again = decode(&again);
            prop_assert_eq!(again.map(|again| again.packet_type()), Ok(packet.packet_type()));
            let again = again.expect("it was decoded");
            prop_assert_eq!(in_order(again), in_order(packet));
            Ok(())
        })?;
    }
}

/// The sample, changed to what mqttbytes can say.
fn expressible(mut sample: Sample) -> Sample {
    if let Sample::Disconnect(code @ ReasonCode::BadAuthenticationMethod, _) = &mut sample {
        *code = ReasonCode::ProtocolError;
    }
    match &mut sample {
        Sample::Connect(connect) => expressible_connect(connect),
        Sample::Publish(publish) => publish.properties.push(some_property()),
        Sample::Connack(_, _, properties)
        | Sample::Ack(_, _, _, properties)
        | Sample::Subscribe(_, properties, _)
        | Sample::Unsubscribe(_, properties, _)
        | Sample::Answers(_, _, properties, _)
        | Sample::Disconnect(_, properties) => properties.push(some_property()),
        Sample::Pingreq | Sample::Pingresp | Sample::Auth(..) => {}
    }
    sample
}

fn expressible_connect(connect: &mut ConnectSample) {
    connect.properties.push(some_property());
    if let Some(will) = &mut connect.will {
        will.properties.push(some_property());
    }
    match (&mut connect.username, &mut connect.password) {
        (Some(username), Some(password)) => {
            username.push('u');
            *password = String::from_utf8_lossy(password).into_owned().into_bytes();
            password.push(b'p');
        }
        _ => (connect.username, connect.password) = (None, None),
    }
}

fn some_property() -> Owned {
    let (text, value) = ("name".to_owned(), "value".to_owned());
    Owned { id: 0x26, number: 0, text, value, bytes: Vec::new() }
}

/// The packet in words without its properties, and then those, sorted: their order is the writer's.
fn in_order(mut packet: Packet<'_>) -> (String, Vec<String>) {
    let mut all = Vec::new();
    let mut take = |properties: &mut Properties<'_>, whose: &str| {
        all.extend(
            properties.iter().map(|property| (property.id(), format!("{whose}{property:?}"))),
        );
        *properties = Properties::NONE;
    };
    match &mut packet {
        Packet::Connect(connect) => {
            take(&mut connect.properties, "");
            if let Some(will) = &mut connect.will {
                take(&mut will.properties, "will's ");
            }
        }
        Packet::Connack(connack) => take(&mut connack.properties, ""),
        Packet::Publish(publish) => take(&mut publish.properties, ""),
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            take(&mut ack.properties, "");
        }
        Packet::Subscribe(subscribe) => take(&mut subscribe.properties, ""),
        Packet::Suback(suback) => take(&mut suback.properties, ""),
        Packet::Unsubscribe(unsubscribe) => take(&mut unsubscribe.properties, ""),
        Packet::Unsuback(unsuback) => take(&mut unsuback.properties, ""),
        Packet::Disconnect(disconnect) => take(&mut disconnect.properties, ""),
        Packet::Auth(auth) => take(&mut auth.properties, ""),
        Packet::Pingreq | Packet::Pingresp => {}
    }
    // sorting is stable: properties that may repeat keep their order
    all.sort_by_key(|(id, _)| *id);
    (format!("{packet:?}"), all.into_iter().map(|(_, shown)| shown).collect())
}

fn foreign_bytes(packet: &v5::Packet) -> Vec<u8> {
    let mut buffer = Default::default();
    match packet {
        v5::Packet::Connect(packet) => packet.write(&mut buffer),
        v5::Packet::ConnAck(packet) => packet.write(&mut buffer),
        v5::Packet::Publish(packet) => packet.write(&mut buffer),
        v5::Packet::PubAck(packet) => packet.write(&mut buffer),
        v5::Packet::PubRec(packet) => packet.write(&mut buffer),
        v5::Packet::PubRel(packet) => packet.write(&mut buffer),
        v5::Packet::PubComp(packet) => packet.write(&mut buffer),
        v5::Packet::Subscribe(packet) => packet.write(&mut buffer),
        v5::Packet::SubAck(packet) => packet.write(&mut buffer),
        v5::Packet::Unsubscribe(packet) => packet.write(&mut buffer),
        v5::Packet::UnsubAck(packet) => packet.write(&mut buffer),
        v5::Packet::PingReq => v5::PingReq.write(&mut buffer),
        v5::Packet::PingResp => v5::PingResp.write(&mut buffer),
        v5::Packet::Disconnect(packet) => packet.write(&mut buffer),
    }
    .expect("a packet that mqttbytes can write");
    buffer.to_vec()
}
