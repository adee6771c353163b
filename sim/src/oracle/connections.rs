//! The connections as the broker's socket sees them.

use std::collections::VecDeque;

use fivewire_core::time::Instant;

use super::messages::TextId;
use super::mqtt5::Aliases;
use super::p6_answers::LeftOut;
use super::reader::Reader;

/// What an unanswered packet of the device asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Request {
    Publish(u32),
    /// A SUBSCRIBE with so many filters, which follow in [`Connection::asked`].
    Subscribe(usize),
    Unsubscribe(usize),
}

/// A PUBLISH of the broker with QoS 1 or 2 that the device has not acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unreleased {
    pub(super) packet_id: u16,
    pub(super) qos: u8,
    pub(super) text: TextId,
    pub(super) size_bytes: usize,
    /// The topic, where an alias took its place (MQTT 5).
    pub(super) left_out_bytes: usize,
    /// Losses of the link there had been; `None` where no host hears of what the client does.
    pub(super) link_losses_before: Option<u32>,
}

/// One connection.
#[derive(Default, Debug)]
pub(super) struct Connection {
    /// Its number; 0 where the slot is free.
    pub(super) id: u32,
    /// The host life whose device opened it.
    pub(super) life: u32,
    pub(super) from_device: Reader,
    pub(super) from_broker: Reader,
    /// What topic aliases stand for on it (MQTT 5).
    pub(super) aliases_of_device: Aliases,
    pub(super) aliases_of_broker: Aliases,
    /// When the last PINGREQ came.
    pub(super) pinged_at: Option<Instant>,
    /// SUBACKs that the broker wrote.
    pub(super) subacks: u32,
    /// When the broker's machine accepted it.
    pub(super) opened_at: Instant,
    /// A CONNECT came, with this clean session flag.
    pub(super) connect: Option<bool>,
    /// A CONNACK was written, with this return code.
    pub(super) connack: Option<u8>,
    /// Which session of the device it is: counted from 1, one more each time the broker begins anew.
    pub(super) session: u32,
    /// DISCONNECT came.
    pub(super) is_disconnecting: bool,
    /// A fault was at work since it was opened.
    pub(super) is_harmed: bool,
    /// The broker was made to write malformed bytes: nothing on it is judged from there on.
    pub(super) is_tainted: bool,
    /// It is over at the device's end.
    pub(super) is_left: bool,
    /// Requests without an answer, oldest first.
    pub(super) requests: Vec<(u16, Request)>,
    /// Filters of the unanswered SUBSCRIBE and UNSUBSCRIBE packets, oldest first.
    pub(super) asked: VecDeque<u32>,
    /// What the broker sent with QoS 1 or 2 and the device has not acknowledged, oldest first.
    pub(super) unreleased: VecDeque<Unreleased>,
    /// What of the requests the broker seems to have left out.
    pub(super) left_out: LeftOut,
    /// PUBREL packets of the broker without a PUBCOMP.
    pub(super) completing: Vec<u16>,
    /// The first-arrival number of the last redelivered publication.
    pub(super) redelivered: u32,
}

impl Connection {
    /// The session is up as the broker sees it.
    pub(super) fn is_accepted(&self) -> bool {
        self.connack == Some(0)
    }

    /// Takes the request with this identifier, if it is of the kind that `is_kind` wants.
    pub(super) fn answer(
        &mut self,
        packet_id: u16,
        is_kind: impl Fn(Request) -> bool,
    ) -> Option<Request> {
        let place = self
            .requests
            .iter()
            .position(|&(number, request)| number == packet_id && is_kind(request))?;
        Some(self.requests.remove(place).1)
    }

    /// The answer to this SUBSCRIBE or UNSUBSCRIBE comes: what was asked of the same filter before has been
    /// left out, and is superseded.
    pub(super) fn supersede_before(&mut self, answered: u16) {
        let Some(&filter) = self.asked.get(self.filters_before(answered)) else { return };
        let (mut place, mut start) = (0, 0);
        while let Some(&(number, request)) = self.requests.get(place) {
            if number == answered {
                return;
            }
            let count = match request {
                Request::Publish(_) => 0,
                Request::Subscribe(count) | Request::Unsubscribe(count) => count,
            };
            if count == 1 && self.asked[start] == filter {
                self.requests.remove(place);
                self.asked.remove(start);
            } else {
                (place, start) = (place + 1, start + count);
            }
        }
    }

