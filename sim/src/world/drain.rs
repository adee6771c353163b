//! The loops around the machines: inputs in, outputs out, until they wait.

use std::ops::ControlFlow;

use fivewire_core::bridge::status::Status;
use fivewire_core::bridge::{esp, host};
use fivewire_core::client;
use fivewire_core::event::Event;
use fivewire_core::time::{Instant, Wait};

use super::World;
use super::agenda::Slot;
use super::device::HostMachine;
use super::faults::Lasting;
use super::tcp::{AtDevice, Path, Side};
use crate::app::Application;
use crate::observation::{Observation, Observer, Part};
use crate::wires::End;

/// What an ESP8266 says of its heap, in bytes.
const ESP_FREE_BYTES: u32 = 21_000;
const ESP_USED_BYTES: u32 = 19_000;

impl<A: Application> World<A> {
    /// The host's machine is woken by its own deadline.
    pub(super) fn wake_host<O: Observer>(&mut self, observer: &mut O) {
        if self.faults.strikes(Lasting::HostBusy) {
            return;
        }
        let reason = self.host.alarm.reason();
        let Some((machine, clock)) = self.host.machine_and_clock() else { return };
        machine.time_out(clock.local(self.now));
        if let Some(reason) = reason {
            self.see(observer, &Observation::Woken { part: Part::Host, reason });
        }
        self.drain_host(observer);
    }

    /// The ESP8266's machine is woken by its own deadline.
    pub(super) fn wake_esp<O: Observer>(&mut self, observer: &mut O) {
        let reason = self.esp.alarm.reason();
        let local = self.esp.clock.local(self.now);
        let Some(machine) = &mut self.esp.machine else { return };
        machine.handle(local, esp::Input::Timeout);
        if let Some(reason) = reason {
            self.see(observer, &Observation::Woken { part: Part::Esp, reason });
        }
        self.drain_esp(observer);
    }

    /// Does what the host's machine wants until it waits.
    pub(super) fn drain_host<O: Observer>(&mut self, observer: &mut O) {
        match self.host.machine() {
            None => {}
            Some(HostMachine::Client(_)) => self.drain_client(observer),
            Some(HostMachine::Bridge(_)) => self.drain_bridge(observer),
        }
        if self.summary.stopped {
            self.plan_restart();
        }
    }

    fn drain_client<O: Observer>(&mut self, observer: &mut O) {
        let wait = loop {
            match self.next_of_client(observer) {
                ControlFlow::Continue(action) => self.act_on(action, observer),
                ControlFlow::Break(wait) => break wait,
            }
        };
        self.plan_host(wait);
        self.note_client_state(observer);
    }

    /// Does what the client at the host wants, up to what the network has to do for it.
    fn next_of_client<O: Observer>(
        &mut self,
        observer: &mut O,
    ) -> ControlFlow<Wait, client::Action> {
        let now = Instant::from_micros(self.now);
        let Some((HostMachine::Client(client), clock)) = self.host.machine_and_clock() else {
            return ControlFlow::Break(Wait::ForInput);
        };
        loop {
            match client.poll() {
                client::Output::Action(action) => return ControlFlow::Continue(action),
                client::Output::Transmit(bytes) => {
                    let mut path = Path {
                        now: self.now,
                        associated: self.radio.is_associated(),
                        faults: &mut self.faults,
                    };
                    let taken = self.tcp.write_current(bytes, &mut path);
                    client.handle(clock.local(self.now), client::Input::Sent(taken));
                }
                client::Output::Event(event) => {
                    observer.observe(now, &Observation::Told(event));
                    self.application.get_mut().told(now, &event);
                    self.summary.note(&event);
                }
                client::Output::Wait(wait) => return ControlFlow::Break(wait),
            }
        }
    }

    fn drain_bridge<O: Observer>(&mut self, observer: &mut O) {
        let now = Instant::from_micros(self.now);
        let Some((HostMachine::Bridge(host), clock)) = self.host.machine_and_clock() else {
            return;
        };
        let local = clock.local(self.now);
        let mut pulls_reset = false;
        let mut told_cause = None;
        let wait = loop {
            match host.poll() {
                host::Output::Action(host::Action::ResetEsp) => pulls_reset = true,
                host::Output::Frame(frame) => {
                    let taken = match &mut self.wires {
                        None => self.link.send(Part::Esp, self.now, frame),
                        Some(wires) => {
                            self.faults.bite(Lasting::EspStalls);
                            wires.send(End::Host, self.now, frame, observer)
                        }
                    };
                    host.handle(local, host::Input::Sent(taken));
                }
                host::Output::Event(event) => {
                    observer.observe(now, &Observation::Told(event));
                    let has_will = self.schedule.setup.will;
                    let statuses = [Status::before(&event, has_will), Status::of(&event)];
                    let notices = self.notices.hear(&event);
                    observer.observe(now, &Observation::Handled { event, notices, statuses });
                    self.application.get_mut().told(now, &event);
                    self.summary.note(&event);
                    if let Event::EspReset { cause } = event {
                        told_cause = Some(cause);
                    }
                }
                host::Output::Wait(wait) => break wait,
            }
        };
        self.plan_host(wait);
        if let Some(cause) = told_cause {
            self.host.reset_cause = cause;
        }
        if pulls_reset {
            self.pull_reset_line(observer);
        }
    }

