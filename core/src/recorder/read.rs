//! Reading a recording: its records, one after the other, each checked before it is shown.

use core::fmt;

use super::call::Call;
use super::check::{Crc32, crc8};
use super::format::{
    self, ALL_FLAGS, CONTINUES, MAGIC, MEMORY_MAX_BYTES, PAYLOADS_KEPT, SPEAKS_MQTT5, VERSION,
    is_readable, kind,
};
use super::machine::{BUFFERS_MAX, Machine};
use crate::bridge::esp::Setup;
use crate::bridge::{Broker, Lan, Network};
use crate::checkpoint::{Field, Fields, from_signed, get_event};
use crate::client::Action;
use crate::event::Event;
use crate::time::{Instant, Wait};

/// What is wrong with a recording, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Damage {
    /// The first byte of the record that cannot be read, counted from 0.
    pub at: usize,
    /// What is wrong with it.
    pub kind: DamageKind,
}

/// What is wrong with a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DamageKind {
    /// No segment begins here.
    NoSegment,
    /// The version of the format is another one.
    Version(u8),
    /// A checksum does not match: at least one byte is another one than was written.
    Checksum,
    /// The recording ends within this record, or before the end of its segment.
    CutOff,
    /// The checksums match, but the machine has more than
    /// [`MEMORY_MAX_BYTES`](super::MEMORY_MAX_BYTES) of buffers: another program wrote it.
    Memory,
    /// The checksums match, but the content means nothing: another program wrote it.
    Meaning,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match self.kind {
            DamageKind::NoSegment => write!(f, "no recording begins at byte {at}"),
            DamageKind::Version(version) => write!(
                f,
                "the recording has format version {version} at byte {at}, this program reads {VERSION}"
            ),
            DamageKind::Checksum => {
                write!(f, "the recording is damaged: the record at byte {at} has a wrong checksum")
            }
            DamageKind::CutOff => write!(f, "the recording is cut off in the record at byte {at}"),
            DamageKind::Memory => write!(
                f,
                "the recording wants more memory than any: the buffers in the record at byte {at} are \
                 larger than {MEMORY_MAX_BYTES} bytes together"
            ),
            DamageKind::Meaning => {
                write!(
                    f,
                    "the recording cannot be understood: the record at byte {at} means nothing"
                )
            }
        }
    }
}

impl core::error::Error for Damage {}

