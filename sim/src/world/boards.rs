//! The boards: power, boots, clocks and what they remember.

use fivewire_core::bridge::esp::Esp;
use fivewire_core::bridge::notice::Notices;
use fivewire_core::event::ResetCause;
use fivewire_core::recorder::{Payloads, Recorded, Recorder};
use fivewire_core::time::Instant;

use super::World;
use super::agenda::{NEVER, Slot};
use super::device::{EspMachine, HostMachine, HostMemory, Tape, esp_memory, stated_bound_ms};
use super::faults::Lasting;
use super::link::LostFrame;
use super::tcp::Side;
use crate::app::Application;
use crate::clock::{Alarm, Clock};
use crate::observation::{BoardLoss, ConnectionId, Ending, Observation, Observer, Part};
use crate::schedule::{InboundBytes, Setup, TopicBytes, Topology};
use crate::wires::End;

/// A board boots this long, in µs.
const BOOT_MIN_US: u32 = 300_000;
const BOOT_MAX_US: u32 = 900_000;
/// A program that has ended starts anew this long after, in µs.
const RESTART_PAUSE_US: u64 = 1_000_000;
/// The reset line is pulled this long, in µs.
const RESET_PULSE_US: u64 = 100_000;
/// A slow boot takes this much longer, in µs.
const SLOW_BOOT_MIN_US: u32 = 3_000_000;
const SLOW_BOOT_MAX_US: u32 = 8_000_000;

/// What a board knows of the link.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinkView {
    /// The machine was told that it is up.
    pub(super) up: bool,
    /// It went down since, though it may be up again.
    pub(super) lost: bool,
}

/// The host's board.
pub(super) struct HostBoard {
    machine: Option<HostMachine>,
    memory: Option<HostMemory>,
    /// What records the machine, while there is none.
    recorder: Option<Recorder<Tape>>,
    /// What decides how large the memory is.
    sizes: (Topology, u32, TopicBytes, InboundBytes, usize),
    pub(super) clock: Clock,
    pub(super) alarm: Alarm,
    pub(super) link: LinkView,
    /// Why the machine last reset the ESP8266, as it told its application.
    pub(super) reset_cause: ResetCause,
}

/// The ESP8266's board.
pub(super) struct Esp8266 {
    pub(super) machine: Option<EspMachine>,
    /// What records the machine, while there is none.
    recorder: Option<Recorder<Tape>>,
    pub(super) clock: Clock,
    pub(super) alarm: Alarm,
    pub(super) link: LinkView,
    /// Frames are neither read nor written any more.
    pub(super) command_task_dead: bool,
}

fn sizes(setup: &Setup) -> (Topology, u32, TopicBytes, InboundBytes, usize) {
    let Setup { topology, outbox_bytes, topic_bytes, inbound_bytes, .. } = *setup;
    let wishes = setup.mqtt5.as_ref().map(|mqtt5| mqtt5.wishes).unwrap_or_default();
    (topology, outbox_bytes, topic_bytes, inbound_bytes, wishes.memory_bytes())
}

