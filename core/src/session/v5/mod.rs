//! What a session does differently in MQTT 5.
//!
//! Publications lie in the outbox as MQTT 5 packets with their topic and all properties, whatever
//! the connection. Only what belongs to a moment is put in as they leave: a message expiry interval
//! is stored as the second at which it ends and sent as what is left of it; an alias takes the
//! place of the topic only in the bytes that are sent. So nothing has to be undone when the
//! connection ends, and the next one starts with names.

mod aliases;
mod checkpoint;
mod connect;
mod receive;
mod send;

use super::{Close, Phase, Session};
use crate::config::Config;
use crate::event::{DownReason, Event, RefusedReason, Ticket};
use crate::mqtt::v5::{Breach, Properties, ReasonCode};
use crate::mqtt::{ProtocolVersion, QoS};
use crate::planted::{Bug, Planted};
use crate::storage::Storage;

pub(crate) use aliases::Aliases;
pub(super) use connect::{Connect, encode, forbid_aliases};

/// What the broker said in its CONNACK, for this connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Server {
    receive_maximum: u16,
    maximum_qos: QoS,
    retain_available: bool,
    packet_max_bytes: usize,
    keep_alive_s: Option<u16>,
    topic_alias_maximum: u16,
    wildcards: bool,
    identifiers: bool,
    shared: bool,
}

impl Server {
    fn of(properties: Properties<'_>) -> Self {
        let packet_max = properties.maximum_packet_size_bytes();
        Self {
            receive_maximum: properties.receive_maximum(),
            maximum_qos: properties.maximum_qos(),
            retain_available: properties.retain_available(),
            packet_max_bytes: packet_max.map_or(usize::MAX, |max| max as usize),
            keep_alive_s: properties.server_keep_alive_s(),
            topic_alias_maximum: properties.topic_alias_maximum(),
            wildcards: properties.wildcard_subscription_available(),
            identifiers: properties.subscription_identifier_available(),
            shared: properties.shared_subscription_available(),
        }
    }

    /// One that said nothing yet. Not from an empty list: searching that takes stack where there is
    /// least left of it.
    const fn unheard() -> Self {
        Self {
            receive_maximum: u16::MAX,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            packet_max_bytes: usize::MAX,
            keep_alive_s: None,
            topic_alias_maximum: 0,
            wildcards: true,
            identifiers: true,
            shared: true,
        }
    }

    /// The client's own interval between signs of life, or a quarter of the broker's keep alive if
    /// that does not allow it [MQTT5-3.2.2-21]. 0 is for no limit.
    fn ping_interval_ms(&self, own_ms: u32) -> u32 {
        match self.keep_alive_s.map(u32::from) {
            Some(seconds) if seconds > 0 && own_ms > seconds * 750 => seconds * 250,
            _ => own_ms,
        }
    }

    /// What the broker would answer to a publication that it said it does not take. The client must
    /// not send it [MQTT5-3.2.2-11] [MQTT5-3.2.2-14] [MQTT5-3.2.2-15].
    pub(crate) fn refuses(
        &self,
        qos: QoS,
        retain: bool,
        packet_bytes: usize,
    ) -> Option<ReasonCode> {
        if packet_bytes > self.packet_max_bytes {
            Some(ReasonCode::PacketTooLarge)
        } else if qos > self.maximum_qos {
            Some(ReasonCode::QosNotSupported)
        } else if retain && !self.retain_available {
            Some(ReasonCode::RetainNotSupported)
        } else {
            None
        }
    }

    /// The same for a subscription.
    fn refuses_filter(
        &self,
        filter: &str,
        identified: bool,
        packet_bytes: usize,
    ) -> Option<ReasonCode> {
        if packet_bytes > self.packet_max_bytes {
            Some(ReasonCode::PacketTooLarge)
        } else if identified && !self.identifiers {
            Some(ReasonCode::SubscriptionIdentifiersNotSupported)
        } else if !self.shared && filter.starts_with("$share/") {
            Some(ReasonCode::SharedSubscriptionsNotSupported)
        } else if !self.wildcards && filter.contains(['+', '#']) {
            Some(ReasonCode::WildcardSubscriptionsNotSupported)
        } else {
            None
        }
    }
}

