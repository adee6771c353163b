//! The radio's other side: a network that is always there, one name, one broker, and the time that
//! it all takes.

use std::collections::{BTreeMap, VecDeque};

use fivewire_core::bridge::TIME_SERVER;
use fivewire_core::time::{Instant, Wait};
use fivewire_sim::broker::{self, Broker, ClientKey, CloseReason};
use fivewire_sim::fault::Memory;

use super::protocol::{Event, Kind, Message};

/// The broker's name.
pub const BROKER_NAME: &str = "broker.lan";
/// The address behind it.
pub const BROKER_ADDRESS: [u8; 4] = [192, 168, 1, 10];
/// A time server, and the seconds since 1900 that it tells at the beginning: 28 November 2026.
const TIME_ADDRESS: [u8; 4] = [192, 168, 1, 11];
pub const TIME_START_S: u64 = 4_004_812_800;

const JOIN_NS: u64 = 200_000_000;
const RESOLVE_NS: u64 = 20_000_000;
/// One way over the air.
const TRAVEL_NS: u64 = 5_000_000;
/// How long the SDK tries to open a connection.
const SYN_NS: u64 = 18_000_000_000;
const SEGMENT_MAX_BYTES: usize = 1_460;
/// `TCP_WND` of the SDK.
const WINDOW_BYTES: usize = 5_840;
/// `REASON_ASSOC_LEAVE`, `ESPCONN_RST`.
const LEFT_BY_ITSELF: u8 = 8;
const REFUSED: i8 = -9;
/// `ESPCONN_ABRT`, `ESPCONN_TIMEOUT`.
const ABORTED: i8 = -8;
const TIMED_OUT: i8 = -3;
/// `REASON_BEACON_TIMEOUT`, `REASON_NO_AP_FOUND`.
const BEACON_TIMEOUT: u8 = 200;
const NO_NETWORK: u8 = 201;

/// Something on its way.
#[derive(Debug)]
enum Travelling {
    ToBoard(Event),
    Open(ClientKey),
    Bytes(ClientKey, Vec<u8>),
    Close(ClientKey),
}

/// The radio's other side.
#[derive(Debug)]
pub struct Radio {
    broker: Broker,
    broker_due_ns: Option<u64>,
    travelling: BTreeMap<(u64, u64), Travelling>,
    order: u64,
    /// What has arrived at the board and was not told.
    pub arrived: VecDeque<Event>,
    /// The board's connection: its number, and the broker's name of it.
    connection: Option<(u8, ClientKey)>,
    next_key: u32,
    window_bytes: usize,
    /// PUBLISH packets that the broker took, as `topic payload`.
    pub received: Vec<String>,
    /// DISCONNECT packets that the broker took.
    pub disconnects: usize,
    /// The broker's machine refuses connections.
    pub refuses: bool,
    /// Somebody knows the broker's name.
    pub knows_name: bool,
    /// The network is there.
    network: bool,
    /// The broker's machine swallows what it is sent, and says nothing.
    pub silent: bool,
}

impl Default for Radio {
    fn default() -> Self {
        Self {
            broker: Broker::new(broker::Config::default()),
            broker_due_ns: None,
            travelling: BTreeMap::new(),
            order: 0,
            arrived: VecDeque::new(),
            connection: None,
            next_key: 1,
            window_bytes: 0,
            received: Vec::new(),
            disconnects: 0,
            refuses: false,
            knows_name: true,
            network: true,
            silent: false,
        }
    }
}

impl Radio {
    /// When the next thing arrives somewhere.
    #[must_use]
    pub fn due_ns(&self) -> Option<u64> {
        let travelling = self.travelling.keys().next().map(|(at_ns, _)| *at_ns);
        [travelling, self.broker_due_ns].into_iter().flatten().min()
    }

    /// Lets arrive what is due.
    pub fn look(&mut self, now_ns: u64) {
        while let Some(entry) = self.travelling.first_entry()
            && entry.key().0 <= now_ns
        {
            match entry.remove() {
                Travelling::ToBoard(event) => self.arrived.push_back(event),
                Travelling::Open(key) => self.tell_broker(now_ns, broker::Input::Opened(key)),
                // Lost; the broker's machine is out of order, and TCP's retransmission with it.
                Travelling::Bytes(..) if self.silent => {}
                Travelling::Bytes(key, bytes) => {
                    self.tell_broker(now_ns, broker::Input::Received(key, &bytes));
                }
                Travelling::Close(key) => self.tell_broker(now_ns, broker::Input::Closed(key)),
            }
        }
        if self.broker_due_ns.is_some_and(|due_ns| due_ns <= now_ns) {
            self.tell_broker(now_ns, broker::Input::Timeout);
        }
    }

