//! One direction of a TCP connection: an ordered stream of bytes that may be late or end, but never
//! has a hole.

use std::collections::VecDeque;

use crate::queue::ByteQueue;
use crate::random::Random;
use crate::world::agenda::NEVER;

/// The first pause before a segment without answer is sent again; it doubles each time.
pub(super) const RETRY_FIRST_US: u64 = 1_000_000;
/// No pause is longer.
pub(super) const RETRY_LAST_US: u64 = 16_000_000;
/// The sender gives up when nothing got through for this long.
pub(super) const GIVE_UP_US: u64 = 60_000_000;
/// A receiver takes this many unread bytes, then its window is closed.
const WINDOW_BYTES: usize = 5_840;

#[derive(Clone, Copy, Debug)]
struct Segment {
    due: u64,
    size: usize,
    /// The last one: it carries nothing but the end.
    fin: bool,
}

#[derive(Clone, Copy, Debug)]
struct Retry {
    at: u64,
    pause_us: u64,
    since: u64,
}

/// How far the end of the stream has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Fin {
    #[default]
    None,
    Sent,
    Arrived,
}

/// What a step of a pipe led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// Nothing that anybody sees.
    Nothing,
    /// Bytes can be read.
    Data,
    /// The end arrived; bytes in front of it can still be read.
    Fin,
    /// A reset arrived.
    Reset,
    /// The sender gave up.
    GaveUp,
}

/// One direction.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    /// `arrived` bytes to be read, then what is in flight.
    bytes: ByteQueue,
    arrived: usize,
    segments: VecDeque<Segment>,
    retry: Option<Retry>,
    window_closed: bool,
    fin: Fin,
    reset_due: u64,
    /// The sender was told that the pipe is full.
    pub(super) sender_waits: bool,
    sender_vanished: bool,
}

impl Pipe {
    pub(super) fn new() -> Self {
        Self {
            bytes: ByteQueue::default(),
            arrived: 0,
            segments: VecDeque::new(),
            retry: None,
            window_closed: false,
            fin: Fin::None,
            reset_due: NEVER,
            sender_waits: false,
            sender_vanished: false,
        }
    }

    /// Makes the pipe as new, with the memory it has.
    pub(super) fn reset(&mut self) {
        self.bytes.clear();
        self.arrived = 0;
        self.segments.clear();
        self.retry = None;
        self.window_closed = false;
        self.fin = Fin::None;
        self.reset_due = NEVER;
        self.sender_waits = false;
        self.sender_vanished = false;
    }

    /// When it has something to do.
    pub(super) fn next(&self) -> u64 {
        let segment = match (self.segments.front(), self.retry) {
            (Some(_), _) if self.window_closed => NEVER,
            (Some(_), Some(retry)) => retry.at,
            (Some(segment), None) => segment.due,
            (None, _) => NEVER,
        };
        segment.min(self.reset_due)
    }

    fn in_flight(&self) -> usize {
        self.bytes.size() - self.arrived
    }

    /// Takes what fits of `bytes` with `capacity` bytes in flight, and says how much that was.
    /// It is to be followed by `send` for each segment.
    pub(super) fn take(&mut self, bytes: &[u8], capacity: usize) -> usize {
        let taken = bytes.len().min(capacity.saturating_sub(self.in_flight()));
        self.sender_waits = taken < bytes.len();
        self.bytes.push(&bytes[..taken]);
        taken
    }

    /// Sends the next `size` bytes that were taken as one segment. It overtakes none.
    pub(super) fn send(&mut self, size: usize, due: u64) {
        let due = self.after_last(due);
        self.segments.push_back(Segment { due, size, fin: false });
    }

    /// Adds the next `size` bytes that were taken to the last segment, if that is still under way.
    pub(super) fn join(&mut self, size: usize, now: u64) -> bool {
        match self.segments.back_mut() {
            Some(last) if !last.fin && last.due > now => {
                last.size += size;
                true
            }
            _ => false,
        }
    }

    /// Sends the end of the stream behind everything else. Once.
    pub(super) fn finish(&mut self, due: u64) {
        if self.fin == Fin::None {
            self.fin = Fin::Sent;
            let due = self.after_last(due);
            self.segments.push_back(Segment { due, size: 0, fin: true });
        }
    }

