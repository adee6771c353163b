//! The few MQTT packets that the original client writes and reads.

/// A packet: first byte, and what follows the length.
pub(super) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut left = body.len();
    loop {
        let more = if left > 127 { 0x80 } else { 0 };
        bytes.push((left % 128) as u8 | more);
        left /= 128;
        if left == 0 {
            break;
        }
    }
    bytes.extend(body);
    bytes
}

/// A text with its length before it.
pub(super) fn field(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend(&text[..usize::from(length)]);
    bytes
}

/// Takes the first whole packet off the stream.
pub(super) fn take(stream: &mut Vec<u8>) -> Option<(u8, Vec<u8>)> {
    let (mut length, mut at) = (0_usize, 1);
    loop {
        let byte = *stream.get(at)?;
        length |= usize::from(byte & 0x7F) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let whole = stream.get(at..at + length)?.to_vec();
    let first = stream[0];
    stream.drain(..at + length);
    Some((first, whole))
}

/// The packet identifier that stands at `at`.
pub(super) fn identifier(body: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*body.get(at)?, *body.get(at + 1)?]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_comes_in_pieces_is_taken_when_it_is_whole() {
        let sent = packet(0x30, &[7; 200]);
        assert_eq!(sent[..3], [0x30, 0xC8, 0x01]);
        let mut stream = sent[..100].to_vec();
        assert_eq!(take(&mut stream), None);
        stream.extend(&sent[100..]);
        stream.extend([0xD0, 0]);
        assert_eq!(take(&mut stream), Some((0x30, vec![7; 200])));
        assert_eq!(take(&mut stream), Some((0xD0, vec![])));
        assert_eq!(take(&mut stream), None);
    }
}
