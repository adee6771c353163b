//! The device's connections, as far as faults take hold of a single one. What takes hold of the whole
//! way between two machines is turmoil's.

use std::task::Waker;

use crate::observation::{ConnectionId, Ending};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;
use crate::world::Lasting;

use super::stage::Parts;

/// An end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Side {
    Device,
    Broker,
}

/// What becomes of bytes that are written now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Air {
    /// They go on their way, as fast as that is.
    Carries,
    /// They vanish, and nothing arrives either.
    Vanishes,
    /// The connection was reset.
    Reset,
}

/// What an attempt to connect meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// The broker's machine.
    Open,
    /// A machine on which nobody listens.
    Refused,
    /// Nobody.
    Silence,
}

#[derive(Debug)]
struct Line {
    id: ConnectionId,
    /// The fault that made a box on the way forget it.
    forgotten_by: Option<usize>,
    is_reset: bool,
    /// The device has not left it.
    is_at_device: bool,
    is_at_broker: bool,
    wakers: [Option<Waker>; 2],
}

/// All connections that one of the ends still has.
#[derive(Debug)]
pub(super) struct Lines {
    lines: Vec<Line>,
    last: u32,
    /// Attempts under way at the device.
    pub(super) attempts: u32,
    /// SYNs under way, whether anybody still waits for them or not.
    pub(super) dialling: usize,
    /// Connections that turmoil refused all the same: it never forgets them.
    pub(super) refused: usize,
    chops: bool,
    /// Gives each end of a connection a stream of its own.
    seeds: Random,
}

impl Lines {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self {
            lines: Vec::new(),
            last: 0,
            attempts: 0,
            dialling: 0,
            refused: 0,
            chops: schedule.setup.chops_segments,
            seeds: Random::new(schedule.seed, Purpose::Chopping),
        }
    }

    /// The number of the next connection.
    pub(super) const fn number(&mut self) -> ConnectionId {
        self.last += 1;
        ConnectionId(self.last)
    }

    /// A stream of chance for one end of a connection, if segments are chopped.
    pub(super) fn chopping(&mut self) -> Option<Random> {
        let seed = self.seeds.seed();
        self.chops.then(|| Random::new(seed, Purpose::Chopping))
    }

    /// The connection is open at the device.
    pub(super) fn open(&mut self, id: ConnectionId) {
        let line = Line {
            id,
            forgotten_by: None,
            is_reset: false,
            is_at_device: true,
            is_at_broker: true,
            wakers: [None, None],
        };
        self.lines.push(line);
    }

    fn find(&mut self, id: ConnectionId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.id == id)
    }

    /// This end has let go of the connection.
    pub(super) fn leave(&mut self, id: ConnectionId, side: Side) {
        if let Some(line) = self.find(id) {
            match side {
                Side::Device => line.is_at_device = false,
                Side::Broker => line.is_at_broker = false,
            }
        }
        self.lines.retain(|line| line.is_at_device || line.is_at_broker);
    }

    /// The connection that the device has now.
    fn current(&mut self) -> Option<&mut Line> {
        self.lines.iter_mut().rev().find(|line| line.is_at_device)
    }

    /// Both ends of the device's connection get a reset. False if there is none.
    pub(super) fn reset_current(&mut self) -> bool {
        let Some(line) = self.current() else { return false };
        line.is_reset = true;
        line.wake();
        true
    }

    /// A box on the way forgets the device's connection.
    pub(super) fn forget_current(&mut self, fault: usize) {
        if let Some(line) = self.current() {
            line.forgotten_by.get_or_insert(fault);
        }
    }
}

impl Line {
    fn wake(&mut self) {
        self.wakers.iter_mut().filter_map(Option::take).for_each(Waker::wake);
    }
}

impl Parts {
    /// What an attempt to connect meets now.
    pub(super) fn reach(&mut self) -> Reach {
        if self.faults.is_on(Lasting::BrokerCrash) {
            self.faults.bite(Lasting::BrokerCrash);
            return Reach::Silence;
        }
        if self.faults.strikes(Lasting::ConnectBlackhole) {
            return Reach::Silence;
        }
        self.faults.bite(Lasting::WifiOutage);
        self.faults.bite(Lasting::WifiFade);
        let is_refused = self.faults.strikes(Lasting::ConnectRefused) || self.server.is_down;
        if is_refused {
            self.faults.bite(Lasting::BrokerRestart);
            return Reach::Refused;
        }
        Reach::Open
    }

    /// What becomes of what this end writes or waits for. The waker is kept for the next change.
    pub(super) fn air(&mut self, id: ConnectionId, side: Side, waker: &Waker) -> Air {
        let Some(line) = self.lines.find(id) else { return Air::Carries };
        line.wakers[side as usize] = Some(waker.clone());
        if line.is_reset {
            return Air::Reset;
        }
        if line.forgotten_by.is_some() { Air::Vanishes } else { Air::Carries }
    }

    /// Bytes go on their way, or vanish: whoever is to blame has bitten.
    pub(super) fn sent(&mut self, id: ConnectionId) {
        if let Some(fault) = self.lines.find(id).and_then(|line| line.forgotten_by) {
            self.faults.bite_one(fault);
        }
        for sort in [Lasting::WifiOutage, Lasting::WifiFade, Lasting::Latency, Lasting::BrokerCrash]
        {
            self.faults.bite(sort);
        }
    }

    /// This end has let go of the connection.
    pub(super) fn left(&mut self, id: ConnectionId, ending: Ending) {
        self.lines.leave(id, Side::Device);
        self.see(crate::observation::Observation::EndedAtDevice { connection: id, ending });
    }
}