    /// Sends a reset. It does overtake.
    pub(super) fn send_reset(&mut self, due: u64) {
        self.reset_due = self.reset_due.min(due);
    }

    fn after_last(&self, due: u64) -> u64 {
        self.segments.back().map_or(due, |last| due.max(last.due))
    }

    /// True while the stream or its end is still under way.
    pub(super) fn is_under_way(&self) -> bool {
        !self.segments.is_empty()
    }

    /// True once everything was read and the end has arrived.
    pub(super) fn is_finished(&self) -> bool {
        self.fin == Fin::Arrived && self.arrived == 0
    }

    /// True once the end has arrived, though bytes may be left to read.
    pub(super) fn has_ended(&self) -> bool {
        self.fin == Fin::Arrived
    }

    /// Does what is due, on a path that lets segments pass or not.
    pub(super) fn advance(&mut self, now: u64, passes: bool) -> Progress {
        if self.reset_due <= now {
            self.reset_due = NEVER;
            return if passes { Progress::Reset } else { Progress::Nothing };
        }
        if !passes {
            return self.stall(now);
        }
        self.retry = None;
        let Some(&Segment { size, fin, .. }) = self.segments.front() else {
            return Progress::Nothing;
        };
        if self.arrived > 0 && self.arrived + size > WINDOW_BYTES {
            self.window_closed = true;
            return Progress::Nothing;
        }
        self.segments.pop_front();
        self.arrived += size;
        if fin {
            self.fin = Fin::Arrived;
            Progress::Fin
        } else {
            Progress::Data
        }
    }

    #[cold]
    fn stall(&mut self, now: u64) -> Progress {
        if self.sender_vanished {
            self.lose_in_flight(0);
            return Progress::Nothing;
        }
        let retry = self.retry.get_or_insert(Retry { at: now, pause_us: 0, since: now });
        if now - retry.since >= GIVE_UP_US {
            return Progress::GaveUp;
        }
        retry.pause_us = (retry.pause_us * 2).clamp(RETRY_FIRST_US, RETRY_LAST_US);
        retry.at = now + retry.pause_us;
        Progress::Nothing
    }

    /// The sender's machine vanishes. What already left it may still arrive: up to a random byte,
    /// or nothing where it had to be sent again.
    pub(super) fn lose_sender(&mut self, random: &mut Random) {
        self.sender_vanished = true;
        self.sender_waits = false;
        let in_flight = self.in_flight();
        let kept = if self.retry.is_some() || in_flight == 0 {
            0
        } else {
            random.below(in_flight as u32 + 1) as usize
        };
        self.lose_in_flight(kept);
    }

    /// Loses everything in flight behind the next `kept` bytes.
    fn lose_in_flight(&mut self, kept: usize) {
        self.bytes.truncate(self.arrived + kept);
        let mut left = kept;
        let mut segments = 0;
        for segment in &mut self.segments {
            if left == 0 {
                break;
            }
            segment.size = segment.size.min(left);
            left -= segment.size;
            segments += 1;
        }
        self.segments.truncate(segments);
        if self.fin == Fin::Sent {
            self.fin = Fin::None;
        }
        self.retry = None;
        self.window_closed = false;
    }

    /// Bytes to be read.
    pub(super) fn unread(&self) -> &[u8] {
        &self.bytes.bytes()[..self.arrived]
    }

    /// `size` bytes were read. The first segment that waits for the window comes at `reopened`.
    pub(super) fn read(&mut self, size: usize, reopened: u64) {
        self.bytes.drop_front(size);
        self.arrived -= size;
        if self.window_closed {
            self.window_closed = false;
            if let Some(segment) = self.segments.front_mut() {
                segment.due = segment.due.max(reopened);
            }
        }
    }

    /// Nobody will read any more.
    pub(super) fn discard_unread(&mut self) {
        self.bytes.drop_front(self.arrived);
        self.arrived = 0;
        self.window_closed = false;
    }

