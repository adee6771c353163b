//! Bits to frames: finds where one begins, reads it, and keeps it if it is whole and the one that
//! is expected.

use super::checksum;
use super::frame::{Header, Key, Report, TRAILER_BYTES, WINDOW_FRAMES, Whitening, ahead};
use super::frame::{credit_shift, payload_max};
use super::queue::Queue;
use super::reply::Reply;
use super::window::Window;
use crate::link::Counters;
use crate::planted::{Bug, Planted};
use crate::storage::Storage;

/// What ended with a bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival {
    /// A whole frame: what it says of the other direction.
    Whole(Report),
    /// A whole frame that no end would send that keeps the rules: there is no session any more.
    Breach,
}

/// A frame that is being read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    header: Header,
    /// Bits that were heard of the current byte.
    bits: u8,
    /// Bytes that were heard behind the header.
    at: u16,
    crc: u32,
    whitening: Whitening,
    /// It is the one that is expected, and there is room for it.
    keeps: bool,
    trailer: [u8; TRAILER_BYTES],
}

/// The receiving half of an end. `S` is the caller's memory.
pub(super) struct Receiver<S> {
    queue: Queue<S>,
    payload_max: usize,
    credit_shift: u8,
    key: Key,
    reading: Option<Reading>,
    /// Something else than a frame or silence was heard since the last frame.
    junk: bool,
    planted: Planted,
}

impl<S: Storage> Receiver<S> {
    pub(super) fn new(memory: S, planted: Planted) -> Self {
        let queue = Queue::new(memory);
        let capacity = queue.capacity();
        Self {
            queue,
            payload_max: payload_max(capacity),
            credit_shift: credit_shift(capacity),
            key: Key::default(),
            reading: None,
            junk: false,
            planted,
        }
    }

    /// A session begins: what was left of the last one is dropped.
    pub(super) fn begin(&mut self, key: Key) -> Reply {
        self.queue.clear();
        self.key = key;
        self.reading = None;
        self.junk = false;
        Reply::new(self.credit())
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.queue.capacity()
    }

    /// The oldest frame that arrived.
    pub(super) fn front(&self) -> Option<&[u8]> {
        self.queue.front()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The oldest frame was handed out.
    pub(super) fn pop(&mut self, reply: &mut Reply) {
        self.queue.pass();
        reply.set_credit(self.credit());
    }

    /// Units of memory that are free.
    fn credit(&self) -> u8 {
        (self.queue.free() >> self.credit_shift) as u8
    }

    /// One more bit came: `window` are the last ones, `spilled` whether the one that left it was 1.
    #[inline]
    pub(super) fn hear(
        &mut self,
        window: &mut Window,
        spilled: bool,
        reply: &mut Reply,
        counters: &mut Counters,
    ) -> Option<Arrival> {
        if let Some(reading) = &mut self.reading {
            reading.bits += 1;
            if reading.bits < 8 {
                return None;
            }
            reading.bits = 0;
            return self.byte(window, reply, counters);
        }
        self.junk |= spilled;
        if let Some((header, crc)) = Header::find(window, self.key) {
            self.header(header, crc, reply, counters);
        }
        None
    }

    /// Bits that were heard of a byte of a frame; none between two frames.
    pub(super) fn bits_of_byte(&self) -> Option<u8> {
        self.reading.as_ref().map(|reading| reading.bits)
    }

    /// So many more bits came that do not complete a byte.
    pub(super) const fn pass(&mut self, bits: u8) {
        if let Some(reading) = &mut self.reading {
            reading.bits += bits;
        }
    }

    fn header(&mut self, header: Header, crc: u32, reply: &mut Reply, counters: &mut Counters) {
        let size = usize::from(header.size);
        if size > self.payload_max {
            return;
        }
        reply.frame_begins(counters.bits as u32);
        if self.junk {
            self.junk = false;
            counters.resyncs = counters.resyncs.saturating_add(1);
        }
        let expected =
            header.sequence == reply.expected || self.planted.has(Bug::LinkSequenceUnchecked);
        let keeps = size > 0 && expected && self.queue.reserve(size).is_some();
        self.reading = Some(Reading {
            header,
            bits: u8::from(self.planted.has(Bug::LinkOffsetWrong)),
            at: 0,
            crc,
            whitening: Whitening::new(self.key, header.sequence),
            keeps,
            trailer: [0; TRAILER_BYTES],
        });
    }

    /// The next byte of a frame is complete.
    fn byte(
        &mut self,
        window: &mut Window,
        reply: &mut Reply,
        counters: &mut Counters,
    ) -> Option<Arrival> {
        let reading = self.reading.as_mut()?;
        let (at, byte) = (usize::from(reading.at), window.byte());
        reading.at += 1;
        let Some(at) = at.checked_sub(usize::from(reading.header.size)) else {
            reading.crc = checksum::update(reading.crc, byte);
            if reading.keeps {
                self.queue.put(at, byte ^ reading.whitening.next());
            }
            return None;
        };
        reading.trailer[at] = byte;
        if at + 1 < TRAILER_BYTES {
            return None;
        }
        let reading = self.reading.take()?;
        reply.hears_frame = false;
        let (report, whole) = Report::decode(reading.trailer, reading.crc);
        if !whole && !self.planted.has(Bug::LinkCrcIgnored) {
            counters.rejected = counters.rejected.saturating_add(1);
            counters.damaged = counters.damaged.saturating_add(1);
            // Bits of the next frame may have been taken for this one's: they stay in the window.
            self.junk = true;
            if reading.keeps && self.planted.has(Bug::LinkAckWrong) {
                reply.accept();
            }
            reply.lost();
            return None;
        }
        *window = Window::default();
        Some(self.whole(&reading, report, reply, counters))
    }

    /// A whole frame arrived.
    fn whole(
        &mut self,
        reading: &Reading,
        report: Report,
        reply: &mut Reply,
        counters: &mut Counters,
    ) -> Arrival {
        let Header { size, sequence, asks, joined } = reading.header;
        if asks {
            reply.ask();
        }
        if reading.keeps && joined && !self.queue.are_joined(size) {
            return Arrival::Breach;
        }
        if reading.keeps {
            self.queue.commit(size, joined);
            reply.set_credit(self.credit());
            reply.expected = sequence;
            reply.accept();
            return Arrival::Whole(report);
        }
        let is_ahead = (1..=WINDOW_FRAMES).contains(&ahead(reply.expected, sequence));
        if size > 0 {
            if sequence == reply.expected {
                return Arrival::Breach;
            }
            counters.rejected = counters.rejected.saturating_add(1);
            reply.ask();
        }
        if is_ahead {
            reply.lost();
        } else if sequence == reply.expected {
            reply.nothing_lost();
        }
        Arrival::Whole(report)
    }

    /// Nothing of a frame was heard since the last one.
    pub(super) const fn is_quiet(&self) -> bool {
        self.reading.is_none()
    }
}
