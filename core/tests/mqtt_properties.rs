//! What holds for every packet, every cut of the stream, every sequence of bytes, and for topics.

mod any_packet;
mod mqtt_samples;

use any_packet::{mutation, repair_length};
use fivewire_core::mqtt::{Breach, BufferTooSmall, Split, decode, split, topic};
use mqtt_samples::sample;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

hold_for_any_packet! {
    clauses: ["MQTT-", "MQTT 3.1.1 §"],
    first_bytes: [0x10_u8, 0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x82, 0x90, 0xA2, 0xB0],
    field: prop_oneof![Just(0), 0_u8..8, any::<u8>()]
}

proptest! {
    #![proptest_config(any_packet::config())]

    #[test]
    fn matching_agrees_with_the_reference(
        filter in vec(select(vec!["a", "b", "", "+", "+", "$a"]), 0..5),
        all_below in any::<bool>(),
        name in vec(select(vec!["a", "b", "", "$a"]), 1..6),
    ) {
        let mut filter = filter;
        if all_below || filter.is_empty() {
            filter.push("#");
        }
        let (filter_text, name_text) = (filter.join("/"), name.join("/"));
        prop_assume!(!filter_text.is_empty() && !name_text.is_empty());
        prop_assert_eq!(topic::validate_filter(&filter_text), Ok(()));
        prop_assert_eq!(topic::validate_name(&name_text), Ok(()));
        let expected = reference_matches(&filter, &name);
        prop_assert_eq!(topic::matches(&filter_text, &name_text), expected);
    }

    #[test]
    fn a_name_matches_itself(name in "[a-c$/]{1,12}") {
        prop_assert!(topic::matches(&name, &name));
    }

    #[test]
    fn validity_agrees_with_the_reference(text in "[ab/+#\\x00]{0,6}") {
        let levels: Vec<&str> = text.split('/').collect();
        let plain = !text.is_empty() && !text.contains('\0');
        prop_assert_eq!(topic::validate_filter(&text).is_ok(), plain && reference_valid(&levels));
        let name_is_valid = plain && !text.contains(['+', '#']);
        prop_assert_eq!(topic::validate_name(&text).is_ok(), name_is_valid);
    }

    #[test]
    fn matching_answers_whatever_it_is_asked(filter in "[a/+#$é]{0,6}", name in "[a/+#$é]{0,6}") {
        let _ = topic::matches(&filter, &name);
    }
}

/// MQTT 3.1.1 §4.7 read from left to right.
fn reference_matches(filter: &[&str], name: &[&str]) -> bool {
    fn levels_match(filter: &[&str], name: &[&str]) -> bool {
        match (filter, name) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, name @ ..]) => levels_match(filter, name),
            ([wanted, filter @ ..], [level, name @ ..]) => {
                wanted == level && levels_match(filter, name)
            }
            _ => false,
        }
    }
    let hidden = name[0].starts_with('$') && matches!(filter[0], "+" | "#");
    !hidden && levels_match(filter, name)
}

/// Every level is a wildcard or has none, and only the last is `#`.
fn reference_valid(levels: &[&str]) -> bool {
    match levels {
        [] | ["#"] => true,
        ["#", ..] => false,
        [level, rest @ ..] => {
            (*level == "+" || !level.contains(['+', '#'])) && reference_valid(rest)
        }
    }
}
