//! What a broker may be told to do wrong.

use fivewire_core::mqtt::{ConnectReturnCode, QoS, v5::ReasonCode};

/// Departures from MQTT or from kindness, all off by default.
///
/// Acknowledgements are PUBACK, PUBREC, PUBCOMP, SUBACK and UNSUBACK. What they acknowledge is done
/// in any case: a swallowed PUBACK belongs to a message that was routed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Misbehaviour {
    /// No acknowledgement is sent.
    pub swallow_acknowledgements: bool,
    /// Each acknowledgement is sent twice.
    pub double_acknowledgements: bool,
    /// Each acknowledgement is held back by this many milliseconds, default 0. They keep their
    /// order, also behind those that are still held back when this changes.
    pub delay_acknowledgements_ms: u32,
    /// Each CONNECT is answered with this return code, or the reason code of MQTT 5 that means the same.
    /// [`Accepted`](ConnectReturnCode::Accepted) is the same as `None`.
    pub deny_connect: Option<ConnectReturnCode>,
    /// MQTT 5: the same with any reason code, 0x80 or above.
    pub deny_connect_with: Option<ReasonCode>,
    /// A subscription to exactly this topic filter is answered with 0x80, or 0x87 in MQTT 5, and not made.
    pub refuse_filter: Option<String>,
    /// MQTT 5: it is answered with this reason code, 0x80 or above, instead of 0x87.
    pub refuse_filter_with: Option<ReasonCode>,
    /// No more than this is granted, whatever is asked for. Allowed by [MQTT-3.8.4-6], and still a
    /// surprise to many clients.
    pub granted_qos_max: Option<QoS>,
    /// Messages for the client with this identifier are delivered with QoS 2 where QoS 1 was
    /// granted, and what QoS 2 asks of a sender is done [MQTT-3.8.4-6] [MQTT5-3.8.4-8].
    pub exactly_once_to: Option<String>,
    /// MQTT 5: a QoS 1 or QoS 2 publication to exactly this topic is answered with this reason code,
    /// and not routed: 0x80 or above, which is the end of the publication [MQTT5-4.4.0-2], or 0x10.
    pub refuse_topic: Option<(String, ReasonCode)>,
    /// MQTT 5: as many publications are sent at once as
    /// [`Config::in_flight_max`](super::Config::in_flight_max) says, whatever the client's receive
    /// maximum [MQTT5-3.3.4-9].
    pub exceed_receive_maximum: bool,
    /// MQTT 5: packets are sent that are larger than the client takes [MQTT5-3.1.2-24].
    pub exceed_packet_maximum: bool,
    /// MQTT 5: a topic is replaced by an alias that was never given a meaning (MQTT 5 §3.3.2.3.4).
    pub alias_unknown: bool,
    /// MQTT 5: a message expiry interval is passed on as it came, however long the message waited
    /// [MQTT5-3.3.2-6].
    pub expiry_unchanged: bool,
    /// MQTT 5: a client without an identifier is accepted and not told the one it has
    /// [MQTT5-3.2.2-16].
    pub assigned_client_id_untold: bool,
}
