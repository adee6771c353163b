//! CONNECT of MQTT 5: who may come in, which session they get, and what they are told (§3.1, §3.2).

use std::borrow::Cow;

use fivewire_core::mqtt::v5::{
    self, Connack, Connect, Packet, Properties, Property, ReasonCode, decode,
};
use fivewire_core::mqtt::{Breach, ConnectReturnCode, QoS};

use super::Client;
use crate::broker::Broker;
use crate::broker::config::Limits;
use crate::broker::connection::{ConnectionSlot, Will};
use crate::broker::interface::CloseReason;
use crate::broker::session::SessionSlot;

/// The longest packet that MQTT has.
const PACKET_MAX_BYTES: usize = 268_435_460;

impl Broker {
    /// A whole CONNECT packet of MQTT 5.
    #[cold]
    pub(in crate::broker) fn handle_connect_v5(&mut self, slot: ConnectionSlot, packet: &[u8]) {
        match decode(packet) {
            Ok(Packet::Connect(connect)) => self.connect_v5(slot, &connect),
            Ok(_) => self.end(slot, CloseReason::Breach(Breach::FirstPacketNotConnect)),
            Err(breach) => {
                self.send_connack(slot, false, breach.reason_code(), &[]);
                self.end(slot, CloseReason::Breach(Breach::V5(breach)));
            }
        }
    }

    fn connect_v5(&mut self, slot: ConnectionSlot, connect: &Connect<'_>) {
        if let Some(reason_code) = self.refusal_v5(connect) {
            // a refusal claims no session [MQTT5-3.2.2-6] and touches none
            self.send_connack(slot, false, reason_code, &[]);
            self.end(slot, CloseReason::RefusedWith(reason_code));
            return;
        }
        let assigned = connect.client_id.is_empty().then(|| self.assign_client_id());
        let client_id = match &assigned {
            Some(client_id) => Cow::Borrowed(client_id.as_str()),
            None => Cow::Borrowed(connect.client_id),
        };
        self.expire_sessions();
        self.take_over(&client_id);
        let (session, session_present) = self.open_session(&client_id, connect.clean_start);
        let keep_alive_s = self.keep_alive_s(connect.keep_alive_s);
        self.occupy_v5(slot, session, connect, keep_alive_s);
        self.welcome(slot, session, connect, session_present, assigned.as_deref(), keep_alive_s);
        let key = self.shared.connections[slot].key;
        self.shared.events.connected(key, &client_id, connect.clean_start, session_present);
        self.sessions[session].resume(slot, &mut self.shared);
    }

    /// The identifier of a client that has none.
    fn assign_client_id(&mut self) -> String {
        let chosen = self.shared.config.mqtt5.assigned_client_id.clone();
        chosen.unwrap_or_else(|| self.generate_client_id())
    }

    /// What this client cannot have.
    fn limits_for(&self, connect: &Connect<'_>) -> Limits {
        let mqtt5 = &self.shared.config.mqtt5;
        let limited = mqtt5.limited_client_id.as_deref();
        let is_limited = limited.is_none_or(|limited| ["", limited].contains(&connect.client_id));
        if is_limited { mqtt5.limits } else { Limits::NONE }
    }

    /// The reason code to refuse with, if any.
    fn refusal_v5(&self, connect: &Connect<'_>) -> Option<ReasonCode> {
        let misbehaviour = &self.shared.misbehaviour;
        let denied = misbehaviour.deny_connect.and_then(denial);
        if let Some(code) = misbehaviour.deny_connect_with.or(denied) {
            return Some(code);
        }
        let limits = self.limits_for(connect);
        // [MQTT5-3.2.2-12] [MQTT5-3.2.2-13]
        match &connect.will {
            Some(will) if will.qos > limits.maximum_qos => {
                return Some(ReasonCode::QosNotSupported);
            }
            Some(will) if will.retain && !limits.retain => {
                return Some(ReasonCode::RetainNotSupported);
            }
            _ => {}
        }
        // there is no method here [MQTT5-4.12.0-1]
        if connect.properties.authentication_method().is_some() {
            return Some(ReasonCode::BadAuthenticationMethod);
        }
        if connect.client_id.len() > self.shared.config.client_id_max_bytes {
            return Some(ReasonCode::ClientIdentifierNotValid);
        }
        let credentials = self.shared.config.credentials.as_ref()?;
        let is_known = connect.username == Some(&credentials.username)
            && connect.password == Some(&credentials.password);
        (!is_known).then_some(ReasonCode::NotAuthorized)
    }

    /// The keep alive that holds: the client's, or the longest that is allowed.
    fn keep_alive_s(&self, asked_s: u16) -> u16 {
        match self.shared.config.mqtt5.keep_alive_max_s {
            Some(max_s) if asked_s == 0 || asked_s > max_s => max_s,
            _ => asked_s,
        }
    }

    fn occupy_v5(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        connect: &Connect<'_>,
        keep_alive_s: u16,
    ) {
        let session_expiry_s = connect.properties.session_expiry_interval_s().unwrap_or(0);
        let kept = &mut self.sessions[session];
        kept.expiry_s = session_expiry_s.min(self.shared.config.mqtt5.session_expiry_max_s);
        kept.is_v5 = true;
        kept.receive_maximum = connect.properties.receive_maximum();
        self.tie(slot, session);
        let will = connect.will.map(|will| {
            let message = self.shared.messages.store(will.topic, will.payload);
            self.shared.messages.extras_mut(message).keep(will.properties, self.shared.now);
            let delay_s = will.properties.will_delay_interval_s();
            Will { message, qos: will.qos, retain: will.retain, delay_s }
        });
        let maximum = connect.properties.maximum_packet_size_bytes();
        let limits = self.limits_for(connect);
        let connection = &mut self.shared.connections[slot];
        connection.will = will;
        connection.silence_max_ms = u32::from(keep_alive_s) * 1_500;
        connection.v5 = Some(Box::new(Client {
            packet_max_bytes: maximum.map_or(usize::MAX, |maximum| maximum as usize),
            topic_alias_maximum: connect.properties.topic_alias_maximum(),
            session_expiry_s,
            aliases_from: Vec::new(),
            aliases_to: Vec::new(),
            renamed: 0,
            limits,
            under_way: Vec::new(),
        }));
    }

