//! Messages whose interval is over.

use fivewire_core::event::{AbandonReason, Event};
use fivewire_core::mqtt::v5::{Properties, Property};

use super::*;

const EXPIRING: &[Property<'_>] = &[Property::MessageExpiryInterval(1)];

/// The first publication is given up as expired, and has an interval or none.
fn given_up(properties: Properties<'static>) -> Comparison {
    let mut acked = 0;
    deviation(&calm(), move |seen, pass| match *seen {
        Observation::Published { ticket, topic, payload, qos, retain, .. } => {
            pass(&Observation::Published { ticket, topic, payload, qos, retain, properties });
        }
        Observation::Told(Event::Acked(ticket)) => {
            acked += 1;
            let reason = AbandonReason::Expired;
            match acked {
                1 => pass(&Observation::Told(Event::Abandoned { ticket, reason })),
                _ => pass(seen),
            }
        }
        _ => pass(seen),
    })
}

#[test]
fn a_publication_that_expired_is_explained_by_its_interval_and_not_by_a_wish() {
    let known = |properties| {
        let comparison = given_up(properties);
        comparison.differences.iter().map(|it| it.known).collect::<Vec<_>>()
    };
    assert_eq!(known(Properties::of(EXPIRING)), [Some(KnownDifference::MessageExpired)]);
    assert_eq!(known(Properties::NONE), [Some(KnownDifference::Withdrawn)]);
}

/// The second message for the device is published so often, and expires so often instead of being told.
fn untold(published: u32, expired: u32) -> Comparison {
    let mut told = 0;
    deviation(&calm(), move |seen, pass| match *seen {
        Observation::Told(Event::Message(message)) if message.topic.starts_with("down/") => {
            told += 1;
            if told != 2 {
                return pass(seen);
            }
            let (topic, payload, qos) = (message.topic, message.payload, message.qos);
            let properties = Properties::NONE;
            for _ in 1..published {
                pass(&Observation::WitnessPublished { topic, payload, qos, properties });
            }
            (0..expired).for_each(|_| pass(&Observation::MessageExpired { topic, payload }));
        }
        _ => pass(seen),
    })
}

#[test]
fn a_message_that_was_not_told_is_explained_where_all_that_was_owed_of_it_expired_only() {
    let fact = "message 2 told to the application";
    unexplained(&untold(1, 0), fact);
    unexplained(&untold(2, 1), fact);
    for copies in [1, 2] {
        let comparison = untold(copies, copies);
        let told = comparison.differences.iter().find(|it| it.fact == fact);
        assert_eq!(told.and_then(|it| it.known), Some(KnownDifference::MessageExpired));
    }
}
