//! Hands each observation to the judges whom it concerns.

use fivewire_core::client::Action;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::{Instant, Reason};

use crate::observation::{Answered, Crash, Observation, Part};

use super::filters::Wish;
use super::outbound::Entry;
use super::p6_converges::Convergence;
use super::{Judges, Oracle, p7_accounted, p10_will, p11_time, p12_intrusions, p12_sizes};

impl Oracle {
    pub(super) fn judge(&mut self, now: Instant, observation: &Observation<'_>) {
        match *observation {
            Observation::ToBroker { connection, bytes } => self.read_device(connection, bytes),
            Observation::FromBroker { connection, bytes } => self.read_broker(connection, bytes),
            Observation::Told(event) => self.told(&event),
            Observation::Published { ticket, topic, payload, qos, retain, properties } => {
                let entry = Entry {
                    ticket,
                    topic: topic.as_bytes(),
                    payload,
                    qos: qos as u8,
                    retain,
                    endings_before: 0,
                    disruptions_before: 0,
                    attempt_before: 0,
                };
                self.published(&entry, properties);
            }
            Observation::PublishRefused { error, .. } => {
                p7_accounted::refused(&mut self.facts, &mut self.verdict, error);
            }
            Observation::SubscribeAsked { ticket, filter, qos } => {
                self.filter_asked(ticket, filter, Wish::Wanted, qos);
            }
            Observation::UnsubscribeAsked { ticket, filter } => {
                self.filter_asked(ticket, filter, Wish::Unwanted, QoS::AtMostOnce);
            }
            Observation::OptionsSet { ticket, options, identifier } => {
                self.options_set(ticket, options, identifier);
            }
            Observation::Cancelled { ticket } => self.cancelled(ticket),
            Observation::CancelRefused { ticket } => self.judges.patience.not_cancelled(ticket),
            Observation::DeadlineSet { ticket, deadline } => self.deadline_set(ticket, deadline),
            Observation::SaidOfItself { unacknowledged, counters } => {
                self.said_of_itself(unacknowledged, counters);
            }
            Observation::SaidToStand(standing) => self.said_to_stand(standing),
            Observation::Probed { is_asked } => self.probed(is_asked),
            Observation::TimeAsked { cookie } => {
                let Self { facts, judges, verdict } = self;
                let is_calm = facts.has_time_server && facts.is_unprovoked();
                judges.questions.asked(verdict, cookie, is_calm);
            }
            Observation::Released { delivery } => self.released(delivery),
            Observation::WitnessPublished { topic, payload, qos, properties } => {
                self.witness_published(topic, payload, qos, properties);
            }
            Observation::WitnessReceived { topic, payload, .. } => {
                if p10_will::is_will(topic.as_bytes(), payload) {
                    self.judges.will.will_told(&mut self.verdict);
                }
            }
            Observation::FrameToHost(_) => self.judges.watchdog.heard(now),
            Observation::Woken { part: Part::Host, reason: Reason::ShedDue } => {
                let Self { facts, judges, verdict } = self;
                judges.buffer.woken_to_shed(facts, verdict);
            }
            Observation::FrameToEsp(_)
            | Observation::Woken { .. }
            | Observation::ClientState(_) => {}
            Observation::Renewed { part, is_whole } => {
                p11_time::renewed(&mut self.verdict, part, is_whole);
            }
            Observation::BoardUp { part } => self.board_up(part),
            Observation::Finished => self.finished(),
            _ => self.judge_network(now, observation),
        }
    }

    #[cold]
    fn board_up(&mut self, part: Part) {
        self.judges.handlers.board_up(part);
        if part == Part::Esp {
            self.judges.watchdog.esp_up();
        }
    }

    #[cold]
    fn probed(&mut self, is_asked: bool) {
        let Self { facts, judges, verdict } = self;
        judges.will.probed(facts, verdict, is_asked);
        facts.probed_at = Some(facts.now);
    }

    /// What the network does for the device.
    fn judge_network(&mut self, now: Instant, observation: &Observation<'_>) {
        match *observation {
            Observation::ToDevice { bytes, .. } => {
                let Self { facts, judges, verdict } = self;
                let before = judges.heard.subacks();
                judges.buffer.coming(facts, verdict, bytes.len());
                let Judges { heard, owed, once, buffer, .. } = judges;
                heard.bytes(facts, buffer, bytes, |facts, packet| {
                    owed.heard(facts, packet);
                    once.heard(facts, packet);
                });
                let heard = judges.heard.subacks();
                if heard != before {
                    facts.filters.heard(heard);
                }
            }
            Observation::Asked(action) => {
                let is_bridge = self.is_bridge();
                let Self { facts, judges, verdict } = self;
                judges.told.asked(action, facts.is_shutting_down);
                judges.way.asked(action);
                facts.has_joined |= action == Action::JoinWifi;
                if !is_bridge {
                    judges.attempts.asked(verdict, action);
                    judges.heard.asked(facts.now, action);
                }
            }
            Observation::Opened { connection } => {
                let Self { facts, judges, .. } = self;
                judges.way.opened();
                judges.heard.opened(facts, connection.0);
                judges.owed.opened(connection.0, now);
                judges.buffer.opened(connection.0, judges.heard.is_judged());
            }
            Observation::OpenFailed { failure, .. } => self.judges.heard.open_failed(now, failure),
            Observation::Wifi(is_up) => self.judges.heard.network(now, is_up),
            _ => self.judge_program(observation),
        }
    }

    /// A copy of an end of the bridge got a frame.
    fn frame_tried(&mut self, frame: &[u8], answered: Answered) {
        let Self { facts, judges, verdict } = self;
        if let Answered::Host { crash: Some(Crash { cause, notices, statuses }), .. } = answered {
            // a display of the copy shows what that of the machine would
            let mut handlers = judges.handlers;
            let event = Event::EspReset { cause };
            handlers.handled(verdict, &event, notices, (facts.setup.will, statuses));
        }
        if let Some(bridge) = &judges.bridge {
            bridge.frame_tried(facts, verdict, frame, answered);
        }
    }

    /// What the program around the device does with it.
    fn judge_program(&mut self, observation: &Observation<'_>) {
        match *observation {
            Observation::SetupTried { trial, refusal } => {
                let topology = self.facts.setup.topology;
                self.judges.setups.tried(&mut self.verdict, topology, trial, refusal);
            }
            Observation::SizeTried { offered, refused } => {
                p12_sizes::tried(&self.facts.setup, &mut self.verdict, offered, refused);
            }
            Observation::StatedBound { recovery_bound_ms } => {
                let Self { facts, verdict, .. } = self;
                Convergence::stated(facts, verdict, recovery_bound_ms);
            }
            Observation::Intruded { copied, intrusion, is_unchanged, is_granted } => {
                let says = (is_unchanged, is_granted);
                p12_intrusions::intruded(&mut self.verdict, copied, intrusion, says);
            }
            Observation::StateDamaged { part, is_calm, .. } => {
                p12_intrusions::damaged(&mut self.verdict, part, is_calm);
            }
            Observation::FrameTried { frame, answered } => self.frame_tried(frame, answered),
            Observation::Handled { event, notices, statuses } => {
                let shown = (self.facts.setup.will, statuses);
                self.judges.handlers.handled(&mut self.verdict, &event, notices, shown);
            }
            _ => self.observe_surroundings(observation),
        }
    }
}
