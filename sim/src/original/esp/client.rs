//! The original MQTT client, as far as wires and broker see it (PREDECESSORS.md §3.3 to §3.8, as of V0.6.0).

use std::collections::{BTreeSet, VecDeque};

use fivewire_core::client::{Action, Input as Net};
use fivewire_core::time::Instant;

use super::Output;
use super::packet::{field, identifier, packet, take};

/// What `init` told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) client_id: String,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) keepalive_s: u16,
    pub(super) clean: bool,
    pub(super) max_repubs: u32,
    pub(super) response_s: u32,
    pub(super) ping_interval_s: u32,
    pub(super) will: Option<Will>,
}

#[derive(Clone, Debug)]
pub(super) struct Will {
    pub(super) topic: String,
    pub(super) payload: String,
    pub(super) retain: bool,
    pub(super) qos: u8,
}

/// What the program is told.
#[derive(Clone, Debug)]
pub(super) enum Note {
    FirstUp,
    FirstFailed,
    Up,
    Down,
    PublicationDone,
    SubscriptionDone,
    Message { topic: String, payload: String, retained: bool },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Opening {
        until: Instant,
    },
    AwaitingConnack {
        until: Instant,
    },
    Connected,
    /// The first connection failed.
    Failed,
    /// The supervisor looks once a second.
    Down {
        at: Instant,
    },
    /// The network was left.
    Left {
        until: Instant,
    },
    Joining {
        asked_at: Instant,
    },
    /// Five checks, a second apart.
    Checking {
        left: u32,
        at: Instant,
    },
}

/// What the command task waits for.
#[derive(Clone, Debug)]
enum Wanted {
    Publish { topic: String, payload: String, retain: bool, qos: u8 },
    Subscribe { topic: String, qos: u8 },
}

#[derive(Clone, Debug)]
struct Operation {
    wanted: Wanted,
    /// Its identifier on this connection, when the answer is overdue, and how often it may be sent again.
    asked: Option<(u16, Instant, u32)>,
}

/// The client.
#[derive(Debug)]
pub(super) struct Client {
    now: Instant,
    settings: Settings,
    phase: Phase,
    first: bool,
    last_rx: Instant,
    ping_at: Instant,
    last_id: u16,
    pending: BTreeSet<u16>,
    subscriptions: Vec<(String, u8)>,
    operation: Option<Operation>,
    /// An exception ended the task that reads (D-17).
    reader_dead: bool,
    stream: Vec<u8>,
    pub(super) outputs: VecDeque<Output>,
    pub(super) notes: VecDeque<Note>,
}

impl Client {
    /// Begins the first connection; the network is joined.
    pub(super) fn connect(now: Instant, settings: Settings) -> Self {
        let mut client = Self {
            now,
            settings,
            phase: Phase::Failed,
            first: true,
            last_rx: now,
            ping_at: now,
            last_id: 0,
            pending: BTreeSet::new(),
            subscriptions: Vec::new(),
            operation: None,
            reader_dead: false,
            stream: Vec::new(),
            outputs: VecDeque::new(),
            notes: VecDeque::new(),
        };
        client.open();
        client
    }

    fn response_ms(&self) -> u32 {
        self.settings.response_s * 1_000
    }

    fn open(&mut self) {
        self.outputs.push_back(Output::Net(Action::OpenTcp));
        self.phase = Phase::Opening { until: self.now.plus_ms(self.response_ms()) };
    }

    pub(super) fn handle(&mut self, now: Instant, input: Net<'_>) {
        self.now = now;
        match (input, self.phase) {
            (Net::TcpOpened, Phase::Opening { .. }) => {
                let connect = self.connect_packet();
                self.send(connect);
                self.stream.clear();
                self.reader_dead = false;
                self.phase = Phase::AwaitingConnack { until: now.plus_ms(self.response_ms()) };
            }
            (
                Net::TcpFailed(_) | Net::TcpClosed,
                Phase::Opening { .. } | Phase::AwaitingConnack { .. },
            ) => {
                self.fail();
            }
            (Net::TcpClosed | Net::WifiDown, Phase::Connected) => self.reconnect(),
            (Net::Received(bytes), Phase::AwaitingConnack { .. } | Phase::Connected)
                if !self.reader_dead =>
            {
                self.last_rx = now;
                self.stream.extend(bytes);
                self.read();
            }
            _ => {}
        }
    }

