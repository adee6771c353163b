//! Everything that can be seen happening in a world: the one seam between the world and those who
//! watch it (the oracle, the marks, the hash, the timeline, a program's own rule).

mod intrusion;

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::bridge::host;
use fivewire_core::bridge::notice::Notice;
use fivewire_core::bridge::status::Status;
use fivewire_core::client;
use fivewire_core::error::ConfigError;
use fivewire_core::event::{Counters, Event, ResetCause};
use fivewire_core::link;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::time::{Instant, Reason};

use crate::fault::Fault;
use crate::wires::Wire;

pub use intrusion::{Answered, Copied, Crash, Intrusion};

/// A TCP connection between the device and the broker's machine, counted from 1 in order of attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ConnectionId(pub u32);

/// How a connection ended at one of its ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// This end closed it.
    Closed,
    /// The other end closed it (FIN arrived).
    ClosedByPeer,
    /// A reset arrived.
    Reset,
    /// Retransmission gave up.
    Aborted,
    /// The machine or process at this end vanished without a word.
    Vanished,
}

/// A part of the world that has machines in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// The board the application runs on: the bridge's host, or the board with the client itself.
    Host,
    /// The ESP8266 (bridge only).
    Esp,
    /// The broker.
    Broker,
}

/// Why a board lost its memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BoardLoss {
    /// Its program crashed.
    Crash,
    /// Its supply failed.
    PowerLoss,
    /// Its program was asked to end, ended, and starts anew.
    Ended,
    /// The host pulled the reset line.
    ResetLine,
    /// Its receive buffers overflowed.
    ReceiveOverflow,
    /// The reset line was low, and the host had not pulled it.
    ResetGlitch,
    /// Its program stopped dead: only the reset line or its supply can have it start anew.
    Hang,
}

/// Where the device stands, by its own account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The broker accepted the connection.
    pub is_ready: bool,
    /// Messages that the application was handed and has not released (explicit release only).
    pub unreleased: usize,
    /// Where the client stands (without a bridge only).
    pub client: Option<ClientStanding>,
    /// Where the ESP8266 stands (bridge only).
    pub esp: Option<EspStanding>,
}

/// Where a client stands, by its own account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientStanding {
    /// On its way up or down.
    pub state: client::State,
    /// For how long the broker has said nothing, in microseconds; `None` without a connection.
    pub silent_for_us: Option<u64>,
    /// A SUBSCRIBE or UNSUBSCRIBE has no answer.
    pub awaits_suback: bool,
}

/// Where the ESP8266 stands, by its host's account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EspStanding {
    /// It has its settings.
    pub is_running: bool,
    /// It has joined a network.
    pub is_wifi_up: bool,
    /// Where the host stands with it.
    pub state: host::State,
    /// Messages wait for the application.
    pub has_waiting_messages: bool,
    /// Bytes that there is room for of them.
    pub inbound_room_bytes: usize,
}

