//! SUBSCRIBE and UNSUBSCRIBE of MQTT 5, and what a session wants of a message (§3.8, §3.10).

use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::{
    Packet, Properties, ReasonCode, ReasonCodes, RetainHandling, Suback, Subscribe,
    SubscriptionOptions, Unsuback, Unsubscribe,
};

use crate::broker::Broker;
use crate::broker::config::Limits;
use crate::broker::connection::ConnectionSlot;
use crate::broker::message::MessageId;
use crate::broker::session::{Outgoing, Session, SessionSlot};

/// What the subscriptions of a session that match a message ask for, put together: one copy is sent.
pub(in crate::broker) struct Wanted {
    qos: QoS,
    retain_as_published: bool,
    identifiers: Vec<u32>,
}

impl Wanted {
    pub(in crate::broker) fn outgoing(
        self,
        message: MessageId,
        qos: QoS,
        retain: bool,
    ) -> Outgoing {
        Outgoing {
            message,
            qos: qos.min(self.qos),
            // [MQTT5-3.3.1-12] [MQTT5-3.3.1-13]
            retain: retain && self.retain_as_published,
            // [MQTT5-3.3.4-4]
            identifiers: (!self.identifiers.is_empty()).then(|| self.identifiers.into()),
        }
    }
}

impl Session {
    /// What is wanted of a message on `topic`, if anything; `is_own` if the client published it.
    pub(in crate::broker) fn wanted_v5(&self, topic: &str, is_own: bool) -> Option<Wanted> {
        let mut wanted: Option<Wanted> = None;
        for subscription in &self.subscriptions {
            // [MQTT5-3.8.3-3]
            if is_own && subscription.options.no_local || !subscription.matches(topic) {
                continue;
            }
            let none = Wanted {
                qos: QoS::AtMostOnce,
                retain_as_published: false,
                identifiers: Vec::new(),
            };
            let all = wanted.get_or_insert(none);
            // [MQTT5-3.3.4-2]
            all.qos = all.qos.max(subscription.qos);
            all.retain_as_published |= subscription.options.retain_as_published;
            all.identifiers.extend(subscription.identifier);
        }
        wanted
    }
}

impl Broker {
    /// SUBSCRIBE: each filter as if it came alone [MQTT5-3.8.4-5], all answered by one SUBACK
    /// [MQTT5-3.8.4-6], which goes before the retained messages.
    #[cold]
    pub(super) fn subscribe_v5(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        subscribe: &Subscribe<'_>,
    ) {
        let identifier = subscribe.properties.subscription_identifiers().next();
        let mut reason_codes = Vec::new();
        let mut made = Vec::new();
        for (filter, options) in subscribe.filters.iter() {
            let limits = self.shared.connections[slot].v5.as_ref().map(|client| client.limits);
            let limits = limits.unwrap_or(Limits::NONE);
            let outcome = self.grant_v5(filter, options, identifier, limits);
            if let Ok(options) = outcome {
                let is_new = self.sessions[session].subscribe(filter, options, identifier);
                let sends_retained = match options.retain_handling {
                    // [MQTT5-3.3.1-9] [MQTT5-3.3.1-10] [MQTT5-3.3.1-11]
                    RetainHandling::Send => true,
                    RetainHandling::SendIfNew => is_new,
                    RetainHandling::DoNotSend => false,
                };
                made.extend(sends_retained.then_some((filter, options.qos)));
            }
            reason_codes
                .push(outcome.map_or_else(|refusal| refusal, |options| granted(options.qos)));
        }
        let suback = Suback {
            packet_id: subscribe.packet_id,
            properties: Properties::NONE,
            reason_codes: ReasonCodes::of(&reason_codes),
        };
        self.shared.acknowledge(slot, &Packet::Suback(suback));
        for (filter, qos) in made {
            self.send_retained(session, filter, qos, identifier);
        }
    }

    /// UNSUBSCRIBE: one reason code for each filter [MQTT5-3.11.3-1].
    #[cold]
    pub(super) fn unsubscribe_v5(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        unsubscribe: &Unsubscribe<'_>,
    ) {
        let session = &mut self.sessions[session];
        let end = |filter| match session.unsubscribe(filter) {
            true => ReasonCode::Success,
            false => ReasonCode::NoSubscriptionExisted,
        };
        let reason_codes: Vec<_> = unsubscribe.filters.iter().map(end).collect();
        let unsuback = Unsuback {
            packet_id: unsubscribe.packet_id,
            properties: Properties::NONE,
            reason_codes: ReasonCodes::of(&reason_codes),
        };
        self.shared.acknowledge(slot, &Packet::Unsuback(unsuback));
    }

    /// The options that are granted for a filter, or why there are none.
    fn grant_v5(
        &self,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
        limits: Limits,
    ) -> Result<SubscriptionOptions, ReasonCode> {
        if filter.starts_with("$share/") {
            return Err(ReasonCode::SharedSubscriptionsNotSupported);
        }
        if !limits.wildcards && filter.contains(['+', '#']) {
            return Err(ReasonCode::WildcardSubscriptionsNotSupported);
        }
        if !limits.identifiers && identifier.is_some() {
            return Err(ReasonCode::SubscriptionIdentifiersNotSupported);
        }
        match self.grant(filter, options.qos.min(limits.maximum_qos)) {
            Some(qos) => Ok(SubscriptionOptions { qos, ..options }),
            None => {
                let refused_with = self.shared.misbehaviour.refuse_filter_with;
                Err(refused_with.unwrap_or(ReasonCode::NotAuthorized))
            }
        }
    }
}

const fn granted(qos: QoS) -> ReasonCode {
    match qos {
        QoS::AtMostOnce => ReasonCode::Success,
        QoS::AtLeastOnce => ReasonCode::GrantedQos1,
        QoS::ExactlyOnce => ReasonCode::GrantedQos2,
    }
}
