//! Replays recordings of real clients: the same core is told the same, and must say the same.
//!
//! Recordings come from the simulator (`fivewire run --record`), from `fivewire-tokio`, and from boards;
//! the format is that of [`fivewire_core::recorder`]. The oracle judges what one end of the connection
//! shows: what the transport took counts as arrived, and nothing is asked of what must happen in
//! bounded time, because nobody knows what the network did.

mod setup;
mod story;

use fivewire_core::client::{Client, Memory, State};
use fivewire_core::recorder::{Damage, Fed, Item, MAGIC, Record, Records, Replay, Said};

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
    /// Calls into the client.
    pub calls: u64,
    /// Outputs and results of the client, each of which was compared.
    pub outputs: u64,
    /// Bytes that the client wanted to send.
    pub transmitted_bytes: u64,
    /// From the first call to the last, in the client's time, microseconds.
    pub lasted_us: u64,
    /// Where the client said something else.
    pub difference: Option<Difference>,
    /// The first promise that was broken.
    pub breach: Option<Breach>,
    /// How many judgements each promise got, by [`Promise::index`].
    pub checked: [u64; Promise::COUNT],
    /// Where reading ended early.
    pub damage: Option<Damage>,
}

/// A record that the client did not say.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "the client of this version says something else at byte {at}: recorded was {recorded}, replayed is {replayed}"
)]
pub struct Difference {
    /// The first byte of the record.
    pub at: usize,
    /// What is recorded.
    pub recorded: String,
    /// What the client says now.
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
    let mut client = Replay::new(memory);
    let mut story = Story::new(Oracle::of_recording(&setup::of(recording)), extra);
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
        story.now(record.now);
        let fed = client.feed(&record);
        if let Some(difference) = difference(&record, &fed) {
            report.difference = Some(difference);
            break;
        }
        let state = client.client().map_or(State::Idle, Client::state);
        story.tell(&record, state);
        let first = *first.get_or_insert(record.now);
        report.lasted_us = record.now.micros_since(first).max(report.lasted_us);
    }
    let oracle = story.finish();
    report.breach = oracle.breach().cloned();
    report.checked = *oracle.checked();
    report
}

fn memory(sizes: [usize; 5]) -> Memory<Vec<u8>> {
    let [receive, transmit, outbox, subscriptions, connect] = sizes.map(|size| vec![0; size]);
    Memory { receive, transmit, outbox, subscriptions, connect }
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
            if let Said::Transmit(bytes) = said {
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
        Fed::OtherState => "a client in another state".to_owned(),
        Fed::Nonsense => "nothing: no client can be made of the checkpoint".to_owned(),
    };
    let recorded = match record.item {
        Item::Said(said) => format!("{said:?}"),
        Item::Checkpoint(_) => "a checkpoint".to_owned(),
        item => format!("{item:?}"),
    };
    Some(Difference { at: record.at, recorded, replayed })
}
