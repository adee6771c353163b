//! What the host makes of the frames that arrive.

use super::{Firmware, Host, INBOUND_HEADER_BYTES, Stage};
use crate::bridge::VERSION;
use crate::bridge::frame::{Message, Outcome, Status, Tally, ToHost, TopicBytes};
use crate::bridge::topics::Nameless;
use crate::event::{
    AbandonReason, Counters, DownReason, Event, RefusedReason, ResetCause, Ticket, Unsuited,
};
use crate::mqtt::topic::matches;
use crate::mqtt::{Packet, PacketId, Publish, QoS};
use crate::planted::Bug;
use crate::storage::{Storage, put_u32};
use crate::subscriptions::{Standing, Subscription};

impl<S: Storage> Host<S> {
    /// Any whole frame shows that the command task lives; one that no fivewire end sends shows that
    /// it has gone mad.
    pub(super) fn take_frame(&mut self, frame: &[u8]) {
        if matches!(self.stage, Stage::Idle | Stage::Stopped) {
            return;
        }
        self.link_up = true;
        let Ok(frame) = ToHost::decode(frame) else {
            self.reset_esp(ResetCause::Garbage);
            return;
        };
        #[cfg(feature = "mqtt5")]
        if frame.is_of_mqtt5() && !self.speaks_v5() {
            self.reset_esp(ResetCause::Garbage);
            return;
        }
        if let ToHost::Hello { version, outbox_bytes, topics } = frame {
            self.take_hello(version, outbox_bytes, topics);
        } else if self.stage != Stage::AwaitingEsp {
            self.watch();
            self.take_answer(frame);
        }
    }

    /// The command task starts, or the link was found again: everything it has not confirmed is
    /// given to it once more.
    #[cold]
    fn take_hello(&mut self, version: u8, outbox_bytes: u32, topics: TopicBytes) {
        if version != VERSION {
            self.take_stranger(version);
            return;
        }
        self.lose_link(DownReason::EspRestarted);
        self.link_up = true;
        self.watch();
        let is_first = self.esp_outbox_bytes == 0;
        self.esp_outbox_bytes = usize::try_from(outbox_bytes).unwrap_or(usize::MAX);
        if is_first || !self.planted.has(Bug::TopicsKept) {
            self.publication_topics.begin(topics.publications);
        }
        self.message_topics.begin(topics.messages);
        self.plant_loss_at_crash();
        #[cfg(feature = "mqtt5")]
        self.forget_reason();
        self.desk.outbox.connection_lost();
        self.desk.subscriptions.connection_lost();
        self.desk.subscriptions.renew_all();
        self.deliveries.clear();
        self.forget_origins();
        // What is said of a link may come with a board that the settings do not even reach.
        self.due.init = self.settings_size <= self.frame_max_bytes;
        if !self.due.init {
            self.desk.tell(Event::EspUnfit);
        }
        if matches!(self.stage, Stage::Stopping { .. }) {
            self.due.shut_down = true;
        } else {
            self.due.refusals = true;
            self.stage = Stage::Configuring;
        }
    }

    /// It can neither be configured nor understood. It is given the time of a start, in case
    /// somebody is flashing it.
    #[cold]
    fn take_stranger(&mut self, version: u8) {
        self.desk.tell(Event::EspUnsuited(Unsuited::BridgeVersion(version)));
        self.lose_link(DownReason::EspRestarted);
        if !matches!(self.stage, Stage::Stopping { .. }) {
            self.stage = Stage::AwaitingEsp;
            self.watch_start_up();
        }
    }

