//! The properties of a packet as one sees them: what is there, or the default for what is not.

use super::breach::Breach;
use super::encode::properties_len;
use super::list::List;
use super::property::{MESSAGE_EXPIRY, Property, Raw, TOPIC_ALIAS, WILL, places};
use super::reader::Reader;
use crate::mqtt::QoS;

/// The properties of a packet or of a will.
///
/// Those of a received packet were validated when it was decoded: each may be there, has a value it
/// may have, and is there once, but for user properties and the subscription identifiers of a
/// PUBLISH. Each accessor goes through all of them, so keep what is needed often.
pub type Properties<'a> = List<'a, Property<'a>>;

/// The type of an AUTH packet.
const AUTH: u8 = 15;
/// The type of a PUBLISH packet.
const PUBLISH: u8 = 3;
/// The identifiers of the method and of the data.
const AUTHENTICATION: [u8; 2] = [0x15, 0x16];

impl<'a> Properties<'a> {
    /// Writes all of them as they are in a packet, without their length.
    pub(crate) fn write(self, out: &mut dyn FnMut(&[u8])) {
        let (values, bytes) = self.parts();
        values.into_iter().flatten().for_each(|property| property.write_to(out));
        out(bytes);
    }

    /// The same of a stored publication that leaves at this second: a message expiry interval is
    /// stored as the second at which it ends. `None`: it is the interval itself.
    pub(crate) fn write_at(self, leaves_s: Option<u32>, out: &mut dyn FnMut(&[u8])) {
        match leaves_s {
            Some(now_s) => self.iter().for_each(|property| property.waited(now_s).write_to(out)),
            None => self.write(out),
        }
    }

    /// How many bytes [`write`](Self::write) writes.
    pub(crate) fn size_bytes(self) -> usize {
        let mut size_bytes = 0;
        self.write(&mut |part| size_bytes += part.len());
        size_bytes
    }

    /// A PUBLISH may have them.
    pub(crate) fn fit_publish(self) -> bool {
        properties_len(self, PUBLISH).is_some()
    }

