//! The client over the Pico W's own radio: `cyw43` for WiFi, `embassy-net` for TCP.

use core::future::pending;
use core::pin::pin;

use embassy_futures::poll_once;
use embassy_futures::select::{Either, Either3, Either4, select, select3, select4};
use embassy_net::Stack;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{ConnectError, TcpSocket};
use embassy_rp::watchdog::Watchdog;
use embassy_sync::blocking_mutex::raw::ThreadModeRawMutex;
use embassy_sync::channel::Channel;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, with_timeout};
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::client::{Action, Client, Input, Output, TcpFailure};
use fivewire_core::event::Event;
use fivewire_core::storage::Storage;
use fivewire_core::time::Wait;

use crate::clock::{self, now};

/// What the client wants of the network: the newest wish counts.
static WANTED: Signal<ThreadModeRawMutex, bool> = Signal::new();
/// What became of it.
static JOINED: Channel<ThreadModeRawMutex, bool, 4> = Channel::new();

/// What the LED is to show: it hangs on the radio's chip.
static LED: Signal<ThreadModeRawMutex, bool> = Signal::new();
/// How long a network may take to give an address.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(15);

/// Switches the LED.
pub fn set_led(on: bool) {
    LED.signal(on);
}

/// Joins and leaves the network as the client wishes. Run it in a task of its own.
pub async fn manage(
    mut control: cyw43::Control<'static>,
    stack: Stack<'static>,
    network: Network<'static>,
) -> ! {
    let mut joined = false;
    loop {
        let lost = async { if joined { stack.wait_link_down().await } else { pending().await } };
        match select3(WANTED.wait(), LED.wait(), lost).await {
            Either3::First(true) => {
                joined = join(&mut control, stack, network).await;
                JOINED.send(joined).await;
            }
            Either3::First(false) => {
                control.leave().await;
                joined = false;
            }
            Either3::Second(on) => control.gpio_set(0, on).await,
            Either3::Third(()) => {
                joined = false;
                JOINED.send(false).await;
            }
        }
    }
}

async fn join(
    control: &mut cyw43::Control<'static>,
    stack: Stack<'static>,
    network: Network<'static>,
) -> bool {
    let options = match network.password {
        "" => cyw43::JoinOptions::new_open(),
        password => cyw43::JoinOptions::new(password.as_bytes()),
    };
    control.join(network.ssid, options).await.is_ok()
        && with_timeout(ADDRESS_TIMEOUT, stack.wait_config_up()).await.is_ok()
}

/// A client and what carries it.
pub struct Radio<S> {
    client: Client<S>,
    socket: TcpSocket<'static>,
    stack: Stack<'static>,
    broker: Broker<'static>,
    open: bool,
    /// The socket took less than it was offered.
    full: bool,
}

/// What the client waits for.
enum Need {
    /// Time, or input.
    Wait(Wait),
    /// A connection.
    Open,
}

impl<S: Storage> Radio<S> {
    /// Puts `client` on top of `socket`.
    pub const fn new(
        client: Client<S>,
        socket: TcpSocket<'static>,
        stack: Stack<'static>,
        broker: Broker<'static>,
    ) -> Self {
        Self { client, socket, stack, broker, open: false, full: false }
    }

    /// The client: to publish, to subscribe, to release. Call [`serve`](Self::serve) afterwards.
    pub const fn client(&mut self) -> &mut Client<S> {
        &mut self.client
    }

