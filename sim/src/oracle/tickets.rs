//! What each ticket of the present host life stands for.

use std::collections::BTreeMap;

/// Tickets from here on are not kept in the dense table.
const DENSE_MAX: u32 = 1 << 20;

/// What a ticket was given for; the number is the place in the respective ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    Publication(u32),
    Subscription(u32),
    EndOfSubscription(u32),
}

/// A ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ticket {
    pub(super) used_for: Use,
    /// Its outcome was told.
    pub(super) is_ended: bool,
}

/// The tickets given since the host has power. Machines count them from 1.
#[derive(Default, Debug)]
pub(super) struct Tickets {
    dense: Vec<Option<Ticket>>,
    sparse: BTreeMap<u32, Ticket>,
}

impl Tickets {
    /// The host lost its memory: its next life counts from the start.
    pub(super) fn clear(&mut self) {
        self.dense.clear();
        self.sparse.clear();
    }

    /// Notes a ticket. False if it was given before.
    pub(super) fn give(&mut self, number: u32, used_for: Use) -> bool {
        let ticket = Ticket { used_for, is_ended: false };
        if number >= DENSE_MAX {
            return self.sparse.insert(number, ticket).is_none();
        }
        let place = number as usize;
        if self.dense.len() <= place {
            self.dense.resize(place + 1, None);
        }
        self.dense[place].replace(ticket).is_none()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Ticket> {
        if number >= DENSE_MAX {
            return self.sparse.get_mut(&number);
        }
        self.dense.get_mut(number as usize)?.as_mut()
    }

    pub(super) fn get(&self, number: u32) -> Option<&Ticket> {
        if number >= DENSE_MAX {
            return self.sparse.get(&number);
        }
        self.dense.get(number as usize)?.as_ref()
    }

    /// All tickets with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Ticket)> {
        let dense = self.dense.iter().enumerate();
        let dense = dense.filter_map(|(number, ticket)| Some((number as u32, (*ticket)?)));
        dense.chain(self.sparse.iter().map(|(&number, &ticket)| (number, ticket)))
    }
}
