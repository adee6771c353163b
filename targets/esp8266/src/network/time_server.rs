//! The way to the time server: a name, a question, perhaps an answer.

use fivewire_core::sntp::{self, PACKET_BYTES};

use crate::sdk::events;
use crate::sdk::tcp::Resolution;
use crate::sdk::udp;

pub(super) struct TimeServer {
    /// The question that waits for the server's address.
    cookie: Option<u64>,
}

impl TimeServer {
    pub(super) const fn new() -> Self {
        Self { cookie: None }
    }

    pub(super) fn ask(&mut self, cookie: u64) {
        self.cookie = Some(cookie);
        if let Resolution::Known(address) = udp::resolve() {
            self.send(address);
        }
    }

    fn send(&mut self, address: [u8; 4]) {
        if let Some(cookie) = self.cookie.take() {
            udp::send(address, sntp::PORT, &sntp::request(cookie));
        }
    }

    /// What came from the server. On the way, what waits for its address is sent.
    pub(super) fn next(&mut self) -> Option<[u8; PACKET_BYTES]> {
        if let Some(Some(address)) = events::take(|events| events.time_resolved.take()) {
            self.send(address);
        }
        events::take(|events| events.datagram.take())
    }
}
