//! How connections end: by the client, by the transport, by time, by the broker itself.

use super::Broker;
use super::connection::{ConnectionSlot, Phase, Will};
use super::interface::{ClientKey, CloseReason};
use crate::fault::Memory;

impl Broker {
    /// Ends a connection. Its will is published unless the client said DISCONNECT.
    #[cold]
    pub(super) fn end(&mut self, slot: ConnectionSlot, reason: CloseReason) {
        let key = self.shared.connections[slot].key;
        self.say_farewell(slot, reason);
        let will = self.detach(slot, reason);
        if reason == CloseReason::TransportClosed {
            self.shared.connections[slot].clear();
        }
        match will {
            // [MQTT-3.14.4-3]
            Some(will) if reason == CloseReason::Disconnect => {
                self.shared.messages.release(will.message);
            }
            Some(will) => self.publish_will(key, will),
            None => {}
        }
    }

    /// Forgets what passed through a broker that stops and starts again.
    ///
    /// What a kept memory holds includes the wills: like mosquitto on its way down, the broker
    /// publishes them once all clients are gone [MQTT-3.1.2-8]. Lost wills are lost.
    pub(super) fn restart_with(&mut self, memory: Memory) {
        for slot in self.shared.connections.slots() {
            let key = self.shared.connections[slot].key;
            let will = self.detach(slot, CloseReason::Restarted);
            self.shared.connections[slot].clear();
            if let Some(will) = will {
                self.orphaned_wills.push((key, will));
            }
        }
        let mut wills = std::mem::take(&mut self.orphaned_wills);
        for (key, will) in wills.drain(..) {
            match memory {
                Memory::Kept => self.publish_will(key, will),
                Memory::Lost => self.shared.messages.release(will.message),
            }
        }
        self.orphaned_wills = wills;
        if memory == Memory::Lost {
            self.sessions.clear(&mut self.shared.messages);
            self.retained.clear(&mut self.shared.messages);
        }
    }

    /// Ends what was silent for too long, and sends the acknowledgements whose delay is over.
    #[cold]
    pub(super) fn expire(&mut self) {
        let now = self.shared.now;
        for slot in self.shared.connections.slots() {
            let connection = &mut self.shared.connections[slot];
            connection.delayed.release(now, &mut connection.output);
            if connection.silence_deadline().is_some_and(|deadline| deadline <= now) {
                let reason = if connection.phase == Phase::AwaitingConnect {
                    CloseReason::ConnectOverdue
                } else {
                    CloseReason::KeepAlive
                };
                self.end(slot, reason);
            }
        }
        self.expire_sessions();
    }

    /// Parts a connection from its session. A session that is not persistent ends [MQTT-3.1.2-6].
    fn detach(&mut self, slot: ConnectionSlot, reason: CloseReason) -> Option<Will> {
        let connection = &mut self.shared.connections[slot];
        let session = match connection.phase {
            Phase::Free | Phase::Closing(_) => return None,
            Phase::AwaitingConnect => None,
            Phase::Connected(session) => Some(session),
        };
        connection.phase = Phase::Closing(reason);
        let client_id = session.map(|session| self.sessions[session].client_id.as_str());
        self.shared.events.disconnected(connection.key, client_id, reason);
        let (key, will) = (connection.key, connection.will.take());
        match session {
            Some(session) => self.leave(session, key, will, reason),
            None => will,
        }
    }

    pub(super) fn publish_will(&mut self, key: ClientKey, will: Will) {
        let Will { message, qos, retain, .. } = will;
        let shared = &mut self.shared;
        shared.events.will_published(&mut shared.messages, key, qos, retain, message);
        // [MQTT-3.1.2-16] [MQTT-3.1.2-17]
        self.route(message, qos, retain, None);
        self.shared.messages.release(message);
    }
}
