//! P9 and P7: what becomes of the messages that reach a client without a bridge. The application is handed each
//! at once, in order and as it came; those that it does not take are kept, and what cannot be kept is counted.
//!
//! The receive buffer is modelled from its documented size. While messages fill it, those with QoS 0 give way,
//! the oldest first, and none sooner. If none is left nothing is read; and if acknowledgements may wait
//! behind messages for as long as an answer may take, whatever comes on that connection is shed.
//!
//! Judged where each step of the client is observed, as in [`p7_heard`](super::p7_heard). What a broker sends
//! with QoS 2 may be a repetition, which is answered and not told: nothing is judged from there on.

mod shedding;

use std::collections::VecDeque;

use fivewire_core::event::{DownReason, Event, Message};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use crate::schedule::CLIENT_RECEIVE_BYTES;

use super::facts::Facts;
use super::promise::Promise::{P5, P7, P9};
use super::reader::{Publish, Unfinished};
use super::sizes::RECEIVE_RESERVED_BYTES;
use super::verdict::Verdict;

/// The largest packet that can be received, and all that is kept.
const ROOM_BYTES: usize = (CLIENT_RECEIVE_BYTES - RECEIVE_RESERVED_BYTES) as usize;
/// So many messages are handed out before one is acknowledged.
const HANDED_OUT_MAX: u32 = 16;

/// What is compared of a message: its quality of service, its flags, and its payload by length and beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Kept {
    qos: u8,
    retain: bool,
    dup: bool,
    payload_bytes: usize,
    begins: [u8; 8],
    /// Not compared: it is told with its topic.
    size_bytes: usize,
}

impl Kept {
    fn new(qos: u8, (retain, dup): (bool, bool), payload: &[u8], size_bytes: usize) -> Self {
        let mut begins = [0; 8];
        let size = payload.len().min(begins.len());
        begins[..size].copy_from_slice(&payload[..size]);
        Self { qos, retain, dup, payload_bytes: payload.len(), begins, size_bytes }
    }

    fn is(&self, message: &Message<'_>) -> bool {
        let flags = (message.retain, message.dup);
        *self == Self::new(message.qos as u8, flags, message.payload, self.size_bytes)
    }
}

/// How much was dropped or shed since the device lives: at least, and at most if that is known.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Tally {
    pub(super) least: u32,
    pub(super) may_be_more: bool,
}

/// Whether what comes on this connection is shed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Shedding {
    #[default]
    No,
    /// The time for it has come, and whether it was taken cannot be seen.
    Perhaps,
    Yes,
}

/// What the client keeps.
#[derive(Default, Debug)]
pub(super) struct Buffer {
    /// A connection is there, and judged.
    is_judged: bool,
    /// What the client does on this connection cannot be foreseen.
    is_ignored: bool,
    connection: u32,
    kept: VecDeque<Kept>,
    kept_bytes: usize,
    /// The beginning of a packet.
    unfinished: Unfinished,
    /// Messages too large that came to their end, to be told.
    too_large: VecDeque<(u8, usize)>,
    /// Messages with QoS > 0 that were told on this connection, less acknowledgements that arrived.
    unacknowledged: u32,
    /// Those that were told on this connection and not released; the number of the first.
    unreleased: u32,
    first_delivery: Option<u32>,
    /// Nothing may have been read since then.
    full_since: Option<Instant>,
    /// Nothing was read since then, and in a time that is over.
    withheld_since: Option<Instant>,
    withheld: Option<(Instant, Instant)>,
    shedding: Shedding,
    pub(super) dropped_qos0: Tally,
    pub(super) shed: Tally,
}

impl Buffer {
    /// A connection was opened. `is_observed`: so is each step of the client.
    pub(super) fn opened(&mut self, connection: u32, is_observed: bool) {
        let Self { dropped_qos0, shed, .. } = *self;
        *self = Self { connection, dropped_qos0, shed, ..Self::default() };
        if !is_observed {
            self.ignore();
        }
    }