/// What a session keeps of MQTT 5.
pub(super) struct V5 {
    server: Server,
    aliases: Aliases,
    /// The largest alias that the broker may use, as this connection's CONNECT said.
    alias_maximum: u16,
    own_aliases: u16,
    /// The interval between signs of life, as configured.
    ping_interval_ms: u32,
    /// The CONNACK or DISCONNECT that is looked at was lent: it can be taken now.
    said: bool,
    /// The broker broke the protocol: it is told so, and not listened to any more.
    farewell: Option<ReasonCode>,
}

impl V5 {
    pub(super) fn new(config: &Config<'_>) -> Self {
        Self {
            server: Server::unheard(),
            aliases: Aliases::new(),
            alias_maximum: config.mqtt5.topic_alias_maximum,
            own_aliases: config.mqtt5.own_topic_aliases,
            ping_interval_ms: config.effective_ping_interval_ms(),
            said: false,
            farewell: None,
        }
    }

    /// A topic alias has no meaning beyond its connection [MQTT5-3.3.2-7].
    pub(super) fn connection_lost(&mut self, planted: Planted) {
        if !planted.has(Bug::AliasesKept) {
            self.aliases.clear();
        }
        self.said = false;
        self.farewell = None;
    }

    /// The broker is not listened to any more.
    pub(super) const fn is_deaf(&self) -> bool {
        self.farewell.is_some()
    }
}

impl<S: Storage> Session<S> {
    pub(crate) fn speaks_v5(&self) -> bool {
        self.is_v5()
    }

    pub(super) fn is_v5(&self) -> bool {
        self.version == ProtocolVersion::V5
    }

    /// How many QoS 1 publications may be under way [MQTT5-3.3.4-7].
    pub(super) fn window_v5(&self) -> usize {
        if self.planted.has(Bug::ReceiveMaximumIgnored) {
            return self.limits.window;
        }
        self.limits.window.min(usize::from(self.v5.server.receive_maximum))
    }

    /// Tells the broker what it did wrong, then closes the connection (MQTT 5 §4.13). The will is
    /// published all the same: only DISCONNECT with success takes it back [MQTT5-3.14.4-3].
    pub(super) fn part(&mut self, reason: DownReason, reason_code: ReasonCode) {
        if self.phase != Phase::Online {
            return self.close_down(reason);
        }
        let until = self.now.plus_ms(self.limits.response_timeout_ms);
        self.phase = Phase::Finishing { until, put: false, close: Close::Down(reason) };
        self.v5.farewell = Some(reason_code);
    }

    pub(super) fn breach_v5(&mut self, breach: Breach) {
        self.part(DownReason::Breach(breach.into()), breach.reason_code());
    }

    /// What the broker said it does not take is refused in its name, one at a time.
    pub(super) fn refuse_next(&mut self) -> Option<Event<'static>> {
        if self.phase != Phase::Online {
            return None;
        }
        if let Some((ticket, reason_code)) = self.desk.outbox.refuse_next(&self.v5.server) {
            return Some(self.refused(ticket, reason_code));
        }
        self.refuse_subscription()
    }

    /// A publication is done with, for good [MQTT5-4.4.0-2].
    fn refused(&mut self, ticket: Ticket, reason_code: ReasonCode) -> Event<'static> {
        self.desk.tell(Event::Refused { ticket, reason: RefusedReason::ByBroker(reason_code) });
        Event::Reason { ticket, reason_code }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_said_nothing_is_one_that_says_nothing() {
        assert_eq!(Server::unheard(), Server::of(Properties::NONE));
    }
}
