//! What the records of the original ESP8266 become.

use super::{Command, HostDialect, SpecifiedNetwork, Stage};
use crate::bridge::frame::{Message, Outcome, Status, ToHost};
use crate::bridge::host::INBOUND_HEADER_BYTES;
use crate::bridge::original::record::{Fields, SEPARATOR, split};
use crate::bridge::original::{Generation, status};
use crate::bridge::topics::Naming;
use crate::event::{DownReason, ResetCause};
use crate::mqtt::topic::validate_name;
use crate::mqtt::{Packet, Publish, QoS};
use crate::storage::Storage;

impl<S: Storage> HostDialect<S> {
    pub(super) fn take_record(&mut self, record: &[u8]) {
        if self.stage == Stage::Down {
            return;
        }
        if self.cut {
            // The last part says at its end whether the message is retained, as every message does.
            self.cut = split_retained(record).is_none();
            return;
        }
        let (command, fields) = split(record);
        match command {
            b"t" => self.take_status(fields),
            b"u" => self.take_message(fields),
            b"m" => self.take_memory(),
            // Nobody asked for the time.
            b"i" => {}
            _ => self.give_up(ResetCause::Garbage),
        }
    }

    fn take_status(&mut self, mut fields: Fields<'_>) {
        let number = fields.number().and_then(|number| u8::try_from(number).ok());
        let number = number.unwrap_or(status::UNKNOWN);
        self.due.status = Some(number);
        if self.stage != Stage::Running {
            self.watch_start_up();
        }
        match number {
            status::BROKER_OK | status::DEFNET => {}
            status::BROKER_CHECK => self.tell(ToHost::Status(Status::Wifi(true))),
            status::SPECNET => self.take_question(),
            status::PUBOK => self.take_done(),
            status::RUNNING => self.take_running(),
            status::WILLOK => {
                if self.stage == Stage::AwaitingWillOk {
                    self.stage = Stage::TellingInit;
                }
            }
            status::BROKER_FAIL => {
                self.tell(ToHost::Status(Status::AttemptFailed(DownReason::TcpUnreachable)));
                self.give_up(ResetCause::GaveUp);
            }
            status::WIFI_UP => self.take_up(),
            status::WIFI_DOWN => self.take_down(),
            _ => self.give_up(ResetCause::Garbage),
        }
    }

    fn take_question(&mut self) {
        match self.options.specified_network {
            SpecifiedNetwork::Allow => self.permission_due = self.stage == Stage::Starting,
            SpecifiedNetwork::Refuse => {
                self.tell(ToHost::Status(Status::AttemptFailed(DownReason::JoinFailed)));
                self.give_up(ResetCause::GaveUp);
            }
        }
    }

    fn take_running(&mut self) {
        if self.stage != Stage::Starting {
            return;
        }
        self.stage = Stage::Running;
        self.watch_idle();
        self.tell(ToHost::Ready { resumed: false });
        if self.clean_init {
            self.tell(ToHost::SlateDone);
        }
        self.take_up();
    }

    /// Status 9 follows 5, where the connection is known already.
    fn take_up(&mut self) {
        if self.stage != Stage::Running || self.connected {
            return;
        }
        self.connected = true;
        self.connected_at = self.now;
        self.tell(ToHost::Status(Status::Connected { session_present: false }));
        self.resume_life();
    }

    /// Network or broker are lost; which of them, the original does not say.
    fn take_down(&mut self) {
        if self.stage != Stage::Running {
            self.tell(ToHost::Status(Status::AttemptFailed(DownReason::JoinFailed)));
            self.give_up(ResetCause::GaveUp);
            return;
        }
        if !core::mem::take(&mut self.connected) {
            return;
        }
        self.tell(ToHost::Status(Status::Disconnected(DownReason::TcpClosed)));
        if self.command.is_some_and(|command| command.sent_at.is_some()) {
            self.life.pause(self.now);
        }
        self.strike();
    }

