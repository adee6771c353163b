//! Two histories, fact by fact.

use std::collections::BTreeSet;
use std::fmt;

use fivewire_core::mqtt::QoS;

use super::difference::KnownDifference as Known;
use super::history::History;
use super::messages::{Inbound, Outbound, Outcome};
use super::sessions::Sessions;
use super::wishes::{Filter, Wishes};

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
    /// Those of them that are about a message.
    pub of_messages: u64,
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

    /// A fact that must not be, in either engine.
    fn nothing(&mut self, fact: &str, counts: [u32; 2]) {
        self.compared += 1;
        if counts != [0; 2] {
            let [first, second] = counts.map(|count| count.to_string());
            self.differences.push(Difference { fact: fact.to_owned(), first, second, known: None });
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
        inbound(&mut comparison, number, entries);
    }
    comparison.of_messages = comparison.compared;
    lives(&mut comparison, both.map(|history| &history.wishes));
    subscriptions(&mut comparison, both);
    sessions(&mut comparison, both.map(|history| &history.sessions));
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
        || None,
    );
    comparison.fact(
        || format!("outcome of message {number}"),
        both.map(|entry| entry.outcome),
        || {
            let is_lost = |entry: &&Outbound| entry.outcome != Some(Outcome::Sent);
            let at_most_once = both.iter().filter(|e| is_lost(e)).any(|e| e.is_at_risk());
            let power_lost = || if_so(both.iter().any(|e| e.is_unknown()), Known::PowerLost);
            let given_up = |entry: &&&Outbound| entry.outcome == Some(Outcome::GivenUp);
            let refused = both.iter().filter(given_up).any(|entry| entry.is_refused);
            let known = if_so(at_most_once, Known::AtMostOnce).or_else(power_lost);
            let withdrawn = || if_so(both.iter().any(|entry| entry.is_withdrawn), Known::Withdrawn);
            let shut_down = || if_so(both.iter().any(|entry| entry.is_shut_down), Known::ShutDown);
            let expired =
                || if_so(both.iter().any(|entry| entry.is_expired), Known::MessageExpired);
            let known = known.or_else(withdrawn).or_else(shut_down).or_else(expired);
            known.or_else(|| if_so(refused, Known::Refused))
        },
    );
    let arrived = both.map(|entry| entry.copies > 0);
    comparison.fact(
        || format!("message {number} at the broker"),
        arrived,
        || {
            let missing = if one.copies == 0 { one } else { other };
            // what was acknowledged has arrived, whatever happened else
            let power_lost = || if_so(missing.is_unknown(), Known::PowerLost);
            let withdrawn = || if_so(missing.is_withdrawn, Known::Withdrawn);
            let shut_down = || if_so(missing.is_shut_down, Known::ShutDown);
            let expired = || if_so(missing.is_expired, Known::MessageExpired);
            let known = if_so(missing.is_at_risk(), Known::AtMostOnce).or_else(power_lost);
            known.or_else(withdrawn).or_else(shut_down).or_else(expired)
        },
    );
    if arrived == [true; 2] {
        let more = if one.copies > other.copies { one } else { other };
        let is_repeated = more.qos != QoS::AtMostOnce && more.copies <= 1 + more.cuts;
        comparison.fact(
            || format!("copies of message {number} at the broker"),
            both.map(|entry| entry.copies),
            || if_so(is_repeated, Known::Repeated),
        );
    }
}

fn inbound(comparison: &mut Comparison, number: u64, entries: [Option<&Inbound>; 2]) {
    let [Some(one), Some(other)] = entries else {
        let published = entries.map(|entry| entry.is_some());
        return comparison.fact(
            || format!("message {number} published for the device"),
            published,
            || None,
        );
    };
    let both = [one, other];
    let again = if one.published > other.published { one } else { other };
    comparison.fact(
        || format!("how often message {number} was published for the device"),
        both.map(|entry| entry.published),
        || if_so(again.published <= 1 + again.stops, Known::WitnessRepeats),
    );
    let told = both.map(|entry| entry.told > 0);
    comparison.fact(
        || format!("message {number} told to the application"),
        told,
        || {
            let missing = if one.told == 0 { one } else { other };
            let expired = || if_so(missing.is_expired(), Known::MessageExpired);
            if_so(!missing.is_owed(), Known::NotOwed).or_else(expired)
        },
    );
    if told == [true; 2] {
        let more = if one.told > other.told { one } else { other };
        let known = || {
            let repeats = if_so(more.told <= more.published, Known::WitnessRepeats);
            let is_repeated = more.told <= more.published + more.cuts;
            repeats.or_else(|| if_so(is_repeated, Known::Repeated))
        };
        comparison.fact(
            || format!("how often message {number} was told to the application"),
            both.map(|entry| entry.told),
            known,
        );
    }
}

