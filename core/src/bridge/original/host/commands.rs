//! What the host's frames become, and what is sent next.

use super::{Command, HostDialect, Life, PERMISSION, QUERY, Sending, Stage};
use crate::bridge::frame::{Init, Outcome, Publish, ToEsp, ToHost};
use crate::bridge::original::record::{RecordWriter, untellable};
use crate::event::{ResetCause, Ticket};
use crate::mqtt::QoS;
use crate::storage::Storage;
use crate::time::Reason;

impl<S: Storage> HostDialect<S> {
    pub(super) fn take_frame(&mut self, frame: &[u8]) {
        let taken = match ToEsp::decode(frame) {
            Ok(ToEsp::Init(init)) => self.take_init(&init),
            Ok(ToEsp::Publish(publication)) => self.take_publication(&publication),
            Ok(ToEsp::Subscribe { ticket, qos, filter }) => {
                self.take_subscription(ticket, qos, filter)
            }
            Ok(ToEsp::Unsubscribe { ticket, .. }) => {
                self.tell(ToHost::Unsubscribed { ticket });
                true
            }
            Ok(ToEsp::ShutDown) => {
                self.tell(ToHost::Stopped);
                true
            }
            // It speaks MQTT 3.1.1.
            #[cfg(feature = "mqtt5")]
            Ok(ToEsp::PublishWith(_) | ToEsp::SubscribeWith(_)) => true,
            // The original knows no credit, its messages were acknowledged long ago, and its slate
            // is clean at each start. Other frames than these do not exist. Nor are memory and time
            // its to tell: `m` is asked for its life, and `i` has no name for its answer (D-23).
            Ok(
                ToEsp::Credit { .. }
                | ToEsp::Release { .. }
                | ToEsp::SlateNoted
                | ToEsp::AskTime { .. }
                | ToEsp::AskMemory
                | ToEsp::Network(_),
            )
            | Err(_) => true,
        };
        self.host_blocked = !taken;
        self.due.sent = Some(if taken { frame.len() } else { 0 });
    }

    /// The settings were written when this dialect was made: the host gives the same at each start.
    fn take_init(&mut self, init: &Init<'_>) -> bool {
        self.room_bytes = usize::try_from(init.room_bytes).unwrap_or(usize::MAX);
        self.capacity_bytes = usize::try_from(init.capacity_bytes).unwrap_or(usize::MAX);
        self.clean_init = init.config.clean_init;
        if self.stage == Stage::AwaitingSettings {
            self.stage = if self.will_size > 0 { Stage::TellingWill } else { Stage::TellingInit };
        }
        true
    }

    fn takes_commands(&self) -> bool {
        self.stage == Stage::Running && self.connected && self.command.is_none()
    }

    /// While the original waits for the broker it does nothing else, so it is given nothing before
    /// there is a connection.
    fn take_publication(&mut self, publish: &Publish<'_>) -> bool {
        if !self.takes_commands() {
            return false;
        }
        let ticket = publish.ticket;
        match self.write_publication(publish) {
            Some(size) => self.give(ticket, publish.qos(), false, size),
            None => self.tell(ToHost::Done { ticket, outcome: Outcome::TooLarge }),
        }
        true
    }

    fn write_publication(&mut self, publish: &Publish<'_>) -> Option<usize> {
        // This end has no memory for topics, so the host tells each of them whole.
        let topic = publish.topic.as_whole()?;
        if untellable(topic.as_bytes()).or_else(|| untellable(publish.payload)).is_some() {
            return None;
        }
        RecordWriter::new(self.record.as_mut(), "p")
            .field(topic)
            .field(publish.payload)
            .truth(publish.retain)
            .number(u32::from(publish.qos().as_u8()))
            .finish()
            .ok()
    }

    fn take_subscription(&mut self, ticket: Ticket, qos: QoS, filter: &str) -> bool {
        if !self.takes_commands() {
            return false;
        }
        let record = RecordWriter::new(self.record.as_mut(), "s")
            .field(filter)
            .number(u32::from(qos.as_u8()))
            .finish();
        match record {
            Ok(size) if untellable(filter.as_bytes()).is_none() => {
                self.give(ticket, qos, true, size)
            }
            _ => self.tell(ToHost::Refused { ticket }),
        }
        true
    }

