//! P12: a publication or a topic filter that no buffer has room for is refused when it is asked for, with the
//! size that it has and the largest that there may be; one that just fits is taken.

use fivewire_core::mqtt::QoS;

use crate::observation::Offered;
use crate::schedule::{Setup, Topology};
use crate::world::{FRAME_BYTES, TRIED_BYTES};

use super::promise::Promise::P12;
use super::sizes::publish_bytes;
use super::verdict::Verdict;

/// What a publication's frame has besides its packet, at most.
const FRAME_HEADER_BYTES: usize = 6;
/// What it has in the outbox besides its packet.
const RECORD_HEADER_BYTES: usize = 20;
/// The properties of the publications that are tried, in MQTT 5: a content type.
const PROPERTIES_BYTES: usize = 7;
/// Their topic.
const TOPIC_BYTES: usize = 4;

/// A size was tried. `refused`: the size and the largest, as they were said.
pub(super) fn tried(
    setup: &Setup,
    verdict: &mut Verdict,
    offered: Offered,
    refused: Option<(usize, usize)>,
) {
    let limits = match offered {
        Offered::Filter { size_bytes } => [(size_bytes, filter_max_bytes(setup)), (0, 0)],
        Offered::Publication { payload_bytes, qos } => {
            let packet_bytes = packet_bytes(setup, payload_bytes, qos);
            let outbox_bytes = setup.outbox_bytes as usize;
            [
                (packet_bytes + FRAME_HEADER_BYTES, FRAME_BYTES),
                (packet_bytes + RECORD_HEADER_BYTES, outbox_bytes),
            ]
        }
    };
    let expected = limits.into_iter().find(|(size_bytes, max_bytes)| size_bytes > max_bytes);
    verdict.require(P12, refused == expected, || {
        format!("{offered:?} was refused with {refused:?}, and not {expected:?}")
    });
}

/// What a SUBSCRIBE packet, or the frame for one, has room for besides what it has at most.
fn filter_max_bytes(setup: &Setup) -> usize {
    match (setup.topology, setup.is_v5()) {
        (Topology::Client, false) => TRIED_BYTES - 10,
        (Topology::Client, true) => TRIED_BYTES - 16,
        (Topology::Bridge, false) => FRAME_BYTES - 6,
        (Topology::Bridge, true) => FRAME_BYTES - 10,
    }
}

/// Bytes of the packet that a publication becomes.
fn packet_bytes(setup: &Setup, payload_bytes: usize, qos: QoS) -> usize {
    let properties_bytes = setup.is_v5().then_some(PROPERTIES_BYTES);
    publish_bytes(TOPIC_BYTES, qos != QoS::AtMostOnce, properties_bytes, payload_bytes)
}
