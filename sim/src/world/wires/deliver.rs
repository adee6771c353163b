//! What the links have for the programs at their ends.

use fivewire_core::bridge::{esp, host};
use fivewire_core::link::Peer;
use fivewire_core::time::Instant;

use super::{Wires, part};
use crate::app::Application;
use crate::observation::{Observation, Observer};
use crate::wires::End;
use crate::world::World;
use crate::world::boards::LinkView;
use crate::world::device::HostMachine;
use crate::world::faults::Lasting;

/// One thing that a program hears of its link. In this order, if there are several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Item {
    Down,
    Up,
    Frame,
    Writable,
    Unsuited(Peer),
}

impl Wires {
    fn item(&self, end: End, view: LinkView) -> Option<Item> {
        let mail = &self.mail[end as usize];
        if view.lost {
            Some(Item::Down)
        } else if mail.up && !view.up {
            Some(Item::Up)
        } else if mail.frame {
            Some(Item::Frame)
        } else if mail.writable {
            Some(Item::Writable)
        } else {
            mail.unsuited.map(Item::Unsuited)
        }
    }

    /// The program at `end` has heard it.
    fn heard<O: Observer>(&mut self, end: End, item: Item, now: Instant, observer: &mut O) {
        let mail = &mut self.mail[end as usize];
        match item {
            Item::Frame => mail.frame = false,
            Item::Writable => mail.writable = false,
            Item::Unsuited(_) => mail.unsuited = None,
            Item::Down | Item::Up => {
                let up = item == Item::Up;
                observer.observe(now, &Observation::Link { end: part(end), up });
            }
        }
    }

    /// The last frame that was handed out at `end`.
    pub(in crate::world) fn last_frame(&self, end: End) -> &[u8] {
        self.pair.frame(end)
    }

    /// A frame is handed out at `end`.
    fn handed<O: Observer>(&mut self, end: End, now: Instant, observer: &mut O) {
        self.mail[end.other() as usize].owed.pop_front();
        if self.was_repaired(end) {
            self.forget_damage(end);
            observer.observe(now, &Observation::LinkRepaired { end: part(end) });
        }
    }

    /// Since the session began, or something was last repaired, this end heard a frame with a wrong
    /// checksum and the other end sent something again.
    fn was_repaired(&self, end: End) -> bool {
        let mail = &self.mail[end as usize];
        self.pair.counters(end).damaged > mail.damaged
            && self.pair.counters(end.other()).resent > mail.resent
    }

    pub(super) fn forget_damage(&mut self, end: End) {
        let mail = &mut self.mail[end as usize];
        mail.damaged = self.pair.counters(end).damaged;
        mail.resent = self.pair.counters(end.other()).resent;
    }
}

const fn view_after(item: Item, view: LinkView) -> LinkView {
    match item {
        Item::Down => LinkView { up: false, lost: false },
        Item::Up => LinkView { up: true, lost: false },
        Item::Frame | Item::Writable | Item::Unsuited(_) => view,
    }
}

impl<A: Application> World<A> {
    /// Lets the programs hear of their links and take frames. True if there was something.
    pub(in crate::world) fn flow_wires<O: Observer>(&mut self, observer: &mut O) -> bool {
        self.deliver_to_host(observer) || self.deliver_to_esp(observer)
    }

    fn deliver_to_host<O: Observer>(&mut self, observer: &mut O) -> bool {
        let Some(wires) = &mut self.wires else { return false };
        let Some(item) = wires.item(End::Host, self.host.link) else { return false };
        if self.faults.strikes(Lasting::HostBusy) {
            return false;
        }
        let now = Instant::from_micros(self.now);
        let view = self.host.link;
        let Some((HostMachine::Bridge(machine), clock)) = self.host.machine_and_clock() else {
            return false;
        };
        let input = match item {
            Item::Down => host::Input::LinkDown,
            Item::Up => {
                let frame_max_bytes = wires.mail[End::Host as usize].frame_max_bytes;
                host::Input::LinkUp { frame_max_bytes }
            }
            Item::Writable => host::Input::Writable,
            Item::Unsuited(peer) => host::Input::Unsuited(peer.into()),
            Item::Frame => {
                wires.handed(End::Host, now, observer);
                let frame = wires.pair.frame(End::Host);
                observer.observe(now, &Observation::FrameToHost(frame));
                host::Input::Frame(frame)
            }
        };
        machine.handle(clock.local(self.now), input);
        self.host.link = view_after(item, view);
        wires.heard(End::Host, item, now, observer);
        self.drain_host(observer);
        true
    }

    fn deliver_to_esp<O: Observer>(&mut self, observer: &mut O) -> bool {
        let Some(wires) = &mut self.wires else { return false };
        let Some(item) = wires.item(End::Esp, self.esp.link) else { return false };
        if self.esp.command_task_dead || self.faults.strikes(Lasting::EspStalls) {
            return false;
        }
        let now = Instant::from_micros(self.now);
        let local = self.esp.clock.local(self.now);
        let Some(machine) = &mut self.esp.machine else { return false };
        let input = match item {
            Item::Down => esp::Input::LinkDown,
            Item::Up => {
                let frame_max_bytes = wires.mail[End::Esp as usize].frame_max_bytes;
                esp::Input::LinkUp { frame_max_bytes }
            }
            Item::Writable => esp::Input::FrameWritable,
            Item::Unsuited(_) => return false,
            Item::Frame => {
                wires.handed(End::Esp, now, observer);
                let frame = wires.pair.frame(End::Esp);
                observer.observe(now, &Observation::FrameToEsp(frame));
                esp::Input::Frame(frame)
            }
        };
        machine.handle(local, input);
        self.esp.link = view_after(item, self.esp.link);
        wires.heard(End::Esp, item, now, observer);
        self.drain_esp(observer);
        true
    }

    /// Programs that are busy, or dead, take nothing from their links. Those that step their link
    /// themselves do not even do that.
    pub(in crate::world) fn hold_links(&mut self) {
        let host_is_busy = self.host_is_busy();
        let esp_is_stalled = self.faults.is_on(Lasting::EspStalls);
        let esp_is_held = esp_is_stalled || self.esp.command_task_dead;
        let Some(wires) = &mut self.wires else { return };
        let stalls = [
            host_is_busy && !wires.setup.host_interrupt,
            esp_is_stalled && !wires.setup.esp_interrupt,
        ];
        for (end, held) in [(End::Host, host_is_busy), (End::Esp, esp_is_held)] {
            wires.mail[end as usize].held = held;
            wires.pair.hold(end, self.now, held);
            wires.pair.stall(end, stalls[end as usize], self.now);
        }
    }
}
