//! Bytes that a client of MQTT 5 must recognise as a breach, written by hand.

use crate::broker::Malformed;

const fn malformed(name: &'static str, clause: &'static str, bytes: &'static [u8]) -> Malformed {
    Malformed { name, bytes, clause }
}

/// The same as [`MALFORMED`](crate::broker::MALFORMED) for a client that speaks MQTT 5.
///
/// Stored schedules refer to these by position: add at the end, never in between.
pub const MALFORMED_V5: &[Malformed] = &[
    malformed("packet-type-0", "MQTT 5 §2.1.2", &[0x00, 0]),
    malformed("pingresp-reserved-flags", "MQTT5-2.1.3-1", &[0xD1, 0]),
    malformed("remaining-length-5-bytes", "MQTT 5 §1.5.5", &[0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    malformed("remaining-length-not-minimal", "MQTT5-1.5.5-1", &[0x40, 0x82, 0x00, 0, 1]),
    malformed("publish-qos-3", "MQTT5-3.3.1-4", &[0x36, 6, 0, 1, b'a', 0, 1, 0]),
    malformed("publish-qos-0-dup", "MQTT5-3.3.1-2", &[0x38, 4, 0, 1, b'a', 0]),
    malformed("publish-packet-id-0", "MQTT5-2.2.1-3", &[0x32, 6, 0, 1, b'a', 0, 0, 0]),
    malformed("publish-topic-too-long", "MQTT 5 §2.1.4", &[0x30, 4, 0, 9, b'a', 0]),
    malformed("publish-without-topic", "MQTT 5 §3.3.2.1", &[0x30, 3, 0, 0, 0]),
    malformed("publish-topic-not-utf-8", "MQTT5-1.5.4-1", &[0x30, 5, 0, 2, 0xC3, 0x28, 0]),
    malformed("publish-topic-nul", "MQTT5-1.5.4-2", &[0x30, 4, 0, 1, 0, 0]),
    malformed("publish-topic-hash", "MQTT5-3.3.2-2", &[0x30, 6, 0, 3, b'a', b'/', b'#', 0]),
    malformed("property-unknown", "MQTT 5 §2.2.2.2", &[0x30, 6, 0, 1, b'a', 2, 0x7E, 0]),
    malformed("property-misplaced", "MQTT 5 §2.2.2.2", &[0x30, 7, 0, 1, b'a', 3, 0x21, 0, 9]),
    malformed("properties-cut", "MQTT 5 §2.2.2.1", &[0x30, 6, 0, 1, b'a', 2, 0x02, 0]),
    malformed("property-twice", "MQTT 5 §3.3.2.3.2", &[0x30, 8, 0, 1, b'a', 4, 0x01, 1, 0x01, 1]),
    malformed("alias-0", "MQTT5-3.3.2-8", &[0x30, 7, 0, 1, b'a', 3, 0x23, 0, 0]),
    malformed("alias-too-large", "MQTT5-3.3.2-11", &[0x30, 7, 0, 1, b'a', 3, 0x23, 0xFF, 0xFF]),
    malformed("connack-twice", "MQTT5-3.2.0-2", &[0x20, 3, 0, 0, 0]),
    malformed("connack-flags", "MQTT5-3.2.2-1", &[0x20, 3, 2, 0, 0]),
    malformed("puback-reason-code", "MQTT5-3.4.2-1", &[0x40, 3, 0, 1, 0x8E]),
    malformed("suback-reason-code-3", "MQTT5-3.9.3-2", &[0x90, 4, 0, 1, 0, 3]),
    malformed("suback-without-reason-code", "MQTT5-3.8.4-6", &[0x90, 3, 0, 1, 0]),
    malformed("unsuback-packet-id-0", "MQTT5-2.2.1-3", &[0xB0, 4, 0, 0, 0, 0]),
    malformed("pingresp-too-long", "MQTT 5 §3.13.1", &[0xD0, 1, 0]),
    malformed("auth-unasked", "MQTT5-4.12.0-6", &[0xF0, 6, 0x18, 4, 0x15, 0, 1, b'x']),
    malformed("disconnect-reason-code", "MQTT5-3.14.2-1", &[0xE0, 1, 0x01]),
    malformed("disconnect-with-expiry", "MQTT5-3.14.2-2", &[0xE0, 7, 0, 5, 0x11, 0, 0, 0, 9]),
    malformed(
        "connect-from-server",
        "MQTT 5 §2.1.2",
        &[0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 0],
    ),
    malformed("subscribe-from-server", "MQTT 5 §2.1.2", &[0x82, 7, 0, 1, 0, 0, 1, b'a', 0]),
    malformed("pingreq-from-server", "MQTT 5 §2.1.2", &[0xC0, 0]),
];

#[cfg(test)]
mod tests {
    use fivewire_core::mqtt::v5::{Breach, decode};

    use super::*;

    /// What is well-formed and still nothing for a server to send now.
    const BY_THE_SESSION: [(&str, Breach); 7] = [
        ("alias-too-large", Breach::TopicAliasTooLarge),
        ("connack-twice", Breach::SecondConnack),
        ("auth-unasked", Breach::AuthNotAskedFor),
        ("disconnect-with-expiry", Breach::SessionExpiryFromServer),
        ("connect-from-server", Breach::UnexpectedPacket { packet_type: 1 }),
        ("subscribe-from-server", Breach::UnexpectedPacket { packet_type: 8 }),
        ("pingreq-from-server", Breach::UnexpectedPacket { packet_type: 12 }),
    ];

    #[test]
    fn each_entry_breaks_the_clause_it_names() {
        for entry in MALFORMED_V5 {
            let by_session = BY_THE_SESSION.iter().find(|(name, _)| *name == entry.name);
            let breach = match by_session {
                Some(&(_, breach)) => decode(entry.bytes).map(|_| breach).expect(entry.name),
                None => decode(entry.bytes).expect_err(entry.name),
            };
            assert_eq!(breach.clause(), entry.clause, "{}", entry.name);
        }
    }

    #[test]
    fn no_name_appears_twice() {
        for (position, entry) in MALFORMED_V5.iter().enumerate() {
            assert!(MALFORMED_V5[..position].iter().all(|other| other.name != entry.name));
        }
    }
}
