//! One open connection, and the bytes on their way through it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

use crate::planted::{Bug, Planted};

/// What is read at once, at most.
const READ_BYTES: usize = 16 * 1024;

/// What is still received of a connection that broke while writing, at most: whoever sends on and
/// on through a half-closed tunnel is not listened to for ever.
const REST_BYTES: usize = 64 * 1024;

/// How long the other side may take to close after our DISCONNECT.
const LINGER: Duration = Duration::from_secs(1);

/// What the connection did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Io {
    /// All that was outgoing was taken: this many bytes.
    Sent(usize),
    /// This many bytes are in [`Transport::received`].
    Received(usize),
    /// It is closed or broken.
    Closed,
}

pub(super) struct Transport<S> {
    stream: S,
    /// What the core offered. It learns that it was sent once all of it was.
    pub(super) outgoing: Vec<u8>,
    written: usize,
    incoming: Box<[u8]>,
    /// Why the connection broke, if it did not just end.
    pub(super) error: Option<io::Error>,
    /// What may still be received once it has.
    rest_bytes: usize,
    /// Both directions take turns in being looked at first, so that neither starves the other.
    receive_first: bool,
    planted: Planted,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    pub(super) fn new(stream: S, planted: Planted) -> Self {
        Self {
            stream,
            outgoing: Vec::new(),
            written: 0,
            incoming: vec![0; READ_BYTES].into_boxed_slice(),
            error: None,
            rest_bytes: REST_BYTES,
            receive_first: false,
            planted,
        }
    }

    /// The `count` bytes that arrived last.
    pub(super) fn received(&self, count: usize) -> &[u8] {
        &self.incoming[..count]
    }

    /// Waits until the connection does something. Reads at most `capacity` bytes. Cancel-safe.
    pub(super) async fn progress(&mut self, capacity: usize) -> Io {
        self.receive_first = !self.receive_first;
        if self.written > 0 && self.planted.has(Bug::WriteDroppedOnCancel) {
            self.written = self.outgoing.len();
        }
        poll_fn(|context| {
            if self.error.is_some() {
                return Poll::Ready(self.poll_rest(context, capacity));
            }
            let first = if self.receive_first {
                self.poll_receive(context, capacity)
            } else {
                self.poll_send(context)
            };
            let io = match first {
                Poll::Ready(io) => Poll::Ready(io),
                Poll::Pending if self.planted.has(Bug::LostWakeUp) => Poll::Pending,
                Poll::Pending if self.receive_first => self.poll_send(context),
                Poll::Pending => self.poll_receive(context, capacity),
            };
            match io {
                Poll::Ready(Io::Closed) if self.error.is_some() => {
                    Poll::Ready(self.poll_rest(context, capacity))
                }
                io => io,
            }
        })
        .await
    }

    /// The connection broke. What had arrived by then is still received: a broker that ends a connection says
    /// why, and what was sent to it meanwhile breaks the connection.
    fn poll_rest(&mut self, context: &mut Context<'_>, capacity: usize) -> Io {
        let error = self.error.take();
        let rest = self.poll_receive(context, capacity.min(self.rest_bytes));
        self.error = error;
        match rest {
            Poll::Ready(Io::Received(count)) => {
                self.rest_bytes -= count;
                Io::Received(count)
            }
            Poll::Ready(Io::Sent(_) | Io::Closed) | Poll::Pending => Io::Closed,
        }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<Io> {
        while self.written < self.outgoing.len() {
            let rest = &self.outgoing[self.written..];
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest)) {
                Ok(0) => return Poll::Ready(self.broken(io::ErrorKind::WriteZero.into())),
                Err(error) => return Poll::Ready(self.broken(error)),
                Ok(_) if self.planted.has(Bug::PartialWriteIgnored) => {
                    self.written = self.outgoing.len();
                }
                Ok(count) => self.written += count,
            }
        }
        if self.written == 0 {
            return Poll::Pending;
        }
        // A stream may hold back what it took, and the core may close it once all is sent.
        let flushed = if self.planted.has(Bug::FlushForgotten) {
            Ok(())
        } else {
            ready!(Pin::new(&mut self.stream).poll_flush(context))
        };
        match flushed {
            Ok(()) => {
                self.outgoing.clear();
                Poll::Ready(Io::Sent(std::mem::take(&mut self.written)))
            }
            Err(error) => Poll::Ready(self.broken(error)),
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>, capacity: usize) -> Poll<Io> {
        let capacity = capacity.min(self.incoming.len());
        if capacity == 0 {
            return Poll::Pending;
        }
        let mut buffer = ReadBuf::new(&mut self.incoming[..capacity]);
        match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
            Ok(()) if !buffer.filled().is_empty() => {
                Poll::Ready(Io::Received(buffer.filled().len()))
            }
            Ok(()) => Poll::Ready(Io::Closed),
            Err(error) => Poll::Ready(self.broken(error)),
        }
    }

    fn broken(&mut self, error: io::Error) -> Io {
        self.error = Some(error);
        Io::Closed
    }

    /// Closes after a DISCONNECT, so that it arrives: closing a socket with unread bytes in it would
    /// reset the connection, and the broker might tell the will (P10). So first the other side
    /// closes, or is given up.
    pub(super) async fn close_gently(mut self) {
        let farewell = async {
            self.stream.shutdown().await?;
            while self.stream.read(&mut self.incoming).await? > 0 {}
            io::Result::Ok(())
        };
        // Whatever goes wrong now, the connection is closed afterwards.
        let _ = timeout(LINGER, farewell).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn what_a_broker_said_before_it_closed_is_received_though_it_takes_nothing_more() {
        let (near, mut broker) = duplex(64);
        broker.write_all(b"bye").await.unwrap();
        drop(broker);
        let mut transport = Transport::new(near, Planted::NONE);
        transport.outgoing.extend_from_slice(b"late");
        // so that writing has the first turn
        transport.receive_first = true;
        assert_eq!(transport.progress(64).await, Io::Received(3));
        assert_eq!(transport.received(3), b"bye");
        assert_eq!(transport.progress(64).await, Io::Closed);
        assert_eq!(transport.error.unwrap().kind(), io::ErrorKind::BrokenPipe);
    }
}
