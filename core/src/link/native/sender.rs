//! Frames to bytes: what is sent next, what is kept until it is acknowledged, what is sent again.

use super::checksum;
use super::frame::{HEADER_BYTES, Header, JOINED_MAX_BYTES, Key, Report, SYNC, TRAILER_BYTES};
use super::frame::{WINDOW_FRAMES, Whitening, ahead, credit_shift, next, payload_max};
use super::queue::{Queue, RECORD_BYTES};
use super::reply::Reply;
use crate::link::Counters;
use crate::planted::{Bug, Planted};
use crate::storage::Storage;

/// Own bits of silence after which an acknowledgement that is missing is asked for: longer than the
/// frame without payload that brings it.
const ASK_AFTER_BITS: u16 = 160;
/// Own bits after which an end that has no credit asks whether it got some: the frame that told may
/// be lost.
const PROBE_AFTER_BITS: u16 = 512;

/// There is no session with the other end any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hopeless;

/// A frame that is being sent.
#[derive(Clone, Copy, Debug)]
struct Current {
    header: [u8; HEADER_BYTES - 1],
    size: u16,
    /// Its number, if it has a payload.
    sequence: Option<u8>,
    /// Where its payload lies in the queue.
    offset: usize,
    /// Bytes that were sent.
    at: usize,
    crc: u32,
    whitening: Whitening,
    trailer: [u8; TRAILER_BYTES],
}

/// The sending half of an end. `S` is the caller's memory.
///
/// ```text
///   queue:   | acknowledged, still read | on its way | to be sent |
///            head                       acked        cursor ... (high: what was sent before going back)
/// ```
pub(super) struct Sender<S> {
    queue: Queue<S>,
    key: Key,
    /// The other end's memory.
    credit_shift: u8,
    payload_max: usize,
    /// The number of the oldest frame in the queue.
    head: u8,
    /// The number of the oldest frame that is not acknowledged.
    acked: u8,
    /// The number of the next frame to send, and where it lies.
    cursor: u8,
    cursor_at: usize,
    /// The number behind the newest frame that was sent.
    high: u8,
    /// Where the newest frame lies.
    last_at: usize,
    /// Where in the queue the other end's memory ends.
    limit_at: usize,
    current: Option<Current>,
    /// Own bits since the last frame, while an answer is missing.
    silence: u16,
    /// Since which step an answer is missing.
    waits_since: Option<u32>,
    /// After so many steps without progress there is no hope.
    patience_bits: u32,
    repair_bits: u32,
    planted: Planted,
}

impl<S: Storage> Sender<S> {
    pub(super) fn new(memory: S, repair_bits: u32, planted: Planted) -> Self {
        Self {
            queue: Queue::new(memory),
            key: Key::default(),
            credit_shift: 0,
            payload_max: 0,
            head: 0,
            acked: 0,
            cursor: 0,
            cursor_at: 0,
            high: 0,
            last_at: 0,
            limit_at: 0,
            current: None,
            silence: 0,
            waits_since: None,
            patience_bits: repair_bits,
            repair_bits,
            planted,
        }
    }

    /// A session begins with an end that has a receive memory of `peer_bytes`: what was left of the
    /// last one is dropped.
    pub(super) fn begin(&mut self, key: Key, peer_bytes: usize) {
        self.queue.clear();
        self.key = key;
        self.credit_shift = credit_shift(peer_bytes);
        self.payload_max = payload_max(peer_bytes).min(self.capacity());
        let shift = self.credit_shift;
        self.limit_at = (peer_bytes >> shift) << shift;
        (self.head, self.acked, self.cursor, self.high) = (0, 0, 0, 0);
        (self.cursor_at, self.last_at) = (0, 0);
        (self.current, self.silence, self.waits_since) = (None, 0, None);
        // Never less than four of the largest frames.
        let largest_bits = (self.payload_max + HEADER_BYTES + TRAILER_BYTES) * 8;
        self.patience_bits = self.repair_bits.max(4 * largest_bits as u32);
    }