    /// The tasks of the client.
    pub(super) fn run(&mut self, now: Instant, wifi: bool) {
        self.now = now;
        match self.phase {
            Phase::Opening { until } | Phase::AwaitingConnack { until } if until <= now => {
                self.fail()
            }
            Phase::Connected if self.ping_at <= now => self.keep_alive(),
            Phase::Down { at } if at <= now => {
                self.outputs.push_back(Output::Net(Action::LeaveWifi));
                self.phase = Phase::Left { until: now.plus_ms(1_000) };
            }
            Phase::Left { until } if until <= now => {
                self.outputs.push_back(Output::Net(Action::JoinWifi));
                self.phase = Phase::Joining { asked_at: now };
            }
            Phase::Joining { .. } if wifi => {
                self.phase = Phase::Checking { left: 5, at: now.plus_ms(1_000) };
            }
            // No answer, or a negative one: it polls, and asks again.
            Phase::Joining { asked_at } if asked_at.plus_ms(10_000) <= now => {
                self.phase = Phase::Left { until: now };
            }
            Phase::Checking { left, at } if at <= now => {
                self.phase = match (wifi, left) {
                    (false, _) => Phase::Left { until: now },
                    (true, 1) => {
                        self.open();
                        return;
                    }
                    (true, _) => Phase::Checking { left: left - 1, at: at.plus_ms(1_000) },
                };
            }
            _ => {}
        }
        self.work();
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        let answer = self.operation.as_ref().and_then(|operation| operation.asked);
        let phase = match self.phase {
            Phase::Opening { until } | Phase::AwaitingConnack { until } | Phase::Left { until } => {
                Some(until)
            }
            Phase::Connected => Some(self.ping_at),
            Phase::Down { at } | Phase::Checking { at, .. } => Some(at),
            Phase::Joining { asked_at } => Some(asked_at.plus_ms(10_000)),
            Phase::Failed => None,
        };
        phase.into_iter().chain(answer.map(|(_, at, _)| at)).min()
    }

    fn send(&mut self, bytes: Vec<u8>) {
        self.outputs.push_back(Output::Transmit(bytes));
    }

    /// The first connection is the clean one, since `clean_init` is never told; the later ones are as wanted.
    fn connect_packet(&self) -> Vec<u8> {
        let settings = &self.settings;
        let mut flags = u8::from(self.first || settings.clean) << 1;
        let mut body = field(b"MQTT");
        let mut texts = field(settings.client_id.as_bytes());
        if let Some(will) = &settings.will {
            flags |= 0x04 | will.qos << 3 | u8::from(will.retain) << 5;
            texts.extend(field(will.topic.as_bytes()));
            texts.extend(field(will.payload.as_bytes()));
        }
        if !settings.user.is_empty() {
            flags |= 0xC0;
            texts.extend(field(settings.user.as_bytes()));
            texts.extend(field(settings.password.as_bytes()));
        }
        body.extend([4, flags]);
        body.extend(settings.keepalive_s.to_be_bytes());
        body.extend(texts);
        packet(0x10, &body)
    }

    /// An attempt failed: the first is the last.
    fn fail(&mut self) {
        self.outputs.push_back(Output::Net(Action::CloseTcp));
        if self.first {
            self.phase = Phase::Failed;
            self.notes.push_back(Note::FirstFailed);
        } else {
            self.phase = Phase::Down { at: self.now.plus_ms(1_000) };
        }
    }

    /// OSError on a connection, or it was lost.
    fn reconnect(&mut self) {
        if self.phase != Phase::Connected {
            return;
        }
        self.outputs.push_back(Output::Net(Action::CloseTcp));
        self.phase = Phase::Down { at: self.now.plus_ms(1_000) };
        self.notes.push_back(Note::Down);
        if let Some(operation) = self.operation.as_mut() {
            operation.asked = None;
        }
    }

    fn ping_interval_ms(&self) -> u32 {
        let quarter_ms = match self.settings.keepalive_s {
            0 => 20_000,
            keepalive_s => u32::from(keepalive_s) * 250,
        };
        let asked_ms = self.settings.ping_interval_s * 1_000;
        if asked_ms > 0 && asked_ms < quarter_ms { asked_ms } else { quarter_ms }
    }

    fn keep_alive(&mut self) {
        let interval_ms = self.ping_interval_ms();
        if self.now.micros_since(self.last_rx) / 1_000 / u64::from(interval_ms) >= 4 {
            self.reconnect();
            return;
        }
        self.send(packet(0xC0, &[]));
        self.ping_at = self.now.plus_ms(interval_ms);
    }

    fn read(&mut self) {
        while !self.reader_dead
            && matches!(self.phase, Phase::AwaitingConnack { .. } | Phase::Connected)
            && let Some((first, body)) = take(&mut self.stream)
        {
            match (self.phase, first >> 4) {
                (Phase::AwaitingConnack { .. }, 2) if body == [0, 0] || body == [1, 0] => self.up(),
                (Phase::AwaitingConnack { .. }, _) => self.fail(),
                (_, 3) => self.take_message(first, &body),
                (_, 4) => self.take_ack(identifier(&body, 0), true),
                (_, 9) => self
                    .take_ack(identifier(&body, 0), body.get(2).is_some_and(|code| *code < 0x80)),
                _ => {}
            }
        }
    }

