//! What a broker may be told to do wrong.

use fivewire_core::mqtt::{ConnectReturnCode, QoS};

/// Departures from MQTT 3.1.1 or from kindness, all off by default.
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
    /// Each CONNECT is answered with this return code.
    /// [`Accepted`](ConnectReturnCode::Accepted) is the same as `None`.
    pub deny_connect: Option<ConnectReturnCode>,
    /// A subscription to exactly this topic filter is answered with 0x80 and not made.
    pub refuse_filter: Option<String>,
    /// No more than this is granted, whatever is asked for. Allowed by [MQTT-3.8.4-6], and still a
    /// surprise to many clients.
    pub granted_qos_max: Option<QoS>,
}
