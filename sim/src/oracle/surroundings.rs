//! What happens around the device: faults, boards, the link, the network, the broker's process.

use crate::fault::{Fault, FaultKind};
use crate::observation::{BoardLoss, Ending, Observation, Part};

use fivewire_core::event::ResetCause;

use super::connections::Accepted;
use super::facts::Facts;
use super::p7_self::Told;
use super::weather::{Trouble, stops_broker};
use super::{Oracle, p9_pressure};

impl Oracle {
    #[cold]
    pub(super) fn observe_surroundings(&mut self, observation: &Observation<'_>) {
        match *observation {
            Observation::Holds(is_held) => self.held(is_held),
            Observation::ShutDownAsked => {
                self.facts.is_shutting_down = true;
                // what was left before ends without a goodbye
                for connection in self.facts.connections.live_mut() {
                    connection.is_harmed |= connection.is_left;
                }
                self.judges.patience.shut_down(self.facts.now);
                self.facts.farewell_lives.push(self.facts.device_life);
                self.judges.malformed.excuse();
                self.judges.attempts.forget();
                self.judges.heard.forget();
                self.judges.once.forget();
                self.judges.buffer.ignore();
            }
            Observation::Opening { connection } => {
                self.judges.told.opening();
                let troubles = self.facts.weather.troubles;
                self.facts.changes_at_attempt = self.facts.link_changes;
                self.facts.connections.attempt(connection.0, self.facts.device_life, troubles);
            }
            Observation::Accepted { connection } => {
                let Facts { connections, weather, device_life, setup, now, .. } = &mut self.facts;
                connections.accept(Accepted {
                    id: connection.0,
                    life: *device_life,
                    troubles: weather.troubles,
                    is_safe: weather.spares_connections(),
                    is_v5: setup.is_v5(),
                    now: *now,
                });
            }
            Observation::EndedAtBroker { connection, ending } => {
                self.ended_at_broker(connection, ending);
            }
            Observation::EndedAtDevice { connection, ending } => {
                if ending == Ending::Reset {
                    self.judges.farewell.cut_off();
                }
                if let Some(slot) = self.facts.connections.find(connection.0) {
                    self.facts.connections.get_mut(slot).is_left = true;
                }
                self.facts.disruptions += 1;
                self.judges.will.left(connection.0);
                self.judges.heard.ended(self.facts.now, connection.0, ending);
                self.judges.once.ended();
            }
            Observation::BrokerDown(true) => self.broker_down(),
            Observation::SessionForgotten => self.facts.end_session(),
            Observation::Link { end, up } => {
                if end == Part::Host && !up {
                    self.judges.told.link_lost();
                }
                self.facts.link_changes += 1;
                self.facts.link_losses += u32::from(!up);
                self.facts.disruptions += u32::from(!up);
            }
            Observation::ResetLine { cause } => self.reset_line(cause),
            Observation::BoardDown { part, loss } => self.board_down(part, loss),
            Observation::FaultBegan { index, fault } => self.fault_began(index, fault),
            Observation::FaultBit { index } => self.fault_bit(index),
            Observation::FaultEnded { index } => self.fault_ended(index),
            Observation::Healed => self.healed(),
            _ => {}
        }
    }

    fn held(&mut self, is_held: bool) {
        self.judges.buffer.settled(&self.facts, &mut self.verdict);
        let facts = &mut self.facts;
        facts.is_held = is_held;
        if is_held {
            facts.held_since = facts.now;
            self.judges.malformed.excuse();
        } else {
            facts.held_until = Some(facts.now);
        }
    }

    /// Something happened that may end connections.
    pub(super) fn strike(&mut self) {
        self.facts.weather.strike(self.facts.now);
        self.harm();
    }

    fn harm(&mut self) {
        for connection in self.facts.connections.live_mut() {
            connection.is_harmed = true;
        }
        self.judges.will.harmed();
    }

    /// The broker's process is gone. Its connections end one by one.
    fn broker_down(&mut self) {
        self.strike();
        self.judges.will.broker_disturbed();
    }

    fn reset_line(&mut self, cause: ResetCause) {
        if !self.is_bridge() {
            return;
        }
        self.judges.watchdog.reset(&mut self.verdict, self.facts.now, cause);
        self.strike();
        self.judges.convergence.esp_reset(&self.facts);
        if cause == ResetCause::PowerUp {
            self.facts.device_life += 1;
        }
    }

    fn board_down(&mut self, part: Part, loss: BoardLoss) {
        // pulling the line was the trouble already
        if loss != BoardLoss::ResetLine {
            self.strike();
        }
        self.facts.disruptions += 1;
        match part {
            Part::Host => self.host_down(),
            Part::Esp => {
                self.facts.link_losses += 1;
                self.judges.asking.forget();
                if loss != BoardLoss::ResetLine {
                    self.judges.watchdog.esp_down();
                }
                if loss == BoardLoss::ReceiveOverflow {
                    p9_pressure::overflowed(&self.facts, &mut self.verdict);
                }
            }
            Part::Broker => self.broker_down(),
        }
    }