    /// The board lost power: nothing reaches it, and the broker knows nothing of that.
    pub fn lose_board(&mut self) {
        self.connection = None;
        self.arrived.clear();
        self.travelling.retain(|_, what| !matches!(what, Travelling::ToBoard(_)));
    }

    /// The broker's side ends the connection.
    pub fn close_connection(&mut self, now_ns: u64) {
        self.end_connection(now_ns, Event::Closed);
    }

    /// The broker's side resets the connection.
    pub fn reset_connection(&mut self, now_ns: u64) {
        self.end_connection(now_ns, |number| Event::Failed(number, REFUSED));
    }

    /// The network goes, and the connection with it.
    pub fn lose_network(&mut self, now_ns: u64) {
        self.network = false;
        self.end_connection(now_ns, |number| Event::Failed(number, ABORTED));
        self.send_to_board(now_ns, Event::WifiDown(BEACON_TIMEOUT));
    }

    /// The broker stops and starts again, with or without what it knew.
    pub fn restart_broker(&mut self, now_ns: u64, memory: Memory) {
        if let Some((number, _)) = self.connection.take() {
            self.send_to_board(now_ns + TRAVEL_NS, Event::Failed(number, REFUSED));
        }
        self.travelling.retain(|_, what| matches!(what, Travelling::ToBoard(_)));
        self.broker.restart(Instant::from_micros(now_ns / 1_000), memory);
        self.tell_broker(now_ns, broker::Input::Timeout);
    }

    /// All is well again.
    pub fn heal(&mut self) {
        (self.refuses, self.silent) = (false, false);
        (self.knows_name, self.network) = (true, true);
    }

    fn end_connection(&mut self, now_ns: u64, how: impl Fn(u8) -> Event) {
        if let Some((number, key)) = self.connection.take() {
            self.travel(now_ns, Travelling::Close(key));
            self.send_to_board(now_ns + TRAVEL_NS, how(number));
        }
    }

    /// Does what the board asks for.
    pub fn take(&mut self, now_ns: u64, message: &Message) {
        match message.kind {
            Kind::Join => {
                let event = if self.network { Event::WifiUp } else { Event::WifiDown(NO_NETWORK) };
                self.send_to_board(now_ns + JOIN_NS, event);
            }
            Kind::Leave => self.send_to_board(now_ns + TRAVEL_NS, Event::WifiDown(LEFT_BY_ITSELF)),
            Kind::Resolve => {
                let address = match &*message.payload {
                    name if name == BROKER_NAME.as_bytes() => Some(BROKER_ADDRESS),
                    name if name == TIME_SERVER.as_bytes() => Some(TIME_ADDRESS),
                    _ => None,
                };
                let answer = Event::Resolved(address.filter(|_| self.knows_name));
                self.send_to_board(now_ns + RESOLVE_NS, answer);
            }
            Kind::Datagram => self.tell_time(now_ns, message),
            Kind::Open => self.open(now_ns, message),
            Kind::Send => {
                if let Some((number, key)) = self.connection_of(message) {
                    let bytes = message.payload.clone();
                    self.travel(now_ns + TRAVEL_NS, Travelling::Bytes(key, bytes));
                    if !self.silent {
                        self.send_to_board(now_ns + 2 * TRAVEL_NS, Event::Sent(number));
                    }
                }
            }
            Kind::Close | Kind::Abort => {
                // An attempt to open one that is broken off is no connection yet, and ends all the
                // same.
                if let Some((_, key)) = self.connection_of(message) {
                    self.connection = None;
                    self.travel(now_ns + TRAVEL_NS, Travelling::Close(key));
                }
                self.send_to_board(now_ns + 2 * TRAVEL_NS, Event::Closed(message.connection));
            }
            Kind::Credit => {
                if let Some((_, key)) = self.connection_of(message) {
                    self.window_bytes += message.argument as usize;
                    self.tell_broker(now_ns, broker::Input::Writable(key));
                }
            }
            _ => {}
        }
    }