    /// Serves the client until `wake` says that the application wants something.
    pub async fn serve(
        &mut self,
        watchdog: &mut Watchdog,
        wake: impl Future<Output = ()>,
        mut application: impl FnMut(Event<'_>),
    ) {
        let mut wake = pin!(wake);
        self.client.handle(now(), Input::Timeout);
        loop {
            watchdog.feed();
            match self.drain(&mut application) {
                Need::Open => self.connect(&mut application).await,
                Need::Wait(wait) => {
                    if let Either::Second(()) = select(self.wait(wait), &mut wake).await {
                        return;
                    }
                }
            }
        }
    }

    /// Does what the client wants, until it waits.
    fn drain(&mut self, application: &mut impl FnMut(Event<'_>)) -> Need {
        loop {
            match self.client.poll() {
                Output::Action(Action::JoinWifi) => WANTED.signal(true),
                Output::Action(Action::LeaveWifi) => WANTED.signal(false),
                Output::Action(Action::OpenTcp) => return Need::Open,
                Output::Action(Action::CloseTcp) => {
                    // FIN follows what was taken; a socket that still lingers is cut when the next
                    // one opens.
                    self.socket.close();
                    self.open = false;
                }
                Output::Transmit(bytes) => {
                    let sent = match poll_once(self.socket.write(bytes)) {
                        core::task::Poll::Ready(Ok(sent)) if self.open => sent,
                        _ => 0,
                    };
                    self.full = sent < bytes.len();
                    self.client.handle(now(), Input::Sent(sent));
                }
                Output::Event(event) => application(event),
                Output::Wait(wait) => return Need::Wait(wait),
            }
        }
    }

    /// Waits for whatever comes first, and tells the client.
    async fn wait(&mut self, wait: Wait) {
        let Self { client, socket, open, full, .. } = self;
        let room = client.receive_capacity();
        let (open_now, full_now) = (*open, *full);
        let most = Wait::Until(now().plus_ms(1_000), fivewire_core::time::Reason::MoreWork);
        let readable = async {
            if open_now && room > 0 { socket.wait_read_ready().await } else { pending().await }
        };
        let writable = async {
            if open_now && full_now { socket.wait_write_ready().await } else { pending().await }
        };
        let first =
            select4(clock::sleep(wait.sooner(most)), JOINED.receive(), readable, writable).await;
        match first {
            Either4::First(()) => client.handle(now(), Input::Timeout),
            Either4::Second(true) => client.handle(now(), Input::WifiUp),
            Either4::Second(false) => client.handle(now(), Input::WifiDown),
            Either4::Third(()) => {
                let mut bytes = [0; 256];
                let most = room.min(bytes.len());
                match socket.read(&mut bytes[..most]).await {
                    Ok(size) if size > 0 => client.handle(now(), Input::Received(&bytes[..size])),
                    Ok(_) | Err(_) => {
                        socket.abort();
                        *open = false;
                        client.handle(now(), Input::TcpClosed);
                    }
                }
            }
            Either4::Fourth(()) => {
                *full = false;
                client.handle(now(), Input::Writable);
            }
        }
    }

    /// Opens a connection, unless the client gives it up.
    async fn connect(&mut self, application: &mut impl FnMut(Event<'_>)) {
        self.socket.abort();
        self.full = false;
        let Self { client, socket, stack, broker, .. } = self;
        let opened = {
            let mut opening = pin!(open(socket, *stack, *broker));
            loop {
                let wait = match client.poll() {
                    Output::Wait(wait) => wait,
                    Output::Event(event) => {
                        application(event);
                        continue;
                    }
                    Output::Action(Action::JoinWifi) => {
                        WANTED.signal(true);
                        continue;
                    }
                    Output::Action(Action::LeaveWifi) => {
                        WANTED.signal(false);
                        continue;
                    }
                    // The client gives up; it does not ask for anything else before it is
                    // connected.
                    Output::Action(Action::CloseTcp | Action::OpenTcp) | Output::Transmit(_) => {
                        break None;
                    }
                };
                match select3(&mut opening, clock::sleep(wait), JOINED.receive()).await {
                    Either3::First(result) => break Some(result),
                    Either3::Second(()) => client.handle(now(), Input::Timeout),
                    Either3::Third(up) => {
                        client.handle(now(), if up { Input::WifiUp } else { Input::WifiDown });
                    }
                }
            }
        };
        match opened {
            Some(Ok(())) => {
                self.open = true;
                self.client.handle(now(), Input::TcpOpened);
            }
            Some(Err(failure)) => self.client.handle(now(), Input::TcpFailed(failure)),
            None => self.socket.abort(),
        }
    }
}

/// Resolves the broker's name, and connects.
async fn open(
    socket: &mut TcpSocket<'static>,
    stack: Stack<'static>,
    broker: Broker<'static>,
) -> Result<(), TcpFailure> {
    let addresses =
        stack.dns_query(broker.host, DnsQueryType::A).await.map_err(|_| TcpFailure::Unreachable)?;
    let address = addresses.first().copied().ok_or(TcpFailure::Unreachable)?;
    socket.connect((address, broker.port)).await.map_err(|error| match error {
        ConnectError::ConnectionReset => TcpFailure::Refused,
        ConnectError::InvalidState | ConnectError::TimedOut | ConnectError::NoRoute => {
            TcpFailure::Unreachable
        }
    })
}
