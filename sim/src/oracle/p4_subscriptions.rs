//! P4: subscriptions come back, each once, and a refusal is told once.

use crate::schedule::Topology;

use super::connections::Connection;
use super::facts::Facts;
use super::filters::{Filter, Wish};
use super::promise::Promise::P4;
use super::verdict::Verdict;

fn show(filter: &Filter) -> String {
    format!("\"{}\"", filter.text.escape_ascii())
}

/// SUBSCRIBE came for a filter that the application never named.
pub(super) fn unknown(verdict: &mut Verdict, filter: &[u8]) {
    verdict.require(P4, false, || {
        format!("the device subscribed to \"{}\", which was never asked for", filter.escape_ascii())
    });
}

/// SUBSCRIBE came for a filter; the ledger does not know yet.
pub(super) fn subscribed(
    verdict: &mut Verdict,
    connection: &Connection,
    filter: &Filter,
    link_changes: u32,
) {
    let is_repeated =
        filter.subscribed_on == connection.id && filter.subscribed_asks == filter.asks;
    // A refusal that found no link, was lost with it, or crossed with what the host asked when the
    // link came back, is fetched once more.
    let is_refused = filter.was_refused || filter.wish == Wish::Refused;
    let is_fetched = is_repeated && is_refused && filter.subscribed_changes != link_changes;
    if is_fetched {
        return;
    }
    verdict.require(P4, !is_repeated, || {
        format!("{} was subscribed to twice on connection {}", show(filter), connection.id)
    });
    verdict.require(P4, filter.wish != Wish::Refused, || {
        format!("{} was subscribed to again after the broker had refused it", show(filter))
    });
    let is_over = filter.wish == Wish::Unwanted && filter.was_ended;
    verdict.require(P4, !is_over, || {
        format!("{} was subscribed to again after it had been ended", show(filter))
    });
}

/// The same for a client without a bridge, that remembers what its broker granted: where the broker has the
/// session still, and the application knows of it and asked for nothing since, there is nothing to ask for.
pub(super) fn needed(
    facts: &Facts,
    verdict: &mut Verdict,
    connection: &Connection,
    filter: &Filter,
) {
    let is_active = filter.active_in(connection.session).is_some();
    let is_known = filter.is_heard && filter.wish == Wish::Wanted;
    let is_client =
        facts.setup.topology == Topology::Client && connection.life == facts.device_life;
    // the broker may have begun a session that the device never heard of
    let is_certain =
        is_client && facts.has_joined && facts.knows_configuration && !facts.was_in_doubt;
    verdict.require(P4, !(is_active && is_known && is_certain), || {
        format!("{} was subscribed to though it is active", show(filter))
    });
}

/// SUBSCRIBE asks for what the application asked for, QoS 2 aside.
pub(super) fn asked(verdict: &mut Verdict, filter: &Filter, qos: u8) {
    let expected = filter.qos.min(1);
    verdict.require(P4, qos == expected || filter.wish != Wish::Wanted, || {
        format!("{} was subscribed to with QoS {qos}, not {expected}", show(filter))
    });
}

/// The application was told that a subscription is granted.
pub(super) fn granted(verdict: &mut Verdict, filter: &Filter, told: Option<u8>) {
    verdict.require(P4, told == filter.granted || !filter.was_granted, || {
        format!(
            "{} was told as granted with QoS {told:?}, and is {:?}",
            show(filter),
            filter.granted
        )
    });
    verdict.require(P4, filter.was_granted, || {
        format!("{} was told as subscribed, but the broker granted nothing", show(filter))
    });
}

/// The application was told that a subscription was refused; the ledger does not know yet.
pub(super) fn refused(verdict: &mut Verdict, filter: &Filter) {
    verdict.require(P4, filter.was_refused, || {
        format!("{} was told as refused, but the broker refused nothing", show(filter))
    });
}

/// The application was told that a subscription ended: the broker said so, or it said that it has a session
/// that knows nothing of it.
pub(super) fn ended(verdict: &mut Verdict, filter: &Filter, session: u32) {
    let is_gone = filter.was_ended || filter.active_in(session).is_none();
    verdict.require(P4, is_gone || filter.wish == Wish::Wanted, || {
        format!("{} was told as ended, but the broker confirmed nothing", show(filter))
    });
}

/// Everything had time to settle: what the application wants is what the session has.
pub(super) fn settled(facts: &Facts, verdict: &mut Verdict) {
    for (filter, place) in facts.filters.list.iter().zip(0..) {
        if facts.is_early() && facts.is_awaited(place) {
            continue;
        }
        let active = filter.active_in(facts.session);
        match filter.wish {
            Wish::Wanted if filter.was_refused => verdict.require(P4, false, || {
                format!("the broker refused {} and the application was not told", show(filter))
            }),
            Wish::Wanted => verdict
                .require(P4, active.is_some(), || format!("{} is not active again", show(filter))),
            Wish::Unwanted => verdict.require(P4, active.is_none(), || {
                format!("{} is still active, though its end was asked for", show(filter))
            }),
            Wish::Refused | Wish::Forgotten => {}
        }
    }
}