    fn take_answer(&mut self, frame: ToHost<'_>) {
        match frame {
            ToHost::Hello { .. } => {}
            // One that just started counts from zero, and what earlier ones counted is taken note of
            // with its `Ready`.
            ToHost::Alive(tally) if self.is_running() => self.take_tally(tally),
            ToHost::Alive(_) => {}
            ToHost::Ready { resumed } => {
                if self.stage == Stage::Configuring {
                    self.stage = Stage::Running;
                }
                if !resumed {
                    self.tally_base = self.desk.counters;
                }
                self.desk.tell(Event::EspReady { resumed });
            }
            ToHost::Status(status) => self.take_status(status),
            ToHost::Done { ticket, outcome } => self.take_outcome(ticket, outcome),
            ToHost::Message(message) => self.take_message(&message, |host| host.store(&message)),
            ToHost::Granted { ticket, qos } => self.take_granted(ticket, qos),
            ToHost::Refused { ticket } => {
                self.take_end(ticket, Standing::Asked, Event::SubscribeRefused(ticket));
            }
            ToHost::Unsubscribed { ticket } => {
                self.take_end(ticket, Standing::LeavingAsked, Event::Unsubscribed(ticket));
            }
            ToHost::TooLarge { qos, size_bytes } => {
                let counter = &mut self.desk.counters.too_large_in;
                *counter = counter.saturating_add(1);
                let size_bytes = usize::try_from(size_bytes).unwrap_or(usize::MAX);
                self.desk.tell(Event::MessageTooLarge { qos, size_bytes });
            }
            ToHost::SlateDone => {
                self.clean_init_due = self.planted.has(Bug::CleanSlateEachBoot);
                self.due.slate_noted = true;
                self.desk.tell(Event::CleanSlate);
            }
            ToHost::Unfit => {
                self.desk.tell(Event::EspUnfit);
            }
            ToHost::Time { cookie, stamp } => {
                self.desk.tell(Event::TimeTold { cookie, stamp });
                if self.planted.has(Bug::TimeToldTwice) {
                    self.desk.tell(Event::TimeTold { cookie, stamp });
                }
            }
            ToHost::Memory { free_bytes, used_bytes } => {
                self.desk.tell(Event::EspMemory { free_bytes, used_bytes });
            }
            #[cfg(feature = "mqtt5")]
            ToHost::MessageWith(message) => {
                self.take_message(&message.message, |host| host.store_message_v5(&message));
            }
            #[cfg(feature = "mqtt5")]
            ToHost::BrokerSaid(properties) => self.take_said(properties),
            #[cfg(feature = "mqtt5")]
            ToHost::Reason { ticket, reason_code } => self.take_reason(ticket, reason_code),
            ToHost::Stopped => {
                if matches!(self.stage, Stage::Stopping { .. }) {
                    self.stop();
                }
            }
        }
    }

    /// A subscription that stands like this is none any more.
    fn take_end(&mut self, ticket: Ticket, standing: Standing, event: Event<'static>) {
        if let Some(subscription) = self.with_ticket(ticket, standing) {
            self.desk.subscriptions.remove(&subscription);
            #[cfg(feature = "mqtt5")]
            self.tell_reason(ticket);
            self.desk.tell(event);
        }
    }

    /// The ESP8266 counts from its start; the host adds what earlier starts had counted.
    const fn take_tally(&mut self, tally: Tally) {
        let base: Counters = self.tally_base;
        let counters = &mut self.desk.counters;
        counters.redelivered = base.redelivered.saturating_add(tally.redelivered);
        counters.dropped_qos0_in = base.dropped_qos0_in.saturating_add(tally.dropped_qos0_in);
        counters.shed_in = base.shed_in.saturating_add(tally.shed_in);
        counters.unknown_acks = base.unknown_acks.saturating_add(tally.unknown_acks);
        counters.failed_attempts = base.failed_attempts.saturating_add(tally.failed_attempts);
        counters.wifi_rejoins = base.wifi_rejoins.saturating_add(tally.wifi_rejoins);
    }

    #[cold]
    fn take_status(&mut self, status: Status) {
        let event = match status {
            Status::Wifi(up) => {
                self.wifi = up;
                Event::Wifi(up)
            }
            Status::AttemptFailed(reason) => Event::AttemptFailed { reason },
            Status::Joins(lan) => Event::JoinsNetwork(lan),
            Status::Opens => Event::OpensConnection,
            Status::NetworkAsked => Event::NetworkAsked,
            Status::Connected { session_present } => {
                self.connected = true;
                self.wifi = true;
                let connections = &mut self.desk.counters.connections;
                *connections = connections.saturating_add(1);
                Event::Connected { session_present }
            }
            Status::Disconnected(reason) => {
                if !core::mem::take(&mut self.connected) {
                    return;
                }
                Event::Disconnected { reason }
            }
        };
        self.desk.tell(event);
    }

