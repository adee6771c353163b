//! The link between host and ESP8266: in each direction one whole frame at a time, in order and
//! undamaged, unless the link dies or is reset.

use super::agenda::NEVER;
use super::boards::LinkView;
use crate::observation::Part;
use crate::random::{Purpose, Random};

/// What every frame takes, in µs, where whole frames are simulated: measured on wires between two
/// boards that look at their pins 1 to 8 µs after an edge, by the test `wire_cost`. Small frames
/// that wait for each other share it on the wires, and not here.
pub const LINK_FRAME_US: u64 = 1_000;
/// What each of its bytes takes, in µs: about 14 kB/s.
pub const LINK_BYTE_US: u64 = 70;
/// How long the two ends may need to find each other, in µs: ten times what they need on sound wires.
pub const LINK_SYNC_MAX_US: u32 = 200_000;
const SYNC_MIN_US: u32 = 20_000;

/// One direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    frame: Vec<u8>,
    state: LaneState,
    /// The sender was told to wait.
    sender_waits: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum LaneState {
    #[default]
    Empty,
    /// On the wires.
    Travelling { due: u64 },
    /// Over, but the receiver has not taken it.
    Arrived,
    /// Swallowed by a dead link.
    Lost,
}

/// A frame that was lost with the link.
#[derive(Clone, Copy, Debug)]
pub(super) struct LostFrame {
    pub(super) to: Part,
    pub(super) size_bytes: usize,
    pub(super) partly_sent: bool,
}

impl Lane {
    /// Takes a frame. 0: it is full, or the link is down.
    fn send(&mut self, now: u64, frame: &[u8]) -> usize {
        if self.state != LaneState::Empty {
            self.sender_waits = true;
            return 0;
        }
        self.frame.clear();
        self.frame.extend_from_slice(frame);
        let due = now + LINK_FRAME_US + LINK_BYTE_US * frame.len() as u64;
        self.state = LaneState::Travelling { due };
        frame.len()
    }

    const fn due(&self) -> u64 {
        match self.state {
            LaneState::Travelling { due } => due,
            LaneState::Empty | LaneState::Arrived | LaneState::Lost => NEVER,
        }
    }

    fn clear(&mut self, to: Part) -> Option<LostFrame> {
        let partly_sent = matches!(self.state, LaneState::Travelling { .. } | LaneState::Lost);
        let held = self.state != LaneState::Empty;
        self.state = LaneState::Empty;
        self.sender_waits = false;
        held.then_some(LostFrame { to, size_bytes: self.frame.len(), partly_sent })
    }
}

/// The link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    up: bool,
    up_at: u64,
    to_esp: Lane,
    to_host: Lane,
    random: Random,
}

