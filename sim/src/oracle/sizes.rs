//! What takes how many bytes.

/// Of a receive buffer, so much is never filled.
pub(super) const RECEIVE_RESERVED_BYTES: u16 = 32;
/// A message takes so much at a host besides its packet.
pub(super) const INBOUND_HEADER_BYTES: u16 = 8;

/// Bytes of a PUBLISH packet. `properties_bytes`: without their length, where MQTT 5 is spoken.
pub(super) fn publish_bytes(
    topic_bytes: usize,
    has_packet_id: bool,
    properties_bytes: Option<usize>,
    payload_bytes: usize,
) -> usize {
    let packet_id_bytes = if has_packet_id { 2 } else { 0 };
    let properties_bytes = properties_bytes.map_or(0, |bytes| length_bytes(bytes) + bytes);
    let rest_bytes = 2 + topic_bytes + packet_id_bytes + properties_bytes + payload_bytes;
    1 + length_bytes(rest_bytes) + rest_bytes
}

/// Bytes of a length in MQTT [MQTT 2.2.3].
const fn length_bytes(length: usize) -> usize {
    match length {
        0..128 => 1,
        128..16_384 => 2,
        16_384..2_097_152 => 3,
        _ => 4,
    }
}
