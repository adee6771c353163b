//! What faults make the broker's process do: close, forget, stammer, misbehave.

use fivewire_core::mqtt::v5::ReasonCode;

use super::stage::Parts;
use crate::broker::{CloseReason, Input, MALFORMED, MALFORMED_V5, Misbehaviour};
use crate::fault::FaultKind;
use crate::observation::Observation;
use crate::world::{DEVICE_ID, Lasting, REFUSED_TOPIC, denial_reason, return_code};

impl Parts {
    /// The process closes the device's connection. False if there is none.
    pub(super) fn broker_closes(&mut self) -> bool {
        if !self.broker_runs() {
            return false;
        }
        let Some(key) = self.server.device_key() else { return false };
        self.close_socket(key, CloseReason::TransportClosed);
        self.server.broker.handle(self.now, Input::Closed(key));
        self.drain_broker();
        true
    }

    /// The broker says DISCONNECT and closes the device's connection. False if there is none.
    pub(super) fn broker_disconnects(&mut self, code: u8) -> bool {
        if !self.broker_runs() {
            return false;
        }
        let Some(key) = self.server.device_key() else { return false };
        let reason_code = ReasonCode::from_u8(code).unwrap_or(ReasonCode::UnspecifiedError);
        let is_said = self.server.broker.disconnect(self.now, key, reason_code);
        self.drain_broker();
        is_said
    }

    /// The broker forgets the device's session. False if there is none.
    pub(super) fn broker_forgets(&mut self) -> bool {
        if !self.broker_runs() || !self.server.broker.session_exists(DEVICE_ID) {
            return false;
        }
        self.server.broker.forget_session(self.now, DEVICE_ID);
        self.see(Observation::SessionForgotten);
        self.drain_broker();
        true
    }

    /// The broker sends bytes that are no MQTT. False if nobody gets them.
    pub(super) fn broker_stammers(&mut self, which: u8) -> bool {
        if !self.broker_runs() {
            return false;
        }
        let Some(key) = self.server.device_key() else { return false };
        let table = if self.server.speaks_v5 { MALFORMED_V5 } else { MALFORMED };
        let malformed = &table[usize::from(which) % table.len()];
        let is_sent = self.server.broker.inject(key, malformed.bytes);
        self.drain_broker();
        is_sent
    }

    /// Misbehaves as the faults at work demand. What else was set is left.
    pub(super) fn misbehave(&mut self) {
        let deny_connect = self.faults.kinds().find_map(|kind| match kind {
            FaultKind::ConnectDenied { code } => Some(code),
            _ => None,
        });
        let refuse_topic = self.faults.kinds().find_map(|kind| match kind {
            FaultKind::PublicationsRefused { code } => {
                Some((REFUSED_TOPIC.to_owned(), ReasonCode::from_u8(code)?))
            }
            _ => None,
        });
        let misbehaviour = Misbehaviour {
            refuse_topic,
            swallow_acknowledgements: self.faults.is_on(Lasting::AcksSwallowed),
            double_acknowledgements: self.faults.is_on(Lasting::AcksDoubled),
            deny_connect: deny_connect.map(return_code),
            deny_connect_with: deny_connect.and_then(denial_reason),
            exactly_once_to: self.faults.is_on(Lasting::QosExceeded).then(|| DEVICE_ID.to_owned()),
            ..self.server.broker.misbehaviour().clone()
        };
        self.server.broker.set_misbehaviour(misbehaviour);
    }
}