fn lives(comparison: &mut Comparison, both: [&Wishes; 2]) {
    for (fact, count) in [
        ("programs begun", (|run| run.lives) as fn(&Wishes) -> u32),
        ("shutdowns done", |run| run.shutdowns_done),
    ] {
        let [more, fewer] = sorted(both, count);
        let excess = count(more) - count(fewer);
        comparison.fact(
            || fact.to_owned(),
            both.map(count),
            || if_so(excess <= fewer.spared(), Known::PowerLost),
        );
    }
    comparison.fact(
        || "shutdowns asked for".to_owned(),
        both.map(|run| run.shutdowns_asked),
        || None,
    );
}

fn subscriptions(comparison: &mut Comparison, both: [&History; 2]) {
    let wishes = both.map(|history| &history.wishes);
    let lives_apart = wishes[0].lives.abs_diff(wishes[1].lives);
    let names: BTreeSet<&String> = wishes.iter().flat_map(|run| run.filters.keys()).collect();
    for name in names {
        let [Some(one), Some(other)] = wishes.map(|run| run.filters.get(name)) else {
            let asked = wishes.map(|run| run.filters.contains_key(name));
            comparison.fact(|| format!("{name:?} asked for"), asked, || None);
            continue;
        };
        filter(comparison, name, [one, other], lives_apart);
        // which wish is the last one depends on where they are counted from
        let is_shifted = one.ends_asked + other.ends_asked > 0 && one.cut_off + other.cut_off > 0;
        comparison.fact(
            || format!("what the application was told of {name:?}"),
            [one.told, other.told],
            || if_so(is_shifted, Known::Overtaken),
        );
        comparison.fact(
            || format!("what the session holds of {name:?}"),
            both.map(|history| history.active.get(name.as_bytes())),
            || if_so(is_shifted, Known::Overtaken),
        );
    }
}

/// How often something was asked of one topic filter, and answered.
fn filter(comparison: &mut Comparison, name: &str, both: [&Filter; 2], lives_apart: u32) {
    let ignored = || format!("wishes for {name:?} without an answer");
    comparison.nothing(&ignored(), both.map(Filter::unheard));
    let cut_off = both[0].cut_off + both[1].cut_off;
    let apart = |count: fn(&Filter) -> u32| count(both[0]).abs_diff(count(both[1]));
    for (fact, count) in [
        ("asked for", (|filter| filter.asked) as fn(&Filter) -> u32),
        ("asked to end", |filter| filter.ends_asked),
    ] {
        let excess = apart(count);
        let power_lost = if_so(excess <= lives_apart, Known::PowerLost);
        comparison.fact(
            || format!("how often {name:?} was {fact}"),
            both.map(count),
            || power_lost.or(if_so(excess <= lives_apart + cut_off, Known::Overtaken)),
        );
    }
    let asked_apart = apart(|filter| filter.asked) + apart(|filter| filter.ends_asked);
    for (fact, count) in [
        ("granted", (|filter| filter.granted) as fn(&Filter) -> u32),
        ("ended", |filter| filter.ended),
        ("renewed", |filter| filter.renewed),
    ] {
        let [more, fewer] = sorted(both, count);
        let is_explained = count(more) - count(fewer) <= fewer.unanswered() + asked_apart;
        comparison.fact(
            || format!("how often {name:?} was {fact}"),
            both.map(count),
            || if_so(is_explained, Known::Overtaken),
        );
    }
}

fn sessions(comparison: &mut Comparison, both: [&Sessions; 2]) {
    comparison.nothing("connections lost for nothing", both.map(|run| run.lost_for_nothing));
    comparison.nothing("sessions begun or kept for nothing", both.map(|run| run.unfounded));
    comparison.nothing("clean slates in a life that had one", both.map(|run| run.slates_again));
    comparison.fact(
        || "clean session at the end".to_owned(),
        both.map(|run| run.is_clean),
        || None,
    );
    let [more, fewer] = sorted(both, |run| run.slates);
    comparison.fact(
        || "clean slates".to_owned(),
        both.map(|run| run.slates),
        || if_so(more.slates - fewer.slates <= fewer.slates_spared, Known::PowerLost),
    );
    let [more, fewer] = sorted(both, |run| run.begun);
    comparison.fact(
        || "sessions begun".to_owned(),
        both.map(|run| run.begun),
        || {
            let excess = more.begun - fewer.begun;
            let unlucky = excess.saturating_sub(more.again);
            let left = unlucky.saturating_sub(more.expired);
            let spared = || if_so(left <= fewer.spared(more.slates > 0), Known::NothingToForget);
            if_so(unlucky == 0, Known::ConnectionsMade)
                .or_else(|| if_so(left == 0, Known::SessionExpired))
                .or_else(spared)
        },
    );
}

/// The run that has more of something, and the other.
fn sorted<T>([one, other]: [&T; 2], count: fn(&T) -> u32) -> [&T; 2] {
    if count(one) > count(other) { [one, other] } else { [other, one] }
}
