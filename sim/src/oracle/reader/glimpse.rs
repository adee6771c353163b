//! A look at packets in passing, for whoever only counts them.

use super::{Fields, Reader, split_whole};

/// What shows at the beginning of a packet. Nothing else of it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Glimpse {
    Connect,
    Connack,
    /// The packet identifier is 0 where QoS is 0. A topic alias may stand for the topic (MQTT 5).
    Publish {
        packet_id: u16,
        qos: u8,
        dup: bool,
        has_topic: bool,
    },
    Puback(u16),
    Pubrec(u16),
    Pubcomp,
    Subscribe,
    Suback,
    Other,
}

impl Reader {
    /// Like [`next`](Self::next), with less to be learnt of the packet. What cannot be read is
    /// [`Glimpse::Other`].
    #[inline]
    pub(crate) fn glimpse(&mut self, bytes: &mut &[u8]) -> Option<Glimpse> {
        self.drop_spent();
        if self.is_lost || bytes.is_empty() {
            return None;
        }
        if self.held.is_empty()
            && let Some((packet, header_bytes)) = split_whole(bytes)
        {
            return Some(look(packet, header_bytes).unwrap_or(Glimpse::Other));
        }
        let header_bytes = self.complete(bytes)?;
        Some(look(&self.held, header_bytes).unwrap_or(Glimpse::Other))
    }
}

/// `None` where it cannot be read.
fn look(packet: &[u8], header_bytes: usize) -> Option<Glimpse> {
    let first = packet[0];
    let mut fields = Fields(&packet[header_bytes..]);
    Some(match first {
        0x10 => Glimpse::Connect,
        0x20 => Glimpse::Connack,
        0x30..=0x3F => {
            let qos = Some(first >> 1 & 3).filter(|qos| *qos < 3)?;
            let has_topic = !fields.text()?.is_empty();
            let packet_id = if qos == 0 { 0 } else { fields.number()? };
            Glimpse::Publish { packet_id, qos, dup: first & 0x08 != 0, has_topic }
        }
        0x40 => Glimpse::Puback(fields.number()?),
        0x50 => Glimpse::Pubrec(fields.number()?),
        0x70 => Glimpse::Pubcomp,
        0x82 => Glimpse::Subscribe,
        0x90 => Glimpse::Suback,
        _ => Glimpse::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"\x3a\x07\x00\x01t\x00\x09ab\x32\x05\x00\x00\x00\x08\x00\x40\x02\x00\x09\
        \x40\x01\x00\xc0\x00\x36\x05\x00\x01a\x00\x01\x30\x04\x00\x02no\x82\x00";

    #[test]
    fn packets_are_seen_however_the_stream_is_cut() {
        let publish =
            |packet_id, qos, dup, has_topic| Glimpse::Publish { packet_id, qos, dup, has_topic };
        let expected = [
            publish(9, 1, true, true),
            publish(8, 1, false, false),
            Glimpse::Puback(9),
            Glimpse::Other,
            Glimpse::Other,
            Glimpse::Other,
            publish(0, 0, false, true),
            Glimpse::Subscribe,
        ];
        for size_bytes in 1..=STREAM.len() {
            let mut reader = Reader::default();
            let mut seen = Vec::new();
            for mut piece in STREAM.chunks(size_bytes) {
                while let Some(glimpse) = reader.glimpse(&mut piece) {
                    seen.push(glimpse);
                }
            }
            assert_eq!(seen, expected, "in pieces of {size_bytes}");
        }
    }
}
