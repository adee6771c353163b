//! What happened at an end.

use std::collections::VecDeque;

use fivewire_core::link::SendError;

use crate::wires::{Told, Wire};

/// A change of a wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// When, in µs.
    pub at_us: u64,
    /// Which wire.
    pub wire: Wire,
    /// What it shows since.
    pub level: bool,
}

/// What happened at an end.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EndLog {
    /// Frames to be handed to the machine.
    pub waiting: VecDeque<Vec<u8>>,
    /// Frames that the machine took.
    pub accepted: u64,
    /// Frames that it never will.
    pub refused: Vec<SendError>,
    /// Frames that arrived.
    pub received: Vec<Vec<u8>>,
    /// What else the machine told, and when, in µs.
    pub told: Vec<(u64, Told)>,
    /// How often the board looked at a wire and saw what nobody drove.
    pub misread: u64,
}
