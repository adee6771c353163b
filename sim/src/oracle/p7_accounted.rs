//! P7: nothing is dropped in silence: each ticket has one outcome, each refusal a reason.

use fivewire_core::error::PublishError;

use crate::schedule::Topology;

use super::facts::Facts;
use super::outbound::{Index, Outcome};
use super::promise::Promise::P7;
use super::tickets::Use;
use super::verdict::Verdict;

/// A ticket was given.
pub(super) fn given(verdict: &mut Verdict, number: u32, is_new: bool) {
    verdict.require(P7, is_new, || format!("ticket #{number} was given twice"));
}

/// An outcome was told for a ticket that nobody holds.
#[cold]
pub(super) fn unknown(verdict: &mut Verdict, number: u32) {
    verdict
        .require(P7, false, || format!("an outcome was told for ticket #{number}, never given so"));
}

/// The application was told something after it had been told that nothing more would come.
pub(super) fn told(facts: &Facts, verdict: &mut Verdict) {
    verdict.require(P7, !facts.is_stopped, || "something was told after `Stopped`".into());
}

/// A publication was refused.
#[cold]
pub(super) fn refused(facts: &mut Facts, verdict: &mut Verdict, error: PublishError) {
    let outbound = &facts.outbound;
    let is_lie = match error {
        PublishError::OutboxFull => outbound.unresolved_any == 0 && !outbound.has_given_up(),
        PublishError::ShutDown => !facts.is_shutting_down,
        PublishError::TooLarge { size_bytes, max_bytes } => size_bytes <= max_bytes,
        PublishError::NeedsMqtt5 => facts.setup.is_v5(),
        // what an ESP8266 with the predecessor's firmware cannot be told
        PublishError::Character { .. } => facts.knows_configuration,
        _ => false,
    };
    verdict.require(P7, !is_lie, || format!("a publication was refused for no reason: {error}"));
    if error == PublishError::OutboxFull {
        facts.outbound.note_full();
    }
}

/// The application was told that the outbox has room.
#[cold]
pub(super) fn room_told(facts: &mut Facts, verdict: &mut Verdict) {
    let is_owed = facts.outbound.note_room() && !facts.is_shutting_down;
    verdict.require(P7, is_owed, || {
        "the outbox was said to have room, and nobody waited for that of what had been given up"
            .into()
    });
}

/// The device stopped.
#[cold]
pub(super) fn stopped(facts: &Facts, verdict: &mut Verdict) {
    let unresolved = facts.outbound.unresolved_any;
    verdict.require(P7, unresolved == 0, || {
        format!("the device stopped and left {unresolved} publications without an outcome")
    });
}

/// Everything had time to settle: all tickets have their outcome.
pub(super) fn settled(facts: &Facts, verdict: &mut Verdict) {
    for (number, ticket) in facts.tickets.iter() {
        let filter = match ticket.used_for {
            // those with QoS 1 are a matter of P1
            Use::Publication(index) if facts.outbound.get(index).qos == 1 => continue,
            Use::Publication(index) => {
                verdict.require(P7, ticket.is_ended, || {
                    format!("{} has no outcome at the end", facts.outbound.show(index))
                });
                continue;
            }
            Use::Subscription(filter) | Use::EndOfSubscription(filter) => filter,
        };
        // a ticket that a later one on the same filter overtook may have become meaningless
        let is_awaited = facts.is_early() && facts.is_awaited(filter);
        let filter = facts.filters.get(filter);
        let is_overtaken = filter.ticket != number;
        verdict.require(P7, ticket.is_ended || is_overtaken || is_awaited, || {
            format!("ticket #{number} of \"{}\" has no outcome", filter.text.escape_ascii())
        });
    }
    let waits = facts.outbound.awaits_room && !facts.is_shutting_down;
    verdict.require(P7, !waits, || {
        "a publication was refused because the outbox was full, and nothing told when to try again"
            .into()
    });
    if facts.setup.topology == Topology::Client {
        arrived(facts, verdict);
    }
}

/// What was told as sent has arrived, unless a connection was lost since. A bridge may drop and
/// count QoS 0 behind the host's back.
fn arrived(facts: &Facts, verdict: &mut Verdict) {
    let outbound = &facts.outbound;
    for index in outbound.life_start..outbound.publications.len() as Index {
        let publication = outbound.get(index);
        if publication.outcome == Some(Outcome::Sent)
            && publication.disruptions_at_outcome == facts.disruptions
        {
            verdict.require(P7, publication.copies > 0, || {
                format!("{} was told as sent and never arrived", outbound.show(index))
            });
        }
    }
}