    fn take_outcome(&mut self, ticket: Ticket, outcome: Outcome) {
        let Some(told) = self.desk.outbox.settle(ticket) else { return };
        if !told {
            return;
        }
        #[cfg(feature = "mqtt5")]
        if outcome != Outcome::Refused {
            self.tell_reason(ticket);
        }
        let event = match outcome {
            Outcome::Acked => Event::Acked(ticket),
            Outcome::Sent => Event::Sent(ticket),
            Outcome::Lost => {
                let counter = &mut self.desk.counters.dropped_qos0_out;
                *counter = counter.saturating_add(1);
                Event::Abandoned { ticket, reason: AbandonReason::ConnectionLost }
            }
            Outcome::TooLarge => Event::Refused { ticket, reason: RefusedReason::TooLargeForEsp },
            #[cfg(feature = "mqtt5")]
            Outcome::Expired => Event::Abandoned { ticket, reason: AbandonReason::Expired },
            #[cfg(feature = "mqtt5")]
            Outcome::Refused => self.refused(ticket),
        };
        self.desk.tell(event);
    }

    /// The ESP8266 knows how much room there is; one that does not keep to it is mad.
    fn take_message(&mut self, message: &Message<'_>, store: impl FnOnce(&mut Self) -> bool) {
        if let Err(nameless) = self.message_topics.learn(message.topic) {
            self.reset_esp(match nameless {
                Nameless::Unknown => ResetCause::UnknownTopic,
                Nameless::Invalid => ResetCause::Garbage,
            });
            return;
        }
        let topic = self.message_topics.name(message.topic);
        if self.firmware == Firmware::Original && !self.is_wanted(topic) {
            return;
        }
        if self.planted.has(Bug::WildcardLiteral) && self.desk.subscriptions.find(topic).is_none() {
            return;
        }
        if !store(self) {
            self.reset_esp(ResetCause::Garbage);
        }
    }

    /// Stores a message, as a packet. False if there is no room.
    fn store(&mut self, message: &Message<'_>) -> bool {
        #[cfg(feature = "mqtt5")]
        if self.speaks_v5() {
            return self.store_message_v5(&(*message).into());
        }
        let packet = Packet::Publish(Publish {
            dup: message.dup,
            qos: message.qos,
            retain: message.retain,
            topic: self.message_topics.name(message.topic),
            // The ESP8266 keeps it; the application never sees it.
            packet_id: PacketId::new(1).filter(|_| message.qos != QoS::AtMostOnce),
            payload: message.payload,
        });
        let size = packet.encoded_len() + INBOUND_HEADER_BYTES - crate::bridge::fifo::HEADER_BYTES;
        self.inbound.push(size).is_some_and(|room| {
            put_u32(room, 0, message.delivery);
            packet.encode(&mut room[4..]).is_ok()
        })
    }

    /// A subscription that was not ended asks for this topic.
    fn is_wanted(&self, topic: &str) -> bool {
        let subscriptions = &self.desk.subscriptions;
        let stands = |s: &Subscription| {
            matches!(s.standing, Standing::Wanted | Standing::Asked | Standing::Active)
        };
        subscriptions.iter().any(|s| stands(&s) && matches(subscriptions.filter(&s), topic))
    }

    #[cold]
    fn take_granted(&mut self, ticket: Ticket, qos: QoS) {
        let Some(mut subscription) = self.with_ticket(ticket, Standing::Asked) else { return };
        let told = core::mem::replace(&mut subscription.told, true);
        subscription.standing = Standing::Active;
        subscription.granted = qos;
        self.desk.subscriptions.update(&subscription);
        if !told {
            #[cfg(feature = "mqtt5")]
            self.tell_reason(ticket);
            self.desk.tell(Event::Subscribed { ticket, granted: qos });
        }
    }

    fn with_ticket(&self, ticket: Ticket, standing: Standing) -> Option<Subscription> {
        let wanted = |s: &Subscription| s.ticket == ticket && s.standing == standing;
        self.desk.subscriptions.iter().find(wanted)
    }

    /// Messages that wait here were received by an ESP8266 that is gone: nobody can be told of
    /// their release. The broker will deliver them again, if it keeps the session.
    fn forget_origins(&mut self) {
        self.inbound.for_each(|record| put_u32(record, 0, 0));
    }

    #[cfg(feature = "planted")]
    fn plant_loss_at_crash(&mut self) {
        if self.planted.has(Bug::InFlightLostAtCrash) {
            while let Some(ticket) = self.desk.outbox.plant_take_given() {
                if !self.desk.tell(Event::Acked(ticket)) {
                    break;
                }
            }
        }
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    const fn plant_loss_at_crash(&self) {}
}
