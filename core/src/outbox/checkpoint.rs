//! The outbox's state, as a recording has it, and back.

use super::Outbox;
use super::record::{ABANDONED, DEAD, HEADER_BYTES, LOST, Record};
use super::room::Room;
use crate::checkpoint::{Checkpoint, Pass, codes};
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
            room,
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
        pass.agrees(sending.start <= sending.end && sending.end <= bytes.as_ref().len())?;
        pass.field(next_deadline)?;
        pass.field(room)?;
        if pass.is_loading() { pass.agrees(self.is_coherent()) } else { Some(()) }
    }
}

codes! {
    Room {
        0 NobodyWaits,
        1 Awaited,
        2 Came,
    }
}

impl<S: Storage> Outbox<S> {
    /// What is known of the records besides is what they themselves say.
    fn is_coherent(&self) -> bool {
        let mut is_boundary = self.cursor == self.tail;
        let (mut in_flight, mut unacknowledged, mut qos0_given) = (0, 0, 0);
        let mut at = self.head;
        while at < self.tail {
            let record = Record::read(self.bytes.as_ref(), at);
            is_boundary |= at == self.cursor;
            at += record.size;
            if record.has(DEAD) {
                continue;
            }
            let given = record.at < self.cursor;
            if record.packet_id.is_some() {
                in_flight += usize::from(given);
                unacknowledged += usize::from(!record.has(ABANDONED));
            } else {
                qos0_given += usize::from(given || record.has(LOST));
            }
        }
        let counts = (self.in_flight, self.unacknowledged, self.qos0_given);
        is_boundary && counts == (in_flight, unacknowledged, qos0_given)
    }
}

/// The records from `at` to `tail`, the dead ones among them: they still take room.
fn pass_records(bytes: &mut [u8], mut at: usize, tail: usize, pass: &mut Pass<'_>) -> Option<()> {
    pass.agrees(tail <= bytes.len())?;
    while at < tail {
        pass.agrees(tail - at > HEADER_BYTES)?;
        pass.plain(bytes, at, at + HEADER_BYTES)?;
        let record = Record::read(bytes, at);
        pass.agrees(record.size > HEADER_BYTES && record.size <= tail - at)?;
        let packet = record.packet();
        pass.packets(bytes, packet.start, packet.end)?;
        at = packet.end;
    }
    Some(())
}
