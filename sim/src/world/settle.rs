//! After the faults: everything heals, and then has to come to rest.

use fivewire_core::time::Instant;

use super::World;
use super::agenda::{NEVER, Slot};
use crate::app::Application;
use crate::observation::{ConnectionId, Observation, Observer};

/// A world that has not settled this long after it healed is given up, in milliseconds, unless
/// [`World::set_settle_limit_ms`] says more.
pub const SETTLE_LIMIT_MS: u32 = 180_000;
/// How often the world looks whether it has settled, in µs.
const LOOK_EVERY_US: u64 = 250_000;
/// It must stay settled this long, in µs.
const QUIET_US: u64 = 5_000_000;

/// How far that has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Settling {
    healed: Option<u64>,
    quiet_since: Option<u64>,
    limit_ms: u32,
}

impl<A: Application> World<A> {
    /// Lets the world have more than [`SETTLE_LIMIT_MS`] to settle.
    pub fn set_settle_limit_ms(&mut self, limit_ms: u32) {
        self.settling.limit_ms = limit_ms;
    }

    /// Ends all faults now instead of at the end of the schedule.
    pub fn heal_now<O: Observer>(&mut self, observer: &mut O) {
        if self.settling.healed.is_none() {
            self.agenda.clear(Slot::Heals);
            self.heal(observer);
            self.flow(observer);
        }
    }

    /// All faults end; the application and the witness begin nothing new.
    #[cold]
    pub(super) fn heal<O: Observer>(&mut self, observer: &mut O) {
        self.end_faults(NEVER, observer);
        self.agenda.clear(Slot::FaultBegins);
        self.agenda.clear(Slot::Witness);
        self.application.get_mut().wind_down(Instant::from_micros(self.now));
        self.settling.healed = Some(self.now);
        self.agenda.set(Slot::Settled, self.now + LOOK_EVERY_US);
        self.see(observer, &Observation::Healed);
    }

    /// Looks whether everything has come to rest.
    #[cold]
    pub(super) fn look_whether_settled<O: Observer>(&mut self, observer: &mut O) {
        let Settling { healed: Some(healed), quiet_since, limit_ms } = self.settling else {
            return;
        };
        let limit_us = u64::from(limit_ms.max(SETTLE_LIMIT_MS)) * 1_000;
        let mut done = self.now - healed >= limit_us;
        if self.is_settled() {
            let since = quiet_since.unwrap_or(self.now);
            self.settling.quiet_since = Some(since);
            done |= self.now - since >= QUIET_US;
        } else {
            self.settling.quiet_since = None;
        }
        if done {
            self.finished = true;
            self.see(observer, &Observation::Finished);
        } else {
            self.agenda.set(Slot::Settled, self.now + LOOK_EVERY_US);
        }
    }

    /// The device is connected, and nobody owes anybody anything.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let Some(machine) = self.host.machine() else { return false };
        let acknowledged = machine.is_acknowledged() && self.application.get().is_done();
        let delivered = self.broker_is_drained() && !self.witness.is_eager();
        let device = self.summary.stopped || (self.is_online() && acknowledged && delivered);
        let link_is_quiet =
            self.wires.as_ref().map_or_else(|| self.link.is_quiet(), |wires| wires.is_quiet());
        device && (!self.has_bridge() || link_is_quiet)
    }

    /// The application was told that it is connected, and the broker thinks so, too. A broker that has
    /// started anew knows nothing of a connection that is half open at the device.
    fn is_online(&self) -> bool {
        let at_broker = self.device_key().map(|key| ConnectionId(key.0));
        self.summary.connected && at_broker.is_some() && at_broker == self.tcp.current()
    }
}
