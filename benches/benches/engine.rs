//! A whole QoS 1 round in memory: publish, bytes out, PUBACK in, outcome told. Next to rumqttc's
//! state machine and codec in the same run.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, criterion_group, criterion_main};
use fivewire_core::client::{Client, Input, Memory, Output, Publication};
use fivewire_core::config::Config;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

const TOPIC: &str = "plant/7/pump/2/state";
const PAYLOAD: [u8; 64] = [0x55; 64];

/// Drains the client; the packet identifier of the PUBLISH it sent, if any, and whether one was
/// acked.
fn drain(client: &mut Client<Vec<u8>>, now: Instant) -> (Option<[u8; 2]>, bool) {
    let (mut id, mut acked) = (None, false);
    loop {
        let taken = match client.poll() {
            Output::Transmit(bytes) => {
                let at = 4 + TOPIC.len();
                id = bytes.get(at..at + 2).map(|id| [id[0], id[1]]);
                bytes.len()
            }
            Output::Event(event) => {
                acked |= matches!(event, Event::Acked(_));
                continue;
            }
            Output::Action(_) => continue,
            Output::Wait(_) => return (id, acked),
        };
        client.handle(now, Input::Sent(taken));
    }
}

fn connected() -> Client<Vec<u8>> {
    let memory = Memory {
        receive: vec![0; 1024],
        transmit: vec![0; 1024],
        outbox: vec![0; 4096],
        subscriptions: vec![0; 256],
        connect: vec![0; 64],
    };
    let config = Config { clean_init: false, manages_wifi: false, ..Config::new("bench") };
    let mut client = Client::new(&config, memory, 1).expect("the configuration is valid");
    let now = Instant::ZERO;
    client.start(now);
    drain(&mut client, now);
    client.handle(now, Input::TcpOpened);
    drain(&mut client, now);
    client.handle(now, Input::Received(&[0x20, 2, 0, 0]));
    drain(&mut client, now);
    client
}

fn round(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("QoS 1 round");
    let mut client = connected();
    let now = Instant::from_millis(1);
    group.bench_function("fivewire", |bencher| {
        bencher.iter(|| {
            let publication = Publication::new(TOPIC, black_box(&PAYLOAD), QoS::AtLeastOnce);
            client.publish(now, &publication).expect("the outbox is empty");
            let (id, _) = drain(&mut client, now);
            let [high, low] = id.expect("a PUBLISH was sent");
            client.handle(now, Input::Received(&[0x40, 2, high, low]));
            assert!(drain(&mut client, now).1);
        });
    });
    let mut state = rumqttc::MqttState::new(100, false);
    let (mut out, mut incoming) = (BytesMut::with_capacity(4096), BytesMut::with_capacity(4096));
    group.bench_function("rumqttc", |bencher| {
        bencher.iter(|| {
            let publish =
                rumqttc::Publish::new(TOPIC, rumqttc::QoS::AtLeastOnce, black_box(PAYLOAD));
            let sent = state.handle_outgoing_packet(rumqttc::Request::Publish(publish));
            let Ok(Some(packet)) = sent else { panic!("the window is open") };
            out.clear();
            packet.write(&mut out, 1024).expect("the buffer grows");
            let id = [out[4 + TOPIC.len()], out[5 + TOPIC.len()]];
            incoming.extend_from_slice(&[0x40, 2, id[0], id[1]]);
            let packet = rumqttc::Packet::read(&mut incoming, 1024).expect("a whole PUBACK");
            state.handle_incoming_packet(packet).expect("it is in flight");
            state.events.clear();
        });
    });
    group.finish();
}

criterion_group!(benches, round);
criterion_main!(benches);