impl Link {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            up: false,
            up_at: NEVER,
            to_esp: Lane::default(),
            to_host: Lane::default(),
            random: Random::new(seed, Purpose::Link),
        }
    }

    /// Starts over, with the memory it has.
    pub(super) fn reset(&mut self, seed: u64) {
        self.go_down();
        self.random = Random::new(seed, Purpose::Link);
    }

    fn lane(&mut self, to: Part) -> &mut Lane {
        match to {
            Part::Esp => &mut self.to_esp,
            Part::Host | Part::Broker => &mut self.to_host,
        }
    }

    const fn lane_to(&self, to: Part) -> &Lane {
        match to {
            Part::Esp => &self.to_esp,
            Part::Host | Part::Broker => &self.to_host,
        }
    }

    /// When something happens on it.
    pub(super) fn next(&self) -> u64 {
        self.up_at.min(self.to_esp.due()).min(self.to_host.due())
    }

    pub(super) const fn is_up(&self) -> bool {
        self.up
    }

    /// True while the two ends look for each other.
    pub(super) const fn is_synchronising(&self) -> bool {
        self.up_at != NEVER
    }

    /// True if nothing is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.to_esp.state == LaneState::Empty && self.to_host.state == LaneState::Empty
    }

    /// Both ends begin to look for each other.
    pub(super) fn synchronise(&mut self, now: u64) {
        self.up_at = now + u64::from(self.random.between(SYNC_MIN_US, LINK_SYNC_MAX_US));
    }

    /// If the two ends have found each other by now, the link is up.
    pub(super) fn comes_up(&mut self, now: u64) -> bool {
        if self.up_at > now {
            return false;
        }
        self.up_at = NEVER;
        self.up = true;
        true
    }

    /// The link is lost, and what is under way with it: to the ESP8266, to the host.
    pub(super) fn go_down(&mut self) -> [Option<LostFrame>; 2] {
        self.up = false;
        self.up_at = NEVER;
        [self.to_esp.clear(Part::Esp), self.to_host.clear(Part::Host)]
    }

    /// Takes a frame, or nothing of it: then the sender is told once there is room.
    pub(super) fn send(&mut self, to: Part, now: u64, frame: &[u8]) -> usize {
        if !self.up {
            return 0;
        }
        self.lane(to).send(now, frame)
    }

    /// The wires carried a frame to its end by now, if they are not dead; then it is lost.
    pub(super) fn arrive(&mut self, to: Part, now: u64, dead: bool) -> bool {
        let lane = self.lane(to);
        if lane.due() > now {
            return false;
        }
        lane.state = if dead { LaneState::Lost } else { LaneState::Arrived };
        true
    }

    /// Something is to be told to the board at this end, which knows so much of the link.
    pub(super) fn calls(&self, end: Part, view: LinkView) -> bool {
        let other = if end == Part::Esp { Part::Host } else { Part::Esp };
        // without branches: it is asked twice with every event, and seldom true
        view.lost
            | (view.up != self.up)
            | (self.lane_to(end).state == LaneState::Arrived)
            | self.is_writable(other)
    }

    /// The frame that waits to be taken.
    pub(super) fn arrived(&self, to: Part) -> Option<&[u8]> {
        let lane = self.lane_to(to);
        (lane.state == LaneState::Arrived).then_some(&lane.frame[..])
    }

    /// The last frame that was given to this direction.
    pub(super) fn last(&self, to: Part) -> &[u8] {
        &self.lane_to(to).frame
    }

    /// The frame was taken.
    pub(super) fn taken(&mut self, to: Part) {
        self.lane(to).state = LaneState::Empty;
    }

    /// True if the sender of frames to `to` was told to wait, and there is room now.
    pub(super) fn is_writable(&self, to: Part) -> bool {
        let lane = self.lane_to(to);
        lane.sender_waits & (lane.state == LaneState::Empty)
    }

    /// The sender of frames to `to` knows that there is room.
    pub(super) fn told_writable(&mut self, to: Part) {
        self.lane(to).sender_waits = false;
    }

    /// The sender of a frame on its way to `to` stops in the middle of it.
    pub(super) fn cut(&mut self, to: Part) {
        let lane = self.lane(to);
        if lane.due() != NEVER {
            lane.state = LaneState::Lost;
        }
    }

    /// True if a dead link swallowed frames.
    pub(super) fn has_lost_frames(&self) -> bool {
        self.to_esp.state == LaneState::Lost || self.to_host.state == LaneState::Lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up() -> Link {
        let mut link = Link::new(1);
        link.synchronise(0);
        assert!(!link.comes_up(19_999));
        assert!(link.comes_up(200_000));
        link
    }

    #[test]
    fn a_lane_carries_one_frame_at_a_time() {
        let mut link = up();
        assert_eq!(link.send(Part::Esp, 0, b"abc"), 3);
        assert_eq!(link.send(Part::Esp, 0, b"d"), 0);
        assert_eq!(link.send(Part::Host, 0, b"e"), 1);
        assert_eq!(link.next(), 1_070);
        assert!(!link.arrive(Part::Esp, 1_070, false));
        assert!(link.arrive(Part::Esp, 1_210, false));
        assert_eq!(link.arrived(Part::Esp), Some(&b"abc"[..]));
        assert_eq!(link.send(Part::Esp, 1_210, b"d"), 0);
        link.taken(Part::Esp);
        assert!(link.is_writable(Part::Esp));
        assert!(!link.is_writable(Part::Host));
        assert_eq!(link.send(Part::Esp, 1_210, b"d"), 1);
    }

    #[test]
    fn frames_go_down_with_the_link() {
        let mut link = up();
        link.send(Part::Esp, 0, b"abc");
        let [to_esp, to_host] = link.go_down();
        let lost = to_esp.expect("a frame was under way");
        assert_eq!((lost.to, lost.size_bytes, lost.partly_sent), (Part::Esp, 3, true));
        assert!(to_host.is_none());
        assert_eq!(link.send(Part::Esp, 0, b"abc"), 0);
        assert!(!link.is_up());
    }

    #[test]
    fn a_dead_link_keeps_what_it_swallows() {
        let mut link = up();
        link.send(Part::Host, 0, b"abc");
        assert!(link.arrive(Part::Host, 2_000, true));
        assert_eq!(link.arrived(Part::Host), None);
        assert!(link.has_lost_frames());
        assert_eq!(link.send(Part::Host, 2_000, b"d"), 0);
    }
}