    /// All that the host knew is gone: tickets, publications, deliveries, wishes.
    fn host_down(&mut self) {
        let is_bridge = self.is_bridge();
        let Self { facts, judges, .. } = self;
        facts.device_life += u32::from(!is_bridge);
        facts.tickets.clear();
        facts.outbound.forget();
        facts.inbound.forget();
        facts.filters.forget();
        facts.is_up = false;
        if std::mem::take(&mut facts.is_held) {
            facts.held_until = Some(facts.now);
        }
        facts.is_shutting_down = false;
        facts.is_stopped = false;
        judges.received.forget();
        judges.patience.forget();
        judges.attempts.forget();
        judges.heard.forget();
        judges.owed.forget();
        judges.once.forget();
        judges.buffer.forget();
        judges.told = Told::default();
        judges.said.forget();
        if !is_bridge {
            judges.asking.forget();
        }
        judges.way.forget();
        judges.watchdog.off();
        judges.malformed.excuse();
    }

    fn fault_began(&mut self, index: usize, fault: &Fault) {
        let Self { facts, judges, .. } = self;
        let kind = fault.kind;
        facts.note_fault(index, kind);
        facts.weather.began(facts.now, kind);
        match kind {
            FaultKind::HostBusy => {
                judges.watchdog.busy(facts.now);
                judges.attempts.busy(true);
                judges.heard.busy(facts.now, true);
                judges.buffer.ignore();
            }
            FaultKind::EspFirmware { .. } => judges.sessions.firmware(true),
            FaultKind::Malformed { which } => {
                judges.malformed.began(which, facts.setup.is_v5());
                self.taint();
            }
            _ => {}
        }
        self.disturbed(kind);
    }

    fn fault_bit(&mut self, index: usize) {
        let Some(kind) = self.facts.fault(index) else { return };
        self.facts.weather.bit(self.facts.now, kind);
        self.judges.watchdog.bitten(kind);
        match kind {
            FaultKind::Malformed { .. } => self.malformed_written(),
            FaultKind::BrokerDisconnects { .. } => {
                let is_told = !self.is_bridge() || self.judges.watchdog.trusts_esp();
                self.judges.farewell.done(&self.facts, is_told);
            }
            _ => {}
        }
        self.disturbed(kind);
    }

    fn fault_ended(&mut self, index: usize) {
        // what happens at once has no end of its own
        let kind = self.facts.fault(index).filter(|kind| !kind.is_instant());
        let Some(kind) = kind else { return };
        self.facts.weather.ended(self.facts.now, kind);
        match kind {
            FaultKind::HostBusy => {
                self.facts.polls_since = Some(self.facts.now);
                self.judges.watchdog.polls_again(self.facts.now);
                self.judges.attempts.busy(false);
                self.judges.heard.busy(self.facts.now, false);
            }
            FaultKind::EspFirmware { .. } => self.judges.sessions.firmware(false),
            _ => {}
        }
        self.disturbed(kind);
    }

    /// What a fault does to judgements each time it is seen.
    fn disturbed(&mut self, kind: FaultKind) {
        self.judges.watchdog.disturbed(kind);
        if stops_broker(kind) {
            self.judges.will.broker_disturbed();
        }
        // what those do is judged
        let is_judged =
            matches!(kind, FaultKind::Malformed { .. } | FaultKind::BrokerDisconnects { .. });
        if Trouble::of(kind).harms_connections() && !is_judged {
            self.harm();
        }
    }

    /// Nothing on the present connections is judged any more.
    fn taint(&mut self) {
        for connection in self.facts.connections.live_mut() {
            connection.is_tainted = true;
        }
        self.judges.heard.taint();
        self.judges.buffer.ignore();
        self.judges.will.harmed();
    }

    fn malformed_written(&mut self) {
        let Self { facts, judges, .. } = self;
        let is_heard = facts.is_up
            && !judges.watchdog.is_silenced()
            && !facts.is_held
            && !facts.is_shutting_down
            && facts.weather.spares_connections();
        let is_healthy = facts.connections.live().any(|connection| {
            connection.is_accepted() && !connection.is_harmed && !connection.is_left
        });
        judges.told.malformed();
        judges.malformed.written(facts, is_heard && is_healthy);
        self.taint();
    }

    fn healed(&mut self) {
        let Self { facts, judges, .. } = self;
        facts.weather.clear_up(facts.now);
        facts.healed_at = Some(facts.now);
        facts.polls_since = Some(facts.now);
        judges.watchdog.healed(facts.now);
        judges.sessions.healed();
        judges.convergence.healed(facts);
    }
}