    /// Reads what [`write`](Self::write) wrote. Which packet it was in is not checked.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::of_properties(bytes);
        while !reader.rest().is_empty() {
            Property::read(&mut reader).ok()?;
        }
        Some(Self::of_wire(bytes))
    }

    fn find<T>(self, pick: impl Fn(Property<'a>) -> Option<T>) -> Option<T> {
        self.iter().find_map(pick)
    }

    /// The same for what is asked of every PUBLISH: the texts of the others are not read.
    fn find_with_id<T>(self, id: u8, pick: impl Fn(Property<'a>) -> Option<T>) -> Option<T> {
        let (values, bytes) = self.parts();
        if let Some(found) = values.into_iter().flatten().find_map(|property| pick(*property)) {
            return Some(found);
        }
        let (_, property) = Raw(bytes).find(|(found, _)| *found == id)?;
        pick(Property::read(&mut Reader::of_properties(property)).ok()?)
    }

    /// Whether the payload is said to be UTF-8 (MQTT 5 §3.3.2.3.2). Nobody has checked that it is.
    #[must_use]
    pub fn payload_is_utf8(self) -> bool {
        self.find(|property| match property {
            Property::PayloadFormatIndicator(is_utf8) => Some(is_utf8),
            _ => None,
        })
        .unwrap_or(false)
    }

    /// For how many more seconds the message is worth delivering; `None` for ever.
    #[must_use]
    pub fn message_expiry_interval_s(self) -> Option<u32> {
        self.find_with_id(MESSAGE_EXPIRY, |property| match property {
            Property::MessageExpiryInterval(seconds) => Some(seconds),
            _ => None,
        })
    }

    /// What the payload is.
    #[must_use]
    pub fn content_type(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::ContentType(text) => Some(text),
            _ => None,
        })
    }

    /// Where to answer: then the message is a request (MQTT 5 §4.10).
    #[must_use]
    pub fn response_topic(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::ResponseTopic(topic) => Some(topic),
            _ => None,
        })
    }

    /// What an answer repeats, so that it is known to which request it belongs.
    #[must_use]
    pub fn correlation_data(self) -> Option<&'a [u8]> {
        self.find(|property| match property {
            Property::CorrelationData(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Which subscriptions a message is for, or the one of a SUBSCRIBE.
    pub fn subscription_identifiers(self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        self.iter().filter_map(|property| match property {
            Property::SubscriptionIdentifier(id) => Some(id),
            _ => None,
        })
    }

    /// For how many seconds the session outlives the connection; `u32::MAX` is for ever. `None`: 0
    /// in a CONNECT; what CONNECT said in a CONNACK or DISCONNECT.
    #[must_use]
    pub fn session_expiry_interval_s(self) -> Option<u32> {
        self.find(|property| match property {
            Property::SessionExpiryInterval(seconds) => Some(seconds),
            _ => None,
        })
    }

    /// The client identifier that the server chose.
    #[must_use]
    pub fn assigned_client_identifier(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::AssignedClientIdentifier(text) => Some(text),
            _ => None,
        })
    }

    /// The keep alive in seconds that the server wants instead of the client's.
    #[must_use]
    pub fn server_keep_alive_s(self) -> Option<u16> {
        self.find(|property| match property {
            Property::ServerKeepAlive(seconds) => Some(seconds),
            _ => None,
        })
    }

    /// The method of authentication.
    #[must_use]
    pub fn authentication_method(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::AuthenticationMethod(text) => Some(text),
            _ => None,
        })
    }

    /// What the method of authentication needs.
    #[must_use]
    pub fn authentication_data(self) -> Option<&'a [u8]> {
        self.find(|property| match property {
            Property::AuthenticationData(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Whether failures may come with reason strings and user properties; by default they may.
    #[must_use]
    pub fn request_problem_information(self) -> bool {
        self.find(|property| match property {
            Property::RequestProblemInformation(wanted) => Some(wanted),
            _ => None,
        })
        .unwrap_or(true)
    }

    /// How many seconds the server waits before it publishes the will, 0 by default.
    #[must_use]
    pub fn will_delay_interval_s(self) -> u32 {
        self.find(|property| match property {
            Property::WillDelayInterval(seconds) => Some(seconds),
            _ => None,
        })
        .unwrap_or(0)
    }

    /// Whether the client wants response information; by default it does not.
    #[must_use]
    pub fn request_response_information(self) -> bool {
        self.find(|property| match property {
            Property::RequestResponseInformation(wanted) => Some(wanted),
            _ => None,
        })
        .unwrap_or(false)
    }

    /// What response topics are to be made from.
    #[must_use]
    pub fn response_information(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::ResponseInformation(text) => Some(text),
            _ => None,
        })
    }

    /// Which server to use instead.
    #[must_use]
    pub fn server_reference(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::ServerReference(text) => Some(text),
            _ => None,
        })
    }

    /// The reason in words, for a log.
    #[must_use]
    pub fn reason_string(self) -> Option<&'a str> {
        self.find(|property| match property {
            Property::ReasonString(text) => Some(text),
            _ => None,
        })
    }

    /// How many QoS 1 and 2 publications its sender takes at once, 65,535 by default.
    #[must_use]
    pub fn receive_maximum(self) -> u16 {
        self.find(|property| match property {
            Property::ReceiveMaximum(count) => Some(count),
            _ => None,
        })
        .unwrap_or(u16::MAX)
    }

    /// The largest topic alias that its sender takes; 0, the default, for none.
    #[must_use]
    pub fn topic_alias_maximum(self) -> u16 {
        self.find(|property| match property {
            Property::TopicAliasMaximum(count) => Some(count),
            _ => None,
        })
        .unwrap_or(0)
    }

    /// The number that stands for the topic name from here on, or stands for it here.
    #[must_use]
    pub fn topic_alias(self) -> Option<u16> {
        self.find_with_id(TOPIC_ALIAS, |property| match property {
            Property::TopicAlias(alias) => Some(alias),
            _ => None,
        })
    }

    /// The highest QoS that the server takes, 2 by default.
    #[must_use]
    pub fn maximum_qos(self) -> QoS {
        self.find(|property| match property {
            Property::MaximumQos(qos) => Some(qos),
            _ => None,
        })
        .unwrap_or(QoS::ExactlyOnce)
    }

    /// Whether the server keeps retained messages; by default it does.
    #[must_use]
    pub fn retain_available(self) -> bool {
        self.find(|property| match property {
            Property::RetainAvailable(available) => Some(available),
            _ => None,
        })
        .unwrap_or(true)
    }

    /// The user properties in their order. Names may repeat.
    pub fn user_properties(self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        self.iter().filter_map(|property| match property {
            Property::UserProperty(name, value) => Some((name, value)),
            _ => None,
        })
    }

    /// The largest packet in bytes that its sender takes; `None` for any.
    #[must_use]
    pub fn maximum_packet_size_bytes(self) -> Option<u32> {
        self.find(|property| match property {
            Property::MaximumPacketSize(bytes) => Some(bytes),
            _ => None,
        })
    }

    /// Whether subscriptions may have wildcards; by default they may.
    #[must_use]
    pub fn wildcard_subscription_available(self) -> bool {
        self.find(|property| match property {
            Property::WildcardSubscriptionAvailable(available) => Some(available),
            _ => None,
        })
        .unwrap_or(true)
    }

    /// Whether subscriptions may have identifiers; by default they may.
    #[must_use]
    pub fn subscription_identifier_available(self) -> bool {
        self.find(|property| match property {
            Property::SubscriptionIdentifierAvailable(available) => Some(available),
            _ => None,
        })
        .unwrap_or(true)
    }

    /// Whether subscriptions may be shared; by default they may.
    #[must_use]
    pub fn shared_subscription_available(self) -> bool {
        self.find(|property| match property {
            Property::SharedSubscriptionAvailable(available) => Some(available),
            _ => None,
        })
        .unwrap_or(true)
    }
}

