//! Both dialects against records written by hand, as the predecessors' ends say them (SPEC.md §2).

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod esp_dialect;
mod host_dialect;
mod host_side;

/// Fields are joined by 127 on the wire; here by `|`, which no record of these tests contains.
fn wire(record: &str) -> Vec<u8> {
    record.bytes().map(|byte| if byte == b'|' { 127 } else { byte }).collect()
}

fn shown(record: &[u8]) -> String {
    record.iter().map(|byte| if *byte == 127 { '|' } else { char::from(*byte) }).collect()
}
