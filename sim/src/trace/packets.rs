//! MQTT packets, put together from the pieces that pass the broker's socket.

use std::fmt;

use fivewire_core::mqtt::{Packet, PacketId, QoS, Split, decode, split, v5};

use crate::observation::ConnectionId;

/// One direction of one connection.
#[derive(Clone, Debug)]
struct Stream {
    connection: ConnectionId,
    to_broker: bool,
    /// What is no whole packet yet.
    bytes: Vec<u8>,
    /// Where packets begin is not known any more.
    lost: bool,
    is_v5: bool,
}

/// A packet of either version.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shown<'a> {
    V3(Packet<'a>),
    V5(v5::Packet<'a>),
}

impl Shown<'_> {
    /// The topic of a PUBLISH.
    pub(crate) const fn published_to(&self) -> Option<&str> {
        match self {
            Self::V3(Packet::Publish(publish)) => Some(publish.topic),
            Self::V5(v5::Packet::Publish(publish)) => Some(publish.topic),
            Self::V3(_) | Self::V5(_) => None,
        }
    }
}

/// All streams that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams {
    streams: Vec<Stream>,
}

impl Streams {
    /// None.
    pub(super) const fn new() -> Self {
        Self { streams: Vec::new() }
    }

    /// Shows each packet that `bytes` complete; `None` for what is no MQTT.
    pub(crate) fn feed(
        &mut self,
        connection: ConnectionId,
        to_broker: bool,
        bytes: &[u8],
        mut show: impl FnMut(Option<&Shown<'_>>),
    ) {
        let stream = self.stream(connection, to_broker);
        if stream.lost {
            return;
        }
        stream.bytes.extend_from_slice(bytes);
        let mut start = 0;
        loop {
            let rest = &stream.bytes[start..];
            let header = if stream.is_v5 { v5::split(rest).ok() } else { split(rest).ok() };
            let packet = match header {
                Some(Split::Incomplete) => break,
                Some(Split::Header(header)) => match rest.get(..header.packet_len()) {
                    Some(packet) => read(packet, stream.is_v5).map(|shown| (shown, packet.len())),
                    None => break,
                },
                None => None,
            };
            let Some((packet, size)) = packet else {
                stream.lost = true;
                show(None);
                break;
            };
            show(Some(&packet));
            start += size;
            stream.is_v5 |= matches!(packet, Shown::V5(_));
        }
        stream.bytes.drain(..start);
        let is_v5 = stream.is_v5;
        if to_broker && is_v5 {
            self.stream(connection, false).is_v5 = true;
        }
    }

    /// Neither direction of this connection carries anything any more.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.streams.retain(|stream| stream.connection != connection);
    }

    fn stream(&mut self, connection: ConnectionId, to_broker: bool) -> &mut Stream {
        let known = |one: &Stream| one.connection == connection && one.to_broker == to_broker;
        let place = self.streams.iter().position(known).unwrap_or_else(|| {
            let bytes = Vec::new();
            let stream = Stream { connection, to_broker, bytes, lost: false, is_v5: false };
            self.streams.push(stream);
            self.streams.len() - 1
        });
        &mut self.streams[place]
    }
}

/// Reads a packet; the CONNECT of MQTT 5 also where nobody knew that it would be one.
fn read(packet: &[u8], is_v5: bool) -> Option<Shown<'_>> {
    if is_v5 {
        return v5::decode(packet).ok().map(Shown::V5);
    }
    let shown = decode(packet).ok().map(Shown::V3);
    shown.or_else(|| match v5::decode(packet) {
        Ok(connect @ v5::Packet::Connect(_)) => Some(Shown::V5(connect)),
        Ok(_) | Err(_) => None,
    })
}

/// A packet in a few words.
impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V3(packet) => write_v3(f, packet),
            Self::V5(packet) => write_v5(f, packet),
        }
    }
}

