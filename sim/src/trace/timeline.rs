//! A run as text: one line for each thing that happened, in columns.
//!
//! ```text
//!     4.861  broker   < PUBACK #3                                        tcp 1
//!     4.861  app      = ticket 3 acked
//!    19.861  device   > PINGREQ                                          timer:ping-due
//! ```

use std::collections::VecDeque;
use std::fmt::{self, Write};

use fivewire_core::time::{Instant, Reason};

use super::line::{self, Head};
use super::packets::Streams;
use crate::observation::{ConnectionId, Observation, Observer};

/// Where the last column begins, counted from the text's beginning.
const TEXT_WIDTH: usize = 46;

/// Why something happens.
#[derive(Clone, Copy, Debug)]
enum Cause {
    /// Nothing but what the line itself says.
    Itself,
    Timer(Reason),
    Fault,
    App,
}

/// The lines of a run, or the last ones of it.
///
/// Bytes are shown as packets, at the broker's socket. What is due to a timer, a fault or the
/// application at the same instant says so in the last column.
#[derive(Clone, Debug)]
pub struct Timeline {
    lines: VecDeque<String>,
    lines_max: usize,
    /// What happens before is left out.
    starts: Instant,
    left_out: u64,
    shows_frames: bool,
    streams: Streams,
    now: Instant,
    cause: Cause,
    text: String,
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// Keeps all lines.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_last(usize::MAX)
    }

    /// Keeps the last `lines_max` lines.
    #[must_use]
    pub const fn with_last(lines_max: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            lines_max,
            starts: Instant::ZERO,
            left_out: 0,
            shows_frames: false,
            streams: Streams::new(),
            now: Instant::ZERO,
            cause: Cause::Itself,
            text: String::new(),
        }
    }

    /// Leaves out what happens before `starts`; nothing is the default.
    #[must_use]
    pub const fn starting_at(mut self, starts: Instant) -> Self {
        self.starts = starts;
        self
    }

    /// How many lines there would be before the first one.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Shows each frame on the link as well, or not; not is the default.
    #[must_use]
    pub const fn show_frames(mut self, shows_frames: bool) -> Self {
        self.shows_frames = shows_frames;
        self
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// The last `count` lines, oldest first.
    pub fn last(&self, count: usize) -> impl Iterator<Item = &str> {
        self.lines().skip(self.lines.len().saturating_sub(count))
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    fn packets(&mut self, connection: ConnectionId, to_broker: bool, bytes: &[u8]) {
        let mut streams = std::mem::take(&mut self.streams);
        let (part, sign) = if to_broker { ("device", '>') } else { ("broker", '<') };
        streams.feed(connection, to_broker, bytes, |packet| {
            self.text.clear();
            let written = match packet {
                Some(packet) => write!(self.text, "{packet}"),
                None => write!(self.text, "bytes that are no MQTT"),
            };
            if written.is_ok() {
                self.push(Head { part, sign }, Some(connection));
            }
        });
        self.streams = streams;
    }

    /// Adds the line with `self.text` in it.
    fn push(&mut self, head: Head, connection: Option<ConnectionId>) {
        if self.now < self.starts {
            self.left_out += 1;
            return;
        }
        let full = self.lines.len() >= self.lines_max;
        self.left_out += u64::from(full);
        let mut line = if full { self.lines.pop_front() } else { None }.unwrap_or_default();
        line.clear();
        // Writing to a String cannot fail.
        let _ = self.write_line(&mut line, head, connection);
        line.truncate(line.trim_end().len());
        self.lines.push_back(line);
    }

    fn write_line(
        &self,
        line: &mut String,
        head: Head,
        connection: Option<ConnectionId>,
    ) -> fmt::Result {
        let millis = self.now.as_millis();
        let Head { part, sign } = head;
        write!(line, "{:>6}.{:03}  {part:<8} {sign} ", millis / 1_000, millis % 1_000)?;
        write!(line, "{:<TEXT_WIDTH$} ", self.text)?;
        match (self.cause, connection) {
            (Cause::Timer(reason), _) => write!(line, "timer:{}", reason.name()),
            (Cause::Fault, _) => line.write_str("fault"),
            (Cause::App, _) => line.write_str("app"),
            (Cause::Itself, Some(connection)) => write!(line, "tcp {}", connection.0),
            (Cause::Itself, None) => Ok(()),
        }
    }
}

impl Observer for Timeline {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        if now != self.now {
            self.now = now;
            self.cause = Cause::Itself;
        }
        match *observation {
            Observation::Woken { reason, .. } => {
                self.cause = Cause::Timer(reason);
                return;
            }
            Observation::FaultBegan { .. } | Observation::FaultEnded { .. } => {
                self.cause = Cause::Fault;
            }
            Observation::Published { .. }
            | Observation::SubscribeAsked { .. }
            | Observation::UnsubscribeAsked { .. }
            | Observation::Released { .. }
            | Observation::ShutDownAsked => self.cause = Cause::App,
            Observation::ToBroker { connection, bytes } => {
                self.packets(connection, true, bytes);
                return;
            }
            Observation::FromBroker { connection, bytes } => {
                self.packets(connection, false, bytes);
                return;
            }
            Observation::EndedAtBroker { connection, .. } => self.streams.close(connection),
            Observation::FrameToEsp(_) | Observation::FrameToHost(_) if !self.shows_frames => {
                return;
            }
            _ => {}
        }
        self.text.clear();
        if let Ok(Some(head)) = line::describe(&mut self.text, observation) {
            self.push(head, None);
        }
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().try_for_each(|line| writeln!(f, "{line}"))
    }
}
