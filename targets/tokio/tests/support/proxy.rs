//! A proxy on the loopback interface that can do to connections what networks do.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::journal::{Journal, Reader};

/// What the broker says takes this long, so that there is always something under way to be lost.
const LATENCY: Duration = Duration::from_millis(20);

/// What the proxy does with connections and with attempts to open one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Passes everything on.
    Pass,
    /// Accepts, and passes nothing on.
    Stall,
    /// Accepts no connection. Open ones go on.
    Refuse,
}

#[derive(Clone, Copy, Debug)]
struct Control {
    mode: Mode,
    /// How often all connections were ended, and how the last time.
    cuts: usize,
    reset: bool,
}

pub(crate) struct Proxy {
    address: SocketAddr,
    control: watch::Sender<Control>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens a proxy to the broker on `port`, which writes into `journal`.
    pub(crate) async fn open(port: u16, journal: Journal) -> Self {
        let listener = super::listen_on_lasting_port();
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let (control, watched) =
            watch::channel(Control { mode: Mode::Pass, cuts: 0, reset: false });
        let task = tokio::spawn(listen(listener, port, journal, watched));
        Self { address, control, task }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.control.send_modify(|control| control.mode = mode);
    }

    /// Ends all connections; what was not passed on is lost. `reset`: with RST instead of FIN.
    pub(crate) fn cut(&self, reset: bool) {
        self.control.send_modify(|control| {
            control.cuts += 1;
            control.reset = reset;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    listener: TcpListener,
    port: u16,
    journal: Journal,
    mut control: watch::Receiver<Control>,
) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    let connections = Arc::new(AtomicUsize::new(0));
    loop {
        if control.borrow_and_update().mode == Mode::Refuse {
            listener = None;
        } else if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.unwrap());
        }
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = control.changed() => if changed.is_err() { return },
            Ok((client, _)) = accepted => {
                let (control, journal) = (control.clone(), journal.clone());
                tokio::spawn(serve(client, port, journal, Arc::clone(&connections), control));
            }
        }
    }
}

/// Serves one connection. It ends where it is cut, where a side closes, and with the proxy.
async fn serve(
    mut client: TcpStream,
    port: u16,
    journal: Journal,
    connections: Arc<AtomicUsize>,
    mut control: watch::Receiver<Control>,
) -> io::Result<()> {
    let cuts = control.borrow().cuts;
    let mut broker = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let number = connections.fetch_add(1, Ordering::Relaxed);
    let (mut up, mut down) = (journal.reader(number), journal.reader(number));
    let (mut from_client, mut from_broker) = ([0; 4096], [0; 4096]);
    loop {
        let now = *control.borrow_and_update();
        if now.cuts != cuts {
            if now.reset {
                client.set_zero_linger()?;
                broker.set_zero_linger()?;
            }
            return Ok(());
        }
        let pass = now.mode != Mode::Stall;
        tokio::select! {
            changed = control.changed() => if changed.is_err() { return Ok(()) },
            count = client.read(&mut from_client), if pass => {
                pass_on(&from_client[..count?], &mut up, &mut broker).await?;
            }
            count = broker.read(&mut from_broker), if pass => {
                let count = count?;
                sleep(LATENCY).await;
                if control.borrow().cuts == cuts {
                    pass_on(&from_broker[..count], &mut down, &mut client).await?;
                }
            }
        }
    }
}

async fn pass_on(bytes: &[u8], reader: &mut Reader, to: &mut TcpStream) -> io::Result<()> {
    if bytes.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    reader.see(bytes);
    to.write_all(bytes).await
}