    fn connection_of(&self, message: &Message) -> Option<(u8, ClientKey)> {
        self.connection.filter(|(number, _)| *number == message.connection)
    }

    /// An answer of SNTP: version 4, server, stratum 2, the client's timestamp, and the time.
    fn tell_time(&mut self, now_ns: u64, message: &Message) {
        let Some((address, request)) = message.payload.split_first_chunk::<4>() else { return };
        if *address != TIME_ADDRESS || message.argument != 123 || request.len() != 48 {
            return;
        }
        let at_ns = now_ns + TRAVEL_NS;
        let mut answer = vec![0; 48];
        answer[..2].copy_from_slice(&[0x24, 2]);
        answer[24..32].copy_from_slice(&request[40..]);
        let seconds = (TIME_START_S + at_ns / 1_000_000_000) as u32;
        answer[40..44].copy_from_slice(&seconds.to_be_bytes());
        self.send_to_board(at_ns + TRAVEL_NS, Event::Datagram(answer));
    }

    fn open(&mut self, now_ns: u64, message: &Message) {
        let number = message.connection;
        if self.silent {
            self.send_to_board(now_ns + SYN_NS, Event::Failed(number, TIMED_OUT));
            return;
        }
        if self.refuses || message.payload != BROKER_ADDRESS || message.argument != 1_883 {
            self.send_to_board(now_ns + 2 * TRAVEL_NS, Event::Failed(number, REFUSED));
            return;
        }
        let key = ClientKey(self.next_key);
        self.next_key += 1;
        self.connection = Some((number, key));
        self.window_bytes = WINDOW_BYTES;
        self.travel(now_ns + TRAVEL_NS, Travelling::Open(key));
        self.send_to_board(now_ns + 2 * TRAVEL_NS, Event::Opened(number));
    }

    fn travel(&mut self, at_ns: u64, what: Travelling) {
        self.order += 1;
        self.travelling.insert((at_ns, self.order), what);
    }

    fn send_to_board(&mut self, at_ns: u64, event: Event) {
        self.travel(at_ns, Travelling::ToBoard(event));
    }

    fn tell_broker(&mut self, now_ns: u64, input: broker::Input<'_>) {
        let now = Instant::from_micros(now_ns / 1_000);
        self.broker.handle(now, input);
        loop {
            match self.broker.poll() {
                broker::Output::Transmit(key, bytes) => {
                    let to = self.connection.filter(|(_, of)| *of == key);
                    // To a board that is gone everything leaves, and nothing arrives.
                    let room = if to.is_some() { self.window_bytes } else { usize::MAX };
                    let taken = bytes.len().min(room);
                    if let Some((number, _)) = to.filter(|_| !self.silent) {
                        self.window_bytes -= taken;
                        for segment in bytes[..taken].chunks(SEGMENT_MAX_BYTES) {
                            let event = Event::Received(number, segment.to_vec());
                            self.order += 1;
                            let place = (now_ns + TRAVEL_NS, self.order);
                            self.travelling.insert(place, Travelling::ToBoard(event));
                        }
                    }
                    self.broker.handle(now, broker::Input::Sent(key, taken));
                }
                broker::Output::Close(key, _) => {
                    if let Some((number, _)) = self.connection.take_if(|(_, of)| *of == key) {
                        self.send_to_board(now_ns + TRAVEL_NS, Event::Closed(number));
                    }
                }
                broker::Output::Event(broker::Event::PublishReceived { publish, .. }) => {
                    let payload = String::from_utf8_lossy(publish.payload);
                    self.received.push(format!("{} {payload}", publish.topic));
                }
                broker::Output::Event(broker::Event::Disconnected { reason, .. }) => {
                    self.disconnects += usize::from(reason == CloseReason::Disconnect);
                }
                broker::Output::Event(_) => {}
                broker::Output::Wait(Wait::Until(at, _)) => {
                    self.broker_due_ns = Some((at.as_micros() * 1_000).max(now_ns + 1));
                    return;
                }
                broker::Output::Wait(Wait::ForInput) => {
                    self.broker_due_ns = None;
                    return;
                }
            }
        }
    }
}
