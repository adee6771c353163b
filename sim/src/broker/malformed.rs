//! Bytes that a client must recognise as a breach, written by hand.

/// Something no conforming server sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    /// What is wrong, in kebab-case, for timelines and tables.
    pub name: &'static str,
    /// What goes over the wire. At the latest the last byte lets the client know.
    pub bytes: &'static [u8],
    /// The clause that is broken, as [`Breach::clause`](fivewire_core::mqtt::Breach::clause) has it.
    pub clause: &'static str,
}

const fn malformed(name: &'static str, clause: &'static str, bytes: &'static [u8]) -> Malformed {
    Malformed { name, bytes, clause }
}

/// One of each kind of breach that a connected client must detect and close the connection for.
///
/// Stored schedules refer to these by position: add at the end, never in between.
pub const MALFORMED: &[Malformed] = &[
    malformed("packet-type-0", "MQTT 3.1.1 §2.2.1", &[0x00, 0]),
    malformed("packet-type-15", "MQTT 3.1.1 §2.2.1", &[0xF0, 0]),
    malformed("pingresp-reserved-flags", "MQTT-2.2.2-2", &[0xD1, 0]),
    malformed("puback-reserved-flags", "MQTT-2.2.2-2", &[0x42, 2, 0, 1]),
    malformed("pubrel-reserved-flags", "MQTT-2.2.2-2", &[0x60, 2, 0, 1]),
    malformed("remaining-length-5-bytes", "MQTT 3.1.1 §2.2.3", &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    malformed("publish-qos-3", "MQTT-3.3.1-4", &[0x36, 5, 0, 1, b'a', 0, 1]),
    malformed("publish-qos-0-dup", "MQTT-3.3.1-2", &[0x38, 3, 0, 1, b'a']),
    malformed("publish-packet-id-0", "MQTT-2.3.1-1", &[0x32, 5, 0, 1, b'a', 0, 0]),
    malformed("publish-without-packet-id", "MQTT 3.1.1 §2.2.3", &[0x32, 3, 0, 1, b'a']),
    malformed("publish-topic-too-long", "MQTT 3.1.1 §2.2.3", &[0x30, 3, 0, 9, b'a']),
    malformed("publish-topic-empty", "MQTT-4.7.3-1", &[0x30, 2, 0, 0]),
    malformed("publish-topic-not-utf-8", "MQTT-1.5.3-1", &[0x30, 4, 0, 2, 0xC3, 0x28]),
    malformed("publish-topic-surrogate", "MQTT-1.5.3-1", &[0x30, 5, 0, 3, 0xED, 0xA0, 0x80]),
    malformed("publish-topic-nul", "MQTT-1.5.3-2", &[0x30, 3, 0, 1, 0]),
    malformed("publish-topic-hash", "MQTT-3.3.2-2", &[0x30, 5, 0, 3, b'a', b'/', b'#']),
    malformed("publish-topic-plus", "MQTT-3.3.2-2", &[0x30, 5, 0, 3, b'+', b'/', b'a']),
    malformed("connack-twice", "MQTT 3.1.1 §2.2.1", &[0x20, 2, 0, 0]),
    malformed("connack-return-code-6", "MQTT 3.1.1 §3.2.2.3", &[0x20, 2, 0, 6]),
    malformed("connack-reserved-flag", "MQTT 3.1.1 §3.2.2.1", &[0x20, 2, 2, 0]),
    malformed("connack-refusal-with-session", "MQTT-3.2.2-4", &[0x20, 2, 1, 5]),
    malformed("suback-return-code-3", "MQTT-3.9.3-2", &[0x90, 3, 0, 1, 3]),
    malformed("suback-without-return-code", "MQTT-3.8.4-5", &[0x90, 2, 0, 1]),
    malformed("puback-too-long", "MQTT 3.1.1 §3.4.1", &[0x40, 3, 0, 1, 0]),
    malformed("pingresp-too-long", "MQTT 3.1.1 §3.13.1", &[0xD0, 1, 0]),
    malformed("unsuback-packet-id-0", "MQTT-2.3.1-1", &[0xB0, 2, 0, 0]),
    malformed(
        "connect-from-server",
        "MQTT 3.1.1 §2.2.1",
        &[0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 0],
    ),
    malformed("subscribe-from-server", "MQTT 3.1.1 §2.2.1", &[0x82, 6, 0, 1, 0, 1, b'a', 0]),
    malformed("unsubscribe-from-server", "MQTT 3.1.1 §2.2.1", &[0xA2, 5, 0, 1, 0, 1, b'a']),
    malformed("pingreq-from-server", "MQTT 3.1.1 §2.2.1", &[0xC0, 0]),
    malformed("disconnect-from-server", "MQTT 3.1.1 §2.2.1", &[0xE0, 0]),
];

#[cfg(test)]
mod tests {
    use fivewire_core::mqtt::{Breach, Packet, decode};

    use super::*;

    /// Types that are well-formed and still nothing for a server to send, at least not twice.
    fn is_for_servers_only_or_first(packet: &Packet<'_>) -> bool {
        matches!(
            packet,
            Packet::Connack(_)
                | Packet::Connect(_)
                | Packet::Subscribe(_)
                | Packet::Unsubscribe(_)
                | Packet::Pingreq
                | Packet::Disconnect
        )
    }

    #[test]
    fn each_entry_breaks_the_clause_it_names() {
        for entry in MALFORMED {
            let clause = match decode(entry.bytes) {
                Err(breach) => breach.clause(),
                Ok(packet) => {
                    assert!(is_for_servers_only_or_first(&packet), "{}", entry.name);
                    Breach::UnexpectedPacket { packet_type: entry.bytes[0] >> 4 }.clause()
                }
            };
            assert_eq!(clause, entry.clause, "{}", entry.name);
        }
    }

    #[test]
    fn no_name_appears_twice() {
        for (position, entry) in MALFORMED.iter().enumerate() {
            assert!(MALFORMED[..position].iter().all(|other| other.name != entry.name));
        }
    }
}
