//! What faults make the broker's process do: close, forget, stammer, misbehave.

use super::stage::Parts;
use crate::broker::{CloseReason, Input, MALFORMED, Misbehaviour};
use crate::fault::FaultKind;
use crate::observation::Observation;
use crate::world::{DEVICE_ID, Lasting, return_code};

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
        let malformed = &MALFORMED[usize::from(which) % MALFORMED.len()];
        let is_sent = self.server.broker.inject(key, malformed.bytes);
        self.drain_broker();
        is_sent
    }

    /// Misbehaves as the faults at work demand. What else was set is left.
    pub(super) fn misbehave(&mut self) {
        let deny_connect = self.faults.kinds().find_map(|kind| match kind {
            FaultKind::ConnectDenied { code } => Some(return_code(code)),
            _ => None,
        });
        let misbehaviour = Misbehaviour {
            swallow_acknowledgements: self.faults.is_on(Lasting::AcksSwallowed),
            double_acknowledgements: self.faults.is_on(Lasting::AcksDoubled),
            deny_connect,
            ..self.server.broker.misbehaviour().clone()
        };
        self.server.broker.set_misbehaviour(misbehaviour);
    }
}
