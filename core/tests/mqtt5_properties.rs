//! What holds for every packet of MQTT 5, every cut of the stream and every sequence of bytes.

#![cfg(feature = "mqtt5")]

mod any_packet;
mod mqtt5_samples;

use any_packet::{mutation, repair_length};
use fivewire_core::mqtt::v5::{Breach, Packet, Property, decode, split};
use fivewire_core::mqtt::{BufferTooSmall, Split};
use mqtt5_samples::sample;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

hold_for_any_packet! {
    clauses: ["MQTT5-", "MQTT 5 §"],
    first_bytes: [
        0x10_u8, 0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0, 0xE0, 0xF0
    ],
    // and identifiers of properties
    field: prop_oneof![Just(0), 0_u8..8, 0_u8..0x2C, any::<u8>()]
}

proptest! {
    #![proptest_config(any_packet::config())]

    /// The peer is told with a DISCONNECT or a CONNACK, which have to say what went wrong.
    #[test]
    fn a_breach_has_the_reason_code_of_a_failure(
        sample in sample(),
        mutations in vec(mutation(), 1..5),
    ) {
        let mut bytes = sample.bytes();
        mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
        repair_length(&mut bytes);
        if let Err(breach) = decode(&bytes) {
            prop_assert!(breach.reason_code().is_failure());
        }
    }

    /// Each accessor finds what iterating finds.
    #[test]
    fn accessors_agree_with_the_list(sample in sample()) {
        let bytes = sample.bytes();
        let Ok(Packet::Connack(connack)) = decode(&bytes) else { return Ok(()) };
        let all = connack.properties;
        for property in all.iter() {
            match property {
                Property::SessionExpiryInterval(seconds) => {
                    prop_assert_eq!(all.session_expiry_interval_s(), Some(seconds));
                }
                Property::ReceiveMaximum(count) => prop_assert_eq!(all.receive_maximum(), count),
                Property::MaximumQos(qos) => prop_assert_eq!(all.maximum_qos(), qos),
                Property::ServerKeepAlive(seconds) => {
                    prop_assert_eq!(all.server_keep_alive_s(), Some(seconds));
                }
                Property::UserProperty(name, value) => {
                    prop_assert!(all.user_properties().any(|pair| pair == (name, value)));
                }
                _ => {}
            }
        }
        let pairs = all.iter().filter(|property| property.id() == 0x26).count();
        prop_assert_eq!(all.user_properties().count(), pairs);
    }
}
