//! What the hosts and their director share, behind one lock that nobody ever waits for: a run is one
//! thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fivewire_core::event::Event;
use fivewire_core::time::Instant;

use super::device::Device;
use super::lines::Lines;
use super::listeners::Listener;
use super::seen::{Seen, Stream};
use super::server::Server;
use super::witness::Witness;
use crate::observation::{ConnectionId, Observation};
use crate::schedule::Schedule;
use crate::world::Faults;

/// A handle to the [`Parts`].
#[derive(Clone)]
pub(super) struct Stage(Arc<Mutex<Parts>>);

/// Everything that outlives a crash of a host, and everything that is seen.
pub(super) struct Parts {
    /// The world's time at the beginning of this tick.
    pub(super) now: Instant,
    /// In order, not shown yet.
    pub(super) seen: Vec<Seen>,
    pub(super) faults: Faults,
    pub(super) lines: Lines,
    pub(super) server: Server,
    pub(super) device: Device,
    pub(super) witness: Witness,
    pub(super) listeners: Vec<Listener>,
}

impl Stage {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let mut faults = Faults::default();
        faults.reset(schedule.faults.len());
        Self(Arc::new(Mutex::new(Parts {
            now: Instant::ZERO,
            seen: Vec::new(),
            faults,
            lines: Lines::new(schedule),
            server: Server::new(schedule),
            device: Device::new(schedule),
            witness: Witness::new(schedule),
            listeners: Listener::all(schedule),
        })))
    }

    /// The parts. Nobody may wait or drop a stream while it has them.
    pub(super) fn lock(&self) -> MutexGuard<'_, Parts> {
        // whoever panicked ends the run
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    pub(super) fn see(&mut self, observation: Observation<'static>) {
        self.seen.push(Seen::Plain(observation));
    }

    /// The device tells its application something.
    pub(super) fn tell(&mut self, event: Event<'static>) {
        self.seen.push(Seen::told(event));
    }

    pub(super) fn see_bytes(&mut self, stream: Stream, connection: ConnectionId, bytes: &[u8]) {
        self.seen.push(Seen::Bytes(stream, connection, bytes.to_vec()));
    }
}
