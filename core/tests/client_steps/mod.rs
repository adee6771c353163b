//! What may happen to a client, in any order.

use proptest::prelude::*;

/// One thing that the world or the application does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Everything goes well until the client is connected.
    Connect {
        session_present: bool,
    },
    Wait(u32),
    Wifi(bool),
    Opened,
    Failed(bool),
    Closed,
    Received(Vec<u8>),
    Writable,
    Publish {
        size: usize,
        qos1: bool,
        deadline_ms: Option<u32>,
    },
    Cancel(u32),
    Subscribe(bool),
    Release(u32),
    Hold(bool),
    Take(usize),
    ShutDown,
    Start,
}

/// Bytes as a broker sends them, or nearly: packets that matter, cut, joined and flipped.
fn broker_bytes() -> impl Strategy<Value = Vec<u8>> {
    let id = 1_u8..6;
    let packet = prop_oneof![
        4 => Just(vec![0x20, 2, 0, 0]),
        1 => Just(vec![0x20, 2, 1, 0]),
        1 => Just(vec![0x20, 2, 0, 5]),
        6 => id.clone().prop_map(|id| vec![0x40, 2, 0, id]),
        3 => id.clone().prop_map(|id| vec![0x90, 3, 0x80, id - 1, 1]),
        1 => id.clone().prop_map(|id| vec![0x90, 3, 0x80, id - 1, 0x80]),
        2 => id.clone().prop_map(|id| vec![0xB0, 2, 0x80, id - 1]),
        2 => Just(vec![0xD0, 0]),
        4 => id.clone().prop_map(|id| vec![0x32, 6, 0, 1, b'x', 0, id, b'!']),
        2 => id.clone().prop_map(|id| vec![0x34, 6, 0, 1, b'x', 0, id, b'!']),
        2 => id.prop_map(|id| vec![0x62, 2, 0, id]),
        2 => Just(vec![0x30, 4, 0, 1, b'x', b'!']),
        1 => (30_usize..90).prop_map(|size| {
            let mut packet = vec![0x32, u8::try_from(size + 5).unwrap(), 0, 1, b'x', 0, 3];
            packet.extend(std::iter::repeat_n(b'z', size));
            packet
        }),
        1 => proptest::collection::vec(any::<u8>(), 1..12),
    ];
    (proptest::collection::vec(packet, 1..4), any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(packets, cut, whole)| {
            let mut bytes = packets.concat();
            if !whole {
                bytes.truncate(cut.index(bytes.len()) + 1);
            }
            bytes
        },
    )
}

/// Anything that a world and an application may do.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<bool>().prop_map(|session_present| Step::Connect { session_present }),
        6 => (1_u32..20_000).prop_map(Step::Wait),
        3 => any::<bool>().prop_map(Step::Wifi),
        6 => Just(Step::Opened),
        1 => any::<bool>().prop_map(Step::Failed),
        1 => Just(Step::Closed),
        12 => broker_bytes().prop_map(Step::Received),
        2 => Just(Step::Writable),
        8 => (0_usize..200, any::<bool>(), proptest::option::of(1_u32..30_000))
            .prop_map(|(size, qos1, deadline_ms)| Step::Publish { size, qos1, deadline_ms }),
        2 => (1_u32..20).prop_map(Step::Cancel),
        2 => any::<bool>().prop_map(Step::Subscribe),
        3 => (1_u32..20).prop_map(Step::Release),
        2 => any::<bool>().prop_map(Step::Hold),
        2 => (0_usize..100).prop_map(Step::Take),
        1 => Just(Step::ShutDown),
        2 => Just(Step::Start),
    ]
}
