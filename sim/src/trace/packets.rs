//! MQTT packets, put together from the pieces that pass the broker's socket.

use std::fmt;

use fivewire_core::mqtt::{Packet, PacketId, QoS, Split, decode, split};

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
        mut show: impl FnMut(Option<&Packet<'_>>),
    ) {
        let stream = self.stream(connection, to_broker);
        if stream.lost {
            return;
        }
        stream.bytes.extend_from_slice(bytes);
        let mut start = 0;
        loop {
            let rest = &stream.bytes[start..];
            let packet = match split(rest) {
                Ok(Split::Incomplete) => break,
                Ok(Split::Header(header)) => match rest.get(..header.packet_len()) {
                    Some(packet) => decode(packet).ok().map(|shown| (shown, packet.len())),
                    None => break,
                },
                Err(_) => None,
            };
            let Some((packet, size)) = packet else {
                stream.lost = true;
                show(None);
                break;
            };
            show(Some(&packet));
            start += size;
        }
        stream.bytes.drain(..start);
    }

    /// Neither direction of this connection carries anything any more.
    pub(crate) fn close(&mut self, connection: ConnectionId) {
        self.streams.retain(|stream| stream.connection != connection);
    }

    fn stream(&mut self, connection: ConnectionId, to_broker: bool) -> &mut Stream {
        let known = |one: &Stream| one.connection == connection && one.to_broker == to_broker;
        let place = self.streams.iter().position(known).unwrap_or_else(|| {
            self.streams.push(Stream { connection, to_broker, bytes: Vec::new(), lost: false });
            self.streams.len() - 1
        });
        &mut self.streams[place]
    }
}

/// A packet in a few words.
pub(super) struct Shown<'a>(pub(super) &'a Packet<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())?;
        match self.0 {
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
