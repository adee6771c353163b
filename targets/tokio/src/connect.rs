//! How a connection is opened: over TCP, or any other way that the program knows.

use std::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// The port of MQTT without TLS, as registered with IANA.
pub const DEFAULT_PORT: u16 = 1883;

/// Opens connections to the broker, one at a time: [`Tcp`], TLS, a Unix socket, a simulated network.
///
/// ```
/// use std::io;
/// use fivewire_tokio::Connect;
/// use tokio::io::DuplexStream;
///
/// /// Hands out one end of a pipe, once.
/// struct Pipe(Option<DuplexStream>);
///
/// impl Connect for Pipe {
///     type Stream = DuplexStream;
///
///     async fn connect(&mut self) -> io::Result<DuplexStream> {
///         self.0.take().ok_or_else(|| io::ErrorKind::ConnectionRefused.into())
///     }
/// }
/// ```
pub trait Connect: Send + 'static {
    /// What a connection is. What was written must leave once it is flushed.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a connection. The future is dropped where that takes longer than `open_timeout_ms`.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionRefused`] where the other machine answered that nobody listens;
    /// any other error counts as no answer.
    fn connect(&mut self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Opens TCP connections, with Nagle's algorithm off: the client batches by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tcp {
    address: String,
    #[cfg(feature = "tls")]
    host_ends: usize,
}

impl Tcp {
    /// Connects to `address`: `host`, `host:port`, `192.0.2.7:1883` or `[2001:db8::7]:1883`. Without
    /// a port it is [`DEFAULT_PORT`]. The name is looked up at every attempt.
    ///
    /// # Errors
    /// The address as it was given, if it is none.
    pub fn new(address: &str) -> Result<Self, AddressError> {
        Self::with_default_port(address, DEFAULT_PORT)
    }

    pub(crate) fn with_default_port(address: &str, default: u16) -> Result<Self, AddressError> {
        let bad = || AddressError { address: address.to_owned() };
        let host_ends = address.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match address[host_ends..].split_once(':') {
            Some((rest, port)) => {
                let host = &address[..host_ends + rest.len()];
                (host, port.parse().map_err(|_| bad())?)
            }
            None => (address, default),
        };
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(bad());
        }
        Ok(Self {
            address: format!("{host}:{port}"),
            #[cfg(feature = "tls")]
            host_ends: host.len(),
        })
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name or IP address of the other machine.
    #[cfg(feature = "tls")]
    pub(crate) fn host(&self) -> &str {
        self.address[..self.host_ends].trim_start_matches('[').trim_end_matches(']')
    }
}

impl Connect for Tcp {
    type Stream = TcpStream;

    async fn connect(&mut self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// A text that is no address of a broker.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{address}` is no address: write `host` or `host:port`, with a port from 0 to 65535")]
pub struct AddressError {
    /// The text.
    pub address: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, address) in [
            ("broker", "broker:1883"),
            ("broker:8883", "broker:8883"),
            ("192.0.2.7:1", "192.0.2.7:1"),
            ("[::1]", "[::1]:1883"),
            ("[2001:db8::7]:80", "[2001:db8::7]:80"),
        ] {
            assert_eq!(Tcp::new(text).unwrap().address(), address);
        }
        for text in ["", ":1883", "broker:", "broker:x", "broker:65536", "two words", "::1"] {
            assert_eq!(Tcp::new(text), Err(AddressError { address: text.to_owned() }), "{text:?}");
        }
    }

    #[tokio::test]
    async fn connections_do_not_wait_for_more_to_send_and_refusals_are_refusals() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut tcp = Tcp::new(&listener.local_addr().unwrap().to_string()).unwrap();
        assert!(tcp.connect().await.unwrap().nodelay().unwrap());
        drop(listener);
        assert_eq!(tcp.connect().await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
