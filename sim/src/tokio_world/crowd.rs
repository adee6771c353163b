//! The hosts of the plain clients: each keeps a connection open for as long as its client wants one.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::spawn_local;
use tokio::time::sleep;
use turmoil::net::TcpStream;

use super::plain::Plain;
use super::socket::{BROKER, PORT};
use super::stage::{Parts, Stage};

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// One of the plain clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Who {
    Witness,
    Listener(usize),
}

impl Parts {
    fn plain(&mut self, who: Who) -> &mut Plain {
        match who {
            Who::Witness => &mut self.witness.plain,
            Who::Listener(place) => &mut self.listeners[place].plain,
        }
    }

    fn client_receives(&mut self, who: Who, bytes: &[u8]) {
        let Self { witness, listeners, server, seen, .. } = self;
        match who {
            Who::Witness => witness.receive(server.era, bytes, seen),
            Who::Listener(place) => listeners[place].receive(server.era, bytes),
        }
    }
}

/// The witness's host.
pub(super) async fn watch(stage: Stage) -> turmoil::Result {
    live(stage, Who::Witness).await;
    Ok(())
}

/// The host of all who only listen.
pub(super) async fn listen(stage: Stage) -> turmoil::Result {
    let count = stage.lock().listeners.len();
    for place in 0..count {
        spawn_local(visit(stage.clone(), place));
        spawn_local(live(stage.clone(), Who::Listener(place)));
    }
    std::future::pending().await
}

/// Sends a visitor away, and lets it come again.
async fn visit(stage: Stage, place: usize) {
    loop {
        let Some(duration) = stage.lock().listeners[place].next_visit() else { return };
        sleep(duration).await;
        let listener = &mut stage.lock().listeners[place];
        listener.is_away = !listener.is_away;
        listener.plain.cut_off(false);
    }
}

async fn live(stage: Stage, who: Who) {
    loop {
        let is_wanted = {
            let parts = stage.lock();
            let is_away = matches!(who, Who::Listener(place) if parts.listeners[place].is_away);
            // nobody listens there, and turmoil never forgets a connection that was refused
            !is_away && !parts.server.is_down
        };
        if is_wanted && let Ok(mut stream) = TcpStream::connect((BROKER, PORT)).await {
            stage.lock().plain(who).connect();
            // however it ends, the next one is tried
            let _ = poll_fn(|context| serve(&stage, who, &mut stream, context)).await;
            stage.lock().plain(who).disconnected();
        }
        sleep(PAUSE).await;
    }
}

/// Moves bytes both ways until nothing moves, or the connection is over.
fn serve(
    stage: &Stage,
    who: Who,
    stream: &mut TcpStream,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let mut outgoing = {
            let mut parts = stage.lock();
            if parts.plain(who).is_cut_off() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            if who == Who::Witness {
                parts.witness.publish();
            }
            let plain = parts.plain(who);
            plain.waker = Some(context.waker().clone());
            std::mem::take(&mut plain.outgoing)
        };
        while !outgoing.is_empty() {
            match Pin::new(&mut *stream).poll_write(context, &outgoing) {
                Poll::Ready(taken) => drop(outgoing.drain(..taken?)),
                Poll::Pending => {
                    stage.lock().plain(who).outgoing = outgoing;
                    return Poll::Pending;
                }
            }
        }
        let mut bytes = [0; 4_096];
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Poll::Ready(Ok(())) => stage.lock().client_receives(who, buffer.filled()),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    }
}
