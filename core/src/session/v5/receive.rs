//! What the session makes of packets of MQTT 5.

use core::ops::Range;

use super::{Server, connect};
use crate::event::{DownReason, Event, Message};
use crate::mqtt::v5::{self, Breach, Connack, Packet, ReasonCode, decode};
use crate::mqtt::{PacketId, QoS};
use crate::planted::Bug;
use crate::session::inbound::Next;
use crate::session::receive::Progress;
use crate::session::{Handed, Phase, Session};
use crate::storage::Storage;
use crate::subscriptions::Standing;

/// A packet that is no message, copied out of the receive buffer.
enum Answer {
    Connack {
        session_present: bool,
        reason_code: ReasonCode,
        server: Server,
    },
    Puback(PacketId, ReasonCode),
    Pubrel(PacketId),
    Suback(PacketId, ReasonCode),
    Unsuback(PacketId, ReasonCode),
    /// PINGRESP, or what comes when the application has left.
    Nothing,
    Disconnect(ReasonCode),
}

impl<S: Storage> Session<S> {
    /// Checks a message before it is kept, and notes what its topic alias stands for. False if it
    /// has to wait until the messages before it are handed out.
    ///
    /// More messages than the receive maximum are no breach here, although the specification would
    /// have them be one [MQTT5-3.3.4-9]: they wait in the receive buffer like any others, and a
    /// broker that restarts may well send what was under way before (mosquitto does). To leave it
    /// each time would lead to nothing.
    pub(in crate::session) fn admit_v5(&mut self, packet: Range<usize>) -> Result<bool, Breach> {
        let keeps_messages = self.inbound.keeps_messages();
        let Packet::Publish(publish) = decode(&self.inbound.bytes()[packet])? else {
            return Err(Breach::UnexpectedPacket { packet_type: 3 });
        };
        let Some(alias) = publish.properties.topic_alias() else { return Ok(true) };
        if self.shedding {
            // No message is kept any more on this connection, nor read as a whole: what an alias
            // means may have been skipped, and what those mean that were kept must stay.
            return Ok(true);
        }
        if alias > self.v5.alias_maximum {
            return Err(Breach::TopicAliasTooLarge);
        }
        let area = self.connect.spare();
        let known = self.v5.aliases.topic(area, alias);
        match (publish.topic, known) {
            ("", None) => return Err(Breach::TopicAliasUnknown),
            ("", Some(_)) => return Ok(true),
            // what is kept still means the topic that the alias had
            (topic, Some(other)) if topic != other && keeps_messages => return Ok(false),
            (topic, _) => {
                if self.v5.aliases.define(area, alias, topic) {
                    return Ok(true);
                }
            }
        }
        self.v5.alias_maximum = 0;
        self.connect.forbid_aliases();
        self.part(DownReason::TopicAliasesOverflow, ReasonCode::QuotaExceeded);
        Ok(false)
    }

    /// What lies next gives an alias to another topic while messages are kept that may mean the old one. What
    /// comes behind it is not read either, acknowledgements among it.
    pub(in crate::session) fn waits_for_alias(&self) -> bool {
        if self.shedding || !self.inbound.keeps_messages() {
            return false;
        }
        let Ok(Next::Whole(_, packet)) = self.inbound.look(self.version) else { return false };
        let Ok(Packet::Publish(publish)) = decode(&self.inbound.bytes()[packet]) else {
            return false;
        };
        let alias = publish.properties.topic_alias().filter(|_| !publish.topic.is_empty());
        let known = alias.and_then(|it| self.v5.aliases.topic(self.connect.spare_bytes(), it));
        known.is_some_and(|known| known != publish.topic)
    }

