//! The flight recorder: what a machine was told and what it said, so that it can be told again.
//!
//! A [`Client`](crate::client::Client), or an end of the [`bridge`](crate::bridge), is its state
//! and its calls, nothing else, so whoever has both has the run. [`Recorded`] is a machine whose
//! calls go into a
//! [`Sink`] (a file, a serial line, a [`Ring`] in memory), and [`Records`] reads them. `fivewire replay`
//! feeds them to a bare machine and compares what it says, byte for byte.
//!
//! ```
//! use fivewire_core::client::{Client, Memory, Output};
//! use fivewire_core::config::Config;
//! use fivewire_core::recorder::{Payloads, Recorded, Recorder, Records, Ring};
//! use fivewire_core::time::Instant;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let memory = Memory {
//!     receive: [0; 256], transmit: [0; 256], outbox: [0; 256], subscriptions: [0; 256], connect: [0; 256],
//! };
//! let client = Client::new(&Config::new("greenhouse-7"), memory, 0x5EED)?;
//! // Two segments of 4 KiB: what is kept is the newest 4 KiB at least.
//! let ring = Ring::new([0_u8; 8192], 2);
//! let recorder = Recorder::new(ring, Payloads::Disguised { key: [0x8A13, 0x77F2] });
//! let mut client = Recorded::new(client, Some(recorder)); // used like the client
//!
//! client.start(Instant::ZERO);
//! while !matches!(client.poll(), Output::Wait(_)) {}
//!
//! // After trouble: everything, in pieces that a serial line takes.
//! let recorder = client.recorder_mut().unwrap();
//! recorder.finish();
//! let (mut piece, mut recording) = ([0; 64], Vec::new());
//! loop {
//!     match recorder.sink_mut().drain(&mut piece) {
//!         0 => break,
//!         count => recording.extend_from_slice(&piece[..count]),
//!     }
//! }
//! assert!(Records::new(&recording).all(|record| record.is_ok()));
//! # Ok(())
//! # }
//! ```
//!
//! # The format, version 3
//!
//! A recording is one or more segments. A segment can be replayed by itself:
//!
//! | part | bytes |
//! |---|---|
//! | magic | `89 35 57 52 45 43 0D 0A` |
//! | version | `03` |
//! | record `01`: segment | machine, flags, number, time in µs, bytes of each of its buffers |
//! | record `02`: checkpoint | the state of the machine |
//! | records | calls, and what the machine said to each |
//! | record `03`: end | `00` the recording ends, `01` another segment goes on |
//!
//! Machines: 1 client, with five buffers; 2 the bridge's end at the host, with seven; 3 the
//! bridge's end at the ESP8266, with nine. They are in the order of the fields of its memory, and
//! no larger than 1 GiB together. Flags: 1 payloads are as they were; 2 the segment goes on where
//! the one before ended; 4 the client speaks MQTT 5. Numbers are LEB128, seven bits a byte, the
//! lowest first, in the shortest form. A record is
//!
//! | part | bytes |
//! |---|---|
//! | kind | 1 |
//! | µs since the last record of the segment; 0, -1, 1, -2 are 0, 1, 2, 3 | number |
//! | length of the content | number |
//! | CRC-8 of the above, polynomial 07 | 1 |
//! | content | |
//! | CRC-32 (IEEE 802.3), little-endian, of the segment from its magic to here without the CRC-32s | 4 |
//!
//! so that a byte that was changed, lost or moved is found at the record it is in. Texts, filters
//! and payloads follow their length, except where they are the whole content.
//!
//! | kind | call | content |
//! |---|---|---|
//! | `10` | `start` | |
//! | `11` `12` `13` `14` | `handle` `Timeout`, `WifiUp`, `WifiDown`, `TcpOpened` | |
//! | `15` | `handle` `TcpFailed` | 1 refused, 2 unreachable |
//! | `16` | `handle` `TcpClosed` | |
//! | `17` | `handle` `Received` | the bytes |
//! | `18` | `handle` `Sent` | how many |
//! | `19` | `handle` `Writable` | |
//! | `1A` | `handle` `LinkUp` | the largest frame, if there is a limit |
//! | `1B` | `handle` `LinkDown` | |
//! | `1C` | `handle` `Frame` | the frame |
//! | `1D` | `handle` `Sent` of the host, `FrameSent` of the ESP8266 | how many bytes |
//! | `1E` | `handle` `Writable` of the host, `FrameWritable` of the ESP8266 | |
//! | `1F` | `handle` `Reset` of the host | the number of the cause |
//! | `20` | `publish` | QoS, retain, 0 or 1 and deadline in µs, topic, payload, properties if there are any |
//! | `21` | `cancel` | ticket |
//! | `22` | `subscribe` | QoS, filter |
//! | `23` | `unsubscribe` | filter |
//! | `24` | `release` | delivery |
//! | `25` | `hold` | 0 or 1 |
//! | `26` | `shut_down` | |
//! | `27` | `subscribe_with` | options, 0 or 1 and the identifier, filter |
//! | `28` | the host's `ask_time` | cookie |
//! | `29` | the host's `ask_memory` | |
//! | `2A` | the host's `answer_network` | 1 use the given one; 2 ask again, and after how many ms |
//! | `2B` | `handle` `Datagram` | the datagram |
//! | `2C` | `handle` `Memory` | free and used bytes |
//! | `2D` | `handle` `Unsuited` of the host | the number of what was found |
//! | `2E` | the client's `probe` | |
//!
//! What the ESP8266 tells its client (`Net`) is recorded like what a client is told.
//!
//! | kind | what the machine said | content |
//! |---|---|---|
//! | `40` | `Action` | its number |
//! | `41` | `Transmit` | the bytes |
//! | `42` | `Event` | its number, then its fields |
//! | `43` | `Wait` | 0; or the number of its reason and the deadline in µs |
//! | `44` | what a command returned | 0 and the ticket, or the number of the error |
//! | `45` | what `cancel`, `release` or `probe` returned | 0 or 1 |
//! | `46` | the host's `ResetEsp` | |
//! | `47` | `Frame` | the frame |
//! | `48` | `Configure` | network: name, password, 0 or 1; broker: host, port; time server |
//! | `49` | `Join` | 1 stored, 2 given |
//! | `4A` | `AskTime` | cookie |
//! | `4B` | `ReportMemory` | |
//!
//! The numbers of variants are in `checkpoint/code.rs` and `checkpoint/event.rs`. The checkpoint is
//! the fields of the machine in the order in which its parts name them (`checkpoint.rs` beside
//! each), each buffer only as far as it is in use; it is bound to the version of the format, which
//! changes with it.
//!
//! # What is not in it
//!
//! * **Passwords**, ever: each byte of one is `*`, in CONNECT, in the settings that the bridge's
//!   ends tell each other, and in checkpoints.
//! * **Payloads**, unless they are to be [`Kept`](Payloads::Kept): bytes of the same number stand
//!   for them, at the input and at the output alike, the will's included. No decision of the core
//!   depends on a payload, so a replay says what was said then. What it cannot show is a fault that
//!   depends on what is in a payload; there is none in a machine that only copies it.
//! * **Frames that no fivewire end sends**: zeros of the same number stand for what is in them.
//! * Client identifiers, user names, topics, filters, properties of MQTT 5 (correlation data and
//!   user properties among them) and times *are* in it.
//!
//! # What it costs
//!
//! Nothing where it is not used, an `Option` to look at where it is built in and switched off. A
//! record takes 8 bytes more than its content; a segment takes 400 and what is in the buffers. A
//! call encodes twice, first to know the length, so that nothing has to be kept in between.

