//! The witness: a plain MQTT client on a machine of its own, with a good line to the broker. It
//! subscribes to everything and publishes for the device. It is written on the codec alone, so that
//! the adapter is not its own witness.

use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use fivewire_core::mqtt::v5;
use fivewire_core::mqtt::{PacketId, QoS};
use fivewire_core::time::Instant;
use fivewire_tokio::Properties;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::sleep;
use turmoil::net::TcpStream;

use super::seen::{Message, Seen, Stage as Way};
use super::socket::{BROKER, PORT, PREAMBLE_BYTES};
use super::stage::Stage;
use super::words::{self, Heard};
use crate::app::{Intervals, Large, Tag, Tags, fill, number};
use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_millis(100);

/// What the witness knows, wherever its connection is.
pub(super) struct Witness {
    intervals: Intervals,
    content: Random,
    large: Large,
    tags: Tags,
    /// What travels with each numbered message.
    tagged: Vec<Tag>,
    is_v5: bool,
    topics: Vec<String>,
    payload_min_bytes: u32,
    payload_max_bytes: u32,
    /// When its next message comes into being.
    next: Option<Instant>,
    /// Numbered messages that are due.
    owed: u32,
    numbered: u64,
    last_id: u16,
    /// PUBLISH packets without a PUBACK, oldest first: sent again on a new connection.
    unacknowledged: VecDeque<(PacketId, Vec<u8>)>,
    /// Identifiers of messages that it has: one that comes again with DUP is no news.
    received: BTreeSet<PacketId>,
    is_connected: bool,
    /// The broker's machine was gone: nothing will come on this connection.
    is_cut_off: bool,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    waker: Option<Waker>,
}

