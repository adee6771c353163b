//! Records and segments, as they are written.

use super::Sink;
use super::call::Call;
use super::check::{Crc32, crc8};
use super::format::{
    self, CONTINUES, END_BYTES, MAGIC, PAYLOADS_KEPT, SMALL_BYTES, SPEAKS_MQTT5, VERSION,
    is_readable, kind,
};
use super::machine::{BUFFERS_MAX, Machine, Subject};
use super::read::Said;
use crate::bridge::esp::Setup;
use crate::bridge::{Direction, put_frame};
use crate::checkpoint::{
    Field, Mask, Out, Payloads, Secrecy, put_event, put_masked, put_number, put_password,
    put_signed, put_text,
};
use crate::client::{Input, State};
use crate::mqtt::ProtocolVersion;
use crate::time::Instant;

/// What a segment takes whose machine has no state at all.
const OPENING_BYTES: usize = MAGIC.len() + 1 + SMALL_BYTES;

/// Writes the calls into a machine, and what it says to them, into a [`Sink`].
///
/// It is used by [`Recorded`](super::Recorded), which has the methods of the machine.
pub struct Recorder<K> {
    sink: K,
    payloads: Payloads,
    version: ProtocolVersion,
    /// Where the stream from the broker stands.
    received: Mask,
    /// Where the stream to the broker stands at the first byte that the transport has not taken.
    sent: Mask,
    /// A segment is open.
    open: bool,
    /// The next segment goes on where the last one ended.
    continues: bool,
    segment: u32,
    /// The time of the last call in this segment.
    time: Instant,
    check: Crc32,
}

/// What a segment begins with.
struct Opening {
    flags: u8,
    time: Instant,
    memory_bytes: [usize; BUFFERS_MAX],
    secrecy: Secrecy,
    state_bytes: usize,
    /// All of it, at most.
    size_bytes: usize,
}

impl<K: Sink> Recorder<K> {
    /// Records into `sink`. The first segment begins with the first call.
    pub const fn new(sink: K, payloads: Payloads) -> Self {
        Self {
            sink,
            payloads,
            version: ProtocolVersion::V3_1_1,
            received: Mask::new(payloads, ProtocolVersion::V3_1_1),
            sent: Mask::new(payloads, ProtocolVersion::V3_1_1),
            open: false,
            continues: false,
            segment: 0,
            time: Instant::ZERO,
            check: Crc32::new(),
        }
    }

    /// Where it records into.
    pub const fn sink(&self) -> &K {
        &self.sink
    }

    /// Where it records into, for example to drain it. What is taken out belongs to whole segments
    /// only after [`finish`](Self::finish).
    pub const fn sink_mut(&mut self) -> &mut K {
        &mut self.sink
    }

    /// Ends the segment, so that what is recorded is whole. The next call begins another one.
    pub fn finish(&mut self) {
        if self.open {
            self.end(format::FINISHED);
        }
    }

    /// A call comes whose records take `size_bytes` at most: begins a segment if it has to.
    pub(super) fn make_room<M: Subject>(&mut self, machine: &mut M, size_bytes: usize) {
        let needed = size_bytes.saturating_add(END_BYTES);
        if self.open && self.sink.room() >= needed {
            return;
        }
        let opening = self.next_opening(machine, needed);
        if self.open {
            self.end(if opening.is_some() { format::CONTINUED } else { format::FINISHED });
        }
        if let Some(opening) = opening {
            self.begin(machine, &opening);
        } else {
            self.continues = false;
            self.sink.miss();
        }
    }

    /// What the next segment begins with, if it can begin now. To know how large it is takes a walk
    /// over the whole state, so a sink that would refuse even the smallest is not asked twice.
    fn next_opening<M: Subject>(&self, machine: &mut M, needed: usize) -> Option<Opening> {
        let can_begin =
            |opening_bytes: usize| self.sink.can_begin(opening_bytes.saturating_add(needed));
        if !can_begin(OPENING_BYTES) || !is_readable(&machine.buffers()) {
            return None;
        }
        let opening = self.opening(machine);
        can_begin(opening.size_bytes).then_some(opening)
    }