impl HostBoard {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            machine: None,
            memory: None,
            recorder: None,
            sizes: sizes(setup),
            clock: Clock::new(setup.host_drift_ppm),
            alarm: Alarm::OFF,
            link: LinkView::default(),
            reset_cause: ResetCause::PowerUp,
        }
    }

    /// Becomes the board of a new run.
    pub(super) fn reset(&mut self, setup: &Setup) {
        self.lose_power();
        if self.sizes != sizes(setup) {
            self.memory = None;
        }
        *self = Self { memory: self.memory.take(), ..Self::new(setup) };
    }

    fn lose_power(&mut self) -> bool {
        self.alarm = Alarm::OFF;
        self.link = LinkView::default();
        let Some(machine) = self.machine.take() else { return false };
        let (memory, recorder) = machine.into_parts();
        (self.memory, self.recorder) = (Some(memory), recorder);
        true
    }

    /// Records the machines of this board, from the next one on.
    pub(super) fn record(&mut self, payloads: Payloads, segment_max_bytes: usize) {
        self.recorder = Some(Recorder::new(Tape::new(segment_max_bytes), payloads));
    }

    /// What was recorded so far.
    pub(super) fn take_recording(&mut self) -> Vec<u8> {
        let in_use = self.machine.as_mut().and_then(HostMachine::recorder_mut);
        recorded(in_use.or(self.recorder.as_mut()))
    }

    /// Puts another machine in the place of this one, unless it is recorded, and says whether that one
    /// is the same.
    pub(super) fn renew(
        &mut self,
        make: impl FnOnce(HostMachine) -> (HostMachine, bool),
    ) -> Option<bool> {
        let machine = self.machine.take_if(|machine| machine.recorder_mut().is_none())?;
        let (machine, is_whole) = make(machine);
        self.machine = Some(machine);
        Some(is_whole)
    }

    pub(super) const fn machine(&self) -> Option<&HostMachine> {
        self.machine.as_ref()
    }

    pub(super) const fn machine_and_clock(&mut self) -> Option<(&mut HostMachine, &Clock)> {
        match &mut self.machine {
            Some(machine) => Some((machine, &self.clock)),
            None => None,
        }
    }
}

impl Esp8266 {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            machine: None,
            recorder: None,
            clock: Clock::new(setup.esp_drift_ppm),
            alarm: Alarm::OFF,
            link: LinkView::default(),
            command_task_dead: false,
        }
    }

    /// Becomes the board of a new run.
    pub(super) fn reset(&mut self, setup: &Setup) {
        *self = Self::new(setup);
    }

    /// As [`HostBoard::renew`].
    pub(super) fn renew(
        &mut self,
        make: impl FnOnce(EspMachine) -> (EspMachine, bool),
    ) -> Option<bool> {
        let machine = self.machine.take_if(|machine| machine.recorder_mut().is_none())?;
        let (machine, is_whole) = make(machine);
        self.machine = Some(machine);
        Some(is_whole)
    }

    fn lose_power(&mut self) -> bool {
        self.alarm = Alarm::OFF;
        self.link = LinkView::default();
        self.command_task_dead = false;
        let Some(machine) = self.machine.take() else { return false };
        self.recorder = machine.into_parts().1;
        true
    }

    /// Records the machines of this board, from the next one on.
    pub(super) fn record(&mut self, payloads: Payloads, segment_max_bytes: usize) {
        self.recorder = Some(Recorder::new(Tape::new(segment_max_bytes), payloads));
    }

    /// What was recorded so far.
    pub(super) fn take_recording(&mut self) -> Vec<u8> {
        let in_use = self.machine.as_mut().and_then(Recorded::recorder_mut);
        recorded(in_use.or(self.recorder.as_mut()))
    }
}

/// What a recorder has, whole.
fn recorded(recorder: Option<&mut Recorder<Tape>>) -> Vec<u8> {
    let Some(recorder) = recorder else { return Vec::new() };
    recorder.finish();
    std::mem::take(&mut recorder.sink_mut().bytes)
}

impl<A: Application> World<A> {
    pub(super) const fn has_bridge(&self) -> bool {
        matches!(self.schedule.setup.topology, Topology::Bridge)
    }

    pub(super) const fn host_is_busy(&self) -> bool {
        self.faults.is_on(Lasting::HostBusy)
    }