    /// The broker accepted it, and it is for messages. What a topic alias stood for has to be kept for the
    /// messages that use it: where the broker renames aliases, or memory for them is short, more may be held
    /// up than messages (MQTT 5).
    pub(super) fn accepted(&mut self, facts: &Facts) {
        let mqtt5 = facts.setup.mqtt5.as_ref();
        let has_plain_aliases = mqtt5.is_none_or(|mqtt5| {
            let is_roomy = mqtt5.wishes.connect_bytes == 0 && !mqtt5.limits.renames_aliases;
            mqtt5.aliases_from_broker == 0 || is_roomy
        });
        if has_plain_aliases && !facts.is_shutting_down && !self.is_ignored {
            self.is_judged = true;
        } else {
            self.ignore();
        }
    }

    /// What the client does cannot be foreseen for as long as the connection lasts.
    pub(super) const fn ignore(&mut self) {
        self.is_judged = false;
        self.is_ignored = true;
        self.dropped_qos0.may_be_more = true;
        self.shed.may_be_more = true;
    }

    /// The client said how much it dropped and shed. From here on that is known, unless it goes on unseen.
    #[cold]
    pub(super) fn counted(&mut self, dropped_qos0: u32, shed: u32) {
        let is_shedding = self.shedding != Shedding::No;
        // who sheds counts a message when it begins, and here it is counted once it has come to its end
        if self.is_judged && is_shedding {
            return;
        }
        let may_be_more = self.is_ignored || is_shedding;
        self.dropped_qos0 = Tally { least: dropped_qos0, may_be_more };
        self.shed = Tally { least: shed, may_be_more };
    }

    /// The device lost what it knew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// An acknowledgement arrived at the broker.
    pub(super) const fn acknowledged(&mut self, connection: u32) {
        if self.connection == connection {
            self.unacknowledged = self.unacknowledged.saturating_sub(1);
        }
    }

    /// The application released a message.
    pub(super) fn released(&mut self, delivery: u32) {
        if self.first_delivery.is_some_and(|first| delivery >= first) {
            self.unreleased = self.unreleased.saturating_sub(1);
        }
    }

    /// Bytes that are stored: all of a packet's beginning, but nothing of one that is skipped.
    const fn stored_bytes(&self) -> usize {
        let Unfinished { arrived_bytes, header_bytes, packet_bytes, is_qos0 } = self.unfinished;
        let is_too_large = header_bytes > 0 && packet_bytes > ROOM_BYTES;
        let is_skipped = is_too_large && (is_qos0 || self.kept_bytes == 0);
        self.kept_bytes + if is_skipped { 0 } else { arrived_bytes }
    }

    /// Bytes are about to reach the client.
    #[inline]
    pub(super) fn coming(&mut self, facts: &Facts, verdict: &mut Verdict, size_bytes: usize) {
        if !self.is_judged {
            return;
        }
        self.settled(facts, verdict);
        let stored_bytes = self.stored_bytes();
        let fits = stored_bytes + size_bytes <= ROOM_BYTES;
        // the beginning of a message too large may be stored or not
        let is_vague = self.unfinished.packet_bytes > ROOM_BYTES;
        if !fits && !is_vague && self.shedding != Shedding::Yes {
            self.is_in_time(facts, verdict);
            self.shed_from(facts.now);
        }
        if stored_bytes + size_bytes < ROOM_BYTES {
            self.full_since = None;
        } else {
            self.full_since.get_or_insert(facts.now);
        }
    }

    /// A whole PUBLISH reached the client.
    pub(super) fn came(&mut self, publish: &Publish<'_>, is_v5: bool) {
        if !self.is_judged {
            return;
        }
        let Publish { qos, retain, dup, payload, size_bytes, .. } = *publish;
        let is_too_large = size_bytes > ROOM_BYTES;
        if qos > 1 || (is_too_large && is_v5) || self.shedding == Shedding::Perhaps {
            return self.ignore();
        }
        match self.shedding {
            Shedding::Yes if qos == 0 => self.dropped_qos0.least += 1,
            Shedding::Yes => self.shed.least += 1,
            _ if is_too_large => self.too_large.push_back((qos, size_bytes)),
            _ => {
                self.kept.push_back(Kept::new(qos, (retain, dup), payload, size_bytes));
                self.kept_bytes += size_bytes;
            }
        }
    }

    /// What is left is the beginning of a packet.
    pub(super) const fn left(&mut self, unfinished: Unfinished) {
        self.unfinished = unfinished;
    }

