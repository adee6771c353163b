//! The broker's host: its listener, and one task for each connection.

use std::future::poll_fn;
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::task::spawn_local;
use turmoil::net::{TcpListener, TcpStream};

use super::lines::Side;
use super::stage::Stage;
use super::wire::Wire;
use crate::broker::ClientKey;
use crate::observation::{ConnectionId, Ending};
use crate::world::Lasting;

/// The broker's host.
pub(super) const BROKER: &str = "broker";
/// Where it listens.
pub(super) const PORT: u16 = 1_883;

/// What each connection begins with, before anything that the machines at its ends know of: the number
/// that the director has for it, big-endian; 0 is a witness. turmoil answers a SYN with no delay at
/// all, so this is also where a handshake takes its second half.
pub(super) const PREAMBLE_BYTES: usize = 4;

/// Accepts connections for as long as the process lives.
pub(super) async fn listen(stage: Stage) -> turmoil::Result {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        spawn_local(serve(stage.clone(), stream));
    }
}

/// Serves one connection to its end.
async fn serve(stage: Stage, mut stream: TcpStream) {
    let mut preamble = [0; PREAMBLE_BYTES];
    // an attempt that its client had given up ends here
    if stream.read_exact(&mut preamble).await.is_err() {
        return;
    }
    let number = u32::from_be_bytes(preamble);
    let connection = (number > 0).then_some(ConnectionId(number));
    let key = stage.lock().broker_accepts(connection);
    let wire = match connection {
        Some(id) => Wire::new(stage.clone(), id, Side::Broker, stream),
        None => Wire::plain(stage.clone(), stream),
    };
    let mut service = Service { stage, key, wire, outgoing: Vec::new(), is_flushed: true };
    let ending = poll_fn(|context| service.poll(context)).await;
    service.stage.lock().broker_loses(key, ending);
}

struct Service {
    stage: Stage,
    key: ClientKey,
    wire: Wire,
    /// Taken from the process, on its way into the connection.
    outgoing: Vec<u8>,
    is_flushed: bool,
}

impl Service {
    /// Moves bytes both ways until nothing moves, or the connection is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ending> {
        loop {
            let (is_closed, runs) = {
                let mut parts = self.stage.lock();
                let runs = parts.broker_runs();
                if runs {
                    parts.broker_hears_of(self.key);
                }
                let Some(socket) = parts.server.socket(self.key) else {
                    return Poll::Ready(Ending::Closed);
                };
                socket.waker = Some(context.waker().clone());
                self.outgoing.append(&mut socket.outgoing);
                (socket.is_closed, runs)
            };
            let Ok(has_sent) = self.poll_send(context) else { return Poll::Ready(Ending::Reset) };
            if has_sent {
                self.stage.lock().broker_sent(self.key);
                continue;
            }
            if is_closed {
                let is_done = self.outgoing.is_empty() && self.is_flushed;
                return if is_done { Poll::Ready(Ending::Closed) } else { Poll::Pending };
            }
            if !runs {
                if self.wire.poll_waits(context) {
                    self.stage.lock().faults.bite(Lasting::BrokerHang);
                }
                return Poll::Pending;
            }
            let mut bytes = [0; 4_096];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.wire).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    return Poll::Ready(Ending::ClosedByPeer);
                }
                Poll::Ready(Ok(())) => {
                    self.stage.lock().broker_receives(self.key, buffer.filled());
                }
                Poll::Ready(Err(_)) => return Poll::Ready(Ending::Reset),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Sends what there is. True if it all has gone just now.
    fn poll_send(&mut self, context: &mut Context<'_>) -> io::Result<bool> {
        let had_any = !self.outgoing.is_empty();
        while !self.outgoing.is_empty() {
            match Pin::new(&mut self.wire).poll_write(context, &self.outgoing) {
                Poll::Ready(taken) => drop(self.outgoing.drain(..taken?)),
                Poll::Pending => return Ok(false),
            }
            self.is_flushed = false;
        }
        if !self.is_flushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.wire).poll_flush(context)
        {
            flushed?;
            self.is_flushed = true;
        }
        Ok(had_any)
    }
}
