//! The ESP8266's end of the bridge: runs the client as the host tells it, and reports.
//!
//! Whatever it holds can be lost at any instant: the host owns every publication until `Done`, and
//! the broker every message until the host has released it.

mod checkpoint;
mod command;
mod errands;
mod report;
#[cfg(feature = "mqtt5")]
mod v5;

use super::fifo::Fifo;
use super::frame::{
    Init, MESSAGE_HEADER_BYTES, SMALL_FRAME_BYTES, Tally, ToEsp, ToHost, TopicBytes,
};
use super::topics::Topics;
use super::{Broker, HEARTBEAT_MS, Lan, Network, VERSION, fifo};
use crate::client::{self, Action, Client, Next};
use crate::error::ConfigError;
use crate::event::{Counters, Ticket};
use crate::planted::Planted;
use crate::storage::{Storage, large_enough};
use crate::time::{Instant, Reason, Wait};
use errands::Errands;

/// Room in the queue of frames that messages leave to reports.
const REPORT_BYTES: usize = 8 * (SMALL_FRAME_BYTES + fifo::HEADER_BYTES);

/// The caller's buffers for the ESP8266's end.
///
/// | buffer | holds | at least |
/// |---|---|---|
/// | `client` | see [`client::Memory`]; `receive` limits the messages that can be passed on | |
/// | `frames` | frames on their way to the host | `client.receive` and 320 bytes |
/// | `publication_topics` | the topics published to last, each with 1 byte more than its text, as many as the host keeps, too | 0 bytes |
/// | `message_topics` | the same of messages to the host | 0 bytes |
/// | `settings` | what the host said of network and broker | about 100 bytes and all texts |
#[derive(Clone, Copy, Debug)]
pub struct Memory<S> {
    /// The client's own.
    pub client: client::Memory<S>,
    /// Frames on their way to the host.
    pub frames: S,
    /// Topics that the host told.
    pub publication_topics: S,
    /// Topics that the host was told.
    pub message_topics: S,
    /// What the host said.
    pub settings: S,
}

