//! What a schedule came to.

use core::fmt;

use fivewire_core::event::Event;

use crate::hash::Hash;

/// What was decided in a schedule, and a few counts that show that it was not nothing.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Of all that the machines wanted, told and answered, with its time.
    pub hash: Hash,
    /// Connections that the broker accepted.
    pub connections: u32,
    /// Publications that it acknowledged.
    pub acknowledged: u32,
    /// Messages that were handed out.
    pub messages: u32,
    /// Messages among them that had properties.
    pub properties: u32,
    /// Sessions of the link.
    pub links: u32,
}

impl Outcome {
    pub(crate) const fn new() -> Self {
        Self {
            hash: Hash::new(),
            connections: 0,
            acknowledged: 0,
            messages: 0,
            properties: 0,
            links: 0,
        }
    }

    /// Something with all its fields, at a time.
    pub(crate) fn note(&mut self, at_us: u64, what: &impl fmt::Debug) {
        self.hash.note(at_us, what);
    }

    /// What the application is told.
    pub(crate) fn told(&mut self, at_us: u64, event: &Event<'_>) {
        match event {
            Event::Connected { .. } => self.connections += 1,
            Event::Acked(_) => self.acknowledged += 1,
            Event::Message(message) => {
                self.messages += 1;
                self.properties += u32::from(!message.properties.is_empty());
            }
            _ => {}
        }
        self.note(at_us, event);
    }
}