    fn up(&mut self) {
        self.phase = Phase::Connected;
        self.last_rx = self.now;
        self.ping_at = self.now.plus_ms(self.ping_interval_ms());
        self.pending.clear();
        if std::mem::take(&mut self.first) {
            self.notes.push_back(Note::FirstUp);
            return;
        }
        self.notes.push_back(Note::Up);
        for (topic, qos) in self.subscriptions.clone() {
            self.send_subscribe(&topic, qos);
        }
    }

    fn next_id(&mut self) -> u16 {
        self.last_id = self.last_id % u16::MAX + 1;
        self.last_id
    }

    fn send_subscribe(&mut self, topic: &str, qos: u8) -> u16 {
        let id = self.next_id();
        self.pending.insert(id);
        let body = [&id.to_be_bytes()[..], &field(topic.as_bytes()), &[qos]].concat();
        self.send(packet(0x82, &body));
        id
    }

    /// An answer to nothing, or a refusal, is taken for a broken connection (D-38, D-39).
    fn take_ack(&mut self, id: Option<u16>, granted: bool) {
        let known = id.is_some_and(|id| self.pending.remove(&id));
        if !known || !granted {
            self.reconnect();
            return;
        }
        let asked = self.operation.as_ref().and_then(|operation| operation.asked);
        if asked.is_some_and(|(asked, ..)| Some(asked) == id) {
            self.finish();
        }
    }

    fn finish(&mut self) {
        match self.operation.take().map(|operation| operation.wanted) {
            Some(Wanted::Publish { .. }) => self.notes.push_back(Note::PublicationDone),
            Some(Wanted::Subscribe { topic, qos }) => {
                self.subscriptions.retain(|(known, _)| *known != topic);
                self.subscriptions.push((topic, qos));
                self.notes.push_back(Note::SubscriptionDone);
            }
            None => {}
        }
    }

    /// The broker is told that it arrived as soon as it waits for the link (D-13).
    fn take_message(&mut self, first: u8, body: &[u8]) {
        let Some(length) = identifier(body, 0) else { return };
        let topic_end = 2 + usize::from(length);
        let qos = first >> 1 & 3;
        let payload_at = if qos > 0 { topic_end + 2 } else { topic_end };
        let (Some(topic), Some(payload)) = (body.get(2..topic_end), body.get(payload_at..)) else {
            return;
        };
        let texts = (String::from_utf8(topic.to_vec()), String::from_utf8(payload.to_vec()));
        let (Ok(topic), Ok(payload)) = texts else {
            self.reader_dead = true;
            return;
        };
        self.notes.push_back(Note::Message { topic, payload, retained: first & 1 == 1 });
        if let Some(id) = identifier(body, topic_end).filter(|_| qos == 1) {
            self.send(packet(0x40, &id.to_be_bytes()));
        }
    }

    pub(super) fn publish(&mut self, topic: String, payload: String, retain: bool, qos: u8) {
        let wanted = Wanted::Publish { topic, payload, retain, qos };
        self.operation = Some(Operation { wanted, asked: None });
    }

    pub(super) fn subscribe(&mut self, topic: String, qos: u8) {
        self.operation = Some(Operation { wanted: Wanted::Subscribe { topic, qos }, asked: None });
    }

    /// The blocking call of the command task goes on.
    fn work(&mut self) {
        if self.phase != Phase::Connected {
            return;
        }
        let Some(Operation { wanted, asked }) = self.operation.clone() else { return };
        let overdue_at = self.now.plus_ms(self.response_ms());
        match (wanted, asked) {
            (Wanted::Publish { topic, payload, retain, qos }, None) => {
                // A fresh identifier on each connection, and no DUP (D-43).
                let id = self.next_id();
                let bytes = publish_packet(&topic, &payload, retain, qos, id, false);
                self.send(bytes);
                if qos == 0 {
                    self.finish();
                } else {
                    self.pending.insert(id);
                    self.ask(id, overdue_at, self.settings.max_repubs);
                }
            }
            (Wanted::Subscribe { topic, qos }, None) => {
                let id = self.send_subscribe(&topic, qos);
                self.ask(id, overdue_at, 0);
            }
            (_, Some((_, at, _))) if at > self.now => {}
            (Wanted::Publish { topic, payload, retain, qos }, Some((id, _, left))) if left > 0 => {
                // On the same connection, where it is useless (D-42).
                let bytes = publish_packet(&topic, &payload, retain, qos, id, true);
                self.send(bytes);
                self.ask(id, overdue_at, left - 1);
            }
            (_, Some(_)) => self.reconnect(),
        }
    }

    fn ask(&mut self, id: u16, overdue_at: Instant, again: u32) {
        if let Some(operation) = self.operation.as_mut() {
            operation.asked = Some((id, overdue_at, again));
        }
    }
}

fn publish_packet(
    topic: &str,
    payload: &str,
    retain: bool,
    qos: u8,
    id: u16,
    dup: bool,
) -> Vec<u8> {
    let mut body = field(topic.as_bytes());
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    body.extend(payload.as_bytes());
    packet(0x30 | u8::from(dup) << 3 | qos << 1 | u8::from(retain), &body)
}
