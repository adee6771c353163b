//! Five wires: a link between any two chips with five free pins, without a clock they agree on.
//!
//! Each end drives a clock wire and a data wire, and reads the other's. It toggles its clock only
//! in reply to the other's toggle, so neither can overrun the other and no edge has a time (PREDECESSORS.md
//! §1.4). The fifth wire lets the initiator reset the passive end. A link is a machine that is told
//! levels and says levels:
//!
//! ```text
//! loop {
//!     link.handle(now, Input::Levels(read_pins()));
//!     loop {
//!         match link.poll() {
//!             Output::Drive(levels) => { write_data(levels.data); write_clock(levels.clock) }
//!             Output::Reset { asserted } => drive_reset_line_low(asserted),
//!             Output::Event(event) => tell_the_owner(event),
//!             Output::Wait(wait) => break, // until the pins change, or the instant in `wait`
//!         }
//!     }
//! }
//! ```
//!
//! | mode | for | carries |
//! |---|---|---|
//! | [`native`] | two fivewire ends: the default | frames of any bytes, checked, repaired, several in flight |
//! | [`syncom`] | one end that runs the predecessor's firmware | strings of characters 1 to 127, unchecked |
//!
//! Both are a [`Link`]: what drives one can drive the other.

pub mod native;
mod shake;
pub mod syncom;

use core::fmt;

use crate::time::{Instant, Wait};

/// Which end this is. Exactly one end of a link is the initiator: the bridge's host.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Makes the first edge, and drives the reset line if there is one.
    Initiator,
    /// Answers.
    Passive,
}

/// The two signal wires of one direction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Levels {
    /// The clock wire: every change of it, up or down, carries one bit.
    pub clock: bool,
    /// The data wire: valid from before the change of the clock until this end's next one.
    pub data: bool,
}

/// What the world tells a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input {
    /// The instant that `Wait::Until` named has come, or any other: early is harmless.
    Timeout,
    /// What the wires from the other end show now. Telling the same levels again is harmless, and
    /// a glitch that is over before it was told never happened. Read the clock first, then the
    /// data: the other end writes them in the opposite order, so data that is read after a new
    /// clock is new, too.
    Levels(Levels),
}

/// What a link wants next. Exhaustive on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Drive the wires to the other end: **first data, then clock**.
    Drive(Levels),
    /// Pull the reset line low, or let it go. Only an initiator says this.
    Reset {
        /// True while the other end is to be held in reset.
        asserted: bool,
    },
    /// Tell the owner.
    Event(Event<'a>),
    /// Everything is said: wait for other levels, or until an instant.
    Wait(Wait),
}

/// What a link tells its owner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The two ends found each other: a link session begins. What is sent from now on arrives
    /// whole, once and in order, until `Down`.
    Up {
        /// The largest frame that this session carries from here: what this end's memory takes, and
        /// what the other end said that its takes (`syncom`: only this end's; nothing is known of
        /// the other's).
        frame_max_bytes: usize,
    },
    /// The session ended. Frames that were on their way are lost.
    Down {
        /// Why.
        reason: DownReason,
    },
    /// A whole frame arrived (`syncom`: a string). Never empty.
    Frame(&'a [u8]),
    /// A frame arrived that is larger than the receive memory, and was passed over (`syncom` only:
    /// a `native` end knows the size of the other's memory).
    Oversized {
        /// Its size.
        size_bytes: usize,
    },
    /// [`Link::send`] takes frames again.
    Writable,
    /// The other end was heard, but no session with it is possible. Told once until something
    /// changes.
    Unsuited {
        /// What was found.
        peer: Peer,
    },
}

/// Why a link session ended, or could not begin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum DownReason {
    /// This end was told to reset the other one, or to start over.
    Restarted,
    /// The other end started over: it was reset, or lost track of the session.
    PeerRestarted,
    /// No edge came for [`Timing::edge_timeout_ms`].
    Silent,
    /// The two ends did not find each other within [`Timing::sync_timeout_ms`].
    SyncOverdue,
    /// What arrived could not be repaired: the two ends had to start over.
    Damaged,
}

/// What was heard at the other end, where it is not what this end speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Peer {
    /// It speaks `syncom`, and this end `native`.
    Syncom,
    /// It speaks `native`, and this end `syncom`.
    Native,
    /// It speaks `native` of another version.
    OtherVersion(u8),
}

