//! The session's state, as a recording has it, and back.

use super::receive::TooLarge;
use super::{Close, Limits, Phase, Session};
use crate::checkpoint::{Checkpoint, Field, Fields, Out, Pass};
use crate::mqtt::ProtocolVersion;
use crate::storage::Storage;

impl<S: Storage> Session<S> {
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.version
    }

    /// Bytes of the buffers: receive, transmit, outbox, subscriptions, connect.
    pub(crate) fn memory_sizes(&self) -> [usize; 5] {
        [
            self.inbound.bytes().len(),
            self.transmit.capacity(),
            self.desk.outbox.size_bytes(),
            self.desk.subscriptions.size_bytes(),
            self.connect.capacity(),
        ]
    }
}

impl<S: Storage> Checkpoint for Session<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            now,
            // A state is loaded into a session that speaks the same.
            version,
            phase,
            limits,
            connect,
            inbound,
            transmit,
            desk,
            deliveries,
            keep_alive,
            hand_out_max_bytes,
            message_max_bytes,
            too_large,
            handed,
            withheld_since,
            session_in_doubt,
            owed,
            shedding,
            closing,
            #[cfg(feature = "mqtt5")]
            v5,
            planted: _,
        } = self;
        pass.field(now)?;
        pass.field(phase)?;
        limits.walk(pass)?;
        connect.walk(pass)?;
        inbound.walk(pass)?;
        transmit.walk(pass)?;
        desk.walk(pass)?;
        deliveries.walk(pass)?;
        keep_alive.walk(pass)?;
        pass.limit(hand_out_max_bytes)?;
        pass.limit(message_max_bytes)?;
        pass.field(too_large)?;
        pass.field(handed)?;
        pass.field(withheld_since)?;
        pass.field(session_in_doubt)?;
        owed.walk(pass)?;
        pass.field(shedding)?;
        pass.field(closing)?;
        match version {
            ProtocolVersion::V3_1_1 => Some(()),
            #[cfg(feature = "mqtt5")]
            ProtocolVersion::V5 => {
                v5.walk(pass)?;
                connect.walk_v5(pass, v5.alias_bytes())
            }
        }
    }
}

impl Checkpoint for Limits {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            window,
            receive_maximum,
            response_timeout_ms,
            ack_timeout_ms,
            release,
            resubscribe,
        } = self;
        pass.field(window)?;
        pass.field(receive_maximum)?;
        pass.field(response_timeout_ms)?;
        pass.field(ack_timeout_ms)?;
        pass.field(release)?;
        pass.field(resubscribe)
    }
}

impl Field for Close {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::CleanSlate => 1_u8.put(out),
            Self::Down(reason) => {
                2_u8.put(out);
                reason.put(out);
            }
            Self::Finished => 3_u8.put(out),
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(match u8::get(from)? {
            1 => Self::CleanSlate,
            2 => Self::Down(Field::get(from)?),
            3 => Self::Finished,
            _ => return None,
        })
    }
}

impl Field for Phase {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::Offline => 1_u8.put(out),
            Self::AwaitingConnack { until } => {
                2_u8.put(out);
                until.put(out);
            }
            Self::Online => 3_u8.put(out),
            Self::Finishing { until, put, close } => {
                4_u8.put(out);
                until.put(out);
                put.put(out);
                close.put(out);
            }
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(match u8::get(from)? {
            1 => Self::Offline,
            2 => Self::AwaitingConnack { until: Field::get(from)? },
            3 => Self::Online,
            4 => Self::Finishing {
                until: Field::get(from)?,
                put: Field::get(from)?,
                close: Field::get(from)?,
            },
            _ => return None,
        })
    }
}

impl Field for TooLarge {
    fn put(&self, out: &mut Out<'_>) {
        let Self { qos, packet_id, size_bytes } = self;
        qos.put(out);
        packet_id.put(out);
        size_bytes.put(out);
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            qos: Field::get(from)?,
            packet_id: Field::get(from)?,
            size_bytes: Field::get(from)?,
        })
    }
}