    /// Plans when the host's machine is woken.
    fn plan_host(&mut self, wait: Wait) {
        let due = self.host.alarm.set(wait, &self.host.clock);
        self.agenda.set(Slot::Host, due);
    }

    /// Does what the ESP8266's machine wants until it waits.
    pub(super) fn drain_esp<O: Observer>(&mut self, observer: &mut O) {
        let local = self.esp.clock.local(self.now);
        let wait = loop {
            let Some(machine) = &mut self.esp.machine else { return };
            match machine.poll() {
                esp::Output::Frame(frame) => {
                    let taken = match &mut self.wires {
                        _ if self.esp.command_task_dead => 0,
                        Some(wires) => wires.send(End::Esp, self.now, frame, observer),
                        None => self.link.send(Part::Host, self.now, frame),
                    };
                    machine.handle(local, esp::Input::FrameSent(taken));
                }
                esp::Output::Configure(_) => {}
                esp::Output::Join(lan) => {
                    self.joining = lan;
                    self.act_on(client::Action::JoinWifi, observer);
                }
                esp::Output::AskTime { cookie } => self.ask_time_server(cookie),
                esp::Output::ReportMemory => {
                    let memory = esp::Input::Memory {
                        free_bytes: ESP_FREE_BYTES,
                        used_bytes: ESP_USED_BYTES,
                    };
                    machine.handle(local, memory);
                }
                esp::Output::Net(action) => self.act_on(action, observer),
                esp::Output::Transmit(bytes) => {
                    let mut path = Path {
                        now: self.now,
                        associated: self.radio.is_associated(),
                        faults: &mut self.faults,
                    };
                    let taken = self.tcp.write_current(bytes, &mut path);
                    machine.handle(local, esp::Input::Net(client::Input::Sent(taken)));
                }
                esp::Output::Wait(wait) => break wait,
            }
        };
        let due = self.esp.alarm.set(wait, &self.esp.clock);
        self.agenda.set(Slot::Esp, due);
        self.note_client_state(observer);
    }

    /// Tells the client, wherever it runs, what the network did, and does what it wants.
    pub(super) fn tell_client<O: Observer>(&mut self, input: client::Input<'_>, observer: &mut O) {
        if self.has_bridge() {
            let local = self.esp.clock.local(self.now);
            if let Some(esp) = &mut self.esp.machine {
                esp.handle(local, esp::Input::Net(input));
                self.drain_esp(observer);
            }
        } else if let Some((HostMachine::Client(client), clock)) = self.host.machine_and_clock() {
            client.handle(clock.local(self.now), input);
            self.drain_host(observer);
        }
    }

    /// The client reads once. False if there is nothing to read, or it does not want to.
    pub(super) fn read_as_client<O: Observer>(&mut self, observer: &mut O) -> bool {
        let AtDevice::Bytes(connection, unread) = self.tcp.at_device() else { return false };
        let now = Instant::from_micros(self.now);
        let size = if self.has_bridge() {
            let local = self.esp.clock.local(self.now);
            let Some(esp) = &mut self.esp.machine else { return false };
            let size = unread.len().min(esp.receive_capacity());
            if size > 0 {
                let bytes = &unread[..size];
                observer.observe(now, &Observation::ToDevice { connection, bytes });
                esp.handle(local, esp::Input::Net(client::Input::Received(bytes)));
            }
            size
        } else {
            let Some((HostMachine::Client(client), clock)) = self.host.machine_and_clock() else {
                return false;
            };
            let size = unread.len().min(client.receive_capacity());
            if size > 0 {
                let bytes = &unread[..size];
                observer.observe(now, &Observation::ToDevice { connection, bytes });
                client.handle(clock.local(self.now), client::Input::Received(bytes));
            }
            size
        };
        if size == 0 {
            return false;
        }
        self.tcp.read(Side::Device, connection, size, self.now);
        if self.has_bridge() {
            self.drain_esp(observer);
        } else {
            self.drain_host(observer);
        }
        true
    }

    /// Shows the client's state where it has changed.
    #[inline(always)]
    pub(super) fn note_client_state<O: Observer>(&mut self, observer: &mut O) {
        let state = if self.has_bridge() {
            self.esp.machine.as_ref().map(|esp| esp.client_state())
        } else {
            match self.host.machine() {
                Some(HostMachine::Client(client)) => Some(client.state()),
                Some(HostMachine::Bridge(_)) | None => None,
            }
        };
        let state = state.unwrap_or(client::State::Idle);
        if state != self.client_state {
            self.client_state = state;
            self.see(observer, &Observation::ClientState(state));
        }
    }
}
