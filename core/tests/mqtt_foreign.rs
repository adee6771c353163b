//! The same packets through a codec that others wrote: it reads what this one writes, and the
//! other way round.
//!
//! mqttbytes cannot tell a missing user name or password from an empty one, and takes a password
//! for text. Samples are made such that this does not matter.

mod mqtt_samples;

use fivewire_core::mqtt::{Packet, PacketId, QoS, SubscribeReturnCode, decode};
use mqtt_samples::{ConnectSample, PublishSample, Sample, sample};
use mqttbytes::v4;
use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_048) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_foreign_codec_reads_what_is_encoded(sample in sample()) {
        let sample = expressible(sample);
        let mut stream = sample.bytes().into_iter().collect();
        prop_assert_eq!(v4::read(&mut stream, usize::MAX), Ok(foreign(&sample)));
        prop_assert!(stream.is_empty());
    }

    #[test]
    fn what_the_foreign_codec_encodes_is_read(sample in sample()) {
        let sample = expressible(sample);
        let bytes = foreign_bytes(&foreign(&sample));
        sample.with(|packet| {
            prop_assert_eq!(decode(&bytes), Ok(packet));
            Ok(())
        })?;
        prop_assert_eq!(bytes, sample.bytes());
    }
}

/// The sample, changed to what mqttbytes can say.
fn expressible(mut sample: Sample) -> Sample {
    if let Sample::Connect(ConnectSample { login: Some((username, password)), .. }) = &mut sample {
        username.push('u');
        if let Some(password) = password {
            *password = String::from_utf8_lossy(password).into_owned().into_bytes();
            password.push(b'p');
        }
    }
    sample
}

/// The sample as a packet of mqttbytes.
fn foreign(sample: &Sample) -> v4::Packet {
    match sample {
        Sample::Connect(connect) => v4::Packet::Connect(foreign_connect(connect)),
        Sample::Publish(publish) => v4::Packet::Publish(foreign_publish(publish)),
        Sample::Subscribe(id, filters) => {
            let filter = |(path, qos): &(String, QoS)| v4::SubscribeFilter {
                path: path.clone(),
                qos: foreign_qos(*qos),
            };
            let filters = filters.iter().map(filter).collect();
            v4::Packet::Subscribe(v4::Subscribe { pkid: id.get(), filters })
        }
        Sample::Unsubscribe(id, filters) => {
            let topics = filters.iter().map(|(filter, _)| filter.clone()).collect();
            v4::Packet::Unsubscribe(v4::Unsubscribe { pkid: id.get(), topics })
        }
        Sample::Suback(id, codes) => {
            let code = |code: &SubscribeReturnCode| match code {
                SubscribeReturnCode::Granted(qos) => {
                    v4::SubscribeReasonCode::Success(foreign_qos(*qos))
                }
                SubscribeReturnCode::Failure => v4::SubscribeReasonCode::Failure,
            };
            v4::Packet::SubAck(v4::SubAck::new(id.get(), codes.iter().map(code).collect()))
        }
        Sample::Plain(packet) => foreign_plain(packet),
    }
}

fn foreign_connect(connect: &ConnectSample) -> v4::Connect {
    v4::Connect {
        protocol: mqttbytes::Protocol::V4,
        keep_alive: connect.keep_alive_s,
        client_id: connect.client_id.clone(),
        clean_session: connect.clean_session,
        last_will: connect.will.as_ref().map(|will| v4::LastWill {
            topic: will.topic.clone(),
            message: will.payload.clone().into(),
            qos: foreign_qos(will.qos),
            retain: will.retain,
        }),
        login: connect.login.as_ref().map(|(username, password)| v4::Login {
            username: username.clone(),
            password: String::from_utf8_lossy(password.as_deref().unwrap_or_default()).into(),
        }),
    }
}

fn foreign_publish(publish: &PublishSample) -> v4::Publish {
    v4::Publish {
        dup: publish.dup,
        qos: foreign_qos(publish.qos),
        retain: publish.retain,
        topic: publish.topic.clone(),
        pkid: publish.packet_id.map_or(0, PacketId::get),
        payload: publish.payload.clone().into(),
    }
}

fn foreign_plain(packet: &Packet<'_>) -> v4::Packet {
    use v4::ConnectReturnCode as Code;
    match packet {
        Packet::Connack(connack) => {
            let code = match connack.return_code.as_u8() {
                0 => Code::Success,
                1 => Code::RefusedProtocolVersion,
                2 => Code::BadClientId,
                3 => Code::ServiceUnavailable,
                4 => Code::BadUserNamePassword,
                _ => Code::NotAuthorized,
            };
            v4::Packet::ConnAck(v4::ConnAck::new(code, connack.session_present))
        }
        Packet::Puback(id) => v4::Packet::PubAck(v4::PubAck::new(id.get())),
        Packet::Pubrec(id) => v4::Packet::PubRec(v4::PubRec::new(id.get())),
        Packet::Pubrel(id) => v4::Packet::PubRel(v4::PubRel::new(id.get())),
        Packet::Pubcomp(id) => v4::Packet::PubComp(v4::PubComp::new(id.get())),
        Packet::Unsuback(id) => v4::Packet::UnsubAck(v4::UnsubAck::new(id.get())),
        Packet::Pingreq => v4::Packet::PingReq,
        Packet::Pingresp => v4::Packet::PingResp,
        Packet::Disconnect => v4::Packet::Disconnect,
        _ => unreachable!("{} borrows, so it has a sample of its own", packet.name()),
    }
}

fn foreign_qos(qos: QoS) -> mqttbytes::QoS {
    mqttbytes::qos(qos.as_u8()).expect("at most 2")
}

fn foreign_bytes(packet: &v4::Packet) -> Vec<u8> {
    let mut buffer = Default::default();
    match packet {
        v4::Packet::Connect(packet) => packet.write(&mut buffer),
        v4::Packet::ConnAck(packet) => packet.write(&mut buffer),
        v4::Packet::Publish(packet) => packet.write(&mut buffer),
        v4::Packet::PubAck(packet) => packet.write(&mut buffer),
        v4::Packet::PubRec(packet) => packet.write(&mut buffer),
        v4::Packet::PubRel(packet) => packet.write(&mut buffer),
        v4::Packet::PubComp(packet) => packet.write(&mut buffer),
        v4::Packet::Subscribe(packet) => packet.write(&mut buffer),
        v4::Packet::SubAck(packet) => packet.write(&mut buffer),
        v4::Packet::Unsubscribe(packet) => packet.write(&mut buffer),
        v4::Packet::UnsubAck(packet) => packet.write(&mut buffer),
        v4::Packet::PingReq => v4::PingReq.write(&mut buffer),
        v4::Packet::PingResp => v4::PingResp.write(&mut buffer),
        v4::Packet::Disconnect => v4::Disconnect.write(&mut buffer),
    }
    .expect("a packet that mqttbytes can write");
    buffer.to_vec()
}
