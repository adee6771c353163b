//! Questions about what can be reached right now.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use fivewire_core::client::State;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::client::Client;
use crate::driver::Control;

/// A name server that answers everybody: whom the predecessors asked.
pub const WAN_SERVER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(8, 8, 8, 8), 53));

/// A DNS query for the address of `www.google.com`.
const QUERY: [u8; 32] = *b"\x24\x1a\x01\0\0\x01\0\0\0\0\0\0\x03www\x06google\x03com\0\0\x01\0\x01";

impl Client {
    /// The broker accepted the connection, and it is not known to be lost.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.status().state == State::Connected
    }

    /// Whether the broker lives: it said something within the last second, or answers a ping that is
    /// sent now. Takes at most `response_timeout_ms`, after which a silent broker is left. False at once
    /// without a connection.
    ///
    /// Cancel-safe.
    pub async fn broker_up(&self) -> bool {
        let (reply, lives) = oneshot::channel();
        self.order(Control::Probe(reply));
        lives.await.unwrap_or(false)
    }
}

/// Whether the internet can be reached: `server`, for example [`WAN_SERVER`], answers a DNS query within
/// `patience`. It says nothing of the broker.
///
/// # Errors
/// No socket could be opened, or nothing be sent: there is no network at all.
pub async fn wan_ok(server: SocketAddr, patience: Duration) -> io::Result<bool> {
    let any: SocketAddr =
        if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(server).await?;
    socket.send(&QUERY).await?;
    let mut answer = [0; 512];
    Ok(match timeout(patience, socket.recv(&mut answer)).await {
        // The same identifier, and it is a response.
        Ok(Ok(size)) => size >= 12 && answer[..2] == QUERY[..2] && answer[2] & 0x80 != 0,
        // Nobody listens there, or nobody said anything.
        Ok(Err(_)) | Err(_) => false,
    })
}
