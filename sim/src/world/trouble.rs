//! What each fault does when it begins and when it ends.

use fivewire_core::time::Instant;

use super::World;
use super::agenda::{NEVER, Slot};
use super::faults::Lasting;
use crate::app::Application;
use crate::fault::FaultKind;
use crate::observation::{BoardLoss, Observation, Observer, Part};

impl<A: Application> World<A> {
    pub(super) fn plan_next_fault(&mut self) {
        let next = self.schedule.faults.get(self.next_fault);
        let at = next.map_or(NEVER, |fault| (u64::from(fault.at_ms) * 1_000).max(self.now));
        self.agenda.set(Slot::FaultBegins, at);
    }

    /// The next fault of the schedule begins.
    #[cold]
    pub(super) fn begin_fault<O: Observer>(&mut self, observer: &mut O) {
        let index = self.next_fault;
        self.next_fault += 1;
        let fault = &self.schedule.faults[index];
        let (kind, duration_ms) = (fault.kind, fault.duration_ms);
        self.see(observer, &Observation::FaultBegan { index, fault });
        if let Some(sort) = Lasting::of(kind) {
            let ends = self.now + u64::from(duration_ms) * 1_000;
            self.faults.begin(index, kind, sort, ends);
            self.begin_lasting(kind, observer);
            self.agenda.set(Slot::FaultEnds, self.faults.next_end());
        } else {
            if self.strike(index, kind, observer) {
                self.faults.bite_one(index);
            }
            self.tell_bites(observer);
            self.see(observer, &Observation::FaultEnded { index });
        }
        self.plan_next_fault();
    }

    /// A fault that happens at once. True if it changed something.
    fn strike<O: Observer>(&mut self, index: usize, kind: FaultKind, observer: &mut O) -> bool {
        let bridge = self.has_bridge();
        match kind {
            FaultKind::TcpReset => self.tcp.reset_current(),
            FaultKind::TcpHalfOpen => {
                self.tcp.forget_current(index);
                // It bites when the first segment vanishes.
                false
            }
            FaultKind::BrokerCloses => self.broker_closes(observer),
            FaultKind::BrokerDisconnects { code } => self.broker_disconnects(code, observer),
            FaultKind::SessionLost => self.broker_forgets(observer),
            FaultKind::Malformed { which } => self.broker_stammers(which, observer),
            FaultKind::Backlog { messages } => {
                self.witness.owe(u32::from(messages));
                self.witness.is_eager()
            }
            FaultKind::EspCrash => bridge && self.crash_esp(BoardLoss::Crash, observer),
            FaultKind::EspHang => bridge && self.hang_esp(observer),
            FaultKind::EspCommandTaskDies => bridge && self.kill_command_task(),
            FaultKind::LinkReset if self.wires.is_some() => self.restart_esp_link(),
            FaultKind::LinkReset => bridge && self.reset_link(observer),
            FaultKind::WireGlitch { wire, length_us } => {
                self.glitch_wire(wire, length_us, index, observer);
                false
            }
            FaultKind::HostReset => self.lose_host(BoardLoss::PowerLoss, observer),
            FaultKind::AppBurst { messages } => {
                self.application.get_mut().burst(Instant::from_micros(self.now), messages);
                messages > 0
            }
            _ => false,
        }
    }

    fn kill_command_task(&mut self) -> bool {
        let runs = self.esp.machine.is_some() && !self.esp.command_task_dead;
        self.esp.command_task_dead |= runs;
        self.hold_links();
        runs
    }

    /// Both ends lose the link and look for each other again.
    fn reset_link<O: Observer>(&mut self, observer: &mut O) -> bool {
        let was_up = self.link.is_up();
        self.lose_link(observer);
        self.find_each_other();
        was_up
    }

    /// A fault that lasts begins. What it does to things that happen later is asked of `faults`.
    fn begin_lasting<O: Observer>(&mut self, kind: FaultKind, observer: &mut O) {
        match kind {
            FaultKind::WifiOutage => self.lose_wifi(observer),
            FaultKind::BrokerRestart { memory } => self.stop_broker(memory, observer),
            FaultKind::BrokerCrash { memory } => self.crash_broker(memory, observer),
            FaultKind::ConnectDenied { .. }
            | FaultKind::AcksSwallowed
            | FaultKind::AcksDoubled
            | FaultKind::PublicationsRefused { .. }
            | FaultKind::QosExceeded => {
                self.misbehave();
            }
            FaultKind::EspBrownOut if self.has_bridge() => self.plan_sag(),
            FaultKind::AppHolds => {
                self.application.get_mut().hold(Instant::from_micros(self.now), true)
            }
            FaultKind::HostBusy | FaultKind::EspStalls => self.hold_links(),
            FaultKind::HostPowerOff => self.power_off(Part::Host, observer),
            FaultKind::EspPowerOff => self.power_off(Part::Esp, observer),
            FaultKind::EspFirmware { .. } => self.change_firmware(observer),
            _ => {}
        }
        self.damage_wires(observer);
    }

    /// Ends all faults that are due at `until`.
    #[cold]
    pub(super) fn end_faults<O: Observer>(&mut self, until: u64, observer: &mut O) {
        self.tell_bites(observer);
        while let Some((index, kind)) = self.faults.end_one(until) {
            self.see(observer, &Observation::FaultEnded { index });
            self.end_lasting(kind, observer);
        }
        self.agenda.set(Slot::FaultEnds, self.faults.next_end());
    }

    fn end_lasting<O: Observer>(&mut self, kind: FaultKind, observer: &mut O) {
        self.hold_links();
        self.damage_wires(observer);
        match kind {
            FaultKind::HostPowerOff => self.power_on(Part::Host),
            FaultKind::EspPowerOff => self.power_on(Part::Esp),
            FaultKind::EspFirmware { .. } => self.change_firmware(observer),
            FaultKind::BrokerRestart { .. } | FaultKind::BrokerCrash { .. } => {
                self.broker_comes_up(observer);
            }
            FaultKind::BrokerHang => self.broker_wakes_up(),
            FaultKind::ConnectDenied { .. }
            | FaultKind::AcksSwallowed
            | FaultKind::AcksDoubled
            | FaultKind::PublicationsRefused { .. }
            | FaultKind::QosExceeded => {
                self.misbehave();
            }
            FaultKind::EspBrownOut if !self.faults.is_on(Lasting::EspBrownOut) => {
                self.agenda.clear(Slot::EspBrownOut);
            }
            // A link that lost frames has to start over, as its ends count them.
            FaultKind::LinkDead if self.link.has_lost_frames() => {
                self.reset_link(observer);
            }
            FaultKind::HostBusy if !self.host_is_busy() && self.host.machine().is_some() => {
                self.agenda.set(Slot::Host, self.now);
            }
            FaultKind::AppHolds if !self.faults.is_on(Lasting::AppHolds) => {
                self.application.get_mut().hold(Instant::from_micros(self.now), false);
            }
            _ => {}
        }
    }
}
