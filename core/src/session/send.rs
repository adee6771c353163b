//! What the session puts on the wire, and in which order.

use super::{Close, Phase, Session};
use crate::mqtt::{Filters, Packet, Subscribe, Unsubscribe};
use crate::planted::Bug;
use crate::storage::Storage;
use crate::subscriptions::Standing;

impl<S: Storage> Session<S> {
    /// CONNECT is the first packet of a connection [MQTT-3.1.0-1].
    #[cold]
    pub(super) fn send_connect(&mut self) {
        self.transmit.clear();
        let packet = self.connect.packet();
        let room = self.transmit.room();
        let size = packet.len().min(room.len());
        room[..size].copy_from_slice(&packet[..size]);
        self.transmit.extend(size);
    }

    /// Fills the transmit buffer if it is empty. True if there is something to offer.
    pub(super) fn fill(&mut self) -> bool {
        if self.transmit.is_empty() {
            match self.phase {
                Phase::Offline | Phase::AwaitingConnack { .. } => {}
                Phase::Online => self.fill_online(),
                Phase::Finishing { .. } => self.fill_last(),
            }
        }
        self.transmit.offer()
    }

    fn fill_online(&mut self) {
        if self.has_more_to_send() {
            self.fill_batch();
        }
        let (in_flight, asked) = (self.desk.outbox.in_flight(), self.desk.subscriptions.asked());
        self.owed.given(self.now, in_flight, asked);
    }

    fn has_more_to_send(&self) -> bool {
        self.desk.outbox.has_more_to_send()
            || self.deliveries.owes_answer()
            || self.keep_alive.owes_ping()
            || self.desk.subscriptions.has_due()
    }

    fn fill_batch(&mut self) {
        if self.desk.outbox.is_mid_packet() {
            let filled = self.desk.outbox.copy_rest(self.transmit.room());
            self.transmit.extend(filled);
        }
        // A backlog keeps neither ping nor acknowledgement waiting: they go between its packets.
        if !self.desk.outbox.is_mid_packet() && self.fill_urgent() {
            #[cfg(feature = "mqtt5")]
            if self.is_v5() {
                return self.fill_publications_v5();
            }
            let (room, window) = (self.transmit.room(), self.limits.window);
            let filled = self.desk.outbox.fill(room, window, &mut self.desk.counters.redelivered);
            self.transmit.extend(filled);
        }
    }

    /// True if nothing of it is left for lack of room.
    fn fill_urgent(&mut self) -> bool {
        if self.transmit.room().len() < 2 {
            return false;
        }
        if self.keep_alive.take_ping() && !self.planted.has(Bug::KeepAliveNeverSent) {
            self.plant_resend();
            self.transmit.put(&Packet::Pingreq);
        }
        while self.transmit.room().len() >= 4 {
            let Some(answer) = self.deliveries.next_answer() else {
                return self.fill_subscriptions();
            };
            self.transmit.put(&answer);
        }
        false
    }

    /// True if none is left for lack of room.
    fn fill_subscriptions(&mut self) -> bool {
        while let Some((mut subscription, packet_id)) = self.desk.subscriptions.next_due() {
            let leaving = subscription.standing == Standing::Leaving;
            #[cfg(feature = "mqtt5")]
            if self.is_v5() {
                if !self.put_subscription_v5(&subscription, packet_id) {
                    return false;
                }
                self.desk.subscriptions.asked_for(&mut subscription, packet_id);
                continue;
            }
            let filters = [(self.desk.subscriptions.filter(&subscription), subscription.qos)];
            let filters = Filters::list(&filters);
            let packet = if leaving {
                Packet::Unsubscribe(Unsubscribe { packet_id, filters })
            } else {
                Packet::Subscribe(Subscribe { packet_id, filters })
            };
            if !self.transmit.put(&packet) {
                return false;
            }
            if subscription.told && self.planted.has(Bug::ResubscribedTwice) {
                self.transmit.put(&packet);
            }
            self.desk.subscriptions.asked_for(&mut subscription, packet_id);
        }
        true
    }

    /// A packet that has begun to leave is completed; then DISCONNECT, and nothing after it
    /// [MQTT-3.14.4-2].
    #[cold]
    fn fill_last(&mut self) {
        let Phase::Finishing { until, put, close } = self.phase else { return };
        if self.desk.outbox.is_mid_packet() {
            let filled = self.desk.outbox.copy_rest(self.transmit.room());
            self.transmit.extend(filled);
        } else if put {
            self.closing = Some(close);
        } else {
            self.put_disconnect(close);
            self.phase = Phase::Finishing { until, put: true, close };
        }
    }

    fn put_disconnect(&mut self, close: Close) {
        #[cfg(feature = "mqtt5")]
        if self.is_v5() {
            return self.put_disconnect_v5(close);
        }
        let _ = close; // only MQTT 5 tells what becomes of the session
        self.transmit.put(&Packet::Disconnect);
    }

    #[cfg(feature = "planted")]
    fn plant_resend(&mut self) {
        if self.planted.has(Bug::ResendOnSameConnection) {
            self.desk.outbox.connection_lost();
        }
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    const fn plant_resend(&self) {}
}
