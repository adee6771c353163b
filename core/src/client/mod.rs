//! The resilient client: WiFi, TCP, MQTT, up and down, for ever.
//!
//! ```text
//!           JoinWifi          OpenTcp            CONNECT            CONNACK
//!   Idle ------------> Joining ------> Opening ----------> Connecting ------> Connected
//!                      ^    ^            |  ^                   |                 |
//!                      |    +- pause     |  +------ pause <-----+-----------------+
//!                      +--- network left after several attempts without an answer
//! ```
//!
//! TCP is tried again before the network is touched, and the network is only left where nothing
//! answers at all: a refusal shows that it works.

mod backoff;
mod checkpoint;
mod supervisor;

use crate::config::Config;
use crate::error::{ConfigError, PublishError, SubscribeError};
use crate::event::{Counters, Delivery, Event, Ticket};
use crate::mqtt::{ProtocolVersion, QoS};
use crate::session::{self, Checked, Session, Step};
use crate::storage::Storage;
use crate::time::{Instant, Wait};
use supervisor::{Duty, Supervisor};

pub use crate::desk::Publication;
pub use crate::session::Memory;

/// What the world tells the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// The instant that `Wait::Until` named has come, or any other: early is harmless.
    Timeout,
    /// The network is joined, with an address.
    WifiUp,
    /// The network could not be joined, or is lost.
    WifiDown,
    /// The connection asked for with [`Action::OpenTcp`] is open.
    TcpOpened,
    /// It could not be opened.
    TcpFailed(TcpFailure),
    /// It was closed or reset by the other side, or given up by the transport.
    TcpClosed,
    /// Bytes arrived, at most [`Client::receive_capacity`].
    Received(&'a [u8]),
    /// The transport took this many bytes of the last [`Output::Transmit`]. Fewer than offered
    /// means that it is full: the rest is offered after `Writable`.
    Sent(usize),
    /// The transport takes bytes again.
    Writable,
}

/// Why a TCP connection could not be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TcpFailure {
    /// The other machine answered that nobody listens: the network works.
    Refused,
    /// Nobody answered, the name did not resolve, there is no route.
    Unreachable,
}

/// What the client asks of the world. Exhaustive on purpose: a new duty must break the build of
/// every adapter that does not do it yet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Join the network, and answer with `WifiUp` or `WifiDown`.
    JoinWifi,
    /// Leave the network. No answer.
    LeaveWifi,
    /// Open a TCP connection to the broker, and answer with `TcpOpened` or `TcpFailed`.
    OpenTcp,
    /// Close the connection, or give up opening it: what was taken still leaves, then FIN. Nothing
    /// that belongs to it may be told any more.
    CloseTcp,
}

/// What the client wants next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output<'a> {
    /// Do this.
    Action(Action),
    /// Send this, and say with `Sent` how much of it the transport took.
    Transmit(&'a [u8]),
    /// Tell the application.
    Event(Event<'a>),
    /// Everything is said: wait.
    Wait(Wait),
}

/// Where the client stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum State {
    /// Not started.
    Idle,
    /// Waiting for the network.
    JoiningWifi,
    /// Pausing before the network is joined again.
    WifiBackoff,
    /// Waiting for a TCP connection.
    OpeningTcp,
    /// Pausing before a TCP connection is tried again.
    TcpBackoff,
    /// CONNECT is sent, CONNACK has not come.
    Connecting,
    /// Connected.
    Connected,
    /// DISCONNECT is on its way.
    Disconnecting,
    /// Shut down.
    Stopped,
}

impl State {
    /// The network is joined, as far as the client knows.
    pub(crate) const fn has_network(self) -> bool {
        matches!(
            self,
            Self::OpeningTcp
                | Self::TcpBackoff
                | Self::Connecting
                | Self::Connected
                | Self::Disconnecting
        )
    }
}

/// The client. `S` is the caller's memory; see the crate's documentation for the loop around it.
///
/// # Messages with QoS 2
///
/// The client asks for QoS 1 at most. A broker that delivers with QoS 2 all the same, for example because
/// an earlier program of this client identifier subscribed so, is answered as MQTT wants it (PUBREC,
/// PUBCOMP), and repeats are not told. A message may be told twice, as with QoS 1, if the connection
/// ends before it was released, and also if it ends while eight others that were released before wait
/// for their PUBREL: only so many are remembered. And none is, once an attempt has ended between
/// CONNECT and CONNACK: the broker may have begun another session.
pub struct Client<S> {
    supervisor: Supervisor,
    session: Session<S>,
    now: Instant,
    /// What it waits for, if nothing but time has happened since it said so: asked again before
    /// then, it need not look for anything to do.
    settled: Option<Wait>,
}

impl<S: Storage> Client<S> {
    /// A client that stores everything in `memory` and draws its pauses from `seed`. Give each
    /// board a seed of its own, for example its serial number.
    ///
    /// # Errors
    /// The configuration or one of the buffers is out of range.
    pub fn new(config: &Config<'_>, memory: Memory<S>, seed: u64) -> Result<Self, ConfigError> {
        Ok(Self::of(config, Checked::new(config, memory)?, seed))
    }

