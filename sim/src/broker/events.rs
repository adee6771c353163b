//! What happened and was not told yet.

use std::collections::VecDeque;
use std::ops::Range;

use fivewire_core::mqtt::{PacketId, Publish, QoS};

use super::interface::{ClientKey, CloseReason, Event};
use super::message::{MessageId, Messages};

/// A PUBLISH without the message it carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublishHeader {
    pub(super) dup: bool,
    pub(super) qos: QoS,
    pub(super) retain: bool,
    pub(super) packet_id: Option<PacketId>,
}

/// A text in [`EventLog::texts`].
type Text = Range<usize>;

/// An event without its texts and messages.
#[derive(Debug)]
pub(super) enum Record {
    Connected { key: ClientKey, client_id: Text, clean_session: bool, session_present: bool },
    Disconnected { key: ClientKey, client_id: Option<Text>, reason: CloseReason },
    PublishReceived { key: ClientKey, header: PublishHeader, message: MessageId, repeated: bool },
    Delivered { key: ClientKey, header: PublishHeader, message: MessageId },
    WillPublished { key: ClientKey, qos: QoS, retain: bool, message: MessageId },
    QueueOverflow { client_id: Text, message: MessageId },
    SessionExpired { client_id: Text },
    MessageExpired { client_id: Text, message: MessageId },
}

impl Record {
    fn message(&self) -> Option<MessageId> {
        match self {
            Self::Connected { .. } | Self::Disconnected { .. } | Self::SessionExpired { .. } => {
                None
            }
            Self::PublishReceived { message, .. }
            | Self::Delivered { message, .. }
            | Self::WillPublished { message, .. }
            | Self::MessageExpired { message, .. }
            | Self::QueueOverflow { message, .. } => Some(*message),
        }
    }
}

/// Events in their order. Each is a few words: messages are held, not copied.
#[derive(Debug)]
pub(super) struct EventLog {
    wanted: bool,
    records: VecDeque<Record>,
    /// The message of the event that the caller looks at: held until the caller asks for the next.
    lent: Option<MessageId>,
    /// Client identifiers, since a session may be gone when its event is told.
    texts: String,
}

impl EventLog {
    pub(super) fn new(wanted: bool) -> Self {
        Self { wanted, records: VecDeque::new(), lent: None, texts: String::new() }
    }

    pub(super) const fn set_wanted(&mut self, wanted: bool) {
        self.wanted = wanted;
    }

    fn text(&mut self, text: &str) -> Text {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }

    fn push_holding(&mut self, messages: &mut Messages, message: MessageId, record: Record) {
        messages.hold(message);
        self.records.push_back(record);
    }

    pub(super) fn connected(
        &mut self,
        key: ClientKey,
        client_id: &str,
        clean_session: bool,
        session_present: bool,
    ) {
        if self.wanted {
            let client_id = self.text(client_id);
            let record = Record::Connected { key, client_id, clean_session, session_present };
            self.records.push_back(record);
        }
    }

    pub(super) fn disconnected(
        &mut self,
        key: ClientKey,
        client_id: Option<&str>,
        reason: CloseReason,
    ) {
        if self.wanted {
            let client_id = client_id.map(|client_id| self.text(client_id));
            self.records.push_back(Record::Disconnected { key, client_id, reason });
        }
    }

    pub(super) fn publish_received(
        &mut self,
        messages: &mut Messages,
        key: ClientKey,
        header: PublishHeader,
        message: MessageId,
        repeated: bool,
    ) {
        if self.wanted {
            let record = Record::PublishReceived { key, header, message, repeated };
            self.push_holding(messages, message, record);
        }
    }

    pub(super) fn delivered(
        &mut self,
        messages: &mut Messages,
        key: ClientKey,
        header: PublishHeader,
        message: MessageId,
    ) {
        if self.wanted {
            self.push_holding(messages, message, Record::Delivered { key, header, message });
        }
    }

    pub(super) fn will_published(
        &mut self,
        messages: &mut Messages,
        key: ClientKey,
        qos: QoS,
        retain: bool,
        message: MessageId,
    ) {
        if self.wanted {
            let record = Record::WillPublished { key, qos, retain, message };
            self.push_holding(messages, message, record);
        }
    }

    pub(super) fn queue_overflow(
        &mut self,
        messages: &mut Messages,
        client_id: &str,
        message: MessageId,
    ) {
        if self.wanted {
            let client_id = self.text(client_id);
            self.push_holding(messages, message, Record::QueueOverflow { client_id, message });
        }
    }

    #[cold]
    pub(super) fn session_expired(&mut self, client_id: &str) {
        if self.wanted {
            let client_id = self.text(client_id);
            self.records.push_back(Record::SessionExpired { client_id });
        }
    }

    #[cold]
    pub(super) fn message_expired(
        &mut self,
        messages: &mut Messages,
        client_id: &str,
        message: MessageId,
    ) {
        if self.wanted {
            let client_id = self.text(client_id);
            self.push_holding(messages, message, Record::MessageExpired { client_id, message });
        }
    }

    /// Takes the next event out, and lets go of the one before.
    pub(super) fn next(&mut self, messages: &mut Messages) -> Option<Record> {
        if let Some(message) = self.lent.take() {
            messages.release(message);
        }
        if self.records.is_empty() {
            self.texts.clear();
            return None;
        }
        let record = self.records.pop_front()?;
        self.lent = record.message();
        Some(record)
    }

    /// The event of the record that [`Self::next`] gave last.
    pub(super) fn event<'a>(&'a self, record: Record, messages: &'a Messages) -> Event<'a> {
        let publish = |header: PublishHeader, message| Publish {
            dup: header.dup,
            qos: header.qos,
            retain: header.retain,
            topic: messages.topic(message),
            packet_id: header.packet_id,
            payload: messages.payload(message),
        };
        match record {
            Record::Connected { key, client_id, clean_session, session_present } => {
                let client_id = &self.texts[client_id];
                Event::Connected { key, client_id, clean_session, session_present }
            }
            Record::Disconnected { key, client_id, reason } => {
                let client_id = client_id.map(|client_id| &self.texts[client_id]);
                Event::Disconnected { key, client_id, reason }
            }
            Record::PublishReceived { key, header, message, repeated } => {
                Event::PublishReceived { key, publish: publish(header, message), repeated }
            }
            Record::Delivered { key, header, message } => {
                Event::Delivered { key, publish: publish(header, message) }
            }
            Record::WillPublished { key, qos, retain, message } => {
                let (topic, payload) = (messages.topic(message), messages.payload(message));
                Event::WillPublished { key, topic, payload, qos, retain }
            }
            Record::SessionExpired { client_id } => {
                Event::SessionExpired { client_id: &self.texts[client_id] }
            }
            Record::MessageExpired { client_id, message } => Event::MessageExpired {
                client_id: &self.texts[client_id],
                topic: messages.topic(message),
                payload: messages.payload(message),
            },
            Record::QueueOverflow { client_id, message } => Event::QueueOverflow {
                client_id: &self.texts[client_id],
                topic: messages.topic(message),
                payload: messages.payload(message),
            },
        }
    }
}
