//! What the client wants of the session besides what lies on the desk.

use super::{Close, Phase, Session};
use crate::error::PublishError;
use crate::event::{Delivery, Ticket};
use crate::mqtt::Publish;
use crate::storage::Storage;
use crate::time::Instant;

impl<S: Storage> Session<S> {
    /// Asks the broker for a sign of life. False without a connection.
    pub(crate) fn probe(&mut self) -> bool {
        let is_connected = self.is_connected();
        if is_connected {
            self.keep_alive.ask(self.now);
        }
        is_connected
    }

    /// When the broker of this connection last said anything.
    pub(crate) fn last_received(&self) -> Option<Instant> {
        self.is_connected().then(|| self.keep_alive.last_received())
    }

    /// Queues a publication whose ticket and packet identifier another machine chose.
    pub(crate) fn publish_as(
        &mut self,
        ticket: Ticket,
        publish: &Publish<'_>,
        again: bool,
    ) -> Result<(), PublishError> {
        self.desk.outbox.push_with_id(ticket, publish, None, again)
    }

    pub(crate) fn release(&mut self, delivery: Delivery) -> bool {
        self.deliveries.release(delivery)
    }

    /// Hands out only messages whose packet is at most this large; 0 for none. True if that may
    /// change what comes next.
    pub(crate) const fn limit_hand_out(&mut self, max_bytes: usize) -> bool {
        let changed = self.hand_out_max_bytes != max_bytes;
        self.hand_out_max_bytes = max_bytes;
        changed && (self.inbound.keeps_messages() || self.shedding)
    }

    /// Treats a message whose packet is larger than this as one that can never be handed out.
    pub(crate) const fn limit_messages(&mut self, max_bytes: usize) {
        self.message_max_bytes = max_bytes;
    }

    /// Says DISCONNECT if there is anybody to say it to. Nothing new is accepted from here on.
    pub(crate) fn shut_down(&mut self, now: Instant) {
        self.advance_clock(now);
        self.desk.shut_down = true;
        self.closing = self.closing.map(|_| Close::Finished);
        let until = self.now.plus_ms(self.limits.response_timeout_ms);
        self.phase = match self.phase {
            Phase::Online => Phase::Finishing { until, put: false, close: Close::Finished },
            // The broker may have accepted already, and would publish the will: who sent CONNECT need
            // not wait for an answer before the next packet (MQTT 3.1.1 §3.1.4).
            Phase::AwaitingConnack { .. } => {
                self.session_in_doubt = true;
                Phase::Finishing { until, put: false, close: Close::Finished }
            }
            Phase::Finishing { until, put, .. } => {
                Phase::Finishing { until, put, close: Close::Finished }
            }
            Phase::Offline => Phase::Offline,
        };
    }

    /// Takes commands again after a shut-down.
    pub(crate) const fn restart(&mut self) {
        self.desk.shut_down = false;
    }
}
