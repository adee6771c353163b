//! A connection over turmoil that does what networks do and turmoil does not: it chops and joins
//! writes, pauses between pieces, takes only a part of what is offered, is reset, and falls silent.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use turmoil::net::TcpStream;

use super::lines::{Air, Side};
use super::seen::Stream;
use super::stage::Stage;
use crate::observation::{ConnectionId, Ending};
use crate::random::Random;

/// What waits for being sent, at most, where writes are chopped: small, so that writers meet a full
/// buffer in the middle of a packet.
const ROOM_MIN_BYTES: u32 = 16;
const ROOM_MAX_BYTES: u32 = 2_920;
/// Between two pieces of what was written at once, at most.
const GAP_MAX_MS: u32 = 20;
/// What is read at once, at most.
const READ_BYTES: usize = 4_096;

/// One end of a connection.
pub(super) struct Wire {
    stage: Stage,
    id: ConnectionId,
    side: Side,
    inner: TcpStream,
    chopping: Option<Random>,
    /// Taken and not sent: what a flush is for.
    outgoing: Vec<u8>,
    room: usize,
    gap: Option<Pin<Box<Sleep>>>,
    ending: Ending,
}

impl Wire {
    pub(super) fn new(stage: Stage, id: ConnectionId, side: Side, inner: TcpStream) -> Self {
        let mut chopping = stage.lock().lines.chopping();
        let room = chopping
            .as_mut()
            .map_or(ROOM_MAX_BYTES, |random| random.between(ROOM_MIN_BYTES, ROOM_MAX_BYTES));
        Self {
            stage,
            id,
            side,
            inner,
            chopping,
            outgoing: Vec::new(),
            room: room as usize,
            gap: None,
            ending: Ending::Closed,
        }
    }

    /// A connection of the witness: no fault takes hold of it, and nothing is chopped.
    pub(super) fn plain(stage: Stage, inner: TcpStream) -> Self {
        Self {
            stage,
            id: ConnectionId(0),
            side: Side::Broker,
            inner,
            chopping: None,
            outgoing: Vec::new(),
            room: ROOM_MAX_BYTES as usize,
            gap: None,
            ending: Ending::Closed,
        }
    }

    fn air(&mut self, context: &Context<'_>) -> io::Result<Air> {
        let air = self.stage.lock().air(self.id, self.side, context.waker());
        if air == Air::Reset {
            self.ending = Ending::Reset;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(air)
    }

    /// Whether bytes wait for being read. If not, the task is woken when they come.
    pub(super) fn poll_waits(&mut self, context: &mut Context<'_>) -> bool {
        let mut byte = [0];
        let peeked = self.inner.poll_peek(context, &mut ReadBuf::new(&mut byte));
        matches!(peeked, Poll::Ready(Ok(1..)))
    }

    /// Sends what was taken, piece by piece.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            if let Some(gap) = &mut self.gap {
                ready!(gap.as_mut().poll(context));
                self.gap = None;
            }
            let air = self.air(context)?;
            if self.id != ConnectionId(0) {
                self.stage.lock().sent(self.id);
            }
            if air == Air::Vanishes {
                // as much as a socket keeps for sending again
                return if self.outgoing.len() < self.room {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
            let size = self.outgoing.len();
            let piece = part(&mut self.chopping, size, 2);
            let sent =
                ready!(Pin::new(&mut self.inner).poll_write(context, &self.outgoing[..piece]))?;
            self.outgoing.drain(..sent);
            if let Some(random) = &mut self.chopping
                && !self.outgoing.is_empty()
                && random.chance(1, 2)
            {
                let gap = Duration::from_millis(random.below(GAP_MAX_MS + 1).into());
                self.gap = Some(Box::pin(sleep(gap)));
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Only a part of `size` in one of `cases` cases where segments are chopped, at least one of any.
fn part(chopping: &mut Option<Random>, size: usize, cases: u32) -> usize {
    match chopping {
        Some(random) if size > 1 => {
            let is_cut = random.chance(1, cases);
            if is_cut { random.between(1, size as u32) as usize } else { size }
        }
        _ => size,
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.air(context)?;
        if this.outgoing.len() >= this.room {
            ready!(this.poll_drain(context))?;
        }
        let room = bytes.len().min(this.room.saturating_sub(this.outgoing.len()));
        let taken = part(&mut this.chopping, room, 3);
        this.outgoing.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.air(context)?;
        this.poll_drain(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let air = this.air(context)?;
        ready!(this.poll_drain(context))?;
        if air == Air::Vanishes {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.air(context)? == Air::Vanishes {
            return Poll::Pending;
        }
        let room = buffer.remaining().min(READ_BYTES);
        let size = part(&mut this.chopping, room, 4);
        let mut bytes = [0; READ_BYTES];
        let mut piece = ReadBuf::new(&mut bytes[..size]);
        match ready!(Pin::new(&mut this.inner).poll_read(context, &mut piece)) {
            Ok(()) => {
                let bytes = piece.filled();
                if bytes.is_empty() {
                    this.ending = Ending::ClosedByPeer;
                } else if this.side == Side::Device {
                    this.stage.lock().see_bytes(Stream::ToDevice, this.id, bytes);
                }
                buffer.put_slice(bytes);
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                this.ending = Ending::Reset;
                Poll::Ready(Err(error))
            }
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut parts = self.stage.lock();
        match self.side {
            Side::Device => {
                let ending = if parts.device.lost_power { Ending::Vanished } else { self.ending };
                parts.left(self.id, ending);
            }
            Side::Broker => parts.lines.leave(self.id, Side::Broker),
        }
    }
}
