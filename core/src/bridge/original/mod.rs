//! The predecessors' records, for a bridge of which one end runs their firmware (PREDECESSORS.md §2).
//!
//! Their two ends exchange short texts over [`syncom`](crate::link::syncom): fields joined by the
//! character 127. A dialect stands between such a link and one of fivewire's own ends, and
//! translates:
//!
//! ```text
//! application ─ host::Host ─ HostDialect ─ syncom link ═════ ESP8266 with the original firmware
//! host with the original driver ═════ syncom link ─ EspDialect ─ esp::Esp ─ WiFi, broker
//! ```
//!
//! What fivewire promises between its own ends holds as far as the other end lets it. What it does
//! not:
//!
//! | with | no more than |
//! |---|---|
//! | both | bytes 1 to 126 in topics, payloads and texts (D-16, D-18); one publication at a time |
//! | an original ESP8266 | it acknowledges a message to the broker before the host has it (P5, D-13); it sends a publication anew with a fresh packet identifier (P3); each of its starts is a clean slate (D-14); it has no word for unsubscribing, nor for leaving in peace (P10) |
//! | an original host | it takes a publication for done when the ESP8266 crashes (D-03); it learns of no refused subscription (D-26); what it has not read when it restarts the link is gone (D-13) |

pub mod esp;
pub mod host;
mod record;

pub use esp::EspDialect;
pub use host::HostDialect;
pub(crate) use record::untellable;

/// Which of the predecessors' generations the other end is (PREDECESSORS.md §2.13).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Generation {
    /// V0.22: no time server in `init`, no retained flag in a message.
    V022,
    /// V0.1 of the bridge, the last.
    #[default]
    V01,
}

/// Status numbers (PREDECESSORS.md §2.4).
pub(crate) mod status {
    pub(crate) const BROKER_OK: u8 = 0;
    pub(crate) const BROKER_CHECK: u8 = 1;
    pub(crate) const DEFNET: u8 = 2;
    pub(crate) const SPECNET: u8 = 3;
    pub(crate) const PUBOK: u8 = 4;
    pub(crate) const RUNNING: u8 = 5;
    pub(crate) const UNKNOWN: u8 = 6;
    pub(crate) const WILLOK: u8 = 7;
    pub(crate) const BROKER_FAIL: u8 = 8;
    pub(crate) const WIFI_UP: u8 = 9;
    pub(crate) const WIFI_DOWN: u8 = 10;
}