/// What was seen of the properties of one packet, to check that they go together.
pub(super) struct Seen {
    /// The packet type, or [`WILL`].
    place: u8,
    ids: u64,
}

impl Seen {
    pub(super) const fn new(place: u8) -> Self {
        Self { place, ids: 0 }
    }

    /// Checks the next property, its value too.
    pub(super) fn note(&mut self, property: &Property<'_>) -> Result<(), Breach> {
        let id = property.id();
        if places(id) >> self.place & 1 == 0 {
            return Err(Breach::PropertyMisplaced { id });
        }
        let may_repeat = match property {
            Property::UserProperty(..) => true,
            Property::SubscriptionIdentifier(_) => self.place == PUBLISH,
            _ => false,
        };
        if self.has(id) && !may_repeat {
            return Err(Breach::PropertyRepeated { id });
        }
        self.ids |= 1 << id;
        property.check_value()
    }

    const fn has(&self, id: u8) -> bool {
        self.ids >> id & 1 == 1
    }

    /// Checks what was seen as a whole.
    pub(super) const fn finish(&self) -> Result<(), Breach> {
        let [method, data] = AUTHENTICATION;
        if self.has(method) {
            Ok(())
        } else if self.has(data) {
            Err(Breach::AuthenticationDataAlone)
        } else if self.place == AUTH {
            Err(Breach::AuthenticationMethodMissing)
        } else {
            Ok(())
        }
    }
}

/// Reads the properties of a packet of this type, and checks them.
#[inline]
pub(super) fn read<'a>(reader: &mut Reader<'a>, packet_type: u8) -> Result<Properties<'a>, Breach> {
    let len = reader.variable()?;
    let bytes = reader.take(usize::try_from(len).unwrap_or(usize::MAX))?;
    if !bytes.is_empty() {
        validate(bytes, packet_type)?;
    }
    Ok(Properties::of_wire(bytes))
}

/// Reads the properties of a will, and checks them.
pub(super) fn read_will<'a>(reader: &mut Reader<'a>) -> Result<Properties<'a>, Breach> {
    read(reader, WILL)
}

fn validate(bytes: &[u8], place: u8) -> Result<(), Breach> {
    let mut reader = Reader::of_properties(bytes);
    let mut seen = Seen::new(place);
    while !reader.rest().is_empty() {
        seen.note(&Property::read(&mut reader)?)?;
    }
    seen.finish()
}