    /// Nothing of this stream arrives any more, not even a reset.
    pub(super) fn give_up(&mut self) {
        self.lose_in_flight(0);
        self.reset_due = NEVER;
        self.sender_waits = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn with(bytes: &[u8], due: u64) -> Pipe {
        let mut pipe = Pipe::new();
        assert_eq!(pipe.take(bytes, 100), bytes.len());
        pipe.send(bytes.len(), due);
        pipe
    }

    #[test]
    fn segments_arrive_in_order_and_when_due() {
        let mut pipe = with(b"abc", 50);
        pipe.take(b"de", 100);
        pipe.send(2, 40);
        assert_eq!(pipe.next(), 50);
        assert_eq!(pipe.advance(50, true), Progress::Data);
        assert_eq!(pipe.unread(), b"abc");
        assert_eq!(pipe.next(), 50);
        assert_eq!(pipe.advance(50, true), Progress::Data);
        assert_eq!(pipe.unread(), b"abcde");
        pipe.read(4, 0);
        assert_eq!(pipe.unread(), b"e");
    }

    #[test]
    fn what_does_not_pass_arrives_at_the_first_retry_after() {
        let mut pipe = with(b"abc", 10);
        let mut tries = Vec::new();
        for _ in 0..4 {
            tries.push(pipe.next());
            assert_eq!(pipe.advance(pipe.next(), false), Progress::Nothing);
        }
        assert_eq!(tries, [10, 1_000_010, 3_000_010, 7_000_010]);
        assert_eq!(pipe.next(), 15_000_010);
        assert_eq!(pipe.advance(pipe.next(), true), Progress::Data);
        assert_eq!(pipe.unread(), b"abc");
    }

    #[test]
    fn the_sender_gives_up_after_a_minute() {
        let mut pipe = with(b"abc", 0);
        let mut progress = Progress::Nothing;
        let mut now = 0;
        while progress == Progress::Nothing {
            now = pipe.next();
            progress = pipe.advance(now, false);
        }
        assert_eq!(progress, Progress::GaveUp);
        assert_eq!(now, 63_000_000);
    }

    #[test]
    fn a_full_pipe_takes_less() {
        let mut pipe = Pipe::new();
        assert_eq!(pipe.take(b"abcdef", 4), 4);
        assert!(pipe.sender_waits);
        pipe.send(4, 1);
        assert_eq!(pipe.take(b"ef", 4), 0);
        pipe.advance(1, true);
        assert_eq!(pipe.take(b"ef", 4), 2);
        assert!(!pipe.sender_waits);
    }

    #[test]
    fn a_closed_window_keeps_segments_back_until_something_is_read() {
        let mut pipe = Pipe::new();
        for _ in 0..2 {
            pipe.take(&[7; 4_000], 10_000);
            pipe.send(4_000, 5);
        }
        assert_eq!(pipe.advance(5, true), Progress::Data);
        assert_eq!(pipe.advance(5, true), Progress::Nothing);
        assert_eq!(pipe.next(), NEVER);
        pipe.read(4_000, 9);
        assert_eq!(pipe.next(), 9);
        assert_eq!(pipe.advance(9, true), Progress::Data);
    }

    #[test]
    fn a_vanished_sender_leaves_a_prefix_and_retries_nothing() {
        let mut random = Random::new(3, Purpose::Chopping);
        let mut pipe = with(b"abcdef", 10);
        pipe.finish(10);
        pipe.lose_sender(&mut random);
        while pipe.next() != NEVER {
            pipe.advance(10, true);
        }
        assert!(b"abcdef".starts_with(pipe.unread()));
        assert!(!pipe.is_finished());

        let mut pipe = with(b"abc", 10);
        pipe.advance(10, false);
        pipe.lose_sender(&mut random);
        assert_eq!(pipe.next(), NEVER);
    }

    #[test]
    fn the_end_comes_last_and_a_reset_overtakes() {
        let mut pipe = with(b"abc", 10);
        pipe.finish(5);
        assert_eq!(pipe.advance(10, true), Progress::Data);
        assert_eq!(pipe.advance(10, true), Progress::Fin);
        assert!(!pipe.is_finished());
        pipe.read(3, 10);
        assert!(pipe.is_finished());

        let mut pipe = with(b"abc", 10);
        pipe.send_reset(7);
        assert_eq!(pipe.next(), 7);
        assert_eq!(pipe.advance(7, true), Progress::Reset);
    }
}
