//! Two `native` ends on wires: what is promised of a link holds whatever happens between them.

#![allow(missing_docs, reason = "the name of a test is its claim")]

mod happy;
mod restarts;
mod rig;
