//! Boards that come and go at the wires.

use fivewire_core::link::Role;
use fivewire_core::time::Instant;

use super::{Mail, part};
use crate::app::Application;
use crate::fault::FaultKind;
use crate::observation::{BoardLoss, Observation, Observer, Part};
use crate::wires::End;
use crate::world::World;
use crate::world::agenda::Slot;
use crate::world::faults::Lasting;

impl<A: Application> World<A> {
    /// The host's program wants the ESP8266 reset. Its link starts with the first time.
    pub(in crate::world) fn pull_reset_wire(&mut self) {
        let planted = self.planted;
        let Some(wires) = &mut self.wires else { return };
        if wires.pair.host().is_some() {
            wires.pair.restart(End::Host, self.now);
        } else {
            let link = wires.machine(Role::Initiator, planted, None);
            wires.pair.boot_host(self.now, link);
            self.hold_links();
        }
    }

    /// The ESP8266 can start a program now: it has power, and is not held in reset.
    pub(in crate::world) fn esp_can_boot(&mut self) -> bool {
        let Some(wires) = &self.wires else { return true };
        !wires.pair.is_in_reset() && !self.faults.strikes(Lasting::EspPowerOff)
    }

    /// The link of the ESP8266 starts with its program. False if that is another firmware's.
    pub(in crate::world) fn boot_esp_link(&mut self) -> bool {
        let firmware = self.faults.kinds().find_map(|kind| match kind {
            FaultKind::EspFirmware { speaks } => Some(speaks),
            _ => None,
        });
        let planted = self.planted;
        let Some(wires) = &mut self.wires else { return true };
        let link = wires.machine(Role::Passive, planted, firmware);
        wires.pair.boot_esp(self.now, link);
        self.hold_links();
        firmware.is_none()
    }

    /// A board at the wires is gone, with all that its link had.
    pub(in crate::world) fn lose_wire_end<O: Observer>(&mut self, end: End, observer: &mut O) {
        let Some(wires) = &mut self.wires else { return };
        let mid_bit = wires.pair.is_mid_bit(End::Host) || wires.pair.is_mid_bit(End::Esp);
        let now = Instant::from_micros(self.now);
        observer.observe(now, &Observation::Cut { part: part(end), mid_bit });
        wires.forget(end, self.now, observer);
        wires.mail[end as usize] = Mail::default();
        wires.pair.shut_off(end, self.now, |at, wire, level| {
            observer.observe(Instant::from_micros(at), &Observation::Edge { wire, level });
        });
    }

    /// The ESP8266 stops dead; its pins keep their levels.
    pub(in crate::world) fn freeze_esp_link(&mut self) {
        if let Some(wires) = &mut self.wires {
            wires.pair.freeze(End::Esp);
        }
    }

    /// The link of the ESP8266 loses the session and begins again.
    pub(in crate::world) fn restart_esp_link(&mut self) -> bool {
        let Some(wires) = &mut self.wires else { return false };
        let was_up = wires.pair.is_up(End::Esp);
        wires.pair.restart(End::Esp, self.now);
        was_up
    }

    /// A board loses power for a while.
    pub(in crate::world) fn power_off<O: Observer>(&mut self, part: Part, observer: &mut O) {
        if part == Part::Host {
            self.lose_host(BoardLoss::PowerLoss, observer);
            self.agenda.clear(Slot::HostBoots);
            self.faults.bite(Lasting::HostPowerOff);
        } else {
            self.lose_esp(BoardLoss::PowerLoss, observer);
            self.faults.bite(Lasting::EspPowerOff);
        }
    }

    /// It has power again, unless another fault keeps it from that.
    pub(in crate::world) fn power_on(&mut self, part: Part) {
        if part == Part::Host && !self.faults.is_on(Lasting::HostPowerOff) {
            self.agenda.set(Slot::HostBoots, self.now);
        } else if part == Part::Esp && !self.faults.is_on(Lasting::EspPowerOff) {
            self.plan_esp_boot(self.now);
        }
    }

    /// The ESP8266 gets another firmware, or its own again, and starts it.
    pub(in crate::world) fn change_firmware<O: Observer>(&mut self, observer: &mut O) {
        self.lose_esp(BoardLoss::PowerLoss, observer);
        self.plan_esp_boot(self.now);
    }
}