fn write_v5(f: &mut fmt::Formatter<'_>, packet: &v5::Packet<'_>) -> fmt::Result {
    use v5::Packet;

    f.write_str(packet.name())?;
    match packet {
        Packet::Connect(connect) => {
            write!(f, " v5 {} clean={}", connect.client_id, u8::from(connect.clean_start))?;
            if connect.will.is_some() { f.write_str(" will") } else { Ok(()) }
        }
        Packet::Connack(connack) => {
            let present = u8::from(connack.session_present);
            write!(f, " code={:#04x} present={present}", connack.reason_code.as_u8())
        }
        Packet::Publish(publish) => {
            if let Some(id) = publish.packet_id {
                write!(f, " {}", Id(id))?;
            }
            write!(f, " qos{}", publish.qos.as_u8())?;
            if publish.dup {
                f.write_str(" dup")?;
            }
            if publish.retain {
                f.write_str(" retain")?;
            }
            if let Some(alias) = publish.properties.topic_alias() {
                write!(f, " alias {alias}")?;
            }
            if let Some(seconds) = publish.properties.message_expiry_interval_s() {
                write!(f, " {seconds} s")?;
            }
            write!(f, " {} {} B", publish.topic, publish.payload.len())
        }
        Packet::Puback(ack) | Packet::Pubrec(ack) | Packet::Pubrel(ack) | Packet::Pubcomp(ack) => {
            write!(f, " {}", Id(ack.packet_id))?;
            if ack.reason_code == v5::ReasonCode::Success {
                return Ok(());
            }
            write!(f, " {:#04x}", ack.reason_code.as_u8())
        }
        Packet::Subscribe(subscribe) => {
            write!(f, " {}", Id(subscribe.packet_id))?;
            subscribe.filters.iter().try_for_each(|(filter, _)| write!(f, " {filter}"))
        }
        Packet::Unsubscribe(unsubscribe) => {
            write!(f, " {}", Id(unsubscribe.packet_id))?;
            unsubscribe.filters.iter().try_for_each(|filter| write!(f, " {filter}"))
        }
        Packet::Suback(v5::Suback { packet_id, reason_codes, .. })
        | Packet::Unsuback(v5::Unsuback { packet_id, reason_codes, .. }) => {
            write!(f, " {}", Id(*packet_id))?;
            reason_codes.iter().try_for_each(|code| write!(f, " 0x{:02x}", code.as_u8()))
        }
        Packet::Disconnect(disconnect) => write!(f, " {:#04x}", disconnect.reason_code.as_u8()),
        Packet::Auth(auth) => write!(f, " {:#04x}", auth.reason_code.as_u8()),
        Packet::Pingreq | Packet::Pingresp => Ok(()),
    }
}

fn write_v3(f: &mut fmt::Formatter<'_>, packet: &Packet<'_>) -> fmt::Result {
    f.write_str(packet.name())?;
    match packet {
        Packet::Connect(connect) => {
            write!(f, " {} clean={}", connect.client_id, u8::from(connect.clean_session))?;
            if connect.will.is_some() { f.write_str(" will") } else { Ok(()) }
        }
        Packet::Connack(connack) => write!(
            f,
            " code={} present={}",
            connack.return_code as u8,
            u8::from(connack.session_present)
        ),
        Packet::Publish(publish) => {
            if let Some(id) = publish.packet_id {
                write!(f, " {}", Id(id))?;
            }
            write!(f, " qos{}", publish.qos.as_u8())?;
            if publish.dup {
                f.write_str(" dup")?;
            }
            if publish.retain {
                f.write_str(" retain")?;
            }
            write!(f, " {} {} B", publish.topic, publish.payload.len())
        }
        Packet::Puback(id)
        | Packet::Pubrec(id)
        | Packet::Pubrel(id)
        | Packet::Pubcomp(id)
        | Packet::Unsuback(id) => write!(f, " {}", Id(*id)),
        Packet::Subscribe(subscribe) => {
            write!(f, " {}", Id(subscribe.packet_id))?;
            filters(f, subscribe.filters.iter())
        }
        Packet::Unsubscribe(unsubscribe) => {
            write!(f, " {}", Id(unsubscribe.packet_id))?;
            filters(f, unsubscribe.filters.iter())
        }
        Packet::Suback(suback) => {
            write!(f, " {}", Id(suback.packet_id))?;
            suback.return_codes.iter().try_for_each(|code| write!(f, " 0x{:02x}", code.as_u8()))
        }
        Packet::Pingreq | Packet::Pingresp | Packet::Disconnect => Ok(()),
    }
}

fn filters<'a>(
    f: &mut fmt::Formatter<'_>,
    mut filters: impl Iterator<Item = (&'a str, QoS)>,
) -> fmt::Result {
    filters.try_for_each(|(filter, _)| write!(f, " {filter}"))
}

/// A packet identifier, short.
struct Id(PacketId);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0.get())
    }
}
