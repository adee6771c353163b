//! TCP between the device and the broker's machine.
//!
//! A connection is two ordered pipes of bytes with delay. What does not get through is sent again,
//! with pauses that double, until the sender gives up after a minute: streams stall or end, but never
//! have a hole. Ends learn of an end independently of each other, and late packets of an old
//! connection never reach a new one.

mod advance;
mod connection;
mod pipe;

use std::collections::VecDeque;

use fivewire_core::client::TcpFailure;

use super::agenda::NEVER;
use super::faults::{Faults, Lasting};
use crate::observation::{ConnectionId, Ending};
use crate::random::{Purpose, Random};
use connection::{Connection, End, Handshake};

/// The device has this much room for bytes that are not acknowledged: two full segments, as lwIP
/// on small boards.
const DEVICE_BUFFER_BYTES: usize = 2_920;
/// The same of the broker's machine.
const BROKER_BUFFER_BYTES: usize = 16_384;

/// What the network is like for one step.
pub(super) struct Path<'a> {
    /// World time.
    pub(super) now: u64,
    /// The device is associated with the network.
    pub(super) associated: bool,
    pub(super) faults: &'a mut Faults,
}

impl Path<'_> {
    /// True if a segment gets through; if not, whoever is to blame has bitten.
    #[inline(always)]
    fn passes(&mut self, forgotten_by: Option<usize>) -> bool {
        if !self.associated {
            self.faults.bite(Lasting::WifiOutage);
            return false;
        }
        if self.faults.strikes(Lasting::WifiFade) {
            return false;
        }
        if let Some(fault) = forgotten_by {
            self.faults.bite_one(fault);
            return false;
        }
        !self.faults.strikes(Lasting::BrokerCrash)
    }
}

/// What an end of a connection is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Notice {
    /// It is open.
    Opened,
    /// The attempt failed (device only).
    Failed(TcpFailure),
    /// There is something to read, or the end of the stream.
    Readable,
    /// There is room for bytes again.
    Writable,
    /// It is over.
    Ended(Ending),
}

/// What there is to read for the device.
#[derive(Clone, Copy, Debug)]
pub(super) enum AtDevice<'a> {
    Nothing,
    Bytes(ConnectionId, &'a [u8]),
    /// The broker has closed the connection, and everything before that was read.
    End(ConnectionId),
}

/// An end of connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Device,
    Broker,
}

/// All connections, those included that only one end knows of.
#[derive(Clone, Debug)]
pub(super) struct Tcp {
    connections: Vec<Connection>,
    spare: Vec<Connection>,
    last_id: u32,
    /// The connection that the device has or is opening.
    current: Option<ConnectionId>,
    /// For the device, in order.
    pub(super) to_device: VecDeque<(ConnectionId, Notice)>,
    /// For the broker process, in order. They wait while it hangs.
    pub(super) to_broker: VecDeque<(ConnectionId, Notice)>,
    latency: Random,
    chopping: Random,
    chops: bool,
    latency_min_us: u32,
    latency_max_us: u32,
}