    /// The next segment is of a machine that has nothing to do with the one before, and speaks this
    /// version.
    pub(super) fn forget_machine(&mut self, version: ProtocolVersion) {
        self.finish();
        self.continues = false;
        self.version = version;
        self.begin_streams();
    }

    /// A connection begins.
    const fn begin_streams(&mut self) {
        let mask = Mask::new(self.payloads, self.version);
        (self.received, self.sent) = (mask, mask);
    }

    /// What the next segment would begin with.
    fn opening<M: Subject>(&self, machine: &mut M) -> Opening {
        let kept = if self.payloads == Payloads::Kept { PAYLOADS_KEPT } else { 0 };
        // The ESP8266's end knows it only once the host has told it.
        let version = machine.version();
        let mqtt5 = if version == ProtocolVersion::V3_1_1 { 0 } else { SPEAKS_MQTT5 };
        let mut opening = Opening {
            flags: kept | mqtt5 | if self.continues { CONTINUES } else { 0 },
            time: machine.time(),
            memory_bytes: machine.buffers(),
            secrecy: Secrecy { payloads: self.payloads, version, sent: self.sent },
            state_bytes: 0,
            size_bytes: 0,
        };
        machine.save(Some(opening.secrecy), &mut |part| opening.state_bytes += part.len());
        opening.size_bytes = OPENING_BYTES + opening.state_bytes;
        opening
    }

    fn begin<M: Subject>(&mut self, machine: &mut M, opening: &Opening) {
        let Opening { flags, time, memory_bytes, secrecy, state_bytes, .. } = *opening;
        self.sink.begin();
        (self.open, self.continues) = (true, true);
        (self.time, self.check) = (time, Crc32::new());
        self.write(&MAGIC);
        self.write(&[VERSION]);
        let segment = self.segment;
        self.segment = segment.wrapping_add(1);
        self.record(kind::SEGMENT, time, &|out| {
            out(&[M::MACHINE.number(), flags]);
            segment.put(out);
            time.put(out);
            memory_bytes[..M::MACHINE.buffers()].iter().for_each(|bytes| bytes.put(out));
        });
        // A machine lends its state mutably, because it is passed over as if it were to be read.
        self.record_head(kind::CHECKPOINT, time, state_bytes);
        let Self { sink, check, .. } = self;
        machine.save(Some(secrecy), &mut |part| {
            check.update(part);
            sink.write(part);
        });
        self.record_check();
    }

    fn end(&mut self, why: u8) {
        self.record(kind::END, self.time, &|out| out(&[why]));
        self.sink.end();
        self.open = false;
    }

    /// A call is about to be made.
    pub(super) fn call<M: Subject>(&mut self, now: Instant, call: &Call<'_>, machine: &M) {
        if self.open {
            let (received, payloads) = (self.received, self.payloads);
            self.record(call.kind(), now, &|out| call.put(M::MACHINE, received, payloads, out));
        }
        self.version = machine.version();
        match call {
            // Any other one is ignored.
            Call::Handle(Input::TcpOpened) if machine.client_state() == State::OpeningTcp => {
                self.begin_streams();
            }
            Call::Handle(Input::Received(bytes)) => bytes.iter().for_each(|byte| {
                self.received.byte(*byte);
            }),
            _ => {}
        }
    }