    /// The largest frame that this end's memory can take.
    pub(super) fn capacity(&self) -> usize {
        (self.queue.capacity() - RECORD_BYTES).min(super::FRAME_MAX_BYTES)
    }

    /// The largest frame that both ends can take.
    pub(super) const fn payload_max(&self) -> usize {
        self.payload_max
    }

    /// True if a frame of this size can be queued now.
    pub(super) fn has_room(&self, size: usize) -> bool {
        size + RECORD_BYTES <= self.queue.free()
    }

    /// Queues a frame that there is room for.
    pub(super) fn push(&mut self, frame: &[u8]) -> bool {
        if self.join(frame) {
            return true;
        }
        let at = self.queue.used();
        let Some(room) = self.queue.reserve(frame.len()) else { return false };
        room.copy_from_slice(frame);
        self.queue.commit(frame.len() as u16, false);
        self.last_at = at;
        true
    }

    /// Puts a frame into the one before it, if that waits and both are small: so they share a
    /// header and a checksum.
    fn join(&mut self, frame: &[u8]) -> bool {
        let waits = self.cursor == self.high && self.last_at >= self.cursor_at;
        let Some(size) = self.queue.size_at(self.last_at).filter(|_| waits) else { return false };
        let growth = self.queue.growth(self.last_at, frame.len());
        if usize::from(size) + growth > self.payload_max.min(JOINED_MAX_BYTES) {
            return false;
        }
        // What has credit keeps it.
        let end = self.last_at + RECORD_BYTES + usize::from(size);
        if end <= self.limit_at && end + growth > self.limit_at {
            return false;
        }
        self.queue.join(self.last_at, frame)
    }

    /// The size of the next frame, if it may be sent now.
    fn ready(&self) -> Option<u16> {
        let size = self.queue.size_at(self.cursor_at)?;
        let end = self.cursor_at + usize::from(size) + RECORD_BYTES;
        let has_credit = end <= self.limit_at || self.planted.has(Bug::LinkCreditIgnored);
        (has_credit && ahead(self.acked, self.cursor) < WINDOW_FRAMES).then_some(size)
    }

    /// Sent and not acknowledged, or queued and without credit.
    fn waits(&self) -> bool {
        self.acked != self.high || self.cursor_at < self.queue.used()
    }

    /// Nothing is being sent, may be sent, or waits for its acknowledgement.
    pub(super) fn is_quiet(&self) -> bool {
        self.current.is_none() && self.acked == self.high && self.ready().is_none()
    }

    /// The next byte to send, if there is one: the last one has gone.
    pub(super) fn next_byte(
        &mut self,
        reply: &mut Reply,
        counters: &mut Counters,
    ) -> Result<Option<u8>, Hopeless> {
        if let Some(byte) = self.go_on(reply, counters) {
            return Ok(Some(byte));
        }
        let asks = self.is_answer_overdue(reply);
        if let Some(size) = self.ready() {
            if ahead(self.acked, self.high) > ahead(self.acked, self.cursor) {
                counters.resent = counters.resent.saturating_add(1);
            }
            self.start(size, Some(self.cursor), false);
            self.cursor = next(self.cursor);
            self.cursor_at += usize::from(size) + RECORD_BYTES;
            if ahead(self.acked, self.cursor) > ahead(self.acked, self.high) {
                self.high = self.cursor;
            }
        } else if asks || reply.is_due() {
            self.start(0, None, asks);
        } else {
            return Ok(None);
        }
        self.be_patient(counters.bits as u32)?;
        Ok(Some(SYNC))
    }

    /// A frame without payload that wants an answer, whatever there is to send.
    pub(super) fn greet(&mut self) -> u8 {
        self.start(0, None, true);
        SYNC
    }

    fn start(&mut self, size: u16, sequence: Option<u8>, asks: bool) {
        let number = sequence.unwrap_or(self.cursor);
        let joined = sequence.is_some() && self.queue.is_joined_at(self.cursor_at);
        let (header, crc) = Header { size, sequence: number, asks, joined }.encode(self.key);
        self.current = Some(Current {
            header,
            size,
            sequence,
            offset: self.cursor_at,
            at: 1,
            crc,
            whitening: Whitening::new(self.key, number),
            trailer: [0; TRAILER_BYTES],
        });
        self.silence = 0;
    }