/// What the world tells the ESP8266's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The instant that `Wait::Until` named has come, or any other: early is harmless.
    Timeout,
    /// The two ends of the link found each other.
    LinkUp {
        /// The largest frame that the link carries to the host
        /// ([`Event::Up`](crate::link::Event::Up)), at least 62 bytes; `usize::MAX` for no limit.
        /// No frame is larger: a message that would need one is answered to the broker, counted,
        /// and told of as too large.
        frame_max_bytes: usize,
    },
    /// They lost each other.
    LinkDown,
    /// A whole frame arrived.
    Frame(&'a [u8]),
    /// The link took the last [`Output::Frame`]: its length, or 0 for not now.
    FrameSent(usize),
    /// The link takes frames again.
    FrameWritable,
    /// What the network tells the client.
    Net(client::Input<'a>),
    /// A datagram came from the time server, whatever is in it.
    Datagram(&'a [u8]),
    /// Answers [`Output::ReportMemory`].
    Memory {
        /// Bytes of heap that are free.
        free_bytes: u32,
        /// Bytes of heap that are in use.
        used_bytes: u32,
    },
}

/// What the ESP8266's end wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Use this network and this broker from now on.
    Configure(Setup<'a>),
    /// Begin to join this network: what [`Action::JoinWifi`] asks of a client's adapter.
    Join(Lan),
    /// Do this with the radio or the transport. Never [`Action::JoinWifi`].
    Net(Action),
    /// Send [`sntp::request`](crate::sntp::request) with this cookie to port
    /// [`sntp::PORT`](crate::sntp::PORT) of [`Setup::time_server`], over UDP; what comes back is
    /// [`Input::Datagram`]. Its name is resolved in the background, however long that takes (D-24),
    /// and nothing is said if it cannot be: whoever wants to know the time asks again.
    AskTime {
        /// The question's name.
        cookie: u64,
    },
    /// Say with [`Input::Memory`] how much memory there is.
    ReportMemory,
    /// Send this to the broker, and say with [`client::Input::Sent`] how much was taken.
    Transmit(&'a [u8]),
    /// Send this frame to the host, and say with [`Input::FrameSent`] whether the link took it.
    Frame(&'a [u8]),
    /// Everything is said: wait.
    Wait(Wait),
}

/// Where to connect to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup<'a> {
    /// The network to join.
    pub network: Network<'a>,
    /// The broker to connect to.
    pub broker: Broker<'a>,
    /// The time server to ask.
    pub time_server: &'a str,
}

/// How much the host can still take.
#[derive(Clone, Copy, Default, Debug)]
struct Room {
    /// Bytes that were free when the host told its settings.
    initial_bytes: u32,
    /// Bytes that it freed since.
    freed_bytes: u32,
    /// Bytes that were sent since.
    sent_bytes: u32,
    /// Bytes that it could ever take.
    capacity_bytes: usize,
}

impl Room {
    fn left_bytes(&self) -> usize {
        let granted = self.initial_bytes.wrapping_add(self.freed_bytes);
        usize::try_from(granted.wrapping_sub(self.sent_bytes)).unwrap_or(usize::MAX)
    }
}

/// The ESP8266's end. `S` is the caller's memory.
pub struct Esp<S> {
    now: Instant,
    seed: u64,
    client: Option<Client<S>>,
    /// The client's memory while there is no client.
    memory: Option<client::Memory<S>>,
    frames: Fifo<S>,
    frame_offered: bool,
    frame_blocked: bool,
    /// The largest frame that the link carries.
    frame_max_bytes: usize,
    publication_topics: Topics<S>,
    message_topics: Topics<S>,
    settings: S,
    settings_size: usize,
    configure_due: bool,
    errands: Errands,
    /// The connection of a client that was replaced is to be closed, the network to be left.
    close_due: [Option<Action>; 2],
    link_up: bool,
    /// The host told its settings since the link came up.
    configured: bool,
    /// A report did not fit into the queue: the host is to start the protocol over.
    hello_due: bool,
    /// A publication did not fit into the outbox: the host is to give it again from then on.
    hello_at: Option<Instant>,
    epoch: Option<u32>,
    room: Room,
    last_frame_at: Instant,
    /// The newest publication that this host gave us.
    received_up_to: Option<Ticket>,
    outbox_bytes: u32,
    #[cfg(feature = "mqtt5")]
    endings: v5::Endings,
    planted: Planted,
}

impl<S: Storage> Esp<S> {
    /// An end that stores everything in `memory` and draws the client's pauses from `seed`.
    ///
    /// # Errors
    /// A buffer is too small for any settings.
    pub fn new(memory: Memory<S>, seed: u64) -> Result<Self, ConfigError> {
        let min_bytes = memory.client.receive.as_ref().len() + REPORT_BYTES + SMALL_FRAME_BYTES;
        large_enough("frames", &memory.frames, min_bytes)?;
        Ok(Self {
            now: Instant::ZERO,
            seed,
            client: None,
            outbox_bytes: u32::try_from(memory.client.outbox.as_ref().len()).unwrap_or(u32::MAX),
            memory: Some(memory.client),
            frames: Fifo::new(memory.frames),
            frame_offered: false,
            frame_blocked: false,
            frame_max_bytes: usize::MAX,
            publication_topics: Topics::new(memory.publication_topics),
            message_topics: Topics::new(memory.message_topics),
            settings: memory.settings,
            settings_size: 0,
            configure_due: false,
            errands: Errands::new(),
            close_due: [None; 2],
            link_up: false,
            configured: false,
            hello_due: false,
            hello_at: None,
            epoch: None,
            room: Room::default(),
            last_frame_at: Instant::ZERO,
            received_up_to: None,
            #[cfg(feature = "mqtt5")]
            endings: v5::Endings::new(),
            planted: Planted::NONE,
        })
    }

    /// Puts a bug into every client to come. Nothing can be planted without the feature `planted`.
    #[doc(hidden)]
    pub const fn plant(&mut self, planted: Planted) {
        self.planted = planted;
    }

    /// The world speaks. Never fails.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.now = self.now.max(now);
        if let Some(client) = self.client.as_mut() {
            client.advance_clock(self.now);
        }
        match input {
            Input::Timeout => self.net(client::Input::Timeout),
            Input::LinkUp { frame_max_bytes } => {
                self.reset_link();
                self.link_up = true;
                self.frame_max_bytes = frame_max_bytes;
                self.say_hello();
            }
            Input::LinkDown => {
                self.reset_link();
                self.link_up = false;
            }
            Input::Frame(frame) => match ToEsp::decode(frame) {
                Ok(mut frame) => self.take_command(&mut frame),
                #[cfg(not(feature = "mqtt5"))]
                Err(_) if super::frame::asks_for_mqtt5(frame) => self.push(&ToHost::Unfit),
                // The host that hears Hello starts over, and so does the protocol.
                Err(_) => self.say_hello(),
            },
            Input::FrameSent(count) => {
                self.frame_offered = false;
                self.frame_blocked = count == 0;
                if count > 0 {
                    self.frames.pop();
                }
            }
            Input::FrameWritable => self.frame_blocked = false,
            Input::Net(client::Input::WifiUp) => {
                // One that comes too late says nothing of the network that is tried next.
                if self.client_state() == client::State::JoiningWifi {
                    self.errands.joined();
                }
                self.net(client::Input::WifiUp);
            }
            Input::Net(input) => self.net(input),
            Input::Datagram(datagram) => self.take_datagram(datagram),
            Input::Memory { free_bytes, used_bytes } => self.take_memory(free_bytes, used_bytes),
        }
    }

    fn net(&mut self, input: client::Input<'_>) {
        if let Some(client) = self.client.as_mut() {
            client.handle(self.now, input);
        }
    }

    /// What the ESP8266's end wants. Call it after every other call, until it yields
    /// [`Output::Wait`].
    pub fn poll(&mut self) -> Output<'_> {
        match self.next() {
            Step::Frame => {
                let frame = self.frames.front().unwrap_or_default();
                Output::Frame(self.frames.get(frame))
            }
            Step::Configure => self.show_setup(),
            Step::Join(lan) => Output::Join(lan),
            Step::Net(action) => Output::Net(action),
            Step::AskTime { cookie } => Output::AskTime { cookie },
            Step::ReportMemory => Output::ReportMemory,
            Step::Transmit => Output::Transmit(
                self.client.as_ref().map_or(&[], |client| client.session().pending()),
            ),
            Step::Wait(wait) => Output::Wait(wait),
        }
    }

    fn next(&mut self) -> Step {
        if core::mem::take(&mut self.configure_due) {
            return Step::Configure;
        }
        if let Some(action) = self.close_due.iter_mut().find_map(Option::take) {
            return Step::Net(action);
        }
        if self.errands.due
            && let Some(step) = self.next_errand()
        {
            return step;
        }
        let wait = loop {
            match self.next_of_client() {
                Some(Next::Action(Action::JoinWifi)) => {
                    if let Some(step) = self.join() {
                        return step;
                    }
                }
                Some(Next::Action(action)) => {
                    if action == Action::OpenTcp {
                        self.note_opening();
                    }
                    return Step::Net(action);
                }
                Some(Next::Transmit) => return Step::Transmit,
                Some(Next::Event(event)) => self.report(&event),
                Some(Next::Message(handed)) => self.forward(&handed),
                Some(Next::Wait(wait)) => break wait,
                None => break Wait::ForInput,
            }
        };
        let again = self.hello_at.is_some_and(|at| at <= self.now);
        if self.link_up && (again || self.hello_due) {
            self.say_hello();
        }
        if self.heartbeat_at().is_some_and(|at| at <= self.now) {
            self.push(&ToHost::Alive(self.tally()));
        }
        if self.link_up && !self.frames.is_empty() && !self.frame_offered && !self.frame_blocked {
            self.frame_offered = true;
            return Step::Frame;
        }
        let hello = Wait::until(self.hello_at.filter(|_| self.link_up), Reason::MoreWork);
        Step::Wait(wait.sooner(hello).sooner(Wait::until(self.heartbeat_at(), Reason::Heartbeat)))
    }

    /// What the client wants, if there is room to report it.
    fn next_of_client(&mut self) -> Option<Next> {
        let free = self.frames.free();
        if free < SMALL_FRAME_BYTES + fifo::HEADER_BYTES {
            return None;
        }
        let link = free.saturating_sub(fifo::HEADER_BYTES + MESSAGE_HEADER_BYTES + REPORT_BYTES);
        let host = self.room.left_bytes().saturating_sub(super::host::INBOUND_HEADER_BYTES);
        let max_bytes = if self.configured { link.min(host) } else { 0 };
        let client = self.client.as_mut()?;
        client.limit_hand_out(max_bytes);
        Some(client.next())
    }

    /// The command task says that it lives when it has said nothing else for a while.
    fn heartbeat_at(&self) -> Option<Instant> {
        (self.link_up && self.frames.is_empty()).then(|| self.last_frame_at.plus_ms(HEARTBEAT_MS))
    }

    fn push(&mut self, frame: &ToHost<'_>) {
        let mut bytes = [0; SMALL_FRAME_BYTES];
        let Ok(size) = frame.encode(&mut bytes) else { return };
        match self.frames.push(size) {
            Some(room) => {
                room.copy_from_slice(&bytes[..size]);
                self.last_frame_at = self.now;
            }
            // The host must not miss it: it is told to ask for everything again.
            None => self.hello_due = true,
        }
    }

    #[cold]
    fn reset_link(&mut self) {
        self.frames.clear();
        self.frame_offered = false;
        self.frame_blocked = false;
        self.configured = false;
        self.hello_at = None;
        self.hello_due = false;
    }

    #[cold]
    fn say_hello(&mut self) {
        self.configured = false;
        self.hello_at = None;
        self.hello_due = false;
        let topics = TopicBytes {
            publications: self.publication_topics.size_bytes(),
            messages: self.message_topics.size_bytes(),
        };
        let outbox_bytes = self.outbox_bytes;
        self.push(&ToHost::Hello { version: VERSION, outbox_bytes, topics });
    }

    #[cold]
    fn show_setup(&self) -> Output<'_> {
        match ToEsp::decode(&self.settings.as_ref()[..self.settings_size]) {
            Ok(ToEsp::Init(Init { network, broker, services, .. })) => {
                Output::Configure(Setup { network, broker, time_server: services.time_server })
            }
            // The settings were decoded before they were stored.
            Ok(_) | Err(_) => Output::Wait(Wait::ForInput),
        }
    }

    /// How many bytes of the broker's stream may be delivered now. 0: do not read.
    pub fn receive_capacity(&self) -> usize {
        self.client.as_ref().map_or(0, Client::receive_capacity)
    }

    /// Where the client stands.
    pub fn client_state(&self) -> client::State {
        self.client.as_ref().map_or(client::State::Idle, Client::state)
    }

    /// The client, once the host has told its settings.
    pub const fn client(&self) -> Option<&Client<S>> {
        self.client.as_ref()
    }

    /// What the client dropped, repeated or gave up since its start.
    pub fn counters(&self) -> Counters {
        self.client.as_ref().map_or_else(Counters::default, Client::counters)
    }

    fn tally(&self) -> Tally {
        let counters = self.counters();
        Tally {
            redelivered: counters.redelivered,
            dropped_qos0_in: counters.dropped_qos0_in,
            shed_in: counters.shed_in,
            unknown_acks: counters.unknown_acks,
            failed_attempts: counters.failed_attempts,
            wifi_rejoins: counters.wifi_rejoins,
        }
    }
}

/// What comes next, not lent yet.
enum Step {
    Frame,
    Configure,
    Join(Lan),
    Net(Action),
    AskTime { cookie: u64 },
    ReportMemory,
    Transmit,
    Wait(Wait),
}