    /// The transport took these bytes.
    pub(super) fn took(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| {
            self.sent.byte(*byte);
        });
    }

    /// What the machine said, or a command returned.
    pub(super) fn said(&mut self, machine: Machine, said: &Said<'_>) {
        if !self.open {
            return;
        }
        let (time, payloads, sent) = (self.time, self.payloads, self.sent);
        let direction = Direction::from(machine);
        self.record(said.kind(), time, &|out| match said {
            Said::Action(action) => action.put(out),
            Said::ResetEsp | Said::ReportMemory => {}
            Said::Transmit(bytes) => {
                let mut sent = sent;
                put_masked(bytes, |byte| sent.byte(byte), out);
            }
            Said::Frame(frame) => put_frame(frame, direction, payloads, out),
            Said::Configure(setup) => put_setup(setup, out),
            Said::Join(lan) => lan.put(out),
            Said::AskTime { cookie } => cookie.put(out),
            Said::Event(event) => put_event(event, payloads, out),
            Said::Wait(wait) => wait.put(out),
            Said::Returned(Ok(ticket)) => [0, *ticket].iter().for_each(|number| number.put(out)),
            Said::Returned(Err(error)) => error.put(out),
            Said::Answered(yes) => yes.put(out),
        });
    }

    fn record(&mut self, kind: u8, now: Instant, content: &dyn Fn(&mut Out<'_>)) {
        self.record_head(kind, now, format::size_bytes(content));
        let Self { sink, check, .. } = self;
        content(&mut |part| {
            check.update(part);
            sink.write(part);
        });
        self.record_check();
    }

    fn record_head(&mut self, kind: u8, now: Instant, size_bytes: usize) {
        let (mut head, mut len) = ([0; 24], 0);
        let mut out = |part: &[u8]| {
            head[len..len + part.len()].copy_from_slice(part);
            len += part.len();
        };
        out(&[kind]);
        put_signed(now.as_micros().wrapping_sub(self.time.as_micros()).cast_signed(), &mut out);
        put_number(size_bytes as u64, &mut out);
        head[len] = crc8(&head[..len]);
        self.time = now;
        self.write(&head[..=len]);
    }

    fn record_check(&mut self) {
        // Not checked itself: a CRC over its own value forgets what came before.
        self.sink.write(&self.check.value().to_le_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        self.check.update(bytes);
        self.sink.write(bytes);
    }
}

impl From<Machine> for Direction {
    /// Which way go the frames that this machine says.
    fn from(machine: Machine) -> Self {
        match machine {
            Machine::BridgeHost => Self::ToEsp,
            Machine::BridgeEsp | Machine::Client => Self::ToHost,
        }
    }
}

fn put_setup(setup: &Setup<'_>, out: &mut Out<'_>) {
    let Setup { network, broker, time_server } = setup;
    put_text(network.ssid, out);
    put_number(network.password.len() as u64, out);
    put_password(network.password.len(), out);
    network.use_default.put(out);
    put_text(broker.host, out);
    broker.port.put(out);
    put_text(time_server, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::{Checkpoint, Pass};

    /// A machine that counts how often its state is asked for.
    struct Counted {
        walks: u32,
        memory_bytes: usize,
    }

    impl Checkpoint for Counted {
        fn walk(&mut self, _: &mut Pass<'_>) -> Option<()> {
            self.walks += 1;
            Some(())
        }
    }

    impl Subject for Counted {
        const MACHINE: Machine = Machine::Client;

        fn time(&self) -> Instant {
            Instant::ZERO
        }

        fn buffers(&self) -> [usize; BUFFERS_MAX] {
            [self.memory_bytes; BUFFERS_MAX]
        }

        fn version(&self) -> ProtocolVersion {
            ProtocolVersion::V3_1_1
        }

        fn client_state(&self) -> State {
            State::Idle
        }
    }

    /// Has room for so many bytes.
    struct Room {
        bytes: usize,
        missed: u32,
    }

    impl Sink for Room {
        fn write(&mut self, bytes: &[u8]) {
            self.bytes -= bytes.len();
        }

        fn can_begin(&self, size_bytes: usize) -> bool {
            size_bytes <= self.bytes
        }

        fn miss(&mut self) {
            self.missed += 1;
        }
    }

    fn made_room(room_bytes: usize, memory_bytes: usize) -> (u32, u32) {
        let mut machine = Counted { walks: 0, memory_bytes };
        let mut recorder = Recorder::new(Room { bytes: room_bytes, missed: 0 }, Payloads::Kept);
        recorder.make_room(&mut machine, 10);
        (machine.walks, recorder.sink.missed)
    }

    #[test]
    fn the_state_is_not_walked_over_for_a_sink_that_is_full() {
        assert_eq!(made_room(OPENING_BYTES, 100), (0, 1));
        assert_eq!(made_room(1_000, 100), (2, 0), "once to measure it, once to write it");
    }

    #[test]
    fn a_machine_with_more_memory_than_is_read_is_not_recorded() {
        assert_eq!(made_room(1_000, usize::MAX / 2), (0, 1));
    }
}
