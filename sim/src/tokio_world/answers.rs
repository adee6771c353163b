//! Subscriptions that the device asked the broker for, or for their end, and that were not
//! answered. The application hears nothing of those that the client renews by itself, so only the
//! socket shows that one is due.

use std::collections::BTreeMap;

use super::seen::{Seen, Stream};
use crate::observation::Observation;
use crate::oracle::reader::{Packet, Reader};

#[derive(Default, Debug)]
struct Line {
    from_device: Reader,
    from_broker: Reader,
    /// Packet identifiers.
    open: Vec<u16>,
}

/// Watches what passes the broker's socket.
#[derive(Default, Debug)]
pub(super) struct Answers(BTreeMap<u32, Line>);

impl Answers {
    /// Looks at what happened.
    pub(super) fn look(&mut self, seen: &Seen) {
        match seen {
            Seen::Bytes(Stream::ToBroker, connection, bytes) => {
                let Line { from_device, from_broker, open } =
                    self.0.entry(connection.0).or_default();
                let mut bytes = &bytes[..];
                while let Some(packet) = from_device.next(&mut bytes) {
                    match packet {
                        Packet::Connect(connect) => from_broker.set_version(connect.level),
                        Packet::Subscribe { packet_id, .. }
                        | Packet::Unsubscribe { packet_id, .. } => open.push(packet_id),
                        _ => {}
                    }
                }
            }
            Seen::Bytes(Stream::FromBroker, connection, bytes) => {
                let Line { from_broker, open, .. } = self.0.entry(connection.0).or_default();
                let mut bytes = &bytes[..];
                while let Some(packet) = from_broker.next(&mut bytes) {
                    if let Packet::Suback { packet_id, .. } | Packet::Unsuback(packet_id, _) =
                        packet
                    {
                        open.retain(|&asked| asked != packet_id);
                    }
                }
            }
            Seen::Plain(Observation::EndedAtBroker { connection, .. }) => {
                self.0.remove(&connection.0);
            }
            _ => {}
        }
    }

    /// Everything that was asked for on a connection that is still open was answered.
    pub(super) fn are_complete(&self) -> bool {
        self.0.values().all(|line| line.open.is_empty())
    }
}