    /// CONNACK with what differs from its defaults.
    fn welcome(
        &mut self,
        slot: ConnectionSlot,
        session: SessionSlot,
        connect: &Connect<'_>,
        session_present: bool,
        assigned: Option<&str>,
        keep_alive_s: u16,
    ) {
        let config = self.shared.config.clone();
        let limits = self.limits_for(connect);
        let words = config.mqtt5.words.as_deref();
        let asked_s = connect.properties.session_expiry_interval_s().unwrap_or(0);
        let expiry_s = self.sessions[session].expiry_s;
        let told = assigned.filter(|_| !self.shared.misbehaviour.assigned_client_id_untold);
        let packet_max = u32::try_from(config.packet_max_bytes).unwrap_or(u32::MAX);
        let information = config.mqtt5.response_information.as_deref();
        let information = information.filter(|_| connect.properties.request_response_information());
        let properties: Vec<Property<'_>> = [
            // [MQTT5-3.2.2-21]
            (keep_alive_s != connect.keep_alive_s)
                .then_some(Property::ServerKeepAlive(keep_alive_s)),
            (expiry_s != asked_s).then_some(Property::SessionExpiryInterval(expiry_s)),
            // [MQTT5-3.2.2-16]
            told.map(Property::AssignedClientIdentifier),
            Some(Property::ReceiveMaximum(config.mqtt5.receive_maximum.max(1))),
            Some(Property::TopicAliasMaximum(config.mqtt5.topic_alias_maximum)),
            (config.packet_max_bytes < PACKET_MAX_BYTES)
                .then_some(Property::MaximumPacketSize(packet_max)),
            Some(Property::SharedSubscriptionAvailable(false)),
            (limits.maximum_qos < QoS::ExactlyOnce)
                .then_some(Property::MaximumQos(limits.maximum_qos)),
            (!limits.retain).then_some(Property::RetainAvailable(false)),
            (!limits.wildcards).then_some(Property::WildcardSubscriptionAvailable(false)),
            (!limits.identifiers).then_some(Property::SubscriptionIdentifierAvailable(false)),
            information.map(Property::ResponseInformation),
            words.map(Property::ReasonString),
            words.map(|words| Property::UserProperty("said", words)),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.send_connack(slot, session_present, ReasonCode::Success, &properties);
    }

    fn send_connack(
        &mut self,
        slot: ConnectionSlot,
        session_present: bool,
        reason_code: ReasonCode,
        properties: &[Property<'_>],
    ) {
        // what a breach is called may not be what a CONNACK may say
        let reason_code =
            if reason_code.is_allowed_in(2) { reason_code } else { ReasonCode::ProtocolError };
        let properties = Properties::of(properties);
        let connack = Connack { session_present, reason_code, properties };
        self.shared.send(slot, &Packet::Connack(connack));
    }

    /// DISCONNECT to a client of MQTT 5 whose connection the broker ends.
    #[cold]
    pub(in crate::broker) fn say_farewell(&mut self, slot: ConnectionSlot, reason: CloseReason) {
        let connection = &self.shared.connections[slot];
        if connection.v5.is_none() || !connection.is_open() {
            return;
        }
        let reason_code = match reason {
            CloseReason::Breach(Breach::V5(breach)) => breach.reason_code(),
            CloseReason::Breach(_) => ReasonCode::ProtocolError,
            CloseReason::ByServer(reason_code) => reason_code,
            CloseReason::PacketTooLarge { .. } => ReasonCode::PacketTooLarge,
            // [MQTT5-3.1.4-3]
            CloseReason::TakenOver => ReasonCode::SessionTakenOver,
            CloseReason::KeepAlive => ReasonCode::KeepAliveTimeout,
            CloseReason::SessionForgotten => ReasonCode::AdministrativeAction,
            _ => return,
        };
        let words = self.shared.config.mqtt5.words.clone();
        let said = words
            .as_deref()
            .map(|words| [Property::ReasonString(words), Property::UserProperty("said", words)]);
        let properties = Properties::of(said.as_ref().map_or(&[], |said| said));
        self.shared.send(slot, &Packet::Disconnect(v5::Disconnect { reason_code, properties }));
    }
}

/// What a return code of MQTT 3.1.1 is in MQTT 5; `None` if it refuses nothing.
const fn denial(return_code: ConnectReturnCode) -> Option<ReasonCode> {
    Some(match return_code {
        ConnectReturnCode::Accepted => return None,
        ConnectReturnCode::UnacceptableProtocolVersion => ReasonCode::UnsupportedProtocolVersion,
        ConnectReturnCode::IdentifierRejected => ReasonCode::ClientIdentifierNotValid,
        ConnectReturnCode::ServerUnavailable => ReasonCode::ServerUnavailable,
        ConnectReturnCode::BadUserNameOrPassword => ReasonCode::BadUserNameOrPassword,
        ConnectReturnCode::NotAuthorized => ReasonCode::NotAuthorized,
    })
}
