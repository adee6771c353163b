//! Both dialects against records written by hand, as the predecessors' ends say them (PREDECESSORS.md §2).

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod esp_dialect;
mod host_dialect;
mod host_side;

use proptest::prelude::*;

/// Fields are joined by 127 on the wire; here by `|`, which no record of these tests contains.
fn wire(record: &str) -> Vec<u8> {
    record.bytes().map(|byte| if byte == b'|' { 127 } else { byte }).collect()
}

fn shown(record: &[u8]) -> String {
    record.iter().map(|byte| if *byte == 127 { '|' } else { char::from(*byte) }).collect()
}

/// Records that begin like those of the protocol, and some that do not.
fn any_record() -> impl Strategy<Value = String> {
    let field = prop_oneof!["[a-z/+#]{0,6}", "[0-9]{1,3}", Just("True".to_owned())];
    let fields = proptest::collection::vec(field, 0..6);
    ("[tupsimw1x]|init", fields).prop_map(|(command, fields)| {
        fields.iter().fold(command, |record, field| format!("{record}|{field}"))
    })
}