impl Witness {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let workload = &schedule.workload;
        let mqtt5 = schedule.setup.mqtt5.as_ref();
        let packet_max_bytes = mqtt5.map_or(u32::MAX, |mqtt5| mqtt5.packet_max_bytes);
        let mut intervals =
            Intervals::new(schedule.seed, Purpose::Inbound, workload.inbound_every_ms);
        Self {
            next: intervals.next(),
            intervals,
            content: Random::new(schedule.seed, Purpose::InboundContent),
            large: Large::new(schedule),
            tags: Tags::new(schedule, Purpose::Mqtt5Inbound),
            tagged: Vec::new(),
            topics: workload.inbound_topics.clone(),
            payload_min_bytes: u32::from(workload.payload_min_bytes),
            // as the event world's: it respects what the broker takes
            payload_max_bytes: u32::from(workload.payload_max_bytes).min(packet_max_bytes - 192),
            is_v5: schedule.setup.is_v5(),
            owed: 0,
            numbered: 0,
            last_id: 0,
            unacknowledged: VecDeque::new(),
            received: BTreeSet::new(),
            is_connected: false,
            is_cut_off: false,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            waker: None,
        }
    }

    /// Messages come into being up to `now`.
    pub(super) fn pass_to(&mut self, now: Instant) {
        while let Some(at) = self.next
            && at <= now
        {
            self.next = self.intervals.next();
            self.owe(1);
        }
    }

    /// It will publish so many numbered messages as soon as the broker is there.
    pub(super) fn owe(&mut self, count: u32) {
        if !self.topics.is_empty() {
            self.owed += count;
            self.wake();
        }
    }

    /// No message comes into being any more.
    pub(super) const fn wind_down(&mut self) {
        self.next = None;
    }

    /// What travels with the numbered message that has this payload.
    pub(super) fn properties(&self, payload: &[u8]) -> Properties {
        let number = number(payload).filter(|number| *number > 0).unwrap_or(u64::MAX);
        let tag = usize::try_from(number - 1).ok().and_then(|place| self.tagged.get(place));
        tag.map_or_else(Properties::default, |tag| {
            tag.with(number, |properties| v5::Properties::of(properties).into())
        })
    }

    /// Messages that it has published.
    pub(super) const fn published(&self) -> u64 {
        self.numbered
    }

    /// Everything it had to say has left it.
    pub(super) const fn is_idle(&self) -> bool {
        self.is_connected && self.owed == 0 && self.outgoing.is_empty()
    }

    /// The broker starts anew. The witness is told at once, because it is not the one under test.
    pub(super) fn cut_off(&mut self) {
        self.is_connected = false;
        self.is_cut_off = true;
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Starts a new connection.
    fn connect(&mut self) {
        self.is_connected = false;
        self.is_cut_off = false;
        self.incoming.clear();
        self.outgoing = [0; PREAMBLE_BYTES].to_vec();
        let packet = if self.is_v5 { words::connect_v5() } else { words::connect() };
        self.outgoing.extend_from_slice(&packet);
    }

    /// Writes the messages it owes.
    fn publish(&mut self) {
        while self.is_connected && self.owed > 0 {
            self.owed -= 1;
            self.numbered += 1;
            let size = self.content.between(self.payload_min_bytes, self.payload_max_bytes);
            let (size, qos) = self.large.draw(size);
            let mut payload = Vec::new();
            fill(&mut payload, self.numbered, size as usize);
            let topic = &self.topics[(self.numbered % self.topics.len() as u64) as usize];
            let id = (qos != QoS::AtMostOnce).then(|| {
                self.last_id = self.last_id.checked_add(1).unwrap_or(1);
                PacketId::new(self.last_id).expect("it counts from 1")
            });
            let tag = self.tags.draw();
            self.tagged.push(tag);
            let bytes = tag.with(self.numbered, |properties| {
                words::publish(self.is_v5, qos, id, topic, &payload, properties)
            });
            self.outgoing.extend_from_slice(&bytes);
            self.unacknowledged.extend(id.map(|id| (id, bytes)));
        }
    }

    /// Takes bytes of the broker, and shows the messages in them.
    ///
    /// # Panics
    /// The broker writes no MQTT: a bug of the simulator.
    fn receive(&mut self, bytes: &[u8], mut show: impl FnMut(Message)) {
        let mut buffer = std::mem::take(&mut self.incoming);
        buffer.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(packet) = words::first(self.is_v5, &buffer[start..]) {
            start += packet.len();
            match words::heard(self.is_v5, packet) {
                Heard::Publish { id, dup, message } => {
                    let is_new = id.is_none_or(|id| self.received.insert(id));
                    if is_new || !dup {
                        show(message);
                    }
                    if let Some(id) = id {
                        self.outgoing.extend_from_slice(&words::puback(self.is_v5, id));
                    }
                }
                Heard::Puback(id) => self.unacknowledged.retain(|&(other, _)| other != id),
                Heard::Accepted { session_present } => self.greeted(session_present),
                Heard::Else => {}
            }
        }
        buffer.drain(..start);
        self.incoming = buffer;
    }

    /// The broker accepted the connection.
    fn greeted(&mut self, session_present: bool) {
        self.is_connected = true;
        if !session_present {
            self.received.clear();
            self.outgoing.extend_from_slice(&words::subscribe_to_everything(self.is_v5));
        }
        for (_, packet) in &mut self.unacknowledged {
            packet[0] |= 0b1000; // DUP
            self.outgoing.extend_from_slice(packet);
        }
    }
}

/// The witness's host.
pub(super) async fn run(stage: Stage) -> turmoil::Result {
    loop {
        // nobody listens there, and turmoil never forgets a connection that was refused
        if !stage.lock().server.is_down
            && let Ok(mut stream) = TcpStream::connect((BROKER, PORT)).await
        {
            stage.lock().witness.connect();
            // however it ends, the next one is tried
            let _ = poll_fn(|context| serve(&stage, &mut stream, context)).await;
            stage.lock().witness.is_connected = false;
        }
        sleep(PAUSE).await;
    }
}

/// Moves bytes both ways until nothing moves, or the connection is over.
fn serve(stage: &Stage, stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<io::Result<()>> {
    loop {
        let mut outgoing = {
            let witness = &mut stage.lock().witness;
            if witness.is_cut_off {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            witness.publish();
            witness.waker = Some(context.waker().clone());
            std::mem::take(&mut witness.outgoing)
        };
        while !outgoing.is_empty() {
            match Pin::new(&mut *stream).poll_write(context, &outgoing) {
                Poll::Ready(taken) => drop(outgoing.drain(..taken?)),
                Poll::Pending => {
                    stage.lock().witness.outgoing = outgoing;
                    return Poll::Pending;
                }
            }
        }
        let mut bytes = [0; 4_096];
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            Poll::Ready(Ok(())) => {
                let mut parts = stage.lock();
                let parts = &mut *parts;
                parts.witness.receive(buffer.filled(), |message| {
                    parts.seen.push(Seen::Message(Way::WitnessReceived, message));
                });
            }
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    }
}
