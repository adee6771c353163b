//! What an application does besides publishing and taking messages.

use serde::{Deserialize, Serialize};

/// Habits of the default application. All are off by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Habits {
    /// Of 100 publications, this many are given up again, up to `patience_max_ms` later.
    pub cancelled_percent: u8,
    /// Of 100 publications, this many have a deadline, up to `patience_max_ms` later.
    pub deadline_percent: u8,
    /// How long the application waits for such a publication at most, in milliseconds.
    pub patience_max_ms: u32,
    /// Of 100 publications, the broker retains this many.
    pub retained_percent: u8,
    /// Every so many milliseconds, give or take a fifth, the application asks for the topic filter
    /// `side/#`, or for its end, in turn. 0: never.
    pub resubscribes_every_ms: u32,
    /// Every so many milliseconds, give or take a fifth, it compares what the device says of itself, and asks
    /// the ESP8266 of a bridge for the time and for its memory. 0: never.
    pub asks_every_ms: u32,
    /// Every so many milliseconds, give or take a fifth, it shuts the device down, and its program
    /// starts anew once that is done. 0: never.
    pub restarts_every_ms: u32,
    /// A bridge tries the network that its chip has stored, and asks the application before it
    /// joins the given one.
    pub chooses_network: bool,
}

impl Habits {
    /// It has none.
    #[must_use]
    pub fn are_none(&self) -> bool {
        *self == Self::default()
    }
}
