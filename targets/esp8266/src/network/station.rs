//! Which network to join, and whether it is joined.

use fivewire_core::bridge::{Lan, Network};
use fivewire_core::client::Input;

use crate::sdk::events::{self, Wifi};
use crate::sdk::wifi;

/// A text of the settings.
struct Text<const N: usize> {
    bytes: [u8; N],
    size: usize,
}

impl<const N: usize> Text<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], size: 0 }
    }

    /// Takes a text. One that is too long was refused by the host's end already; it becomes empty.
    fn set(&mut self, text: &str) {
        self.size = 0;
        if let Some(room) = self.bytes.get_mut(..text.len()) {
            room.copy_from_slice(text.as_bytes());
            self.size = text.len();
        }
    }

    fn get(&self) -> &[u8] {
        self.bytes.get(..self.size).unwrap_or_default()
    }
}

pub(super) struct Station {
    ssid: Text<32>,
    password: Text<64>,
    /// The client waits for a network or has one.
    wanted: bool,
    /// The SDK refused an attempt at once.
    refused: bool,
}

impl Station {
    pub(super) const fn new() -> Self {
        Self { ssid: Text::new(), password: Text::new(), wanted: false, refused: false }
    }

    pub(super) fn configure(&mut self, network: &Network<'_>) {
        self.ssid.set(network.ssid);
        self.password.set(network.password);
    }

    pub(super) fn join(&mut self, lan: Lan) {
        self.wanted = true;
        self.refused = !match lan {
            Lan::Stored => wifi::join_stored(),
            Lan::Given => wifi::join(self.ssid.get(), self.password.get()),
        };
        if self.refused {
            crate::sdk::task::post();
        }
    }

    pub(super) fn leave(&mut self) {
        self.wanted = false;
        self.refused = false;
        wifi::leave();
    }

    pub(super) fn next(&mut self) -> Option<Input<'static>> {
        if core::mem::take(&mut self.refused) {
            return Some(Input::WifiDown);
        }
        let wifi = events::take(|events| events.wifi.take()).filter(|_| self.wanted)?;
        Some(if wifi == Wifi::Up { Input::WifiUp } else { Input::WifiDown })
    }
}