impl Tcp {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            connections: Vec::new(),
            spare: Vec::new(),
            last_id: 0,
            current: None,
            to_device: VecDeque::new(),
            to_broker: VecDeque::new(),
            latency: Random::new(seed, Purpose::Latency),
            chopping: Random::new(seed, Purpose::Chopping),
            chops: false,
            latency_min_us: 0,
            latency_max_us: 0,
        }
    }

    /// Starts over, with the memory it has.
    pub(super) fn reset(&mut self, seed: u64, setup: &crate::schedule::Setup) {
        self.spare.append(&mut self.connections);
        self.last_id = 0;
        self.current = None;
        self.to_device.clear();
        self.to_broker.clear();
        self.latency = Random::new(seed, Purpose::Latency);
        self.chopping = Random::new(seed, Purpose::Chopping);
        self.chops = setup.chops_segments;
        self.latency_min_us = setup.latency_min_ms.saturating_mul(1_000);
        self.latency_max_us = setup.latency_max_ms.saturating_mul(1_000);
    }

    /// When something has to be done.
    pub(super) fn next(&self) -> u64 {
        self.connections.iter().map(Connection::next).min().unwrap_or(NEVER)
    }

    /// The connection that the device has or is opening.
    pub(super) const fn current(&self) -> Option<ConnectionId> {
        self.current
    }

    #[inline(always)]
    fn arrival(&mut self, path: &mut Path<'_>) -> u64 {
        let extra_us = path.faults.extra_latency_us();
        if extra_us > 0 {
            path.faults.bite(Lasting::Latency);
        }
        let latency_us = self.latency.between(self.latency_min_us, self.latency_max_us);
        path.now + u64::from(latency_us) + extra_us
    }

    fn place(&self, id: ConnectionId) -> Option<usize> {
        self.connections.iter().position(|connection| connection.id == id)
    }

    fn current_place(&self) -> Option<usize> {
        self.place(self.current?)
    }

    /// The device starts an attempt.
    #[cold]
    pub(super) fn open(&mut self, path: &mut Path<'_>) -> ConnectionId {
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        let mut connection = self.spare.pop().unwrap_or_else(Connection::new);
        connection.start(id, self.arrival(path));
        self.connections.push(connection);
        self.current = Some(id);
        id
    }

    /// The attempt that was just started fails: there is no way to the broker's machine.
    pub(super) fn fail_to_open(&mut self) {
        let Some(place) = self.current_place() else { return };
        let connection = &mut self.connections[place];
        connection.device = End::Gone;
        connection.broker = End::Gone;
        self.to_device.push_back((connection.id, Notice::Failed(TcpFailure::Unreachable)));
        self.current = None;
        self.bury(place);
    }

    /// Drops what one end has not been told yet, up to the next end of a connection, and says which.
    pub(super) fn forget_notices(&mut self, side: Side) -> Option<(ConnectionId, Ending)> {
        let notices = match side {
            Side::Device => &mut self.to_device,
            Side::Broker => &mut self.to_broker,
        };
        loop {
            if let (id, Notice::Ended(ending)) = notices.pop_front()? {
                return Some((id, ending));
            }
        }
    }

    /// Takes what fits of `bytes` from the device's end of its connection.
    pub(super) fn write_current(&mut self, bytes: &[u8], path: &mut Path<'_>) -> usize {
        self.current.map_or(0, |id| self.write(Side::Device, id, bytes, path))
    }

    /// Takes what fits of `bytes` from one end, and says how much that was.
    pub(super) fn write(
        &mut self,
        side: Side,
        id: ConnectionId,
        bytes: &[u8],
        path: &mut Path<'_>,
    ) -> usize {
        let Some(place) = self.place(id) else { return 0 };
        let connection = &mut self.connections[place];
        let (end, pipe, capacity) = match side {
            Side::Device => (connection.device, &mut connection.up, DEVICE_BUFFER_BYTES),
            Side::Broker => (connection.broker, &mut connection.down, BROKER_BUFFER_BYTES),
        };
        if end != End::Open {
            return 0;
        }
        let taken = pipe.take(bytes, capacity);
        if taken > 0 {
            self.send(side, place, taken, path);
        }
        taken
    }

    /// Makes segments of the `size` bytes that were taken last.
    fn send(&mut self, side: Side, place: usize, size: usize, path: &mut Path<'_>) {
        let due = self.arrival(path);
        let connection = &mut self.connections[place];
        let pipe = match side {
            Side::Device => &mut connection.up,
            Side::Broker => &mut connection.down,
        };
        if !self.chops {
            pipe.send(size, due);
            return;
        }
        match self.chopping.below(8) {
            0 | 1 if pipe.join(size, path.now) => {}
            2 | 3 if size > 1 => {
                let first = 1 + self.chopping.below(size as u32 - 1) as usize;
                pipe.send(first, due);
                let gap_us = u64::from(self.chopping.below(20_000));
                pipe.send(size - first, due + gap_us);
            }
            _ => pipe.send(size, due),
        }
    }

    /// One end closes: the end of the stream follows everything that was taken.
    #[cold]
    pub(super) fn close(&mut self, side: Side, id: ConnectionId, path: &mut Path<'_>) {
        let Some(place) = self.place(id) else { return };
        let due = self.arrival(path);
        let answer_due = self.arrival(path) + due - path.now;
        let connection = &mut self.connections[place];
        match side {
            Side::Device if connection.device == End::Gone => {}
            Side::Broker if connection.broker == End::Gone => {}
            Side::Device => {
                if connection.handshake == Handshake::Done {
                    connection.up.finish(due);
                } else if connection.broker == End::Opening {
                    // The request may have been on its way; the broker's machine would only have
                    // learnt that nobody is there any more.
                    connection.broker = End::Gone;
                } else {
                    connection.finish_handshake();
                    connection.up.send_reset(answer_due);
                }
                connection.device = End::Gone;
                connection.down.discard_unread();
                self.current = None;
            }
            Side::Broker => {
                connection.down.finish(due);
                connection.broker = End::Gone;
                connection.up.discard_unread();
            }
        }
        self.bury(place);
    }

    /// The machine at one end vanishes without a word, from all connections it has. Tells of each.
    #[cold]
    pub(super) fn vanish(&mut self, side: Side, mut told: impl FnMut(ConnectionId)) {
        for connection in &mut self.connections {
            match side {
                Side::Device if connection.device != End::Gone => {
                    connection.device = End::Gone;
                    connection.up.lose_sender(&mut self.chopping);
                    connection.down.discard_unread();
                    if connection.broker == End::Opening {
                        connection.broker = End::Gone;
                    } else {
                        connection.finish_handshake();
                    }
                    told(connection.id);
                }
                // What it closed before it vanished is not sent again either.
                Side::Device => connection.up.lose_sender(&mut self.chopping),
                // One that it has not accepted yet is not one that it loses.
                Side::Broker if connection.broker == End::Opening => {}
                Side::Broker if connection.broker == End::Open => {
                    connection.broker = End::Gone;
                    connection.down.lose_sender(&mut self.chopping);
                    connection.up.discard_unread();
                    told(connection.id);
                }
                Side::Broker => connection.down.lose_sender(&mut self.chopping),
            }
        }
        if side == Side::Device {
            self.current = None;
        }
        self.bury_all();
    }

    /// Connections that the broker's machine knows of.
    pub(super) fn next_at_broker(&self) -> Option<ConnectionId> {
        self.connections.iter().find(|one| one.broker == End::Open).map(|one| one.id)
    }

    /// Both ends of the current connection are reset at once; an attempt is refused. False if there
    /// is none.
    pub(super) fn reset_current(&mut self) -> bool {
        let Some(place) = self.current_place() else { return false };
        let connection = &mut self.connections[place];
        let id = connection.id;
        let notice = match connection.device {
            End::Open => Notice::Ended(Ending::Reset),
            End::Opening | End::Gone => Notice::Failed(TcpFailure::Refused),
        };
        if connection.broker == End::Open {
            self.to_broker.push_back((id, Notice::Ended(Ending::Reset)));
        }
        connection.device = End::Gone;
        connection.broker = End::Gone;
        self.current = None;
        self.to_device.push_back((id, notice));
        self.bury(place);
        true
    }

    /// A box on the way forgets the current connection, if there is one.
    pub(super) fn forget_current(&mut self, fault: usize) {
        if let Some(place) = self.current_place() {
            self.connections[place].forgotten_by.get_or_insert(fault);
        }
    }

    /// What this end can read now.
    pub(super) fn unread(&self, side: Side, id: ConnectionId) -> &[u8] {
        match (self.place(id), side) {
            (Some(place), Side::Device) => self.connections[place].down.unread(),
            (Some(place), Side::Broker) => self.connections[place].up.unread(),
            (None, _) => &[],
        }
    }

    /// This end has read `size` bytes.
    pub(super) fn read(&mut self, side: Side, id: ConnectionId, size: usize, now: u64) {
        let Some(place) = self.place(id) else { return };
        // The news that there is room travels to the other end, and the bytes come back.
        let reopened = now + 2 * u64::from(self.latency_min_us);
        let connection = &mut self.connections[place];
        match side {
            Side::Device => connection.down.read(size, reopened),
            Side::Broker => connection.up.read(size, reopened),
        }
    }

    /// If the broker has read everything and the device has closed, it closes too: that is the end.
    pub(super) fn ends_at_broker(&mut self, id: ConnectionId, path: &mut Path<'_>) -> bool {
        let Some(place) = self.place(id) else { return false };
        let connection = &self.connections[place];
        let finished = connection.broker == End::Open && connection.up.is_finished();
        if finished {
            self.close(Side::Broker, id, path);
        }
        finished
    }

    /// What there is to read for the device.
    pub(super) fn at_device(&self) -> AtDevice<'_> {
        let Some(id) = self.current else { return AtDevice::Nothing };
        let Some(place) = self.place(id) else { return AtDevice::Nothing };
        let connection = &self.connections[place];
        let bytes = connection.down.unread();
        if !bytes.is_empty() {
            AtDevice::Bytes(id, bytes)
        } else if connection.down.has_ended() && connection.device == End::Open {
            AtDevice::End(id)
        } else {
            AtDevice::Nothing
        }
    }

    /// Forgets the connection at `place` once nobody knows of it.
    #[inline(always)]
    fn bury(&mut self, place: usize) {
        if self.connections[place].is_over() {
            self.spare.push(self.connections.remove(place));
        }
    }

    fn bury_all(&mut self) {
        for place in (0..self.connections.len()).rev() {
            self.bury(place);
        }
    }
}
