//! The lists in SUBSCRIBE, UNSUBSCRIBE and SUBACK: the caller's when sent, bytes when received.

use core::fmt;

use super::packet::{QoS, SubscribeReturnCode};
use super::reader::Reader;

/// The topic filters of a SUBSCRIBE or UNSUBSCRIBE.
///
/// Either a list of the caller, to be encoded, or the bytes of a received packet, which were
/// validated and are read as one iterates. Both are equal if what they say is.
#[derive(Clone, Copy)]
pub struct Filters<'a>(FilterSource<'a>);

#[derive(Clone, Copy)]
enum FilterSource<'a> {
    List(&'a [(&'a str, QoS)]),
    /// Filters, each followed by a QoS byte.
    Subscribe(&'a [u8]),
    /// Filters only.
    Unsubscribe(&'a [u8]),
}

impl<'a> Filters<'a> {
    /// Filters to be sent, each at most 65,535 bytes.
    ///
    /// An empty list can be built but not encoded [MQTT-3.8.3-3]. Whether the filters are well
    /// formed is for [`validate_filter`](super::topic::validate_filter) to say.
    #[must_use]
    pub const fn list(filters: &'a [(&'a str, QoS)]) -> Self {
        Self(FilterSource::List(filters))
    }

    /// The payload of a SUBSCRIBE. What does not parse ends the iteration: validate first.
    pub(super) const fn of_subscribe(payload: &'a [u8]) -> Self {
        Self(FilterSource::Subscribe(payload))
    }

    /// The payload of an UNSUBSCRIBE. What does not parse ends the iteration: validate first.
    pub(super) const fn of_unsubscribe(payload: &'a [u8]) -> Self {
        Self(FilterSource::Unsubscribe(payload))
    }

    /// The filters in their order, each with the QoS asked for.
    ///
    /// A received UNSUBSCRIBE carries no QoS and shows [`QoS::AtMostOnce`].
    pub fn iter(self) -> impl Iterator<Item = (&'a str, QoS)> + Clone {
        FilterIter(self.0)
    }

    /// How many filters there are. Reads all of a received packet.
    #[must_use]
    pub fn count(self) -> usize {
        self.iter().count()
    }
}

impl PartialEq for Filters<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Filters<'_> {}

impl fmt::Debug for Filters<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[derive(Clone)]
struct FilterIter<'a>(FilterSource<'a>);

impl<'a> Iterator for FilterIter<'a> {
    type Item = (&'a str, QoS);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            FilterSource::List(list) => {
                let (first, rest) = list.split_first()?;
                *list = rest;
                Some(*first)
            }
            FilterSource::Subscribe(payload) => {
                let mut reader = Reader::new(8, payload);
                let filter = reader.utf8().ok()?;
                let qos = QoS::from_u8(reader.byte().ok()?)?;
                *payload = reader.rest();
                Some((filter, qos))
            }
            FilterSource::Unsubscribe(payload) => {
                let mut reader = Reader::new(10, payload);
                let filter = reader.utf8().ok()?;
                *payload = reader.rest();
                Some((filter, QoS::AtMostOnce))
            }
        }
    }
}

/// The return codes of a SUBACK.
///
/// Either a list of the caller, to be encoded, or the bytes of a received packet, which were
/// validated and are read as one iterates. Both are equal if what they say is.
#[derive(Clone, Copy)]
pub struct ReturnCodes<'a>(CodeSource<'a>);

#[derive(Clone, Copy)]
enum CodeSource<'a> {
    List(&'a [SubscribeReturnCode]),
    Wire(&'a [u8]),
}

impl<'a> ReturnCodes<'a> {
    /// Return codes to be sent. An empty list can be built but not encoded [MQTT-3.8.4-5].
    #[must_use]
    pub const fn list(codes: &'a [SubscribeReturnCode]) -> Self {
        Self(CodeSource::List(codes))
    }

    /// The payload of a SUBACK. An unknown code ends the iteration: validate first.
    pub(super) const fn of_suback(payload: &'a [u8]) -> Self {
        Self(CodeSource::Wire(payload))
    }

    /// The codes in the order of the filters [MQTT-3.9.3-1].
    pub fn iter(self) -> impl Iterator<Item = SubscribeReturnCode> + Clone {
        CodeIter(self.0)
    }

    /// How many codes there are. Takes the same time for any number.
    #[must_use]
    pub const fn count(self) -> usize {
        match self.0 {
            CodeSource::List(codes) => codes.len(),
            CodeSource::Wire(payload) => payload.len(),
        }
    }
}

impl PartialEq for ReturnCodes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for ReturnCodes<'_> {}

impl fmt::Debug for ReturnCodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[derive(Clone)]
struct CodeIter<'a>(CodeSource<'a>);

impl Iterator for CodeIter<'_> {
    type Item = SubscribeReturnCode;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            CodeSource::List(codes) => {
                let (first, rest) = codes.split_first()?;
                *codes = rest;
                Some(*first)
            }
            CodeSource::Wire(payload) => {
                let (first, rest) = payload.split_first()?;
                *payload = rest;
                SubscribeReturnCode::from_u8(*first)
            }
        }
    }
}
