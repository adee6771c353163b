//! LEDs on any board's pins, as the predecessors had them.

use embedded_hal::digital::{Error, OutputPin};
use fivewire_core::led::Heartbeat;
use fivewire_core::time::Instant;

use crate::wires::PinError;

/// An LED that changes every half second while the main loop runs. Who wants none makes none.
#[derive(Debug)]
pub struct HeartbeatLed<P> {
    pin: P,
    heartbeat: Heartbeat,
    shown: Option<bool>,
}

impl<P: OutputPin> HeartbeatLed<P> {
    /// On this pin, every `period_ms` milliseconds; usually
    /// [`HEARTBEAT_MS`](fivewire_core::led::HEARTBEAT_MS).
    pub const fn new(pin: P, period_ms: u32) -> Self {
        Self { pin, heartbeat: Heartbeat::new(period_ms), shown: None }
    }

    /// Shows what is to be shown now, and says when to come back. Earlier is harmless.
    ///
    /// # Errors
    /// The pin's own.
    pub fn step(&mut self, now: Instant) -> Result<Instant, PinError> {
        let (lit, next) = self.heartbeat.step(now);
        set(&mut self.pin, &mut self.shown, lit).map(|()| next)
    }
}

/// An LED that is on while there is a connection to the broker. Like that of an ESP8266's module it
/// is on while its pin is low.
#[derive(Debug)]
pub struct BrokerLed<P> {
    pin: P,
    shown: Option<bool>,
}

impl<P: OutputPin> BrokerLed<P> {
    /// On this pin.
    pub const fn new(pin: P) -> Self {
        Self { pin, shown: None }
    }

    /// Shows whether there is a connection:
    /// [`is_ready`](fivewire_core::bridge::host::Host::is_ready) of a host.
    ///
    /// # Errors
    /// The pin's own.
    pub fn show(&mut self, connected: bool) -> Result<(), PinError> {
        set(&mut self.pin, &mut self.shown, !connected)
    }
}

fn set<P: OutputPin>(pin: &mut P, shown: &mut Option<bool>, high: bool) -> Result<(), PinError> {
    if *shown == Some(high) {
        return Ok(());
    }
    pin.set_state(high.into()).map_err(|error| PinError { pin: "led", kind: error.kind() })?;
    *shown = Some(high);
    Ok(())
}
