//! How the adapter opens a connection here: with what turmoil's `connect` does not do.
//!
//! turmoil keeps the socket and the port of a connection that was refused, and of one whose future was
//! dropped, until the end of the run; after 16,384 of them it panics. So nothing is asked of it that
//! would be refused, and what was asked is waited for to the end, by a task that hangs up where nobody
//! wants the connection any more.

use std::io;
use std::time::Duration;

use fivewire_core::client::TcpFailure;
use fivewire_tokio::Connect;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use turmoil::net::TcpStream;

use super::lines::{Reach, Side};
use super::socket::{BROKER, PORT};
use super::stage::Stage;
use super::wire::Wire;
use crate::observation::{ConnectionId, Ending, Observation};

/// A SYN without an answer is sent again after this.
const SYN_AGAIN: Duration = Duration::from_secs(1);
/// A machine on which nobody listens answers in this time.
const REFUSED_AFTER: Duration = Duration::from_millis(10);

/// Opens the device's connections.
pub(super) struct Dial {
    pub(super) stage: Stage,
}

impl Connect for Dial {
    type Stream = Wire;

    async fn connect(&mut self) -> io::Result<Wire> {
        let mut attempt = Attempt::new(&self.stage);
        loop {
            let reach = self.stage.lock().reach();
            match reach {
                Reach::Open => break,
                Reach::Silence => sleep(SYN_AGAIN).await,
                Reach::Refused => {
                    sleep(REFUSED_AFTER).await;
                    attempt.fails();
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
            }
        }
        // not awaited in place: the adapter may drop this future
        let stage = self.stage.clone();
        let dialling = tokio::spawn(async move {
            stage.lock().lines.dialling += 1;
            let dialled = TcpStream::connect((BROKER, PORT)).await;
            let lines = &mut stage.lock().lines;
            lines.dialling -= 1;
            lines.refused += usize::from(dialled.is_err());
            dialled
        });
        let Ok(Ok(mut stream)) = dialling.await else {
            // the process went away while the SYN was under way
            attempt.fails();
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        stream.write_all(&attempt.connection.0.to_be_bytes()).await?;
        Ok(attempt.succeeds(stream))
    }
}

/// An attempt under way. Dropped, it is given up.
struct Attempt {
    stage: Stage,
    connection: ConnectionId,
    is_over: bool,
}

impl Attempt {
    fn new(stage: &Stage) -> Self {
        let mut parts = stage.lock();
        let connection = parts.lines.number();
        parts.lines.attempts += 1;
        parts.see(Observation::Opening { connection });
        drop(parts);
        Self { stage: stage.clone(), connection, is_over: false }
    }

    fn fails(&mut self) {
        self.is_over = true;
        let (connection, failure) = (self.connection, TcpFailure::Refused);
        self.stage.lock().see(Observation::OpenFailed { connection, failure });
    }

    fn succeeds(mut self, stream: TcpStream) -> Wire {
        self.is_over = true;
        let connection = self.connection;
        let mut parts = self.stage.lock();
        parts.lines.open(connection);
        parts.see(Observation::Opened { connection });
        drop(parts);
        Wire::new(self.stage.clone(), connection, Side::Device, stream)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut parts = self.stage.lock();
        parts.lines.attempts -= 1;
        if !self.is_over {
            let (connection, ending) = (self.connection, Ending::Closed);
            parts.see(Observation::EndedAtDevice { connection, ending });
        }
    }
}
