//! The broker of `simulated_tls`: the simulator's, behind rustls, on a host of turmoil.

use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::time::Duration;

use fivewire_core::time::{Instant, Wait};
use fivewire_sim::broker::{Broker, ClientKey, Event, Input, Output};
use fivewire_sim::fault::Memory;
use fivewire_tokio::DEFAULT_TLS_PORT;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::spawn_local;
use tokio::time::sleep;
use tokio_rustls::{Accept, TlsAcceptor};
use turmoil::net::{TcpListener, TcpStream};

/// The machine, which is a disk as well: it is there while the process is not.
pub(crate) struct Server {
    broker: Broker,
    /// The payloads of all publications, as they arrived.
    pub(crate) received: Vec<String>,
}

impl Server {
    pub(crate) fn new() -> Rc<RefCell<Self>> {
        let broker = Broker::new(fivewire_sim::broker::Config::default());
        Rc::new(RefCell::new(Self { broker, received: Vec::new() }))
    }

    fn handle(&mut self, input: Input<'_>) {
        self.broker.handle(now(), input);
    }

    /// What `own` connection is to be sent, whether it is over then, and how long the broker waits.
    /// There is one client: what is for another connection is for one that it has left.
    fn drain(&mut self, own: ClientKey) -> (Vec<u8>, bool, Duration) {
        let (mut outgoing, mut is_over) = (Vec::new(), false);
        loop {
            match self.broker.poll() {
                Output::Transmit(key, bytes) => {
                    let count = bytes.len();
                    if key == own {
                        outgoing.extend_from_slice(bytes);
                    }
                    self.handle(Input::Sent(key, count));
                }
                Output::Close(key, _) => is_over |= key == own,
                Output::Event(Event::PublishReceived { publish, .. }) => {
                    self.received.push(String::from_utf8_lossy(publish.payload).into_owned());
                }
                Output::Event(_) => {}
                Output::Wait(wait) => {
                    let wait = match wait {
                        Wait::Until(at, _) => Duration::from_micros(at.micros_since(now())),
                        Wait::ForInput => Duration::MAX,
                    };
                    return (outgoing, is_over, wait);
                }
            }
        }
    }
}

/// The process, from its start on.
pub(crate) async fn listen(server: Rc<RefCell<Server>>, tls: TlsAcceptor) -> turmoil::Result {
    server.borrow_mut().broker.restart(now(), Memory::Kept);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, DEFAULT_TLS_PORT)).await?;
    for key in (1..).map(ClientKey) {
        let (stream, _) = listener.accept().await?;
        spawn_local(serve(server.clone(), key, tls.accept(stream)));
    }
    Ok(())
}

/// One connection, from its handshake to its end.
async fn serve(
    server: Rc<RefCell<Server>>,
    key: ClientKey,
    opening: Accept<TcpStream>,
) -> io::Result<()> {
    let mut stream = opening.await?;
    server.borrow_mut().handle(Input::Opened(key));
    let mut bytes = [0; 4_096];
    loop {
        let (outgoing, is_over, wait) = server.borrow_mut().drain(key);
        let sending = async {
            stream.write_all(&outgoing).await?;
            stream.flush().await
        };
        // an error here is one of reading, too
        let _ = sending.await;
        if is_over {
            return stream.shutdown().await;
        }
        tokio::select! {
            biased;
            read = stream.read(&mut bytes) => match read {
                Ok(0) | Err(_) => {
                    server.borrow_mut().handle(Input::Closed(key));
                    server.borrow_mut().drain(key);
                    return Ok(());
                }
                Ok(count) => server.borrow_mut().handle(Input::Received(key, &bytes[..count])),
            },
            () = sleep(wait) => server.borrow_mut().handle(Input::Timeout),
        }
    }
}

/// The time in the simulation, which goes on over restarts.
fn now() -> Instant {
    Instant::from_micros(turmoil::sim_elapsed().unwrap_or_default().as_micros() as u64)
}