    /// Status 4 carries no name: it finishes the one publication under way.
    fn take_done(&mut self) {
        if !self.command.is_some_and(|command| !command.subscribes && command.sent_at.is_some()) {
            return;
        }
        let Some(command) = self.finish_command() else { return };
        let outcome = if command.qos == QoS::AtMostOnce { Outcome::Sent } else { Outcome::Acked };
        self.tell(ToHost::Done { ticket: command.ticket, outcome });
    }

    /// The command task lives, and has finished everything before this question.
    fn take_memory(&mut self) {
        if !core::mem::take(&mut self.query_open) {
            return;
        }
        // One that was given meanwhile has not been sent yet.
        match self.command.filter(|command| command.sent_at.is_some()) {
            Some(Command { ticket, qos, .. }) => {
                self.finish_command();
                self.tell(ToHost::Granted { ticket, qos });
            }
            None => self.watch_idle(),
        }
    }

    fn take_message(&mut self, mut fields: Fields<'_>) {
        let Some(topic) = fields.text().filter(|topic| validate_name(topic).is_ok()) else {
            self.drop_message();
            return;
        };
        let rest = fields.rest();
        let (payload, retain) = match (self.options.generation, split_retained(rest)) {
            (Generation::V022, _) => (rest, false),
            (Generation::V01, Some(whole)) => whole,
            (Generation::V01, None) => {
                self.cut = true;
                self.drop_message();
                return;
            }
        };
        let packet = Packet::Publish(Publish {
            dup: false,
            qos: QoS::AtMostOnce,
            retain,
            topic,
            packet_id: None,
            payload,
        });
        let cost = packet.encoded_len() + INBOUND_HEADER_BYTES;
        let message = Message {
            delivery: 0,
            dup: false,
            qos: QoS::AtMostOnce,
            retain,
            topic: Naming::whole(topic),
            payload,
        };
        self.keep_message(&ToHost::Message(message), cost);
    }

    const fn drop_message(&mut self) {
        self.dropped_in = self.dropped_in.saturating_add(1);
    }

    /// Keeps a message for the host. There is one at a time: the link is held until the host has
    /// room for it.
    fn keep_message(&mut self, message: &ToHost<'_>, cost: usize) {
        if self.message_size.is_some() {
            self.drop_message();
            return;
        }
        let size = message.encode(self.message.as_mut()).ok();
        let Some(size) = size.filter(|_| cost <= self.capacity_bytes) else {
            let size_bytes = u32::try_from(cost - INBOUND_HEADER_BYTES).unwrap_or(u32::MAX);
            self.tell(ToHost::TooLarge { qos: QoS::AtMostOnce, size_bytes });
            return;
        };
        self.message_size = Some((size, cost));
        if cost > self.room_bytes {
            self.held = true;
            self.due.hold = Some(true);
            // What the ESP8266 says now, cannot be heard.
            self.life.pause(self.now);
        }
    }

    /// The size of the message that waits, if the host has room for it now.
    pub(super) fn take_message_that_fits(&mut self) -> Option<usize> {
        let (size, cost) = self.message_size?;
        self.room_bytes = self.room_bytes.checked_sub(cost)?;
        self.message_size = None;
        if core::mem::take(&mut self.held) {
            self.due.hold = Some(false);
            self.resume_life();
        }
        Some(size)
    }

    /// Time counts, unless the ESP8266 cannot be heard, or waits for a connection.
    fn resume_life(&mut self) {
        let waits =
            !self.connected && self.command.is_some_and(|command| command.sent_at.is_some());
        if !self.held && !waits {
            self.life.resume(self.now);
        }
    }
}

/// What stands before the last field, if that says whether a message is retained.
fn split_retained(rest: &[u8]) -> Option<(&[u8], bool)> {
    let at = rest.iter().rposition(|byte| *byte == SEPARATOR)?;
    match &rest[at + 1..] {
        b"True" => Some((&rest[..at], true)),
        b"False" => Some((&rest[..at], false)),
        _ => None,
    }
}
