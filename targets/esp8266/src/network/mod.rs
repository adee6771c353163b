//! The radio side as the client sees it: join, leave, open, close, bytes.

mod broker;
mod station;

use fivewire_core::bridge::Lan;
use fivewire_core::bridge::esp::Setup;
use fivewire_core::client::{Action, Input};
use fivewire_core::time::Instant;

use broker::Broker;
use station::Station;

/// The radio and the connection.
pub(crate) struct Network {
    station: Station,
    broker: Broker,
}

impl Network {
    pub(crate) const fn new() -> Self {
        Self { station: Station::new(), broker: Broker::new() }
    }

    /// Uses this network and this broker from now on.
    pub(crate) fn configure(&mut self, setup: &Setup<'_>) {
        self.station.configure(&setup.network);
        self.broker.configure(&setup.broker);
    }

    /// Begins to join a network.
    pub(crate) fn join(&mut self, lan: Lan) {
        self.station.join(lan);
    }

    /// Does what the client asks for.
    pub(crate) fn act(&mut self, now: Instant, action: Action) {
        match action {
            Action::JoinWifi => self.station.join(Lan::Given),
            Action::LeaveWifi => self.station.leave(),
            Action::OpenTcp => self.broker.open(),
            Action::CloseTcp => self.broker.close(now),
        }
    }

    /// Sends bytes; how many were taken.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> usize {
        self.broker.send(bytes)
    }

    /// Tells the next thing that happened. False if there is none. `capacity` is how many bytes the
    /// client takes now.
    pub(crate) fn next(
        &mut self,
        now: Instant,
        capacity: usize,
        tell: &mut dyn FnMut(Input<'_>),
    ) -> bool {
        match self.station.next() {
            Some(input) => {
                tell(input);
                true
            }
            None => self.broker.next(now, capacity, tell),
        }
    }

    /// When to ask for the next thing even though nothing happened.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.broker.deadline()
    }
}
