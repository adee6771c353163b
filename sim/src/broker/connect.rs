//! CONNECT: who may come in, and which session they get (MQTT 3.1.1 §3.1.4).

use std::borrow::Cow;

use fivewire_core::mqtt::{Connack, Connect, ConnectReturnCode, Packet};

use super::Broker;
use super::connection::{ConnectionSlot, Phase, Will};
use super::interface::CloseReason;
use super::session::{FOR_EVER, SessionSlot};

impl Broker {
    #[cold]
    pub(super) fn connect(&mut self, slot: ConnectionSlot, connect: &Connect<'_>) {
        if let Some(return_code) = self.refusal(connect) {
            // a refusal claims no session [MQTT-3.2.2-4] and touches none
            let connack = Connack { session_present: false, return_code };
            self.shared.send(slot, &Packet::Connack(connack));
            self.end(slot, CloseReason::Refused(return_code));
            return;
        }
        let client_id = if connect.client_id.is_empty() {
            Cow::Owned(self.generate_client_id())
        } else {
            Cow::Borrowed(connect.client_id)
        };
        self.expire_sessions();
        self.take_over(&client_id);
        let (session, session_present) = self.open_session(&client_id, connect.clean_session);
        self.occupy(slot, session, connect);
        // the first packet of the server [MQTT-3.2.0-1]
        let return_code = ConnectReturnCode::Accepted;
        self.shared.send(slot, &Packet::Connack(Connack { session_present, return_code }));
        let key = self.shared.connections[slot].key;
        let clean_session = connect.clean_session;
        self.shared.events.connected(key, &client_id, clean_session, session_present);
        self.sessions[session].resume(slot, &mut self.shared);
    }

    /// The return code to refuse with, if any.
    fn refusal(&self, connect: &Connect<'_>) -> Option<ConnectReturnCode> {
        let denied = self.shared.misbehaviour.deny_connect;
        if denied.is_some_and(|code| code != ConnectReturnCode::Accepted) {
            return denied;
        }
        // [MQTT-3.1.3-8] [MQTT-3.1.3-9]
        if connect.client_id.is_empty() && !connect.clean_session
            || connect.client_id.len() > self.shared.config.client_id_max_bytes
        {
            return Some(ConnectReturnCode::IdentifierRejected);
        }
        let credentials = self.shared.config.credentials.as_ref()?;
        let is_known = connect.username == Some(&credentials.username)
            && connect.password == Some(&credentials.password);
        (!is_known).then_some(ConnectReturnCode::NotAuthorized)
    }

    /// A client identifier nobody has [MQTT-3.1.3-6].
    pub(super) fn generate_client_id(&mut self) -> String {
        loop {
            self.generated_client_ids += 1;
            let client_id = format!("auto-{}", self.generated_client_ids);
            if self.sessions.find(&client_id).is_none() {
                return client_id;
            }
        }
    }

    /// Disconnects the client that has this identifier now [MQTT-3.1.4-2].
    pub(super) fn take_over(&mut self, client_id: &str) {
        if let Some(older) = self.sessions.get(client_id).and_then(|session| session.connection) {
            self.end(older, CloseReason::TakenOver);
        }
    }

    /// The client's session, and whether it had one.
    pub(super) fn open_session(
        &mut self,
        client_id: &str,
        clean_session: bool,
    ) -> (SessionSlot, bool) {
        match self.sessions.find(client_id) {
            // [MQTT-3.1.2-4] [MQTT-3.2.2-2]
            Some(session) if !clean_session => return (session, true),
            // [MQTT-3.1.2-6]
            Some(session) => self.end_session(session),
            None => {}
        }
        // [MQTT-3.2.2-1] [MQTT-3.2.2-3]
        (self.sessions.create(client_id), false)
    }

    /// Ties a connection and its session together.
    fn occupy(&mut self, slot: ConnectionSlot, session: SessionSlot, connect: &Connect<'_>) {
        let kept = &mut self.sessions[session];
        kept.expiry_s = if connect.clean_session { 0 } else { FOR_EVER };
        kept.is_v5 = false;
        kept.receive_maximum = u16::MAX;
        self.tie(slot, session);
        let will = connect.will.map(|will| Will {
            message: self.shared.messages.store(will.topic, will.payload),
            qos: will.qos,
            retain: will.retain,
            delay_s: 0,
        });
        let connection = &mut self.shared.connections[slot];
        connection.will = will;
        // one and a half times the keep alive [MQTT-3.1.2-24]
        connection.silence_max_ms = u32::from(connect.keep_alive_s) * 1_500;
    }

    /// The client is back in its session.
    pub(super) fn tie(&mut self, slot: ConnectionSlot, session: SessionSlot) {
        let kept = &mut self.sessions[session];
        kept.connection = Some(slot);
        kept.ends_at = None;
        // a will that waited for its client is not published if that came in time [MQTT5-3.1.3-9]
        if let Some((will, ..)) = kept.delayed_will.take() {
            self.shared.messages.release(will.message);
        }
        let connection = &mut self.shared.connections[slot];
        connection.phase = Phase::Connected(session);
        connection.heard_at = self.shared.now;
        self.plan_expiry();
    }
}
