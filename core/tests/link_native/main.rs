//! Two `native` ends on wires: what is promised of a link holds whatever happens between them.

#![allow(missing_docs, reason = "the name of a test is its claim")]

mod answers;
mod anything;
mod happy;
mod modes;
mod noise;
#[cfg(feature = "planted")]
mod planted;
mod predecessor;
mod quiet;
mod restarts;
mod rig;