    // What memory holds after power-up is anything, so that of the life before is left in it.
    #[cold]
    pub(super) fn boot_host<O: Observer>(&mut self, observer: &mut O) {
        if self.faults.strikes(Lasting::HostPowerOff) {
            return;
        }
        let setup = &self.schedule.setup;
        let memory = self.host.memory.take().unwrap_or_else(|| HostMemory::new(setup));
        let seed = self.machine_seeds.seed();
        let recorder = self.host.recorder.take();
        let mut machine =
            HostMachine::new(setup, self.services, self.planted, memory, seed, recorder);
        self.host.clock.restart(self.now);
        let recovery_bound_ms = stated_bound_ms(setup, self.services);
        self.see(observer, &Observation::BoardUp { part: Part::Host });
        self.see(observer, &Observation::StatedBound { recovery_bound_ms });
        if self.now == 0 {
            self.try_setups(observer);
            self.try_sizes(observer);
        }
        machine.start(Instant::ZERO);
        self.host.machine = Some(machine);
        self.application.get_mut().started(Instant::from_micros(self.now));
        self.summary.stopped = false;
        self.notices = Notices::new();
        self.drain_host(observer);
        self.find_each_other();
    }

    #[cold]
    pub(super) fn boot_esp<O: Observer>(&mut self, observer: &mut O) {
        if !self.esp_can_boot() {
            return;
        }
        if !self.boot_esp_link() {
            self.see(observer, &Observation::BoardUp { part: Part::Esp });
            return;
        }
        let seed = self.machine_seeds.seed();
        let mut machine = Esp::new(esp_memory(&self.schedule.setup), seed)
            .unwrap_or_else(|error| panic!("{error}"));
        machine.plant(self.planted);
        self.esp.clock.restart(self.now);
        self.see(observer, &Observation::BoardUp { part: Part::Esp });
        let recorder = self.esp.recorder.take();
        self.esp.machine = Some(Recorded::new(machine, recorder));
        self.drain_esp(observer);
        self.find_each_other();
    }

    /// Plans the ESP8266's next boot, which begins at `from`.
    pub(super) fn plan_esp_boot(&mut self, from: u64) {
        let mut boot_us = self.boot.between(BOOT_MIN_US, BOOT_MAX_US);
        if self.faults.strikes(Lasting::EspSlowBoot) {
            boot_us += self.boot.between(SLOW_BOOT_MIN_US, SLOW_BOOT_MAX_US);
        }
        self.agenda.set(Slot::EspBoots, from + u64::from(boot_us));
    }

    /// The ends of the link look for each other once both run.
    pub(super) fn find_each_other(&mut self) {
        let both = self.host.machine.is_some() && self.esp.machine.is_some();
        if self.wires.is_none() && both && !self.link.is_up() && !self.link.is_synchronising() {
            self.link.synchronise(self.now);
        }
    }

    /// The host loses its memory, and boots again.
    pub(super) fn lose_host<O: Observer>(&mut self, loss: BoardLoss, observer: &mut O) -> bool {
        let ran = self.host.lose_power();
        if ran {
            self.see(observer, &Observation::BoardDown { part: Part::Host, loss });
        }
        self.agenda.clear(Slot::Host);
        self.summary.connected = false;
        if self.wires.is_some() {
            self.lose_wire_end(End::Host, observer);
        } else if self.has_bridge() {
            self.lose_link(observer);
        } else {
            self.lose_radio(observer);
        }
        let boot_us = self.boot.between(BOOT_MIN_US, BOOT_MAX_US);
        self.agenda.set(Slot::HostBoots, self.now + u64::from(boot_us));
        ran
    }

    /// A device that its application has shut down starts anew if that is the application's habit.
    pub(super) fn plan_restart(&mut self) {
        let restarts = self.schedule.workload.habits.restarts_every_ms > 0;
        if restarts && self.host.machine.is_some() && !self.agenda.is_due(Slot::HostBoots) {
            self.agenda.set(Slot::HostBoots, self.now + RESTART_PAUSE_US);
        }
    }

    /// The ESP8266 loses its memory. Whether it boots again is decided elsewhere.
    pub(super) fn lose_esp<O: Observer>(&mut self, loss: BoardLoss, observer: &mut O) -> bool {
        let ran = self.stop_esp(loss, observer);
        if self.wires.is_some() {
            self.lose_wire_end(End::Esp, observer);
        }
        ran
    }

