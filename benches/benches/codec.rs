//! Encode and decode of a QoS 1 PUBLISH of 90 bytes (topic 20, payload 64) next to two peers'
//! codecs in the same run: `rumqttc` (a client) and `mqttbytes` (a codec).

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, criterion_group, criterion_main};
use fivewire_core::mqtt::{Packet, PacketId, Publish, QoS, decode};

const TOPIC: &str = "plant/7/pump/2/state";
const PAYLOAD: [u8; 64] = [0x55; 64];

fn publish() -> Packet<'static> {
    Packet::Publish(Publish {
        dup: false,
        qos: QoS::AtLeastOnce,
        retain: false,
        topic: TOPIC,
        packet_id: PacketId::new(77),
        payload: &PAYLOAD,
    })
}

fn encoded() -> Vec<u8> {
    let mut bytes = vec![0; publish().encoded_len()];
    publish().encode(&mut bytes).expect("the buffer has the length that was asked for");
    bytes
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode PUBLISH");
    let mut bytes = [0; 128];
    group.bench_function("fivewire", |bencher| {
        bencher.iter(|| black_box(publish()).encode(black_box(&mut bytes)));
    });
    let mut buffer = BytesMut::with_capacity(128);
    group.bench_function("rumqttc", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            let mut publish = rumqttc::mqttbytes::v4::Publish::new(
                TOPIC,
                rumqttc::QoS::AtLeastOnce,
                black_box(PAYLOAD),
            );
            publish.pkid = 77;
            publish.write(&mut buffer)
        });
    });
    group.bench_function("mqttbytes", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            let mut publish =
                mqttbytes::v4::Publish::new(TOPIC, mqttbytes::QoS::AtLeastOnce, black_box(PAYLOAD));
            publish.pkid = 77;
            publish.write(&mut buffer)
        });
    });
    group.finish();
}

fn decode_publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode PUBLISH");
    let bytes = encoded();
    group.bench_function("fivewire", |bencher| bencher.iter(|| decode(black_box(&bytes)).is_ok()));
    let mut stream = BytesMut::with_capacity(64 * 1024);
    group.bench_function("rumqttc", |bencher| {
        bencher.iter(|| {
            stream.extend_from_slice(black_box(&bytes));
            rumqttc::Packet::read(&mut stream, 1024).is_ok()
        });
    });
    group.bench_function("mqttbytes", |bencher| {
        bencher.iter(|| {
            stream.extend_from_slice(black_box(&bytes));
            mqttbytes::v4::read(&mut stream, 1024).is_ok()
        });
    });
    group.finish();
}

criterion_group!(benches, encode, decode_publish);
criterion_main!(benches);
