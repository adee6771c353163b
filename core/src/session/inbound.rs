//! The receive buffer: a stream in chunks of any size goes in, whole packets come out.
//!
//! PUBLISH packets that the application does not take yet stay in the buffer, and what comes behind
//! them is still read, so that acknowledgements get through:
//!
//! ```text
//! | kept PUBLISH packets | bytes not looked at | free |
//! head                   scan                  end
//! ```

use core::ops::Range;

use crate::checkpoint::{Checkpoint, Pass};
use crate::mqtt::{Breach, FixedHeader, ProtocolVersion, QoS, REMAINING_LENGTH_MAX, Split, split};
use crate::storage::Storage;

/// Room that a packet never fills, so that the start of the next one can be read and, if need be,
/// its rest be skipped.
pub(crate) const RESERVE_BYTES: usize = 32;

/// No packet is larger (MQTT 3.1.1 §2.2.3).
const PACKET_MAX_BYTES: usize = 5 + REMAINING_LENGTH_MAX as usize;

/// What lies at the place that is looked at next.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// Not even the start of a packet.
    Incomplete,
    /// The start of a packet whose rest has not arrived.
    Partial(FixedHeader),
    /// The start of a packet that is larger than the buffer can ever hold.
    TooLarge(FixedHeader),
    /// A whole packet.
    Whole(FixedHeader, Range<usize>),
}

/// The receive buffer. `S` holds the bytes.
pub(crate) struct Inbound<S> {
    bytes: S,
    head: usize,
    scan: usize,
    end: usize,
    /// Bytes still to come that belong to a packet that was given up.
    skip: usize,
}

impl<S: Storage> Inbound<S> {
    pub(crate) const fn new(bytes: S) -> Self {
        Self { bytes, head: 0, scan: 0, end: 0, skip: 0 }
    }

    pub(crate) fn into_storage(self) -> S {
        self.bytes
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    pub(crate) const fn clear(&mut self) {
        (self.head, self.scan, self.end, self.skip) = (0, 0, 0, 0);
    }

    /// The largest packet that can be received.
    pub(crate) fn packet_max_bytes(&self) -> usize {
        self.bytes.as_ref().len().saturating_sub(RESERVE_BYTES)
    }

    /// Bytes that can be taken now.
    pub(crate) fn free(&self) -> usize {
        self.bytes.as_ref().len() - (self.end - self.head)
    }

    /// The rest of a packet that was given up is still to come.
    pub(crate) const fn is_skipping(&self) -> bool {
        self.skip > 0
    }

    /// Nothing is here.
    pub(crate) const fn is_empty(&self) -> bool {
        self.head == self.end
    }

    /// Messages wait here.
    pub(crate) const fn keeps_messages(&self) -> bool {
        self.head < self.scan
    }

    /// Takes bytes of the stream. False if there is no room for them: the stream is then broken.
    pub(crate) fn push(&mut self, mut chunk: &[u8]) -> bool {
        let skipped = self.skip.min(chunk.len());
        self.skip -= skipped;
        chunk = &chunk[skipped..];
        if chunk.len() > self.free() {
            return false;
        }
        if self.bytes.as_ref().len() - self.end < chunk.len() {
            self.bytes.as_mut().copy_within(self.head..self.end, 0);
            (self.scan, self.end, self.head) = (self.scan - self.head, self.end - self.head, 0);
        }
        self.bytes.as_mut()[self.end..self.end + chunk.len()].copy_from_slice(chunk);
        self.end += chunk.len();
        true
    }

    /// Looks at the next packet without taking it.
    pub(crate) fn look(&self, version: ProtocolVersion) -> Result<Next, Breach> {
        let stream = self.arrived();
        if stream.is_empty() {
            return Ok(Next::Incomplete);
        }
        Ok(match version.split(stream)? {
            Split::Incomplete => Next::Incomplete,
            Split::Header(header) if header.packet_len() > self.packet_max_bytes() => {
                Next::TooLarge(header)
            }
            Split::Header(header) if header.packet_len() <= stream.len() => {
                Next::Whole(header, self.scan..self.scan + header.packet_len())
            }
            Split::Header(header) => Next::Partial(header),
        })
    }

    /// What has arrived from the packet on that is looked at.
    pub(crate) fn arrived(&self) -> &[u8] {
        &self.bytes.as_ref()[self.scan..self.end]
    }

    /// Leaves the packet that is looked at where it is, as a kept message.
    pub(crate) const fn keep(&mut self, size: usize) {
        self.scan += size;
    }

    /// Takes out the packet that is looked at, or what has arrived of it; the rest is skipped.
    pub(crate) fn drop_scanned(&mut self, size: usize) {
        let here = size.min(self.end - self.scan);
        self.skip += size - here;
        if self.head == self.scan {
            self.scan += here;
            self.head = self.scan;
        } else {
            self.bytes.as_mut().copy_within(self.scan + here..self.end, self.scan);
            self.end -= here;
        }
        self.rewind_if_empty();
    }

    /// The oldest kept message.
    pub(crate) fn first_kept(&self) -> Option<(FixedHeader, Range<usize>)> {
        if self.keeps_messages() { self.kept().next() } else { None }
    }

    /// The kept messages, oldest first.
    fn kept(&self) -> impl Iterator<Item = (FixedHeader, Range<usize>)> + '_ {
        let mut at = self.head;
        core::iter::from_fn(move || {
            let Ok(Split::Header(header)) = split(&self.bytes.as_ref()[at..self.scan]) else {
                return None;
            };
            let packet = at..at + header.packet_len();
            at = packet.end;
            Some((header, packet))
        })
    }

