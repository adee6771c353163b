//! A byte stream has no packet boundaries: however it is cut, the broker does the same.

use fivewire_sim::broker::Config;
use proptest::prelude::*;

use crate::rig::Rig;

/// What a client may send after CONNECT, from a lively one: all packet types, long and short, and
/// PUBACKs for what it is sent itself.
fn packets() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let packet_id = 1..=4_u8;
    let packet = prop_oneof![
        4 => (packet_id.clone(), any::<bool>(), 0..400_usize).prop_map(|(id, retain, len)| {
            let len = len + 5;
            let head = [0x32 | u8::from(retain), len as u8 | 0x80, (len >> 7) as u8];
            [&head[..], &[0, 1, b'a', 0, id], &vec![id; len - 5]].concat()
        }),
        2 => packet_id.clone().prop_map(|id| vec![0x34, 5, 0, 1, b'a', 0, id]),
        2 => packet_id.clone().prop_map(|id| vec![0x62, 2, 0, id]),
        1 => Just(b"\x30\x04\x00\x01a0".to_vec()),
        2 => packet_id.clone().prop_map(|id| vec![0x40, 2, 0, id]),
        1 => packet_id.clone().prop_map(|id| vec![0x50, 2, 0, id]),
        1 => packet_id.clone().prop_map(|id| vec![0x70, 2, 0, id]),
        2 => (packet_id.clone(), 0..3_u8).prop_map(|(id, qos)| {
            vec![0x82, 6, 0, id, 0, 1, b'a', qos]
        }),
        1 => packet_id.prop_map(|id| vec![0xA2, 5, 0, id, 0, 1, b'a']),
        1 => Just(b"\xc0\x00".to_vec()),
    ];
    prop::collection::vec(packet, 1..30)
}

/// The end of the stream: nothing special, a goodbye, or a breach.
fn ending() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![&b""[..], b"\xe0\x00\xc0\x00", b"\xf0\x00", b"\x36\x02\x00\x00zz"])
}

/// Everything that came out of a broker that got this stream in these pieces.
fn run(pieces: &[&[u8]]) -> (Vec<u8>, Vec<u8>, Vec<String>, String) {
    let mut rig = Rig::with(Config { in_flight_max: 3, queue_max: 5, ..Config::default() });
    rig.connect(1, "listener");
    rig.subscribe(1, "#", 1);
    rig.open(2);
    for piece in pieces {
        rig.receive(2, piece);
    }
    let closed = format!("{:?}", rig.closed(2));
    (rig.sent_to(1), rig.sent_to(2), rig.events(), closed)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_means_the_same_however_it_is_cut(
        packets in packets(),
        ending in ending(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let connect = b"\x10\x0d\x00\x04MQTT\x04\x00\x00\x00\x00\x01a";
        let stream = [&connect[..], &packets.concat(), ending].concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]).collect();
        let whole = run(&[&stream]);
        prop_assert_eq!(&run(&pieces), &whole);
        let bytes: Vec<_> = stream.chunks(1).collect();
        prop_assert_eq!(&run(&bytes), &whole);
    }
}
