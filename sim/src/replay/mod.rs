//! Replays recordings of real clients: the same core is told the same, and must say the same.
//!
//! Recordings come from the simulator (`fivewire run --record`), from `fivewire-tokio`, and from boards;
//! the format is that of [`fivewire_core::recorder`]. The oracle judges what one machine shows: of a
//! client, what the transport took counts as arrived; of the bridge's end at the host, what the
//! application is told fits what it asked for. Nothing is asked of what must happen in bounded time,
//! because nobody knows what the network did. The bridge's end at the ESP8266 owes nothing to an
//! application: it is compared and shown. Of MQTT 5 everything is judged that 3.1.1 has as well.

mod setup;
mod story;

use fivewire_core::bridge::host;
use fivewire_core::client::State;
use fivewire_core::recorder::{
    Damage, Fed, Item, MAGIC, Machine, Record, Records, Replay, Restored, Said,
};

use crate::observation::Observer;
use crate::oracle::{Breach, Oracle, Promise};
use story::Story;

/// What a replay showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Segments.
    pub segments: u64,
    /// Segments that do not go on where the one before ended: a machine began, or something is missing.
    pub beginnings: u64,
    /// Calls into the machine.
    pub calls: u64,
    /// Outputs and results of the machine, each of which was compared.
    pub outputs: u64,
    /// Bytes that the machine wanted to send.
    pub transmitted_bytes: u64,
    /// From the first call to the last, in the machine's time, microseconds.
    pub lasted_us: u64,
    /// Where the machine said something else.
    pub difference: Option<Difference>,
    /// The first promise that was broken.
    pub breach: Option<Breach>,
    /// How many judgements each promise got, by [`Promise::index`].
    pub checked: [u64; Promise::COUNT],
    /// Where reading ended early.
    pub damage: Option<Damage>,
}

/// A record that the machine did not say.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the machine of this version says something else at byte {at}: recorded was {recorded}, replayed is {replayed}"
)]
pub struct Difference {
    /// The first byte of the record.
    pub at: usize,
    /// What is recorded.
    pub recorded: String,
    /// What the machine says now.
    pub replayed: String,
}

/// These bytes are a recording, or were one before its first bytes were damaged.
#[must_use]
pub fn is_recording(bytes: &[u8]) -> bool {
    let same = bytes.iter().zip(&MAGIC).filter(|(byte, magic)| byte == magic).count();
    same > MAGIC.len() / 2
}

/// Reads a recording to its end.
///
/// # Errors
/// Where it is damaged or cut off.
pub fn check(recording: &[u8]) -> Result<(), Damage> {
    Records::new(recording).try_for_each(|record| record.map(|_| ()))
}

/// Replays a recording up to its end, its first damage or the first difference. `extra` watches.
#[must_use]
pub fn replay(recording: &[u8], extra: &mut dyn Observer) -> Report {
    let mut report = Report::default();
    let mut machine = Replay::new(|size_bytes| vec![0; size_bytes]);
    let mut story = Story::new(oracle(recording), extra);
    let mut first = None;
    for record in Records::new(recording) {
        let record = match record {
            Ok(record) => record,
            Err(damage) => {
                report.damage = Some(damage);
                break;
            }
        };
        count(&mut report, &record);
        let now = story.now(&record);
        let fed = machine.feed(&record);
        if let Some(difference) = difference(&record, &fed) {
            report.difference = Some(difference);
            break;
        }
        story.tell(&record, machine.client_state(), machine.machine().is_none_or(is_new));
        report.lasted_us = now.micros_since(*first.get_or_insert(now));
    }
    let oracle = story.finish();
    report.breach = oracle.breach().cloned();
    report.checked = *oracle.checked();
    report
}

/// What was recorded, as the first segment says. `None` if that cannot be read.
#[must_use]
pub fn recorded(recording: &[u8]) -> Option<Machine> {
    Records::new(recording).map_while(Result::ok).find_map(|record| match record.item {
        Item::Segment(segment) => Some(segment.machine),
        _ => None,
    })
}

fn oracle(recording: &[u8]) -> Oracle {
    let schedule = setup::of(recording);
    match recorded(recording) {
        Some(Machine::BridgeHost) => Oracle::of_host_recording(&schedule),
        _ => Oracle::of_recording(&schedule),
    }
}

/// Its life has not begun.
fn is_new(machine: &Restored<Vec<u8>>) -> bool {
    match machine {
        Restored::Client(client) => client.state() == State::Idle,
        Restored::Host(host) => host.state() == host::State::Idle,
        Restored::Esp(esp) => esp.client().is_none(),
    }
}

fn count(report: &mut Report, record: &Record<'_>) {
    match record.item {
        Item::Segment(segment) => {
            report.segments += 1;
            report.beginnings += u64::from(!segment.continues);
        }
        Item::Call(_) => report.calls += 1,
        Item::Said(said) => {
            report.outputs += 1;
            if let Said::Transmit(bytes) | Said::Frame(bytes) = said {
                report.transmitted_bytes += bytes.len() as u64;
            }
        }
        _ => {}
    }
}

fn difference(record: &Record<'_>, fed: &Fed<'_>) -> Option<Difference> {
    let replayed = match fed {
        Fed::Same => return None,
        Fed::Different(said) => format!("{said:?}"),
        Fed::OtherState => "a machine in another state".to_owned(),
        Fed::Nonsense => {
            "nothing: no machine of this kind can be in this state, or be called like this"
                .to_owned()
        }
    };
    let recorded = match record.item {
        Item::Said(said) => format!("{said:?}"),
        Item::Checkpoint(_) => "a checkpoint".to_owned(),
        item => format!("{item:?}"),
    };
    Some(Difference { at: record.at, recorded, replayed })
}
