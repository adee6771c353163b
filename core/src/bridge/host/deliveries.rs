//! Messages that the application was given and the ESP8266 has not been told about.

use crate::checkpoint::{Checkpoint, Field, Fields, Out, Pass};
use crate::event::Delivery;

/// The ESP8266 has no more messages unreleased than `receive_maximum` allows.
const CAPACITY: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Entry {
    delivery: Delivery,
    /// Its name at the ESP8266 that received it.
    at_esp: u32,
    released: bool,
}

/// The table of deliveries.
#[derive(Debug)]
pub(super) struct Deliveries {
    entries: [Option<Entry>; CAPACITY],
    count: usize,
    last: u32,
}

impl Deliveries {
    pub(super) const fn new() -> Self {
        Self { entries: [None; CAPACITY], count: 0, last: 0 }
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) const fn is_full(&self) -> bool {
        self.count == CAPACITY
    }

    /// Notes that a message was handed out. The caller saw to it that there is room.
    pub(super) fn push(&mut self, at_esp: u32, released: bool) -> Delivery {
        let delivery = Delivery::new(self.last.wrapping_add(1)).unwrap_or(Delivery::FIRST);
        self.last = delivery.get();
        if let Some(free) = self.entries.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(Entry { delivery, at_esp, released });
            self.count += 1;
        }
        delivery
    }

    /// The application owns the message. False if its ESP8266 has started over since.
    pub(super) fn release(&mut self, delivery: Delivery) -> bool {
        let found = self.entries.iter_mut().flatten().find(|entry| entry.delivery == delivery);
        found.is_some_and(|entry| {
            entry.released = true;
            true
        })
    }

    /// The next release to be sent.
    pub(super) fn take_released(&mut self) -> Option<u32> {
        if self.count == 0 {
            return None;
        }
        let released = |slot: &&mut Option<Entry>| slot.is_some_and(|entry| entry.released);
        let entry = self.entries.iter_mut().find(released)?.take()?;
        self.count -= 1;
        Some(entry.at_esp)
    }

    /// The ESP8266 started over: the broker will deliver again what it got no answer for.
    pub(super) const fn clear(&mut self) {
        self.entries = [None; CAPACITY];
        self.count = 0;
    }
}

impl Checkpoint for Deliveries {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { entries, count, last } = self;
        pass.fields(entries)?;
        pass.field(count)?;
        pass.agrees(*count == entries.iter().flatten().count())?;
        pass.field(last)
    }
}

impl Field for Entry {
    fn put(&self, out: &mut Out<'_>) {
        let Self { delivery, at_esp, released } = self;
        delivery.put(out);
        at_esp.put(out);
        released.put(out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            delivery: Field::get(from)?,
            at_esp: Field::get(from)?,
            released: Field::get(from)?,
        })
    }
}