    const fn give(&mut self, ticket: Ticket, qos: QoS, subscribes: bool, size: usize) {
        self.record_size = size;
        self.command = Some(Command { ticket, qos, subscribes, sent_at: None, strikes: 0 });
    }

    /// One thing at a time: a query and a command are never open together, so that the answer to
    /// `m` behind a subscription is surely the answer to that.
    pub(super) fn next_sending(&self) -> Option<Sending> {
        if self.offered.is_some() || self.link_blocked {
            return None;
        }
        match self.stage {
            Stage::TellingWill => Some(Sending::Will),
            Stage::TellingInit => Some(Sending::Init),
            Stage::Starting if self.permission_due => Some(Sending::Permission),
            Stage::Running if self.command.is_some_and(|command| command.sent_at.is_none()) => {
                (!self.query_open).then_some(Sending::Command)
            }
            Stage::Running => {
                self.query_due_at().filter(|at| *at <= self.now).map(|_| Sending::Query)
            }
            _ => None,
        }
    }

    pub(super) fn show(&self, sending: Sending) -> &[u8] {
        match sending {
            Sending::Permission => PERMISSION,
            Sending::Will => &self.settings.as_ref()[..self.will_size],
            Sending::Init => {
                &self.settings.as_ref()[self.will_size..self.will_size + self.init_size]
            }
            Sending::Command => &self.record.as_ref()[..self.record_size],
            Sending::Query => QUERY,
        }
    }

    pub(super) fn take_sent(&mut self, count: usize) {
        let Some(sending) = self.offered.take() else { return };
        if count == 0 {
            self.link_blocked = true;
            return;
        }
        match sending {
            Sending::Permission => self.permission_due = false,
            Sending::Will => self.stage = Stage::AwaitingWillOk,
            Sending::Init => {
                self.stage = Stage::Starting;
                self.watch_start_up();
            }
            Sending::Command => self.begin_command(),
            Sending::Query => self.query_open = true,
        }
    }

    fn begin_command(&mut self) {
        let Some(command) = self.command.as_mut() else { return };
        command.sent_at = Some(self.now);
        self.life = Life::watch(self.now, self.options.command_timeout_ms, Reason::Watchdog);
        if !self.connected {
            self.life.pause(self.now);
        }
    }

    /// The link's memory is too small for a record.
    pub(super) fn take_unsendable(&mut self) {
        match self.offered.take() {
            Some(Sending::Command) => {
                let Some(command) = self.command.take() else { return };
                let ticket = command.ticket;
                self.tell(if command.subscribes {
                    ToHost::Refused { ticket }
                } else {
                    ToHost::Done { ticket, outcome: Outcome::TooLarge }
                });
            }
            Some(_) => {
                self.stage = Stage::AwaitingSettings;
                self.tell(ToHost::Unfit);
                self.life = Life::Off;
            }
            None => {}
        }
    }

    /// The command task has finished what it was given.
    pub(super) fn finish_command(&mut self) -> Option<Command> {
        let command = self.command.take()?;
        self.watch_idle();
        Some(command)
    }

    /// The connection ended. A subscription that the broker refuses ends every connection that it
    /// is tried on (D-38): one that did so four times is told as refused, and the ESP8266 must
    /// forget it.
    pub(super) fn strike(&mut self) {
        const SOON_MS: u32 = 3_000;
        const STRIKES: u8 = 4;
        let Some(command) = self.command.as_mut().filter(|command| command.subscribes) else {
            return;
        };
        let Some(sent_at) = command.sent_at else { return };
        if self.now <= sent_at.max(self.connected_at).plus_ms(SOON_MS) {
            command.strikes += 1;
            if command.strikes >= STRIKES {
                let ticket = command.ticket;
                self.tell(ToHost::Refused { ticket });
                self.give_up(ResetCause::GaveUp);
            }
        }
    }
}
