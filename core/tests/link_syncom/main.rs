//! The predecessor's link at both ends, level for level.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod anything;
#[cfg(feature = "planted")]
mod planted;
mod recovery;
mod rig;
mod strings;
mod vectors;