    /// The same, made where it stays: on the way there would be several of them on the stack, each of
    /// which is a third of what an ESP8266 has of that.
    #[inline(never)]
    pub(crate) fn put(
        place: &mut Option<Self>,
        config: &Config<'_>,
        memory: Checked<S>,
        seed: u64,
    ) {
        *place = Some(Self::of(config, memory, seed));
    }

    /// Inlined, so that nothing is made before it is where it stays.
    #[inline(always)]
    fn of(config: &Config<'_>, memory: Checked<S>, seed: u64) -> Self {
        Self {
            session: Session::of(config, memory),
            supervisor: Supervisor::new(config, seed),
            now: Instant::ZERO,
            settled: None,
        }
    }

    /// Gives the memory back, for the next life.
    pub fn into_memory(self) -> Memory<S> {
        self.session.into_memory()
    }

    /// Begins to connect, and never stops trying until [`shut_down`](Self::shut_down). After
    /// `Stopped` it begins again.
    pub fn start(&mut self, now: Instant) {
        self.touch(now);
        if self.supervisor.start(self.now) {
            self.session.restart();
        }
    }

    /// The world speaks. Never fails: a network cannot make the caller wrong.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.advance_clock(now);
        if input != Input::Timeout {
            self.settled = None;
        }
        match input {
            Input::Timeout => {}
            Input::WifiUp => self.supervisor.wifi_up(self.now),
            Input::WifiDown => self.supervisor.wifi_down(self.now, &mut self.session),
            Input::TcpOpened => {
                if self.supervisor.tcp_opened() {
                    self.session.handle(self.now, session::Input::Opened);
                }
            }
            Input::TcpFailed(failure) => {
                self.supervisor.tcp_failed(self.now, failure, &mut self.session)
            }
            Input::TcpClosed => {
                if self.supervisor.tcp_closed() {
                    self.session.handle(self.now, session::Input::Closed);
                }
            }
            Input::Received(bytes) => self.stream(session::Input::Received(bytes)),
            Input::Sent(count) => self.stream(session::Input::Sent(count)),
            Input::Writable => self.stream(session::Input::Writable),
        }
    }

    fn stream(&mut self, input: session::Input<'_>) {
        if self.supervisor.is_online() {
            self.session.handle(self.now, input);
        }
    }

    /// What the client wants. Call it after every other call, until it yields [`Output::Wait`].
    pub fn poll(&mut self) -> Output<'_> {
        match self.next() {
            Next::Action(action) => Output::Action(action),
            Next::Event(event) => Output::Event(event),
            Next::Transmit => Output::Transmit(self.session.pending()),
            Next::Message(handed) => Output::Event(self.session.show(&handed)),
            Next::Wait(wait) => Output::Wait(wait),
        }
    }

    /// Decides what comes next, without lending it yet.
    pub(crate) fn next(&mut self) -> Next {
        if let Some(wait) = self.settled {
            if !wait.is_over(self.now) {
                return Next::Wait(wait);
            }
            self.settled = None;
        }
        loop {
            if let Some(duty) = self.supervisor.next_duty(self.now, &mut self.session) {
                return match duty {
                    Duty::Action(action) => Next::Action(action),
                    Duty::Event(event) => Next::Event(event),
                };
            }
            match self.session.step() {
                Step::Transmit => return Next::Transmit,
                Step::Event(event) => {
                    self.supervisor.saw(self.now, &event);
                    return Next::Event(event);
                }
                Step::Message(handed) => return Next::Message(handed),
                Step::Close(close) => self.supervisor.closed(self.now, close, &mut self.session),
                Step::Wait(wait) => {
                    if !self.supervisor.rest() {
                        let wait = self.supervisor.wait().sooner(wait);
                        self.settled = Some(wait);
                        return Next::Wait(wait);
                    }
                }
            }
        }
    }

    /// Queues a publication, connected or not.
    ///
    /// # Errors
    /// Why it was not queued; nothing was changed then. What to do about a full outbox:
    /// [When `publish` is refused](crate#when-publish-is-refused).
    pub fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
    ) -> Result<Ticket, PublishError> {
        self.touch(now);
        self.session.desk.publish(self.now, publication)
    }

    /// The same with properties from wherever; those of the publication are ignored.
    #[cfg(feature = "mqtt5")]
    pub(crate) fn publish_with(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
        properties: crate::mqtt::v5::Properties<'_>,
    ) -> Result<Ticket, PublishError> {
        self.touch(now);
        self.session.desk.publish_with(self.now, publication, properties)
    }

    /// Gives a publication up. True if `Abandoned` follows; false if its outcome is known already,
    /// is about to be told, or if so many events wait that this one has no room: drain, and try
    /// again.
    pub fn cancel(&mut self, now: Instant, ticket: Ticket) -> bool {
        self.touch(now);
        self.session.desk.cancel(ticket)
    }

    /// Asks for the messages that match `filter`, now and on every connection to come. QoS 2 is
    /// asked for as QoS 1. Asking again for a filter that is active asks the broker again; for one
    /// that waits for its answer it shares the ticket, or, with another QoS, supersedes it.
    ///
    /// # Errors
    /// Why it was not queued.
    pub fn subscribe(
        &mut self,
        now: Instant,
        filter: &str,
        qos: QoS,
    ) -> Result<Ticket, SubscribeError> {
        self.touch(now);
        self.session.desk.subscribe(filter, qos)
    }

    /// Asks for the messages that match `filter` with options and a subscription identifier, 1 to
    /// 268,435,455, which comes back with each message (MQTT 5 only). QoS 2 is asked for as QoS 1.
    /// What was asked for with the same filter before is replaced.
    ///
    /// # Errors
    /// Why it was not queued.
    #[cfg(feature = "mqtt5")]
    pub fn subscribe_with(
        &mut self,
        now: Instant,
        filter: &str,
        options: crate::mqtt::v5::SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<Ticket, SubscribeError> {
        self.touch(now);
        if !self.session.speaks_v5() {
            return Err(SubscribeError::NeedsMqtt5);
        }
        self.session.desk.subscribe_with(filter, options, identifier)
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// Why it was not queued.
    pub fn unsubscribe(&mut self, now: Instant, filter: &str) -> Result<Ticket, SubscribeError> {
        self.touch(now);
        self.session.desk.unsubscribe(filter)
    }

    /// The application owns the message: it may be acknowledged to the broker. False if the
    /// connection it came on is gone, and the broker will deliver it again.
    pub fn release(&mut self, now: Instant, delivery: Delivery) -> bool {
        self.touch(now);
        self.session.release(delivery)
    }

    /// While held, no message is handed out. Keep alive and acknowledgements go on.
    pub fn hold(&mut self, now: Instant, hold: bool) {
        self.advance_clock(now);
        self.limit_hand_out(if hold { 0 } else { usize::MAX });
    }

    /// Asks the broker for a sign of life with a PINGREQ, unless one is under way. False without a
    /// connection. Once [`last_received`](Self::last_received) has changed the broker has shown
    /// that it lives; where it stays silent for `response_timeout_ms` the connection ends.
    pub fn probe(&mut self, now: Instant) -> bool {
        self.touch(now);
        self.session.probe()
    }

    /// When the broker last said anything on this connection. `None` without one.
    pub fn last_received(&self) -> Option<Instant> {
        self.session.last_received()
    }

    /// Disconnects on purpose: DISCONNECT is sent and flushed, the broker tells no will, what is
    /// not acknowledged is `Abandoned`, and the last event is `Stopped`.
    pub fn shut_down(&mut self, now: Instant) {
        self.touch(now);
        self.session.shut_down(self.now);
        self.supervisor.shut_down();
    }

    /// How many bytes may be passed with [`Input::Received`]; 0: do not read now. Ask before each
    /// read.
    pub fn receive_capacity(&self) -> usize {
        self.session.receive_capacity()
    }

    /// Where the client stands.
    pub const fn state(&self) -> State {
        self.supervisor.state(self.session.is_connected(), self.session.is_finishing())
    }

    /// What was dropped, repeated or given up so far.
    pub const fn counters(&self) -> Counters {
        self.session.desk.counters
    }

    /// QoS 1 publications without an outcome.
    pub const fn unacknowledged(&self) -> usize {
        self.session.desk.outbox.unacknowledged()
    }

    /// A SUBSCRIBE or UNSUBSCRIBE is on its way without an answer.
    pub const fn awaiting_suback(&self) -> bool {
        self.session.awaiting_suback()
    }

    /// QoS 1 messages handed out and not yet acknowledged to the broker.
    pub const fn unreleased(&self) -> usize {
        self.session.unreleased()
    }

    /// Hands out only messages whose packet is at most this large; 0 for none.
    pub(crate) fn limit_hand_out(&mut self, max_bytes: usize) {
        if self.session.limit_hand_out(max_bytes) {
            self.settled = None;
        }
    }

    pub(crate) const fn supervisor_mut(&mut self) -> &mut Supervisor {
        self.settled = None;
        &mut self.supervisor
    }

    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.session.version()
    }

    pub(crate) const fn session(&self) -> &Session<S> {
        &self.session
    }

    pub(crate) const fn session_mut(&mut self) -> &mut Session<S> {
        self.settled = None;
        &mut self.session
    }

    /// The application asks for something.
    fn touch(&mut self, now: Instant) {
        self.advance_clock(now);
        self.settled = None;
    }

    /// Time that goes backwards is ignored.
    pub(crate) fn advance_clock(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.session.advance_clock(self.now);
    }
}

/// What comes next, not lent yet.
pub(crate) enum Next {
    Action(Action),
    Event(Event<'static>),
    Transmit,
    Message(session::Handed),
    Wait(Wait),
}
