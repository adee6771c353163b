//! What is kept of a run: a hash of everything, and a timeline for people.

mod codes;
mod hash;
mod line;
mod packets;
mod timeline;
mod wave;

pub use hash::TraceHash;
pub(crate) use packets::Streams;
pub use timeline::Timeline;
pub use wave::Wave;

use fivewire_core::time::Instant;

use crate::observation::{Observation, Observer};

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    fn observe(&mut self, _now: Instant, _observation: &Observation<'_>) {}
}