mod call;
mod check;
mod format;
mod machine;
mod read;
mod recorded;
mod replay;
mod restore;
mod result;
mod ring;
mod writer;

pub use crate::checkpoint::Payloads;
pub use call::{Call, LinkInput};
pub use format::{MAGIC, MEMORY_MAX_BYTES, VERSION};
pub(crate) use machine::Subject;
pub use machine::{BUFFERS_MAX, Machine};
pub use read::{Damage, DamageKind, Item, Record, Records, Said, Segment, State};
pub use recorded::Recorded;
pub use replay::{Fed, Replay};
pub use restore::Restored;
pub use ring::Ring;
pub use writer::Recorder;

/// Where a recording goes.
///
/// A sink that just takes bytes only writes. One of bounded memory also says when a segment must
/// end, and drops old ones.
pub trait Sink {
    /// False only for a sink of which there is none: then nothing of the recorder is compiled in.
    const EXISTS: bool = true;

    /// Takes the next bytes.
    fn write(&mut self, bytes: &[u8]);

    /// How many bytes the segment that is open has room for. Default: any number.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// A segment of this size could begin now, after the open one ended. Default: yes.
    fn can_begin(&self, size_bytes: usize) -> bool {
        let _ = size_bytes;
        true
    }

    /// A segment begins. Default: nothing.
    fn begin(&mut self) {}

    /// A call was not recorded, because no segment could begin. Default: nothing.
    fn miss(&mut self) {}

    /// The segment ends. Default: nothing.
    fn end(&mut self) {}
}

/// The sink of a machine that is never recorded: there is none, so a
/// [`Recorded`] machine with it costs nothing at all.
#[derive(Clone, Copy, Debug)]
pub enum Unrecorded {}

impl Sink for Unrecorded {
    const EXISTS: bool = false;

    fn write(&mut self, _: &[u8]) {
        match *self {}
    }
}

impl<K: Sink + ?Sized> Sink for &mut K {
    const EXISTS: bool = K::EXISTS;

    fn write(&mut self, bytes: &[u8]) {
        (**self).write(bytes);
    }

    fn room(&self) -> usize {
        (**self).room()
    }

    fn can_begin(&self, size_bytes: usize) -> bool {
        (**self).can_begin(size_bytes)
    }

    fn begin(&mut self) {
        (**self).begin();
    }

    fn miss(&mut self) {
        (**self).miss();
    }

    fn end(&mut self) {
        (**self).end();
    }
}
