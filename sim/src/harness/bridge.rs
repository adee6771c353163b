//! What a scenario may do besides of messages where there is a bridge: networks, time, what the
//! host says of itself.

use fivewire_core::bridge::Lan;

use super::Sim;
use crate::app::Application;
use crate::world::{BridgeState, Services, TimeServer};

impl<A: Application> Sim<A> {
    /// What the host asks of its ESP8266 besides of messages.
    ///
    /// # Panics
    /// The scenario runs already.
    #[must_use]
    #[track_caller]
    pub fn with_services(mut self, services: Services) -> Self {
        assert_eq!(self.world.events(), 0, "the scenario runs already");
        self.world.set_services(services);
        self
    }

    /// Puts a time server into the network, or takes it away.
    pub fn time_server(&mut self, server: Option<TimeServer>) {
        self.world.set_time_server(server);
    }

    /// Takes a network that the ESP8266 knows out of the world, or puts it back.
    pub const fn absent(&mut self, lan: Lan, absent: bool) {
        self.world.set_absent(lan, absent);
    }

    /// What the host says of itself.
    ///
    /// # Panics
    /// There is no bridge, or the host is without power.
    #[must_use]
    #[track_caller]
    pub fn bridge_state(&self) -> BridgeState {
        self.world.bridge().unwrap_or_else(|| self.fail("there is no host to ask"))
    }
}
