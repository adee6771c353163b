//! fivewire beside clients and brokers that others wrote, over the loopback interface.
//!
//! A package of its own and no default member, because a broker as a library brings ninety crates that
//! nothing else here wants. [`Served`] puts the simulator's broker behind a real socket; what is proven
//! is in `tests/`.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use fivewire_core::time::{Instant, Wait};
use fivewire_sim::broker::{Broker, ClientKey, Input, Output};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{self, Duration};

/// The simulator's broker on a free port of the loopback interface, until it is dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Served {
    /// Starts it.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(broker: Broker) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(Server::new(broker).run(listener));
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a connection's reader has to say.
enum Heard {
    Bytes(ClientKey, Vec<u8>),
    Closed(ClientKey),
}

struct Server {
    broker: Broker,
    started: time::Instant,
    last_key: u32,
    /// Who writes to each connection. Its end closes the connection.
    writers: BTreeMap<ClientKey, mpsc::UnboundedSender<Vec<u8>>>,
}

impl Server {
    fn new(broker: Broker) -> Self {
        Self { broker, started: time::Instant::now(), last_key: 0, writers: BTreeMap::new() }
    }

    fn now(&self) -> Instant {
        let micros = self.started.elapsed().as_micros();
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    async fn run(mut self, listener: TcpListener) {
        let (heard, mut news) = mpsc::unbounded_channel();
        loop {
            let wait = self.drain();
            tokio::select! {
                Ok((stream, _)) = listener.accept() => self.open(stream, heard.clone()),
                Some(heard) = news.recv() => self.hear(heard),
                () = sleep(self.now(), wait) => {
                    let now = self.now();
                    self.broker.handle(now, Input::Timeout);
                }
            }
        }
    }

    fn open(&mut self, stream: TcpStream, heard: mpsc::UnboundedSender<Heard>) {
        self.last_key += 1;
        let key = ClientKey(self.last_key);
        // small packets leave at once
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let (bytes, to_write) = mpsc::unbounded_channel();
        tokio::spawn(read(reader, key, heard));
        tokio::spawn(write(writer, to_write));
        self.writers.insert(key, bytes);
        let now = self.now();
        self.broker.handle(now, Input::Opened(key));
    }

    fn hear(&mut self, heard: Heard) {
        let now = self.now();
        match heard {
            Heard::Bytes(key, bytes) => self.broker.handle(now, Input::Received(key, &bytes)),
            Heard::Closed(key) => {
                self.writers.remove(&key);
                self.broker.handle(now, Input::Closed(key));
            }
        }
    }

    /// Does what the broker wants until it waits.
    fn drain(&mut self) -> Wait {
        let now = self.now();
        loop {
            match self.broker.poll() {
                Output::Transmit(key, bytes) => {
                    let count = bytes.len();
                    if let Some(writer) = self.writers.get(&key) {
                        // a writer that is gone has lost its connection, which its reader tells
                        let _ = writer.send(bytes.to_vec());
                    }
                    self.broker.handle(now, Input::Sent(key, count));
                }
                Output::Close(key, _) => {
                    self.writers.remove(&key);
                }
                Output::Event(_) => {}
                Output::Wait(wait) => return wait,
            }
        }
    }
}

async fn sleep(now: Instant, wait: Wait) {
    match wait {
        Wait::Until(at, _) => time::sleep(Duration::from_micros(at.micros_since(now))).await,
        Wait::ForInput => std::future::pending().await,
    }
}

async fn read(mut stream: OwnedReadHalf, key: ClientKey, heard: mpsc::UnboundedSender<Heard>) {
    let mut buffer = vec![0; 16_384];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        if heard.send(Heard::Bytes(key, buffer[..count].to_vec())).is_err() {
            return;
        }
    }
    // nobody listens any more where the broker has ended
    let _ = heard.send(Heard::Closed(key));
}

async fn write(mut stream: OwnedWriteHalf, mut bytes: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(bytes) = bytes.recv().await {
        if stream.write_all(&bytes).await.is_err() {
            return;
        }
    }
    // the other end may have closed it already
    let _ = stream.shutdown().await;
}