    /// It told something.
    #[inline]
    pub(super) fn told(&mut self, facts: &Facts, verdict: &mut Verdict, event: &Event<'_>) {
        if !self.is_judged {
            return;
        }
        match event {
            Event::Message(message) => self.message_told(facts, verdict, message),
            Event::MessageTooLarge { qos, size_bytes } => {
                let next = self.too_large.pop_front();
                self.unacknowledged += u32::from(*qos != QoS::AtMostOnce);
                verdict.require(P7, next == Some((*qos as u8, *size_bytes)), || {
                    format!(
                        "a {qos:?} message of {size_bytes} B was told to be too large, and not \
                         {next:?}"
                    )
                });
            }
            Event::Disconnected { reason } => {
                self.is_judged = false;
                match reason {
                    DownReason::Shed => self.ended_as_shed(facts, verdict),
                    DownReason::AckOverdue => self.ended_as_overdue(facts, verdict),
                    _ => {}
                }
            }
            Event::AttemptFailed { .. } | Event::CleanSlate => self.is_judged = false,
            _ => {}
        }
    }

    fn message_told(&mut self, facts: &Facts, verdict: &mut Verdict, message: &Message<'_>) {
        self.reads_from(facts.now);
        self.unacknowledged += u32::from(message.qos != QoS::AtMostOnce);
        if let Some(delivery) = message.delivery {
            self.unreleased += 1;
            self.first_delivery.get_or_insert(delivery.get());
        }
        // those behind it may have found no room beside it
        while let Some(kept) = self.kept.front()
            && !kept.is(message)
            && kept.qos == 0
            && self.is_full()
        {
            self.drop_qos0();
        }
        if self.shedding == Shedding::No {
            self.full_since = None;
        }
        let next = self.kept.pop_front();
        self.kept_bytes -= next.map_or(0, |next| next.size_bytes);
        verdict.require(P5, next.is_some_and(|next| next.is(message)), || {
            let topic = message.topic;
            format!("a message on {topic:?} was told, and {next:?} is the next that is kept")
        });
    }

    const fn is_full(&self) -> bool {
        self.stored_bytes() >= ROOM_BYTES
    }

    fn drop_qos0(&mut self) -> bool {
        let place = self.kept.iter().position(|kept| kept.qos == 0);
        let dropped = place.and_then(|place| self.kept.remove(place));
        self.kept_bytes -= dropped.map_or(0, |dropped| dropped.size_bytes);
        self.dropped_qos0.least += u32::from(dropped.is_some());
        dropped.is_some()
    }

    /// The client has done all that it could before what comes now.
    #[inline]
    pub(super) fn settled(&mut self, facts: &Facts, verdict: &mut Verdict) {
        if self.is_judged
            && !(self.kept.is_empty() && self.too_large.is_empty() && !self.may_shed())
        {
            self.look(facts, verdict);
        }
    }

    const fn may_shed(&self) -> bool {
        self.full_since.is_some() || !matches!(self.shedding, Shedding::No)
    }

    #[cold]
    fn look(&mut self, facts: &Facts, verdict: &mut Verdict) {
        if self.shedding == Shedding::No {
            while self.is_full() && self.drop_qos0() {}
            if self.is_full() && self.may_shed_by_now(facts) {
                self.shedding = Shedding::Perhaps;
                self.reads_from(facts.now);
                self.shed.may_be_more = true;
                self.dropped_qos0.may_be_more = true;
            }
        }
        let withholds = self.shedding == Shedding::No && self.is_full();
        self.withheld_since = withholds.then(|| self.withheld_since.unwrap_or(facts.now));
        let takes = !facts.is_held && self.unacknowledged < HANDED_OUT_MAX;
        let next = self.kept.front();
        verdict.require(P7, !takes || next.is_none(), || {
            format!("the application takes messages, and was not handed what is kept: {next:?}")
        });
        let too_large = self.too_large.front();
        verdict.require(P7, too_large.is_none(), || {
            format!("a message too large came to its end, and was not told: {too_large:?}")
        });
        let has_all = takes && self.unacknowledged == 0;
        verdict.require(P9, !(has_all && self.shedding == Shedding::Yes), || {
            "the application has all that was kept, and the connection did not end".into()
        });
        if has_all {
            self.shedding = Shedding::No;
            self.full_since = None;
        }
    }
}
