//! Frames and news of the link, from board to board.

use fivewire_core::bridge::{esp, host};
use fivewire_core::time::Instant;

use super::World;
use super::boards::LinkView;
use super::device::HostMachine;
use super::faults::Lasting;
use crate::app::Application;
use crate::observation::{Observation, Observer, Part};

impl<A: Application> World<A> {
    /// The link comes up, or frames have crossed it.
    pub(super) fn step_link<O: Observer>(&mut self, _observer: &mut O) {
        self.link.comes_up(self.now);
        let dead = self.faults.is_on(Lasting::LinkDead);
        for to in [Part::Esp, Part::Host] {
            if self.link.arrive(to, self.now, dead) && dead {
                self.faults.bite(Lasting::LinkDead);
            }
        }
    }

    /// Lets the boards hear of the link and take frames. True if there was something.
    pub(super) fn flow_link<O: Observer>(&mut self, observer: &mut O) -> bool {
        if self.wires.is_some() {
            return self.flow_wires(observer);
        }
        (self.link.calls(Part::Host, self.host.link) && self.flow_to_host(observer))
            || (self.link.calls(Part::Esp, self.esp.link) && self.flow_to_esp(observer))
    }

    fn flow_to_host<O: Observer>(&mut self, observer: &mut O) -> bool {
        let up = self.link.is_up();
        let view = self.host.link;
        if self.faults.strikes(Lasting::HostBusy) {
            return false;
        }
        let now = Instant::from_micros(self.now);
        let Some((HostMachine::Bridge(machine), clock)) = self.host.machine_and_clock() else {
            return false;
        };
        let local = clock.local(self.now);
        if view.lost {
            machine.handle(local, host::Input::LinkDown);
            self.host.link = LinkView::default();
            observer.observe(now, &Observation::Link { end: Part::Host, up: false });
        } else if view.up != up {
            let frame_max_bytes = self.schedule.setup.wires.frame_max_bytes(Part::Host);
            machine.handle(local, host::Input::LinkUp { frame_max_bytes });
            self.host.link.up = true;
            observer.observe(now, &Observation::Link { end: Part::Host, up: true });
        } else if let Some(frame) = self.link.arrived(Part::Host) {
            observer.observe(now, &Observation::FrameToHost(frame));
            machine.handle(local, host::Input::Frame(frame));
            self.link.taken(Part::Host);
        } else {
            self.link.told_writable(Part::Esp);
            machine.handle(local, host::Input::Writable);
        }
        self.drain_host(observer);
        true
    }

    fn flow_to_esp<O: Observer>(&mut self, observer: &mut O) -> bool {
        let view = self.esp.link;
        if self.esp.command_task_dead {
            return false;
        }
        let now = Instant::from_micros(self.now);
        let local = self.esp.clock.local(self.now);
        let Some(machine) = &mut self.esp.machine else { return false };
        if view.lost {
            machine.handle(local, esp::Input::LinkDown);
            self.esp.link = LinkView::default();
            observer.observe(now, &Observation::Link { end: Part::Esp, up: false });
        } else if view.up != self.link.is_up() {
            let frame_max_bytes = self.schedule.setup.wires.frame_max_bytes(Part::Esp);
            machine.handle(local, esp::Input::LinkUp { frame_max_bytes });
            self.esp.link.up = true;
            observer.observe(now, &Observation::Link { end: Part::Esp, up: true });
        } else if let Some(frame) = self.link.arrived(Part::Esp) {
            observer.observe(now, &Observation::FrameToEsp(frame));
            machine.handle(local, esp::Input::Frame(frame));
            self.link.taken(Part::Esp);
        } else {
            self.link.told_writable(Part::Host);
            machine.handle(local, esp::Input::FrameWritable);
        }
        self.drain_esp(observer);
        true
    }
}
