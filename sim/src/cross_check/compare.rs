//! Two histories, fact by fact.

use std::collections::BTreeSet;
use std::fmt;

use fivewire_core::mqtt::QoS;

use super::difference::KnownDifference as Known;
use super::history::{History, Inbound, Outbound, Outcome};

/// A fact that is not the same in both histories.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The fact.
    pub fact: String,
    /// What it is in the first history.
    pub first: String,
    /// And in the second.
    pub second: String,
    /// What explains it; `None` if nothing does.
    pub known: Option<Known>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fact, first, second, known } = self;
        let known = known.map_or("unexplained", Known::name);
        write!(f, "{fact}: {first} in one engine, {second} in the other ({known})")
    }
}

/// What a comparison showed.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Comparison {
    /// Facts that were compared.
    pub compared: u64,
    /// Those that differ.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// The differences that nothing explains.
    pub fn unexplained(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.known.is_none())
    }

    fn fact<T: PartialEq + fmt::Debug>(
        &mut self,
        fact: impl FnOnce() -> String,
        [first, second]: [T; 2],
        known: impl FnOnce() -> Option<Known>,
    ) {
        self.compared += 1;
        if first != second {
            self.differences.push(Difference {
                fact: fact(),
                first: format!("{first:?}"),
                second: format!("{second:?}"),
                known: known(),
            });
        }
    }
}

/// `known` if it applies.
fn if_so(applies: bool, known: Known) -> Option<Known> {
    applies.then_some(known)
}

/// Compares what two engines made of the same schedule.
#[must_use]
pub fn compare(first: &History, second: &History) -> Comparison {
    let mut comparison = Comparison::default();
    let both = [first, second];
    let numbers = |number: fn(&History) -> BTreeSet<u64>| &number(first) | &number(second);
    for number in numbers(|history| history.outbound.keys().copied().collect()) {
        let entries = both.map(|history| history.outbound.get(&number));
        outbound(&mut comparison, number, entries);
    }
    for number in numbers(|history| history.inbound.keys().copied().collect()) {
        let entries = both.map(|history| history.inbound.get(&number));
        inbound(&mut comparison, number, entries, both);
    }
    subscriptions(&mut comparison, both);
    sessions(&mut comparison, both);
    comparison
}

fn outbound(comparison: &mut Comparison, number: u64, entries: [Option<&Outbound>; 2]) {
    let [Some(one), Some(other)] = entries else {
        let published = entries.map(|entry| entry.is_some());
        return comparison.fact(|| format!("message {number} published"), published, || None);
    };
    let both = [one, other];
    comparison.fact(
        || format!("message {number} published with QoS, how often"),
        both.map(|entry| (entry.qos, entry.published)),
        || if_so(both.iter().any(|entry| entry.lost_power), Known::PowerLost),
    );
    let at_most_once = || {
        let is_unsafe = both.iter().any(|entry| entry.is_unsafe || entry.lost_power);
        if_so(one.qos == QoS::AtMostOnce && is_unsafe, Known::AtMostOnce)
    };
    let power_lost = || if_so(both.iter().any(|entry| entry.lost_power), Known::PowerLost);
    comparison.fact(
        || format!("outcome of message {number}"),
        both.map(|entry| entry.outcome),
        || at_most_once().or_else(power_lost),
    );
    let arrived = both.map(|entry| entry.copies > 0);
    comparison.fact(
        || format!("message {number} at the broker"),
        arrived,
        || {
            // what was acknowledged has arrived, whatever happened else
            let is_acked = both.iter().any(|e| e.outcome == Some(Outcome::Acked) && e.copies == 0);
            at_most_once().or_else(power_lost).filter(|_| !is_acked)
        },
    );
    if arrived == [true; 2] {
        let more = if one.copies > other.copies { one } else { other };
        comparison.fact(
            || format!("copies of message {number} at the broker"),
            both.map(|entry| entry.copies),
            || if_so(more.was_cut && more.qos != QoS::AtMostOnce, Known::Repeated),
        );
    }
}

fn inbound(
    comparison: &mut Comparison,
    number: u64,
    entries: [Option<&Inbound>; 2],
    histories: [&History; 2],
) {
    let [Some(one), Some(other)] = entries else {
        let published = entries.map(|entry| entry.is_some());
        return comparison.fact(
            || format!("message {number} published for the device"),
            published,
            || None,
        );
    };
    let both = [one, other];
    let repeats = both[1].published > both[0].published && histories[1].broker_stops > 0;
    comparison.fact(
        || format!("how often message {number} was published for the device"),
        both.map(|entry| entry.published),
        || if_so(repeats, Known::WitnessRepeats),
    );
    let told = both.map(|entry| entry.told > 0);
    comparison.fact(
        || format!("message {number} told to the application"),
        told,
        || if_so(both.iter().any(|entry| entry.told == 0 && !entry.is_owed), Known::NotOwed),
    );
    if told == [true; 2] {
        let more = if one.told > other.told { one } else { other };
        let known = || {
            let is_cut = if_so(more.was_cut, Known::Repeated);
            is_cut.or_else(|| if_so(more.published >= more.told, Known::WitnessRepeats))
        };
        comparison.fact(
            || format!("how often message {number} was told to the application"),
            both.map(|entry| entry.told),
            known,
        );
    }
}

fn subscriptions(comparison: &mut Comparison, histories: [&History; 2]) {
    let [first, second] = histories;
    let filters: BTreeSet<&String> = first.told.keys().chain(second.told.keys()).collect();
    for filter in filters {
        comparison.fact(
            || format!("what the application was told of {filter:?}"),
            histories.map(|history| history.told.get(filter)),
            || None,
        );
        comparison.fact(
            || format!("what the session holds of {filter:?}"),
            histories.map(|history| history.active.get(filter.as_bytes())),
            || None,
        );
    }
}

fn sessions(comparison: &mut Comparison, histories: [&History; 2]) {
    comparison.fact(
        || "clean session at the end".to_owned(),
        histories.map(|history| history.is_clean),
        || None,
    );
    let has_lost_power = histories.iter().any(|history| history.power_losses > 0);
    comparison.fact(
        || "clean slates".to_owned(),
        histories.map(|history| history.slates),
        || if_so(has_lost_power, Known::PowerLost),
    );
    let is_calm = histories.iter().all(|history| history.troubles == 0);
    comparison.fact(
        || "sessions begun".to_owned(),
        histories.map(|history| history.sessions),
        || if_so(!is_calm, Known::ConnectionsMade),
    );
}
