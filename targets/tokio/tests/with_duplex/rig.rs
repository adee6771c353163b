//! A connector whose connections the test makes, and the broker's end of one.

use std::io;
use std::time::Duration;

use fivewire_tokio::{Client, Config, Connect, FirstConnectError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter, DuplexStream, duplex};
use tokio::sync::mpsc;

/// CONNACK without a session.
pub(crate) const FRESH: [u8; 4] = [0x20, 2, 0, 0];
/// CONNACK with the session that was there.
pub(crate) const RESUMED: [u8; 4] = [0x20, 2, 1, 0];
pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];

/// No test takes so long. Without an end a client that waits would try again for ever, at no cost
/// on a paused clock.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Answers each attempt with what the test prepared, and never where it prepared nothing.
pub(crate) struct Prepared(mpsc::UnboundedReceiver<io::Result<DuplexStream>>);

impl Connect for Prepared {
    type Stream = DuplexStream;

    async fn connect(&mut self) -> io::Result<DuplexStream> {
        match self.0.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

/// The same, over a stream that lets nothing leave before it is flushed, as TLS may.
pub(crate) struct HeldBack(Prepared);

impl Connect for HeldBack {
    type Stream = BufWriter<DuplexStream>;

    async fn connect(&mut self) -> io::Result<Self::Stream> {
        Ok(BufWriter::new(self.0.connect().await?))
    }
}

/// The broker's machine.
pub(crate) struct Peer(mpsc::UnboundedSender<io::Result<DuplexStream>>);

impl Peer {
    pub(crate) fn refuse(&self) {
        self.0.send(Err(io::ErrorKind::ConnectionRefused.into())).unwrap();
    }

    pub(crate) fn fail(&self, text: &'static str) {
        self.0.send(Err(io::Error::other(text))).unwrap();
    }

    /// The client has ended, and with it whoever opened its connections.
    pub(crate) async fn is_abandoned(&self) -> bool {
        tokio::time::timeout(DAY, self.0.closed()).await.is_ok()
    }

    /// Opens a connection that carries `bytes` at a time in each direction.
    pub(crate) fn open(&self, bytes: usize) -> Connection {
        let (client, broker) = duplex(bytes);
        self.0.send(Ok(client)).unwrap();
        Connection(broker)
    }

    /// Opens a connection, reads CONNECT and sends `connack`.
    pub(crate) async fn accept(&self, connack: &[u8]) -> Connection {
        let mut connection = self.open(64 * 1024);
        assert_eq!(connection.packet().await[0], 0x10);
        connection.send(connack).await;
        connection
    }
}

/// The broker's end of a connection.
pub(crate) struct Connection(DuplexStream);

impl Connection {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// The next packet of the client.
    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        let mut packet = vec![self.0.read_u8().await.unwrap()];
        let (mut remaining_len, mut shift) = (0, 0);
        loop {
            let digit = self.0.read_u8().await.unwrap();
            packet.push(digit);
            remaining_len |= usize::from(digit & 0x7F) << shift;
            shift += 7;
            if digit & 0x80 == 0 {
                break;
            }
        }
        let header_len = packet.len();
        packet.resize(header_len + remaining_len, 0);
        self.0.read_exact(&mut packet[header_len..]).await.unwrap();
        packet
    }

    pub(crate) async fn expect(&mut self, packet: &[u8]) {
        assert_eq!(self.packet().await, packet);
    }

    /// The client says nothing for two seconds.
    pub(crate) async fn expect_silence(&mut self) {
        let pause = Duration::from_secs(2);
        let packet = tokio::time::timeout(pause, self.packet()).await;
        assert!(packet.is_err(), "{packet:?}");
    }

    /// The client closes.
    pub(crate) async fn expect_end(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, []);
    }

    /// Answers a SUBSCRIBE with what it asks for.
    pub(crate) async fn grant(&mut self) {
        let subscribe = self.packet().await;
        assert_eq!(subscribe[0], 0x82);
        let qos = *subscribe.last().unwrap();
        self.send(&[0x90, 3, subscribe[2], subscribe[3], qos]).await;
    }
}

/// PUBLISH of one byte on a topic of one byte; `id` 0 means QoS 0.
pub(crate) fn publish(topic: u8, id: u8, payload: u8) -> Vec<u8> {
    match id {
        0 => vec![0x30, 4, 0, 1, topic, payload],
        id => vec![0x32, 6, 0, 1, topic, 0, id, payload],
    }
}

pub(crate) const fn puback(id: u8) -> [u8; 4] {
    [0x40, 2, 0, id]
}

pub(crate) fn config() -> Config {
    Config::new("c").clean_init(false).seed(7)
}

pub(crate) fn client(config: Config) -> (Client, Peer) {
    tokio::spawn(async {
        tokio::time::sleep(DAY).await;
        eprintln!("the test waits for something that never comes");
        std::process::abort();
    });
    let (sender, receiver) = mpsc::unbounded_channel();
    (Client::connect_with(config, Prepared(receiver)).unwrap(), Peer(sender))
}

/// A client whose streams let nothing leave before it is flushed.
pub(crate) fn held_back_client(config: Config) -> (Client, Peer) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Client::connect_with(config, HeldBack(Prepared(receiver))).unwrap(), Peer(sender))
}

/// A client whose first connection may fail.
pub(crate) fn first_client(
    config: Config,
    attempts: std::num::NonZeroU32,
) -> (impl Future<Output = Result<Client, FirstConnectError>>, Peer) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Client::connect_first_with(config, Prepared(receiver), attempts), Peer(sender))
}

/// A client that is connected.
pub(crate) async fn connected(config: Config) -> (Client, Peer, Connection) {
    let (client, peer) = client(config);
    let connection = peer.accept(&FRESH).await;
    assert!(client.connected().await);
    (client, peer, connection)
}

/// Lets all tasks run until they wait for something.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}