    /// Lends what the broker said, or the message with the topic that its alias stands for.
    pub(in crate::session) fn show_v5(&self, handed: &Handed) -> Event<'_> {
        let Handed { packet, delivery } = handed.clone();
        match decode(&self.inbound.bytes()[packet]) {
            Ok(Packet::Publish(publish)) => {
                let aliased = publish.properties.topic_alias().filter(|_| publish.topic.is_empty());
                let topic = aliased
                    .and_then(|alias| self.v5.aliases.topic(self.connect.spare_bytes(), alias));
                Event::Message(Message {
                    delivery,
                    topic: topic.unwrap_or(publish.topic),
                    payload: publish.payload,
                    qos: publish.qos,
                    retain: publish.retain,
                    dup: publish.dup,
                    properties: publish.properties,
                })
            }
            Ok(Packet::Connack(v5::Connack { properties, .. }))
            | Ok(Packet::Disconnect(v5::Disconnect { properties, .. })) => {
                Event::BrokerSaid(properties)
            }
            // Kept packets were decoded before they were kept.
            Ok(_) | Err(_) => Event::MessageTooLarge { qos: QoS::AtMostOnce, size_bytes: 0 },
        }
    }

    /// How much larger a kept message may be with its topic in the place of the alias.
    pub(in crate::session) fn unaliased_bytes(&self, packet: Range<usize>) -> usize {
        let Ok(Packet::Publish(publish)) = decode(&self.inbound.bytes()[packet]) else { return 0 };
        let alias = publish.properties.topic_alias().filter(|_| publish.topic.is_empty());
        let topic =
            alias.and_then(|alias| self.v5.aliases.topic(self.connect.spare_bytes(), alias));
        // a longer packet may say its length with up to three bytes more
        topic.map_or(0, |topic| topic.len() + 3)
    }

    /// Takes a packet that is no message.
    pub(in crate::session) fn read_answer_v5(
        &mut self,
        packet: Range<usize>,
    ) -> Result<Progress, Breach> {
        let (answer, talkative) = self.decode_answer_v5(packet.clone())?;
        if talkative && !self.v5.said {
            self.v5.said = true;
            return Ok(Progress::Said(packet));
        }
        self.v5.said = false;
        if let Answer::Connack { .. } = answer {
            self.assign_client_id(packet.clone());
        }
        self.inbound.drop_scanned(packet.len());
        self.take_answer_v5(answer)
    }

    /// The packet, and whether it says something that the application may want to know.
    fn decode_answer_v5(&self, packet: Range<usize>) -> Result<(Answer, bool), Breach> {
        let decoded = decode(&self.inbound.bytes()[packet])?;
        let awaits_connack = matches!(self.phase, Phase::AwaitingConnack { .. });
        let answer = match decoded {
            Packet::Connack(_) if self.leaves() => Answer::Nothing,
            Packet::Connack(_) if !awaits_connack => return Err(Breach::SecondConnack),
            Packet::Connack(connack) => {
                self.check_connack(&connack)?;
                let Connack { session_present, reason_code, properties } = connack;
                let server = Server::of(properties);
                let answer = Answer::Connack { session_present, reason_code, server };
                return Ok((answer, !properties.is_empty()));
            }
            // We named no method of authentication.
            Packet::Auth(_) => return Err(Breach::AuthNotAskedFor),
            _ if awaits_connack => return Err(Breach::FirstPacketNotConnack),
            Packet::Puback(ack) => Answer::Puback(ack.packet_id, ack.reason_code),
            Packet::Pubrel(ack) => Answer::Pubrel(ack.packet_id),
            Packet::Suback(suback) => {
                let mut codes = suback.reason_codes.iter();
                let code = codes.next().ok_or(Breach::SubackCountMismatch)?;
                if codes.next().is_some() {
                    return Err(Breach::SubackCountMismatch);
                }
                Answer::Suback(suback.packet_id, code)
            }
            Packet::Unsuback(unsuback) => {
                let mut codes = unsuback.reason_codes.iter();
                let code = codes.next().ok_or(Breach::UnsubackCountMismatch)?;
                if codes.next().is_some() {
                    return Err(Breach::UnsubackCountMismatch);
                }
                Answer::Unsuback(unsuback.packet_id, code)
            }
            Packet::Pingresp => Answer::Nothing,
            Packet::Disconnect(v5::Disconnect { reason_code, properties }) => {
                if properties.session_expiry_interval_s().is_some() {
                    return Err(Breach::SessionExpiryFromServer);
                }
                return Ok((Answer::Disconnect(reason_code), !properties.is_empty()));
            }
            other => return Err(Breach::UnexpectedPacket { packet_type: other.packet_type() }),
        };
        Ok((answer, false))
    }

    fn check_connack(&self, connack: &Connack<'_>) -> Result<(), Breach> {
        if connack.reason_code.is_failure() {
            return Ok(());
        }
        let assigned = connack.properties.assigned_client_identifier();
        if connack.properties.authentication_method().is_some() {
            Err(Breach::AuthNotAskedFor)
        } else if connack.session_present && self.connect.is_clean() {
            Err(Breach::SessionPresentWithCleanStart)
        } else if self.connect.is_nameless() && assigned.is_none() {
            Err(Breach::NoAssignedClientIdentifier)
        } else {
            Ok(())
        }
    }

    /// The name that the broker chose is the client's own from here on.
    fn assign_client_id(&mut self, packet: Range<usize>) {
        if let Ok(Packet::Connack(connack)) = decode(&self.inbound.bytes()[packet])
            && let Some(client_id) = connack.properties.assigned_client_identifier()
            && self.connect.is_nameless()
        {
            self.connect.assign(client_id, connect::assign);
        }
    }

    fn take_answer_v5(&mut self, answer: Answer) -> Result<Progress, Breach> {
        let event = match answer {
            Answer::Connack { reason_code, .. } if reason_code.is_failure() => {
                self.close_down(DownReason::RefusedWith(reason_code));
                None
            }
            Answer::Connack { session_present, server, .. } => {
                self.begin_v5(session_present, server)
            }
            Answer::Puback(id, code) => self.take_puback_v5(id, code),
            Answer::Pubrel(id) => {
                self.deliveries.pubrel(id);
                None
            }
            Answer::Suback(id, code) => self.take_suback_v5(id, code),
            Answer::Unsuback(id, code) => self.take_unsuback_v5(id, code),
            Answer::Nothing => None,
            Answer::Disconnect(reason_code) => {
                self.close_down(DownReason::ByBroker(reason_code));
                None
            }
        };
        Ok(event.map_or(Progress::Taken, Progress::Told))
    }

    /// A clean start discards the old session and could begin the one that lasts. It takes a
    /// connection of its own all the same, like in 3.1.1: a broker may forget a session over its
    /// own restart only because it began with a clean start (mosquitto 2.0.11 does).
    fn begin_v5(&mut self, session_present: bool, server: Server) -> Option<Event<'static>> {
        if self.connect.clean_slate_due() {
            self.begin_clean_slate();
            return None;
        }
        self.v5.server = server;
        self.keep_alive.set_interval_ms(server.ping_interval_ms(self.v5.ping_interval_ms));
        Some(self.go_online(session_present))
    }

    /// A reason of 0x80 or more is the end of the publication [MQTT5-4.4.0-2].
    fn take_puback_v5(&mut self, id: PacketId, reason_code: ReasonCode) -> Option<Event<'static>> {
        if reason_code.is_failure() && self.planted.has(Bug::PublicationRefusalRetried) {
            return None;
        }
        let Some(ticket) = self.acknowledge(id) else { return self.unknown_ack() };
        let Some(ticket) = ticket else { return self.desk.take_room() };
        if reason_code.is_failure() {
            Some(self.refused(ticket, reason_code))
        } else {
            Some(self.explained(Event::Acked(ticket), ticket, reason_code))
        }
    }

    /// Tells the outcome, after the reason if that says more.
    fn explained(
        &mut self,
        outcome: Event<'static>,
        ticket: crate::event::Ticket,
        reason_code: ReasonCode,
    ) -> Event<'static> {
        if reason_code == ReasonCode::Success {
            return outcome;
        }
        self.desk.tell(outcome);
        Event::Reason { ticket, reason_code }
    }

    fn take_suback_v5(&mut self, id: PacketId, reason_code: ReasonCode) -> Option<Event<'static>> {
        let known = self.desk.subscriptions.with_id(id).filter(|s| s.standing == Standing::Asked);
        let Some(mut subscription) = known else { return self.unknown_subscription_ack() };
        let is_oldest = self.desk.subscriptions.is_oldest_asked(id);
        subscription.packet_id = None;
        let ticket = subscription.ticket;
        let event = match QoS::from_u8(reason_code.as_u8()) {
            Some(granted) => {
                let told = subscription.told;
                subscription.standing = Standing::Active;
                subscription.granted = granted;
                subscription.told = true;
                self.desk.subscriptions.update(&subscription);
                (!told).then_some(Event::Subscribed { ticket, granted })
            }
            None => {
                self.desk.subscriptions.remove(&subscription);
                Some(self.explained(Event::SubscribeRefused(ticket), ticket, reason_code))
            }
        };
        self.subscription_answered(is_oldest);
        event
    }

    fn take_unsuback_v5(
        &mut self,
        id: PacketId,
        reason_code: ReasonCode,
    ) -> Option<Event<'static>> {
        let known =
            self.desk.subscriptions.with_id(id).filter(|s| s.standing == Standing::LeavingAsked);
        let Some(subscription) = known else { return self.unknown_subscription_ack() };
        let is_oldest = self.desk.subscriptions.is_oldest_asked(id);
        let ticket = subscription.ticket;
        self.desk.subscriptions.remove(&subscription);
        self.subscription_answered(is_oldest);
        Some(self.explained(Event::Unsubscribed(ticket), ticket, reason_code))
    }
}