/// How long a link waits. All of it is about an end that is not there: no edge between two living
/// ends has a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timing {
    /// Milliseconds that the reset line is pulled low, 1 to 10,000, default 100 (PREDECESSORS.md §1.9).
    pub reset_pulse_ms: u32,
    /// Milliseconds after the reset line is let go before the first edge, 0 to 10,000, default
    /// 1,000 in `syncom` (PREDECESSORS.md §1.9) and 0 in `native`, which finds a peer whenever it comes.
    pub settle_ms: u32,
    /// Milliseconds without an edge after which a session is over, 100 to 600,000, default 10,000
    /// (PREDECESSORS.md §1.10); 0 for never.
    pub edge_timeout_ms: u32,
    /// Milliseconds after which looking for the other end counts as failed, 100 to 600,000, default
    /// 10,000; 0 for never.
    pub sync_timeout_ms: u32,
    /// An initiator that finds nobody, or lost the other end, pulls the reset line by itself and
    /// begins again. Default true for a link used alone; false under a bridge, whose host decides
    /// when to reset (P8).
    pub resets_by_itself: bool,
}

/// What a link counted since it was made. Every counter stays at its largest value.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// Link sessions that began.
    pub sessions: u32,
    /// Pulses of the reset line.
    pub resets: u32,
    /// Bits that this end put on the wires.
    pub bits: u64,
    /// Frames sent again.
    pub resent: u32,
    /// Frames that arrived damaged, doubled or out of order, and were not delivered.
    pub rejected: u32,
    /// Those of them whose checksum was wrong (`native` only).
    pub damaged: u32,
    /// Times that this end had to look for the beginning of a frame again within a session.
    pub resyncs: u32,
}

/// What both modes have in common.
pub trait Link {
    /// Begins: drives the wires, pulses the reset line if this is an initiator, and looks for the
    /// other end.
    fn start(&mut self, now: Instant);

    /// Ends the session, if there is one, and begins again with a pulse of the reset line (a
    /// passive end: without).
    fn restart(&mut self, now: Instant);

    /// The world speaks. Never fails.
    fn handle(&mut self, now: Instant, input: Input);

    /// The short way for the bits of a session, for adapters that want to answer most edges within
    /// a few dozen instructions: what to drive, if these levels carry a bit. `None`: nothing
    /// happened, or something is to be told; go on with [`handle`](Self::handle) and
    /// [`poll`](Self::poll), which say the same with or without this. Call it only after `poll` has
    /// yielded [`Output::Wait`], and again as long as it answers.
    fn answer(&mut self, _now: Instant, _heard: Levels) -> Option<Levels> {
        None
    }

    /// What the link wants. Call it after every other call, until it yields [`Output::Wait`].
    fn poll(&mut self) -> Output<'_>;

    /// Takes a whole frame: its length, or 0 for not now. Then [`Event::Writable`] follows.
    ///
    /// # Errors
    /// This frame can never be sent: nothing was queued.
    fn send(&mut self, frame: &[u8]) -> Result<usize, SendError>;

    /// While held, no frame is handed out; when the receive memory is full, the other end is kept
    /// from sending more.
    fn hold(&mut self, hold: bool);

    /// True in a session.
    fn is_up(&self) -> bool;

    /// What was counted so far.
    fn counters(&self) -> Counters;
}

/// Why a frame can never be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SendError {
    /// It is empty: an empty frame is never delivered.
    Empty,
    /// It is larger than this link's memory, or the other end's, can ever take.
    TooLarge {
        /// What was asked for.
        size_bytes: usize,
        /// What is possible.
        max_bytes: usize,
    },
    /// `syncom` only: a character outside 1 to 127 (D-16, D-18, D-33).
    Character {
        /// The character.
        code: u8,
        /// Where it stands.
        at: usize,
    },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty frame is never delivered"),
            Self::TooLarge { size_bytes, max_bytes } => {
                write!(
                    f,
                    "the frame has {size_bytes} bytes, but the link carries at most {max_bytes}"
                )
            }
            Self::Character { code, at } => write!(
                f,
                "character {code} at byte {at} cannot be sent in syncom mode: only 1 to 127 can"
            ),
        }
    }
}

impl core::error::Error for SendError {}
