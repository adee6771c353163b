//! P2: first arrivals of QoS 1 messages on one topic are in publish order.

use super::facts::Facts;
use super::outbound::Index;
use super::promise::Promise::P2;
use super::verdict::Verdict;

/// The newest publication that arrived, by topic.
#[derive(Default, Debug)]
pub(super) struct Order {
    newest: Vec<Option<Index>>,
}

impl Order {
    /// A PUBLISH arrived at the broker; the ledger does not know yet.
    pub(super) fn arrived(&mut self, facts: &Facts, verdict: &mut Verdict, index: Index) {
        let publication = facts.outbound.get(index);
        if publication.qos != 1 || publication.first_arrival != 0 {
            return;
        }
        let topic = publication.topic as usize;
        if self.newest.len() <= topic {
            self.newest.resize(topic + 1, None);
        }
        let newest = self.newest[topic];
        verdict.require(P2, newest.is_none_or(|newest| newest < index), || {
            format!(
                "{} arrived for the first time after a later publication on its topic, {}",
                facts.outbound.show(index),
                newest.map(|newest| facts.outbound.show(newest)).unwrap_or_default()
            )
        });
        self.newest[topic] = newest.max(Some(index));
    }
}
