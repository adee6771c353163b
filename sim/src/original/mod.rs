//! The predecessors' two ends, as models: they have the originals' behaviour, defects included.
//!
//! Written from a description of the originals, of which PREDECESSORS.md has what is cited; no
//! protocol code of the core is in them, so that a mistake of the core does not repeat here. Only
//! its vocabulary is shared: levels, instants, and what a radio is asked.
//!
//! | model | plays | with, among others |
//! |---|---|---|
//! | [`OriginalEsp`] | the ESP8266's program: passive link, command task, MQTT client | D-01, D-02, D-07, D-11, D-13, D-14, D-16 to D-18, D-22, D-38, D-39, D-43 |
//! | [`OriginalHost`] | the driver on the board without WiFi | D-03, D-04, D-06, D-07, D-10, D-12, D-16, D-19, D-25, D-30, D-33 |
//!
//! Both are machines with the two verbs: `handle` what happened, `poll` until `Wait`. A board that
//! is reset, crashes or loses power is a new machine.

mod engine;
pub mod esp;
pub mod host;

pub use esp::OriginalEsp;
pub use host::OriginalHost;

/// Which generation a model is (PREDECESSORS.md §2.13). The 2017 beta is none of them: its records
/// have commas.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Generation {
    /// V0.22.
    V022,
    /// V0.1 of the bridge.
    V01,
}

/// Joins the fields of a record.
const SEP: char = '\u{7f}';

/// Fields as a record.
fn join(fields: &[&str]) -> String {
    fields.join("\u{7f}")
}