    /// The ESP8266's program is gone.
    fn stop_esp<O: Observer>(&mut self, loss: BoardLoss, observer: &mut O) -> bool {
        let ran = self.esp.lose_power();
        if ran {
            self.see(observer, &Observation::BoardDown { part: Part::Esp, loss });
        }
        self.agenda.clear(Slot::Esp);
        self.agenda.clear(Slot::EspBoots);
        self.lose_radio(observer);
        ran
    }

    /// The ESP8266 starts from the beginning by itself. True if that changed anything.
    #[cold]
    pub(super) fn crash_esp<O: Observer>(&mut self, loss: BoardLoss, observer: &mut O) -> bool {
        // One that hangs does nothing by itself; only power can fail it.
        let booting = self.agenda.is_due(Slot::EspBoots);
        if self.esp.machine.is_none() && loss != BoardLoss::PowerLoss {
            return false;
        }
        let ran = self.lose_esp(loss, observer);
        self.lose_link(observer);
        self.plan_esp_boot(self.now);
        ran || booting
    }

    /// The ESP8266 stops dead. The host only notices its silence: nothing arrives any more.
    pub(super) fn hang_esp<O: Observer>(&mut self, observer: &mut O) -> bool {
        if self.esp.machine.is_none() {
            return false;
        }
        self.link.cut(Part::Host);
        self.freeze_esp_link();
        self.stop_esp(BoardLoss::Hang, observer)
    }

    /// The host pulls the reset line.
    #[cold]
    pub(super) fn pull_reset_line<O: Observer>(&mut self, observer: &mut O) {
        let cause = self.host.reset_cause;
        self.see(observer, &Observation::ResetLine { cause });
        if self.wires.is_some() {
            self.pull_reset_wire();
            return;
        }
        self.lose_esp(BoardLoss::ResetLine, observer);
        self.lose_link(observer);
        self.plan_esp_boot(self.now + RESET_PULSE_US);
    }

    /// The supply of the ESP8266 sags once more.
    #[cold]
    pub(super) fn sag<O: Observer>(&mut self, observer: &mut O) {
        if self.crash_esp(BoardLoss::PowerLoss, observer) {
            self.faults.bite(Lasting::EspBrownOut);
        }
        self.plan_sag();
    }

    pub(super) fn plan_sag(&mut self) {
        let pause_us = self.boot.between(500_000, 2_000_000);
        self.agenda.set(Slot::EspBrownOut, self.now + u64::from(pause_us));
    }

    /// The board with the radio is gone: it leaves the network, and its connection dies in silence.
    fn lose_radio<O: Observer>(&mut self, observer: &mut O) {
        if self.radio.leave() {
            self.see(observer, &Observation::Wifi(false));
        }
        self.agenda.set(Slot::Wifi, NEVER);
        while let Some((connection, ending)) = self.tcp.forget_notices(Side::Device) {
            self.see(observer, &Observation::EndedAtDevice { connection, ending });
        }
        let now = Instant::from_micros(self.now);
        self.tcp.vanish(Side::Device, |connection: ConnectionId| {
            let ending = Ending::Vanished;
            observer.observe(now, &Observation::EndedAtDevice { connection, ending });
        });
        self.note_client_state(observer);
    }

    /// The link is lost. Each end is told as soon as its machine listens.
    pub(super) fn lose_link<O: Observer>(&mut self, observer: &mut O) {
        if self.wires.is_some() {
            return;
        }
        for lost in self.link.go_down().into_iter().flatten() {
            let LostFrame { to, size_bytes, partly_sent } = lost;
            self.see(observer, &Observation::FrameLost { to, size_bytes, partly_sent });
        }
        self.host.link.lost = self.host.link.up;
        self.esp.link.lost = self.esp.link.up;
    }
}