/// The beginning of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segment {
    /// What was recorded.
    pub machine: Machine,
    /// It speaks MQTT 5.
    pub speaks_mqtt5: bool,
    /// Its number, counted from 0. One that is missing was dropped by whom recorded.
    pub number: u32,
    /// It goes on where the one before ended; otherwise a machine begins its life here, or
    /// something was not recorded.
    pub continues: bool,
    /// Payloads are as they were; otherwise they are disguised.
    pub payloads_kept: bool,
    /// The machine's time.
    pub time: Instant,
    /// Bytes of the machine's buffers, in the order of the fields of its memory; 0 for those that
    /// it does not have.
    pub memory_bytes: [usize; BUFFERS_MAX],
}

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'a> {
    /// A segment begins.
    Segment(Segment),
    /// The state of the machine at that point; see [`State::restore`].
    Checkpoint(State<'a>),
    /// Somebody called the machine.
    Call(Call<'a>),
    /// The machine said something, or returned something.
    Said(Said<'a>),
    /// The segment ends.
    End {
        /// Another one goes on.
        continued: bool,
    },
}

/// What the machine said to a `poll`, or returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the outputs of the machines, by their names")]
pub enum Said<'a> {
    Action(Action),
    ResetEsp,
    Transmit(&'a [u8]),
    Frame(&'a [u8]),
    Configure(Setup<'a>),
    Join(Lan),
    AskTime {
        cookie: u64,
    },
    ReportMemory,
    Event(Event<'a>),
    Wait(Wait),
    /// The number of the ticket, or of the error.
    Returned(Result<u32, u64>),
    /// What a command returned that says only whether it did something.
    Answered(bool),
}

impl Said<'_> {
    /// The kind of its record.
    pub(super) const fn kind(&self) -> u8 {
        match self {
            Self::Action(_) => kind::ACTION,
            Self::ResetEsp => kind::RESET_ESP,
            Self::Transmit(_) => kind::TRANSMIT,
            Self::Frame(_) => kind::FRAME,
            Self::Configure(_) => kind::CONFIGURE,
            Self::Join(_) => kind::JOIN,
            Self::AskTime { .. } => kind::ASK_TIME,
            Self::ReportMemory => kind::REPORT_MEMORY,
            Self::Event(_) => kind::EVENT,
            Self::Wait(_) => kind::WAIT,
            Self::Returned(_) => kind::RETURNED,
            Self::Answered(_) => kind::ANSWERED,
        }
    }
}

/// The state of a machine at a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State<'a>(&'a [u8]);

impl<'a> State<'a> {
    /// The state with these bytes, as the `checkpoint` of a machine gives them.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.0
    }
}

/// One record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Its first byte in the recording.
    pub at: usize,
    /// When the call was made that it belongs to.
    pub now: Instant,
    /// What it is.
    pub item: Item<'a>,
    /// Its kind and its content, as they were written.
    pub raw: (u8, &'a [u8]),
}

/// The records of a recording. Ends after the first damage.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    check: Crc32,
    time: Instant,
    within: Within,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Within {
    /// Before a segment; `true`: one must come.
    Nothing(bool),
    Segment,
    /// There was damage.
    Damage,
}

impl<'a> Records<'a> {
    /// The records in `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        let (check, within) = (Crc32::new(), Within::Nothing(true));
        Self { bytes, at: 0, check, time: Instant::ZERO, within }
    }

    fn read(&mut self) -> Result<Option<Record<'a>>, Damage> {
        let at = self.at;
        let rest = &self.bytes[at..];
        if let Within::Nothing(expected) = self.within {
            if rest.is_empty() && !expected {
                return Ok(None);
            }
            self.begin_segment(rest)?;
        }
        let record = self.read_record(self.at)?;
        self.within = match record.item {
            Item::End { continued } => Within::Nothing(continued),
            _ => Within::Segment,
        };
        Ok(Some(record))
    }

    fn begin_segment(&mut self, rest: &[u8]) -> Result<(), Damage> {
        let damage = |index: usize, kind| Err(Damage { at: self.at + index, kind });
        let same = rest.iter().zip(&MAGIC).take_while(|(byte, magic)| byte == magic).count();
        if same < MAGIC.len() {
            let cut_off = same == rest.len();
            let kind = if cut_off { DamageKind::CutOff } else { DamageKind::NoSegment };
            return damage(same, kind);
        }
        match rest.get(MAGIC.len()) {
            None => return damage(MAGIC.len(), DamageKind::CutOff),
            Some(&VERSION) => {}
            Some(version) => return damage(MAGIC.len(), DamageKind::Version(*version)),
        }
        let opening = &rest[..=MAGIC.len()];
        self.check = Crc32::new();
        self.check.update(opening);
        self.time = Instant::ZERO;
        self.at += opening.len();
        Ok(())
    }

    fn read_record(&mut self, at: usize) -> Result<Record<'a>, Damage> {
        let damage = |kind| Damage { at, kind };
        let rest = &self.bytes[at..];
        let head = Head::read(rest).map_err(damage)?;
        let content_end = head.size_bytes.checked_add(head.content_bytes);
        let content_end =
            content_end.filter(|end| end.checked_add(4).is_some_and(|end| end <= rest.len()));
        let content_end = content_end.ok_or(damage(DamageKind::CutOff))?;
        self.check.update(&rest[..content_end]);
        let written = &rest[content_end..content_end + 4];
        if self.check.value().to_le_bytes() != written {
            return Err(damage(DamageKind::Checksum));
        }
        let content = &rest[head.size_bytes..content_end];
        let item = self.item(head.kind, content).ok_or(damage(DamageKind::Meaning))?;
        if let Item::Segment(segment) = item {
            if !is_readable(&segment.memory_bytes) {
                return Err(damage(DamageKind::Memory));
            }
            self.time = segment.time;
        }
        self.time = Instant::from_micros(self.time.as_micros().wrapping_add_signed(head.delta));
        self.at = at + content_end + 4;
        Ok(Record { at, now: self.time, item, raw: (head.kind, content) })
    }

    fn item(&self, kind: u8, content: &'a [u8]) -> Option<Item<'a>> {
        if (self.within != Within::Segment) != (kind == kind::SEGMENT) {
            return None;
        }
        let from = &mut Fields(content);
        let item = match kind {
            kind::SEGMENT => Item::Segment(segment(from)?),
            kind::CHECKPOINT => Item::Checkpoint(State(from.take(content.len())?)),
            kind::END => match from.take(1)? {
                [format::FINISHED] => Item::End { continued: false },
                [format::CONTINUED] => Item::End { continued: true },
                _ => return None,
            },
            kind::ACTION => Item::Said(Said::Action(Field::get(from)?)),
            kind::TRANSMIT => Item::Said(Said::Transmit(from.take(content.len())?)),
            kind::RESET_ESP => Item::Said(Said::ResetEsp),
            kind::FRAME => Item::Said(Said::Frame(from.take(content.len())?)),
            kind::CONFIGURE => Item::Said(Said::Configure(setup(from)?)),
            kind::JOIN => Item::Said(Said::Join(Field::get(from)?)),
            kind::ASK_TIME => Item::Said(Said::AskTime { cookie: Field::get(from)? }),
            kind::REPORT_MEMORY => Item::Said(Said::ReportMemory),
            kind::EVENT => Item::Said(Said::Event(get_event(from)?)),
            kind::WAIT => Item::Said(Said::Wait(Field::get(from)?)),
            kind::RETURNED => Item::Said(Said::Returned(match from.number()? {
                0 => Ok(Field::get(from)?),
                error => Err(error),
            })),
            kind::ANSWERED => Item::Said(Said::Answered(Field::get(from)?)),
            _ => return Call::get(kind, content).map(Item::Call),
        };
        from.is_empty().then_some(item)
    }
}

fn segment(from: &mut Fields<'_>) -> Option<Segment> {
    let &[machine, flags] = from.take(2)? else { return None };
    let machine = Machine::of(machine).filter(|_| flags & !ALL_FLAGS == 0)?;
    let mut segment = Segment {
        machine,
        speaks_mqtt5: flags & SPEAKS_MQTT5 != 0,
        number: Field::get(from)?,
        continues: flags & CONTINUES != 0,
        payloads_kept: flags & PAYLOADS_KEPT != 0,
        time: Field::get(from)?,
        memory_bytes: [0; BUFFERS_MAX],
    };
    for bytes in &mut segment.memory_bytes[..machine.buffers()] {
        *bytes = Field::get(from)?;
    }
    Some(segment)
}

fn setup<'a>(from: &mut Fields<'a>) -> Option<Setup<'a>> {
    let (ssid, password, use_default) = (from.text()?, from.text()?, Field::get(from)?);
    let (host, port) = (from.text()?, Field::get(from)?);
    Some(Setup {
        network: Network { ssid, password, use_default },
        broker: Broker { host, port },
        time_server: from.text()?,
    })
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.within == Within::Damage {
            return None;
        }
        let record = self.read().transpose();
        if let Some(Err(_)) = record {
            self.within = Within::Damage;
        }
        record
    }
}

/// What stands before the content of a record.
struct Head {
    kind: u8,
    delta: i64,
    content_bytes: usize,
    /// Its own size.
    size_bytes: usize,
}

impl Head {
    fn read(rest: &[u8]) -> Result<Self, DamageKind> {
        let mut fields = Fields(rest);
        // A number that does not end within its ten bytes is damaged; one at the end is cut off.
        let cut_off = if rest.len() < format::OVERHEAD_BYTES {
            DamageKind::CutOff
        } else {
            DamageKind::Checksum
        };
        let mut numbers = || Some((fields.take(1)?[0], fields.number()?, fields.number()?));
        let (kind, delta, content_bytes) = numbers().ok_or(cut_off)?;
        let len = rest.len() - fields.0.len();
        let check = fields.take(1).ok_or(DamageKind::CutOff)?[0];
        if check != crc8(&rest[..len]) {
            return Err(DamageKind::Checksum);
        }
        let content_bytes = usize::try_from(content_bytes).map_err(|_| DamageKind::CutOff)?;
        Ok(Self { kind, delta: from_signed(delta), content_bytes, size_bytes: len + 1 })
    }
}
