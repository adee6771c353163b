//! SUBSCRIBE and UNSUBSCRIBE (MQTT 3.1.1 §3.8 and §3.10).

use fivewire_core::mqtt::v5::SubscriptionOptions;
use fivewire_core::mqtt::{
    Packet, QoS, ReturnCodes, Suback, Subscribe, SubscribeReturnCode, Unsubscribe,
};

use super::Broker;
use super::connection::ConnectionSlot;
use super::session::{Outgoing, SessionSlot};

impl Broker {
    /// SUBSCRIBE: each filter as if it came alone [MQTT-3.8.4-4], all answered by one SUBACK
    /// [MQTT-3.8.4-5], which goes before the retained messages.
    #[cold]
    pub(super) fn subscribe(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        subscribe: &Subscribe<'_>,
    ) {
        let mut return_codes = std::mem::take(&mut self.return_codes);
        return_codes.clear();
        for (filter, requested) in subscribe.filters.iter() {
            let granted = self.grant(filter, requested);
            if let Some(qos) = granted {
                self.sessions[session].subscribe(filter, SubscriptionOptions::new(qos), None);
            }
            return_codes
                .push(granted.map_or(SubscribeReturnCode::Failure, SubscribeReturnCode::Granted));
        }
        let suback = Suback {
            packet_id: subscribe.packet_id,
            return_codes: ReturnCodes::list(&return_codes),
        };
        self.shared.acknowledge(slot, &Packet::Suback(suback));
        for ((filter, _), return_code) in subscribe.filters.iter().zip(&return_codes) {
            if let SubscribeReturnCode::Granted(granted) = *return_code {
                self.send_retained(session, filter, granted, None);
            }
        }
        self.return_codes = return_codes;
    }

    /// UNSUBSCRIBE: answered also if there was no such subscription [MQTT-3.10.4-5]. What is queued
    /// or in flight still arrives [MQTT-3.10.4-3].
    #[cold]
    pub(super) fn unsubscribe(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        unsubscribe: &Unsubscribe<'_>,
    ) {
        for (filter, _) in unsubscribe.filters.iter() {
            self.sessions[session].unsubscribe(filter);
        }
        self.shared.acknowledge(slot, &Packet::Unsuback(unsubscribe.packet_id));
    }

    /// What is granted for a filter, `None` if it is refused.
    pub(super) fn grant(&self, filter: &str, requested: QoS) -> Option<QoS> {
        let misbehaviour = &self.shared.misbehaviour;
        if misbehaviour.refuse_filter.as_deref() == Some(filter) {
            return None;
        }
        Some(misbehaviour.granted_qos_max.map_or(requested, |max| max.min(requested)))
    }

    /// Sends the retained messages of a new subscription, marked as such [MQTT-3.3.1-6]
    /// [MQTT-3.3.1-8].
    pub(super) fn send_retained(
        &mut self,
        session: SessionSlot,
        filter: &str,
        granted: QoS,
        identifier: Option<u32>,
    ) {
        let session = &mut self.sessions[session];
        let shared = &mut self.shared;
        self.retained.for_each_match(filter, |kept| {
            let qos = kept.qos.min(granted);
            let identifiers = identifier.map(|identifier| Box::from([identifier]));
            if !shared.is_expired(kept.message) {
                let outgoing = Outgoing { message: kept.message, qos, retain: true, identifiers };
                session.deliver(outgoing, shared);
            }
        });
    }
}
