//! What is under way between device and broker, as far as marks need to know.

use fivewire_core::client::State;

use crate::oracle::reader::{Glimpse, Reader};

use super::matrix::Column;

/// The first byte of a CONNECT.
const CONNECT: u8 = 0x10;

/// What a packet showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    Nothing,
    Redelivered,
    WindowFull,
    SubscriptionRenewed,
    PubackDoubled,
    Qos2Completed,
    ReceiveMaximumReached,
    AliasAfterReconnect,
}

/// The device and its present connection.
#[derive(Default, Debug)]
pub(super) struct Device {
    state: Option<State>,
    connection: u32,
    to_broker: Reader,
    to_device: Reader,
    /// PUBLISH packets with QoS 1 that arrived at the broker and whose PUBACK did not arrive here.
    published: Vec<u16>,
    /// QoS 1 messages that arrived here and whose PUBACK did not arrive at the broker.
    unreleased: Vec<u16>,
    /// SUBSCRIBE packets that arrived at the broker and whose SUBACK did not arrive here.
    subscribing: u32,
    /// Subscriptions that the application asked for and has no outcome of.
    pub(super) asked: u32,
    /// Tickets of QoS 1 publications without an outcome.
    unresolved: Vec<u32>,
    /// A CONNECT was seen on this connection, and no CONNACK since.
    awaits_connack: bool,
    /// A CONNECT arrived at the broker and its answer did not arrive here, since the application was
    /// last told that it is connected.
    pub(super) was_unanswered: bool,
    /// The broker takes so many publications at once; 0: it did not say, or more than the window.
    pub(super) receive_maximum: usize,
    /// The first connection on which a topic alias stood for its topic, from 1.
    aliased_on: u32,
}

impl Device {
    pub(super) const fn is_in(&mut self, state: State) {
        self.state = Some(state);
    }

    /// A new connection is attempted.
    pub(super) fn open(&mut self, connection: u32) {
        self.was_unanswered |= self.awaits_connack;
        self.connection = connection;
        self.to_broker.clear();
        self.to_device.clear();
        self.published.clear();
        self.unreleased.clear();
        self.subscribing = 0;
        self.awaits_connack = false;
    }

    /// The host lost its memory.
    pub(super) fn forget(&mut self) {
        self.asked = 0;
        self.unresolved.clear();
    }

    /// The application published with QoS 1.
    pub(super) fn publish(&mut self, ticket: u32) {
        self.unresolved.push(ticket);
    }

    /// A publication has an outcome. Mostly it is the oldest.
    pub(super) fn resolve(&mut self, ticket: u32) {
        if let Some(place) = self.unresolved.iter().position(|&open| open == ticket) {
            self.unresolved.remove(place);
        }
    }

    /// Publications wait for their PUBACK.
    pub(super) const fn has_unresolved(&self) -> bool {
        !self.unresolved.is_empty()
    }

    pub(super) const fn awaits_puback(&self) -> bool {
        !self.published.is_empty()
    }

    pub(super) const fn has_unreleased(&self) -> bool {
        !self.unreleased.is_empty()
    }

    /// The states it is in, as a set of [`Column::bit`]. Empty while nothing runs.
    pub(super) fn columns(&self) -> u8 {
        let connected = match self.state {
            Some(State::JoiningWifi | State::WifiBackoff) => return Column::Wifi.bit(),
            Some(State::OpeningTcp | State::TcpBackoff) => return Column::TcpWait.bit(),
            Some(State::Connecting) => return Column::ConnectSent.bit(),
            Some(State::Disconnecting) => return Column::Disconnecting.bit(),
            Some(State::Connected) => [
                (self.has_unresolved(), Column::PublishUnacknowledged),
                (self.subscribing + self.asked > 0, Column::SubscribeUnacknowledged),
                (self.has_unreleased(), Column::InboundUnreleased),
            ],
            // nothing runs
            _ => return 0,
        };
        let under_way = connected.iter().filter(|(holds, _)| *holds);
        match under_way.fold(0, |states, (_, column)| states | column.bit()) {
            0 => Column::Idle.bit(),
            states => states,
        }
    }

    /// Bytes of the device arrived at the broker. Calls `see` for what they show.
    pub(super) fn at_broker(
        &mut self,
        connection: u32,
        bytes: &[u8],
        window: usize,
        mut see: impl FnMut(Seen),
    ) {
        if connection != self.connection {
            // the CONNECT of a connection that the device has left
            self.was_unanswered |= connection < self.connection && bytes.first() == Some(&CONNECT);
            return;
        }
        let mut rest = bytes;
        while let Some(packet) = self.to_broker.glimpse(&mut rest) {
            let before = self.published.len();
            see(self.packet_at_broker(packet));
            if before < window && self.published.len() == window {
                see(Seen::WindowFull);
            }
            if before < self.receive_maximum && self.published.len() == self.receive_maximum {
                see(Seen::ReceiveMaximumReached);
            }
        }
    }

    /// The broker takes so many publications at once, and says so (MQTT 5).
    pub(super) const fn take_at_most(&mut self, receive_maximum: usize, window: usize) {
        self.receive_maximum = if receive_maximum < window { receive_maximum } else { 0 };
    }

    /// A topic alias stands for its topic.
    const fn aliased(&mut self) -> Seen {
        if self.aliased_on == 0 {
            self.aliased_on = self.connection;
        }
        if self.aliased_on < self.connection { Seen::AliasAfterReconnect } else { Seen::Nothing }
    }

    fn packet_at_broker(&mut self, packet: Glimpse) -> Seen {
        match packet {
            Glimpse::Connect => self.awaits_connack = true,
            Glimpse::Publish { packet_id, qos: 1, dup, has_topic } => {
                self.published.push(packet_id);
                if dup {
                    return Seen::Redelivered;
                }
                if !has_topic {
                    return self.aliased();
                }
            }
            Glimpse::Puback(packet_id) | Glimpse::Pubrec(packet_id) => {
                self.unreleased.retain(|open| *open != packet_id);
            }
            Glimpse::Pubcomp => return Seen::Qos2Completed,
            Glimpse::Subscribe => {
                self.subscribing += 1;
                if self.asked == 0 {
                    return Seen::SubscriptionRenewed;
                }
            }
            _ => {}
        }
        Seen::Nothing
    }

    /// Bytes of the broker arrived at the device. Calls `see` for what they show.
    pub(super) fn at_device(&mut self, connection: u32, bytes: &[u8], mut see: impl FnMut(Seen)) {
        if connection != self.connection {
            return;
        }
        let mut rest = bytes;
        while let Some(packet) = self.to_device.glimpse(&mut rest) {
            see(self.packet_at_device(packet));
        }
    }

    fn packet_at_device(&mut self, packet: Glimpse) -> Seen {
        match packet {
            Glimpse::Connack => self.awaits_connack = false,
            Glimpse::Publish { packet_id, qos: 1.., has_topic, .. } => {
                self.unreleased.push(packet_id);
                if !has_topic {
                    return self.aliased();
                }
            }
            Glimpse::Puback(packet_id) => {
                match self.published.iter().position(|open| *open == packet_id) {
                    Some(place) => {
                        self.published.swap_remove(place);
                    }
                    None => return Seen::PubackDoubled,
                }
            }
            Glimpse::Suback => self.subscribing = self.subscribing.saturating_sub(1),
            _ => {}
        }
        Seen::Nothing
    }
}