    /// The next byte of the frame that is being sent, if one is: the last byte has gone.
    pub(super) fn go_on(&mut self, reply: &mut Reply, counters: &Counters) -> Option<u8> {
        self.current?;
        let byte = self.byte(reply);
        if byte.is_none() {
            self.current = None;
            reply.frame_left(counters.bits as u32);
            self.release();
        }
        byte
    }

    fn byte(&mut self, reply: &mut Reply) -> Option<u8> {
        let current = self.current.as_mut()?;
        let at = current.at;
        current.at += 1;
        if at < HEADER_BYTES {
            return Some(current.header[at - 1]);
        }
        let (at, size) = (at - HEADER_BYTES, usize::from(current.size));
        if at < size {
            let byte = self.queue.byte_at(current.offset, at) ^ current.whitening.next();
            current.crc = checksum::update(current.crc, byte);
            return Some(byte);
        }
        if at == size {
            current.trailer = reply.take().encode(current.crc);
        }
        current.trailer.get(at - size).copied()
    }

    /// Counts a bit of silence; true if it is time to ask.
    fn is_answer_overdue(&mut self, reply: &Reply) -> bool {
        if !self.waits() || reply.hears_frame {
            self.silence = 0;
            return false;
        }
        self.silence += 1;
        let after = if self.acked == self.high { PROBE_AFTER_BITS } else { ASK_AFTER_BITS };
        self.silence > after
    }

    /// A frame begins. If it wants an answer, the answer must come in a bounded number of steps.
    fn be_patient(&mut self, step: u32) -> Result<(), Hopeless> {
        match self.waits_since {
            _ if !self.waits() => self.waits_since = None,
            None => self.waits_since = Some(step),
            Some(since) if step.wrapping_sub(since) > self.patience_bits => return Err(Hopeless),
            Some(_) => {}
        }
        Ok(())
    }

    /// The other end says what it heard.
    pub(super) fn hear(&mut self, report: Report, step: u32) -> Result<(), Hopeless> {
        let newly = ahead(self.acked, report.expected);
        if newly > ahead(self.acked, self.high) {
            return Err(Hopeless);
        }
        self.silence = 0;
        let has_progress = newly > 0 || self.acked == self.high;
        if newly > ahead(self.acked, self.cursor) {
            self.cursor = report.expected;
            self.cursor_at = self.offset_of(report.expected);
        }
        self.acked = report.expected;
        let expected_at = self.offset_of(report.expected);
        let limit_at = expected_at + (usize::from(report.credit) << self.credit_shift);
        // Rounded to units, the end of the memory may seem to have come nearer. It never does.
        self.limit_at = self.limit_at.max(limit_at);
        let being_sent = self.current.is_some_and(|it| it.sequence == Some(report.expected));
        if report.lost && !being_sent {
            (self.cursor, self.cursor_at) = (report.expected, expected_at);
        }
        self.release();
        if has_progress {
            // Silence after the last acknowledgement is no wait, however long it lasts.
            self.waits_since = self.waits().then_some(step);
        }
        Ok(())
    }

    /// Where a frame lies in the queue.
    fn offset_of(&self, sequence: u8) -> usize {
        (0..ahead(self.head, sequence)).fold(0, |offset, _| {
            offset + self.queue.size_at(offset).map_or(0, |size| usize::from(size) + RECORD_BYTES)
        })
    }

    /// Drops what is acknowledged, but not what is being sent.
    fn release(&mut self) {
        let reading = self.current.and_then(|current| current.sequence);
        while self.head != self.acked && reading != Some(self.head) {
            let freed = self.queue.pop();
            self.head = next(self.head);
            self.cursor_at -= freed;
            self.limit_at -= freed;
            self.last_at = self.last_at.saturating_sub(freed);
            if let Some(current) = &mut self.current {
                current.offset = current.offset.saturating_sub(freed);
            }
        }
    }
}
