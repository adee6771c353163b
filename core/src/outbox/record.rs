//! One record of the outbox: a header of fixed size, then the PUBLISH packet as it goes on the
//! wire.

use crate::event::Ticket;
use crate::mqtt::PacketId;
use crate::storage::{get_u16, get_u32, get_u64, put_u16, put_u32, put_u64};
use crate::time::Instant;

/// Bytes of a record before its packet.
pub(crate) const HEADER_BYTES: usize = 20;

const SIZE: usize = 0;
const TICKET: usize = 4;
const DEADLINE: usize = 8;
const PACKET_ID: usize = 16;
const FLAGS: usize = 18;
const NO_DEADLINE: u64 = u64::MAX;

/// DUP in the first byte of a PUBLISH packet (MQTT 3.1.1 §3.3.1.1).
pub(crate) const DUP_BIT: u8 = 0b1000;

/// Nothing more is to come of this record; its room is reclaimed.
pub(crate) const DEAD: u8 = 1;
/// It was given to a connection before: from now on it carries DUP.
pub(crate) const EVER_SENT: u8 = 2;
/// The application gave it up while it was under way: nothing is told when it is acknowledged.
pub(crate) const ABANDONED: u8 = 4;
/// QoS 0, and the connection ended while it was being sent.
pub(crate) const LOST: u8 = 8;
/// Another machine owns it (MQTT 5 over the bridge), and knows of its room: it is not given up while
/// it is under way.
pub(crate) const OWNED_ELSEWHERE: u8 = 16;

/// The header of a record, copied out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    /// Where it starts.
    pub(crate) at: usize,
    /// Its size, header included.
    pub(crate) size: usize,
    pub(crate) ticket: Ticket,
    pub(crate) deadline: Option<Instant>,
    /// `None` for QoS 0.
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) flags: u8,
}

impl Record {
    /// Reads the header at `at`.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Self {
        let header = &bytes[at..at + HEADER_BYTES];
        let deadline = get_u64(header, DEADLINE);
        Self {
            at,
            size: get_u32(header, SIZE) as usize,
            ticket: Ticket::new(get_u32(header, TICKET)).unwrap_or(Ticket::FIRST),
            deadline: (deadline != NO_DEADLINE).then(|| Instant::from_micros(deadline)),
            packet_id: PacketId::new(get_u16(header, PACKET_ID)),
            flags: header[FLAGS],
        }
    }

    /// Writes the header back.
    pub(crate) fn write(&self, bytes: &mut [u8]) {
        let header = &mut bytes[self.at..self.at + HEADER_BYTES];
        put_u32(header, SIZE, u32::try_from(self.size).unwrap_or(u32::MAX));
        put_u32(header, TICKET, self.ticket.get());
        put_u64(header, DEADLINE, self.deadline.map_or(NO_DEADLINE, Instant::as_micros));
        put_u16(header, PACKET_ID, self.packet_id.map_or(0, PacketId::get));
        header[FLAGS] = self.flags;
        header[FLAGS + 1] = 0;
    }

    pub(crate) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Sets a flag here and in the outbox.
    pub(crate) fn set(&mut self, bytes: &mut [u8], flag: u8) {
        self.flags |= flag;
        bytes[self.at + FLAGS] = self.flags;
    }

    /// Where its packet lies.
    pub(crate) const fn packet(&self) -> core::ops::Range<usize> {
        self.at + HEADER_BYTES..self.at + self.size
    }
}
