//! The radio side as the client sees it: join, leave, open, close, bytes.

mod broker;
mod station;
mod time_server;

use fivewire_core::bridge::Lan;
use fivewire_core::bridge::esp::Setup;
use fivewire_core::client::{Action, Input};
use fivewire_core::sntp::PACKET_BYTES;
use fivewire_core::time::Instant;

use crate::sdk::udp;

use broker::Broker;
use station::Station;
use time_server::TimeServer;

/// The radio and the connection.
pub(crate) struct Network {
    station: Station,
    broker: Broker,
    time_server: TimeServer,
}

impl Network {
    pub(crate) const fn new() -> Self {
        Self { station: Station::new(), broker: Broker::new(), time_server: TimeServer::new() }
    }

    /// Uses this network and this broker from now on.
    pub(crate) fn configure(&mut self, setup: &Setup<'_>) {
        self.station.configure(&setup.network);
        self.broker.configure(&setup.broker);
        udp::set_name(setup.time_server);
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

    /// Asks the time server. Nothing is said if it cannot be asked.
    pub(crate) fn ask_time(&mut self, cookie: u64) {
        self.time_server.ask(cookie);
    }

    /// The next datagram of the time server.
    pub(crate) fn next_datagram(&mut self) -> Option<[u8; PACKET_BYTES]> {
        self.time_server.next()
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
