//! Sessions that end by themselves, and wills that wait for them (MQTT 5 §3.1.2.11.2, §3.1.3.2.2).

use fivewire_core::mqtt::v5::ReasonCode;
use fivewire_core::time::Instant;

use super::extras::plus_s;
use crate::broker::Broker;
use crate::broker::connection::Will;
use crate::broker::interface::{ClientKey, CloseReason};
use crate::broker::session::{FOR_EVER, SessionSlot};

impl Broker {
    /// Says DISCONNECT with this reason code to a client of MQTT 5, and closes its connection; that of
    /// a client of MQTT 3.1.1 is closed without a word. False if the connection is over.
    pub fn disconnect(&mut self, now: Instant, key: ClientKey, reason_code: ReasonCode) -> bool {
        self.shared.now = self.shared.now.max(now);
        let Some(slot) = self.shared.connections.find(key) else { return false };
        let is_open = self.shared.connections[slot].is_open();
        if is_open {
            self.end(slot, CloseReason::ByServer(reason_code));
        }
        is_open
    }

    /// Whether the client on this connection speaks MQTT 5.
    #[must_use]
    pub fn speaks_v5(&self, key: ClientKey) -> bool {
        let slot = self.shared.connections.find(key);
        slot.is_some_and(|slot| self.shared.connections[slot].v5.is_some())
    }

    /// A session is without its client. What is returned is to be published or discarded now.
    pub(in crate::broker) fn leave(
        &mut self,
        slot: SessionSlot,
        key: ClientKey,
        will: Option<Will>,
        reason: CloseReason,
    ) -> Option<Will> {
        let now = self.shared.now;
        let session = &mut self.sessions[slot];
        session.connection = None;
        if session.expiry_s == 0 {
            // [MQTT-3.1.2-6]
            self.end_session(slot);
            return will;
        }
        if session.expiry_s != FOR_EVER {
            session.ends_at = Some(plus_s(now, session.expiry_s));
        }
        let delayed = will.filter(|will| will.delay_s > 0 && reason != CloseReason::Disconnect);
        session.delayed_will = delayed.map(|will| (will, plus_s(now, will.delay_s), key));
        let is_delayed = session.delayed_will.is_some();
        self.plan_expiry();
        if is_delayed { None } else { will }
    }

    /// Forgets a session. A will that waits is published: it does so at most as long as the session
    /// lasts [MQTT5-3.1.3-9].
    #[cold]
    pub(in crate::broker) fn end_session(&mut self, slot: SessionSlot) {
        let delayed = self.sessions[slot].delayed_will.take();
        self.sessions.remove(slot, &mut self.shared.messages);
        if let Some((will, _, key)) = delayed {
            self.publish_will(key, will);
        }
        self.plan_expiry();
    }

    /// Ends the sessions and publishes the wills whose time has come.
    pub(in crate::broker) fn expire_sessions(&mut self) {
        let now = self.shared.now;
        if self.next_expiry.is_none_or(|at| at > now) {
            return;
        }
        for slot in self.sessions.slots() {
            let session = &mut self.sessions[slot];
            if session.ends_at.is_some_and(|ends_at| ends_at <= now) {
                self.shared.events.session_expired(&session.client_id);
                self.end_session(slot);
            } else if session.delayed_will.as_ref().is_some_and(|&(_, at, _)| at <= now)
                && let Some((will, _, key)) = session.delayed_will.take()
            {
                self.publish_will(key, will);
            }
        }
        self.plan_expiry();
    }

    /// Finds out when the next of these happens.
    pub(in crate::broker) fn plan_expiry(&mut self) {
        let due = self.sessions.iter_mut().flat_map(|(_, session)| {
            let will_at = session.delayed_will.as_ref().map(|&(_, at, _)| at);
            [session.ends_at, will_at]
        });
        self.next_expiry = due.flatten().min();
    }
}
