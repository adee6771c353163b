//! The outbox's state, as a recording has it, and back.

use super::Outbox;
use super::record::{HEADER_BYTES, Record};
use crate::checkpoint::{Checkpoint, Pass};
use crate::storage::Storage;

impl<S: Storage> Checkpoint for Outbox<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            bytes,
            head,
            cursor,
            tail,
            in_flight,
            unacknowledged,
            qos0_given,
            last_packet_id,
            sending,
            next_deadline,
            planted: _,
        } = self;
        for position in [&mut *head, &mut *cursor, &mut *tail] {
            pass.field(position)?;
        }
        pass.agrees(*head <= *cursor && *cursor <= *tail)?;
        pass_records(bytes.as_mut(), *head, *tail, pass)?;
        for count in [in_flight, unacknowledged, qos0_given] {
            pass.field(count)?;
        }
        pass.field(last_packet_id)?;
        pass.field(&mut sending.start)?;
        pass.field(&mut sending.end)?;
        pass.agrees(sending.end <= bytes.as_ref().len())?;
        pass.field(next_deadline)
    }
}

/// The records from `at` to `tail`, the dead ones among them: they still take room.
fn pass_records(bytes: &mut [u8], mut at: usize, tail: usize, pass: &mut Pass<'_>) -> Option<()> {
    pass.agrees(tail <= bytes.len())?;
    while at < tail {
        pass.plain(bytes, at, at + HEADER_BYTES)?;
        let record = Record::read(bytes, at);
        let packet = record.packet();
        pass.agrees(record.size > HEADER_BYTES && packet.end <= tail)?;
        pass.packets(bytes, packet.start, packet.end)?;
        at = packet.end;
    }
    Some(())
}