    /// Where the filters of the request with this identifier begin in `asked`.
    pub(super) fn filters_before(&self, packet_id: u16) -> usize {
        let before = self.requests.iter().take_while(|&&(number, _)| number != packet_id);
        before
            .map(|&(_, request)| match request {
                Request::Publish(_) => 0,
                Request::Subscribe(count) | Request::Unsubscribe(count) => count,
            })
            .sum()
    }

    fn open(&mut self, id: u32, life: u32, is_harmed: bool, is_v5: bool, now: Instant) {
        self.id = id;
        self.life = life;
        self.from_device.restart(is_v5);
        self.from_broker.restart(is_v5);
        self.aliases_of_device.clear();
        self.aliases_of_broker.clear();
        self.opened_at = now;
        self.pinged_at = None;
        self.subacks = 0;
        self.connect = None;
        self.connack = None;
        self.session = 0;
        self.is_disconnecting = false;
        self.is_harmed = is_harmed;
        self.is_tainted = false;
        self.is_left = false;
        self.requests.clear();
        self.asked.clear();
        self.unreleased.clear();
        self.left_out = LeftOut::default();
        self.completing.clear();
        self.redelivered = 0;
    }
}

/// A connection that the broker's machine accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted {
    pub(super) id: u32,
    /// The device's life, and the troubles there had been.
    pub(super) life: u32,
    pub(super) troubles: u32,
    /// Nothing threatens it now.
    pub(super) is_safe: bool,
    /// MQTT 5 is spoken.
    pub(super) is_v5: bool,
    pub(super) now: Instant,
}

/// The connections that exist. Slots are used again, with the memory they have.
#[derive(Default, Debug)]
pub(super) struct Connections {
    slots: Vec<Connection>,
    /// The last attempt at the device: its number, the device's life, and troubles until then.
    attempt: (u32, u32, u32),
}

impl Connections {
    /// The slot of a connection.
    pub(super) fn find(&self, id: u32) -> Option<usize> {
        self.slots.iter().position(|slot| slot.id == id)
    }

    /// The device attempts to connect, in this life and after so many troubles.
    pub(super) const fn attempt(&mut self, id: u32, life: u32, troubles: u32) {
        self.attempt = (id, life, troubles);
    }

    /// The last attempt.
    pub(super) const fn last_attempt(&self) -> u32 {
        self.attempt.0
    }

    /// The broker's machine accepted a connection.
    pub(super) fn accept(&mut self, new: Accepted) {
        let Accepted { id, life, troubles, is_safe, is_v5, now } = new;
        if self.find(id).is_some() {
            return;
        }
        let slot = self.find(0).unwrap_or_else(|| {
            self.slots.push(Connection::default());
            self.slots.len() - 1
        });
        let (attempted, life_then, troubles_then) = self.attempt;
        let is_known = attempted == id;
        let is_harmed = !is_safe || is_known && troubles_then != troubles;
        let life = if is_known { life_then } else { life };
        self.slots[slot].open(id, life, is_harmed, is_v5, now);
    }

    /// Ends a connection. Its slot keeps what it knows until it is used again.
    pub(super) fn close(&mut self, slot: usize) {
        self.slots[slot].id = 0;
    }

    pub(super) fn get(&self, slot: usize) -> &Connection {
        &self.slots[slot]
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> &mut Connection {
        &mut self.slots[slot]
    }

    /// The connections that exist.
    pub(super) fn live(&self) -> impl Iterator<Item = &Connection> {
        self.slots.iter().filter(|slot| slot.id != 0)
    }

    /// The connections that exist, to be changed.
    pub(super) fn live_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.slots.iter_mut().filter(|slot| slot.id != 0)
    }
}