/// One thing that happened. Bytes are lent; who wants to keep them copies them.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the sentence of each variant speaks of its fields")]
pub enum Observation<'a> {
    // --- the application at the device
    /// The application published and got a ticket.
    Published {
        ticket: u32,
        topic: &'a str,
        payload: &'a [u8],
        qos: QoS,
        retain: bool,
        properties: Properties<'a>,
    },
    /// The application tried to publish and was refused; nothing was queued.
    PublishRefused { topic: &'a str, error: fivewire_core::error::PublishError },
    /// The application asked for a subscription and got a ticket.
    SubscribeAsked { ticket: u32, filter: &'a str, qos: QoS },
    /// The subscription that this ticket was just given for has these options (MQTT 5 §3.8.3.1) and, if
    /// it is not 0, this identifier.
    OptionsSet { ticket: u32, options: u8, identifier: u32 },
    /// The application asked to end a subscription and got a ticket.
    UnsubscribeAsked { ticket: u32, filter: &'a str },
    /// The publication that this ticket was just given for has a deadline.
    DeadlineSet { ticket: u32, deadline: Instant },
    /// The application cancelled a publication.
    Cancelled { ticket: u32 },
    /// The application wanted to give a publication up, and was told that this cannot be.
    CancelRefused { ticket: u32 },
    /// The device told its application something (outcomes, messages, up and down).
    Told(Event<'a>),
    /// The application handed what it was told to its handlers, and to a display: what the handlers are
    /// called for, and which statuses the display shows (bridge only).
    Handled { event: Event<'a>, notices: [Option<Notice>; 3], statuses: [Option<Status>; 2] },
    /// Before its program starts, a setup was offered that cannot work, or just can.
    SetupTried { trial: Trial, refusal: Option<&'a ConfigError> },
    /// A publication or topic filter was offered to a machine that never runs, and refused, or not, as too
    /// large: with the size that it has and the largest that there may be.
    SizeTried { offered: Offered, refused: Option<(usize, usize)> },
    /// The application released a message (explicit release only).
    Released { delivery: u32 },
    /// The application stopped taking messages, or takes them again.
    Holds(bool),
    /// The application asked the ESP8266 for the time.
    TimeAsked { cookie: u64 },
    /// The application asked how much memory the ESP8266 has.
    MemoryAsked,
    /// The application said whether the given network may be joined.
    NetworkAnswered { answer: NetworkAnswer },
    /// What the device said when the application looked: QoS 1 publications without an outcome, and its
    /// counters.
    SaidOfItself { unacknowledged: usize, counters: &'a Counters },
    /// Where the device stood, by its own account, when the application looked.
    SaidToStand(Standing),
    /// The application had the device ask the broker for a sign of life, and it said whether it will
    /// (without a bridge only).
    Probed { is_asked: bool },
    /// How long the device's configuration says that it may take to be connected again, told as its
    /// program starts.
    StatedBound { recovery_bound_ms: u32 },
    /// The application asked the device to shut down.
    ShutDownAsked,
    // --- the network
    /// The device asked for something of its radio or its transport.
    Asked(client::Action),
    /// The radio is associated, or not any more.
    Wifi(bool),
    /// A connection attempt started at the device.
    Opening { connection: ConnectionId },
    /// The broker's machine accepted the connection.
    Accepted { connection: ConnectionId },
    /// A connection attempt failed.
    OpenFailed { connection: ConnectionId, failure: client::TcpFailure },
    /// The device learned that its connection is open.
    Opened { connection: ConnectionId },
    /// Bytes of the device arrived at the broker's socket, in order, in whatever pieces.
    ToBroker { connection: ConnectionId, bytes: &'a [u8] },
    /// The broker wrote bytes into its socket.
    FromBroker { connection: ConnectionId, bytes: &'a [u8] },
    /// Bytes of the broker reached the device.
    ToDevice { connection: ConnectionId, bytes: &'a [u8] },
    /// The connection ended at the broker's end.
    EndedAtBroker { connection: ConnectionId, ending: Ending },
    /// The connection ended at the device's end.
    EndedAtDevice { connection: ConnectionId, ending: Ending },
    // --- the broker and its other clients
    /// The broker process stopped (`true`) or is up again (`false`), with how much it remembers.
    BrokerDown(bool),
    /// The broker forgot all sessions, or this client's.
    SessionForgotten,
    /// The device's session at the broker ended, because the device was away for too long (MQTT 5).
    SessionExpired,
    /// A message for the device waited at the broker for too long, and is not sent any more (MQTT 5).
    MessageExpired { topic: &'a str, payload: &'a [u8] },
    /// The witness, a client at the broker's own machine, published this for the device.
    WitnessPublished { topic: &'a str, payload: &'a [u8], qos: QoS, properties: Properties<'a> },
    /// The witness, who subscribes to everything that others publish, received this.
    WitnessReceived { topic: &'a str, payload: &'a [u8], qos: QoS, retain: bool },
    // --- the link and the boards (bridge)
    /// A frame arrived whole at the ESP8266.
    FrameToEsp(&'a [u8]),
    /// A frame arrived whole at the host.
    FrameToHost(&'a [u8]),
    /// A frame was cut or lost with the link.
    FrameLost { to: Part, size_bytes: usize, partly_sent: bool },
    /// The link came up or went down as seen from this end.
    Link { end: Part, up: bool },
    /// The host pulls the reset line.
    ResetLine { cause: ResetCause },
    /// A board lost everything in its memory.
    BoardDown { part: Part, loss: BoardLoss },
    /// A board runs its program from the start.
    BoardUp { part: Part },
    // --- the wires, where they are simulated edge by edge
    /// A wire shows another level.
    Edge { wire: Wire, level: bool },
    /// A board looked at a wire and saw what nobody drove: for a moment only (`is_glitch`: noise,
    /// crosstalk, a single glitch), or because the wire does not follow, or late.
    Misread { reader: Part, wire: Wire, is_glitch: bool },
    /// The link at this end took a frame: it owes it to the other end for as long as the session lasts.
    FrameAccepted { from: Part, frame: &'a [u8] },
    /// The link at this end takes no frame, because the other end's program takes none either.
    CreditStop { from: Part },
    /// A frame with a wrong checksum arrived at this end, the other end sent again, and a frame was
    /// handed out: all within one session.
    LinkRepaired { end: Part },
    /// A link session begins at this end, whether its program listens or not.
    SessionBegan { end: Part },
    /// It ended, or could not begin.
    SessionEnded { end: Part, reason: link::DownReason },
    /// This end found another one that no session is possible with.
    Unsuited { end: Part, peer: link::Peer },
    /// A board is lost. An edge towards it, or from it, was on the wires and not yet looked at.
    Cut { part: Part, mid_bit: bool },
    // --- the world's own steps
    /// A machine was woken by its own deadline.
    Woken { part: Part, reason: Reason },
    /// A machine goes on in another one, made of its state. `is_whole`: that could be made, and its
    /// state is the same.
    Renewed { part: Part, is_whole: bool },
    /// A copy of a machine got an input that may concern it, or comes too late, or makes no sense, at an
    /// instant that was long ago. `is_unchanged`: its state is what it was, and it asks for nothing;
    /// `is_granted`: it said yes.
    Intruded { copied: Copied, intrusion: Intrusion, is_unchanged: bool, is_granted: bool },
    /// A copy of a machine of the bridge got a frame that crossed the link, or one that was made of
    /// that by damage.
    FrameTried { frame: &'a [u8], answered: Answered },
    /// A machine was to be made of a state with a fault in it. `is_taken`: there is one. `is_calm`: then it
    /// goes on without asking for ever more.
    StateDamaged { part: Part, is_taken: bool, is_calm: bool },
    /// The client's state changed.
    ClientState(client::State),
    /// A fault of the schedule began.
    FaultBegan { index: usize, fault: &'a Fault },
    /// That fault did something to somebody: bytes lost, a connection ended, a reset seen.
    FaultBit { index: usize },
    /// That fault ended.
    FaultEnded { index: usize },
    /// All faults are over; from here the recovery bound runs.
    Healed,
    /// The run is over.
    Finished,
}

/// Somebody who watches a world.
pub trait Observer {
    /// Something happened at `now`, in the world's own time.
    fn observe(&mut self, now: Instant, observation: &Observation<'_>);
}

impl<A: Observer + ?Sized, B: Observer + ?Sized> Observer for (&mut A, &mut B) {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        self.0.observe(now, observation);
        self.1.observe(now, observation);
    }
}

/// A setup that is tried, and not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "fields by the names that the core gives them")]
pub enum Trial {
    /// A buffer of this size.
    Buffer { buffer: &'static str, size_bytes: usize },
    /// A text of this size.
    Text { field: &'static str, size_bytes: usize },
    /// A number of this value.
    Number { field: &'static str, value: u32 },
    /// No client identifier over a bridge, for a session that is to last or not.
    Nameless { lasting: bool },
    /// An ESP8266 with the predecessor's firmware, in this version.
    Predecessor { v5: bool },
}

/// Something that may be too large for a buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the sentence of each variant speaks of its fields")]
pub enum Offered {
    /// A publication with a payload of this size.
    Publication { payload_bytes: usize, qos: QoS },
    /// A topic filter of this size.
    Filter { size_bytes: usize },
}