    /// Takes out the oldest kept message after it was handed out.
    pub(crate) const fn drop_first_kept(&mut self, size: usize) {
        self.head += size;
        self.rewind_if_empty();
    }

    /// Takes out the oldest kept QoS 0 message to make room. False if there is none.
    pub(crate) fn drop_kept_qos0(&mut self) -> bool {
        let found = self.kept().find(|(header, _)| publish_qos(header) == Some(QoS::AtMostOnce));
        found.is_some_and(|(_, packet)| self.cut(packet))
    }

    /// Takes out the newest kept message to make room. False if there is none.
    pub(crate) fn drop_newest_kept(&mut self) -> bool {
        let found = self.kept().last();
        found.is_some_and(|(_, packet)| self.cut(packet))
    }

    fn cut(&mut self, packet: Range<usize>) -> bool {
        let size = packet.len();
        self.bytes.as_mut().copy_within(packet.end..self.end, packet.start);
        self.scan -= size;
        self.end -= size;
        true
    }

    const fn rewind_if_empty(&mut self) {
        if self.head == self.end {
            (self.head, self.scan, self.end) = (0, 0, 0);
        }
    }
}

/// The packet identifier of a PUBLISH with QoS > 0, if `arrived` reaches that far.
pub(crate) fn publish_id(header: &FixedHeader, arrived: &[u8]) -> Option<u16> {
    let fields = arrived.get(header.header_len..)?;
    let topic_len = usize::from(u16::from_be_bytes(*fields.first_chunk()?));
    Some(u16::from_be_bytes(*fields.get(2 + topic_len..)?.first_chunk()?))
}

/// The QoS in the fixed header of a PUBLISH, `None` for other packets.
pub(crate) const fn publish_qos(header: &FixedHeader) -> Option<QoS> {
    if header.packet_type() == 3 { QoS::from_u8(header.first_byte >> 1 & 3) } else { None }
}

impl<S: Storage> Checkpoint for Inbound<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { bytes, head, scan, end, skip } = self;
        for position in [&mut *head, &mut *scan, &mut *end, skip] {
            pass.field(position)?;
        }
        pass.agrees(*head <= *scan && *scan <= *end && *skip <= PACKET_MAX_BYTES)?;
        // A packet that is skipped has left nothing here, so the first byte begins one.
        pass.packets(bytes.as_mut(), *head, *end)?;
        if pass.is_loading() { pass.agrees(self.keeps_whole_messages()) } else { Some(()) }
    }
}

impl<S: Storage> Inbound<S> {
    /// What is kept is messages from beginning to end.
    fn keeps_whole_messages(&self) -> bool {
        let mut at = self.head;
        for (header, packet) in self.kept() {
            if publish_qos(&header).is_none() || packet.end > self.scan {
                return false;
            }
            at = packet.end;
        }
        at == self.scan
    }
}
