//! P1: every QoS 1 publication reaches the broker unchanged and ends in exactly one outcome.

use fivewire_core::event::AbandonReason;

use super::facts::Facts;
use super::mqtt5;
use super::outbound::{Identity, Index, Outcome};
use super::promise::Promise::{P1, P7};
use super::reader::Publish;
use super::verdict::Verdict;

/// A PUBLISH arrived at the broker: it must be one that the application published, unchanged.
pub(super) fn arrived(facts: &Facts, verdict: &mut Verdict, identity: Identity, got: &Publish<'_>) {
    let show = || {
        let topic = String::from_utf8_lossy(got.topic);
        format!("{topic} ({})", super::messages::show(got.payload))
    };
    match identity {
        Identity::Unknown => verdict.require(P1, false, || {
            format!("the broker got a message that was never published: {}", show())
        }),
        Identity::Changed(index) => verdict.require(P1, false, || {
            format!("{} arrived as another message: {}", facts.outbound.show(index), show())
        }),
        Identity::Published(index) => {
            let publication = facts.outbound.get(index);
            let is_same = publication.qos == got.qos && publication.retain == got.retain;
            verdict.require(P1, is_same, || {
                format!(
                    "{} arrived with QoS {} and retain {}, published with QoS {} and retain {}",
                    facts.outbound.show(index),
                    got.qos,
                    got.retain,
                    publication.qos,
                    publication.retain
                )
            });
        }
    }
}

/// The device wrote bytes that are no MQTT.
pub(super) fn garbled(verdict: &mut Verdict, connection: u32) {
    verdict.require(P1, false, || {
        format!("the device sent bytes on connection {connection} that are no MQTT packet")
    });
}

/// The application was told how a publication ended.
pub(super) fn ended(facts: &Facts, verdict: &mut Verdict, index: Index, outcome: Outcome) {
    let publication = facts.outbound.get(index);
    let show = || facts.outbound.show(index);
    if publication.qos == 0 {
        let fits = outcome == Outcome::Sent || outcome != Outcome::Acked;
        verdict.require(P1, fits, || format!("{} has QoS 0 and was told as {outcome:?}", show()));
        return;
    }
    verdict.require(P1, outcome != Outcome::Sent, || {
        format!("{} has QoS 1 and was told as sent", show())
    });
    if outcome == Outcome::Refused && facts.sees_broker {
        mqtt5::refused(facts, verdict, index);
    }
    if outcome == Outcome::Acked && facts.sees_broker {
        verdict.require(P1, publication.copies > 0, || {
            format!("{} was told as acknowledged, but never arrived at the broker", show())
        });
        verdict.require(P1, publication.has_puback, || {
            format!("{} was told as acknowledged, but the broker wrote no PUBACK for it", show())
        });
    }
}

/// The application was told that a publication was given up: only on its own wish.
pub(super) fn abandoned(
    facts: &Facts,
    verdict: &mut Verdict,
    index: Index,
    reason: AbandonReason,
    may_expire: bool,
) {
    let publication = facts.outbound.get(index);
    let is_qos0 = publication.qos == 0;
    let is_wished = match reason {
        AbandonReason::Dropped | AbandonReason::ConnectionLost if is_qos0 => true,
        AbandonReason::Cancelled => publication.is_cancelled,
        AbandonReason::ShutDown => facts.is_shutting_down,
        AbandonReason::Expired => may_expire,
        _ => false,
    };
    verdict.require(if is_qos0 { P7 } else { P1 }, is_wished, || {
        format!("{} was given up ({reason:?}) against its application", facts.outbound.show(index))
    });
}

/// Everything had time to settle: no QoS 1 publication may be without an outcome.
pub(super) fn settled(facts: &Facts, verdict: &mut Verdict) {
    let outbound = &facts.outbound;
    for index in outbound.life_start..outbound.publications.len() as Index {
        let publication = outbound.get(index);
        if publication.qos == 1 {
            verdict.require(P1, publication.outcome.is_some(), || {
                let arrived = match publication.copies {
                    0 => "never arrived at the broker",
                    _ => "arrived at the broker",
                };
                format!("{} {arrived} and has no outcome at the end", outbound.show(index))
            });
        }
    }
}
