//! P12: malformed bytes end the connection with the clause named.

use fivewire_core::event::DownReason;
use fivewire_core::mqtt::{Breach, v5};
use fivewire_core::time::Instant;

use crate::broker::{MALFORMED, MALFORMED_V5};

use super::facts::Facts;
use super::promise::Promise::P12;
use super::verdict::Verdict;

/// How long malformed bytes may lie behind others that the device takes its time to read.
const NOTICED_MS: u32 = 60_000;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Malformed {
    /// The clause that the last malformed bytes break, and those bytes; `None` before any.
    clause: Option<&'static str>,
    bytes: &'static [u8],
    /// By when the device must give its connection up, and what else had gone wrong until then.
    noticed_by: Option<(Instant, u32)>,
    /// Malformed bytes are on their way to the device: which of several it names first is its own affair.
    is_unnoticed: bool,
}

impl Malformed {
    /// The broker is about to write these malformed bytes.
    pub(super) fn began(&mut self, which: u8, is_v5: bool) {
        let table = if is_v5 { MALFORMED_V5 } else { MALFORMED };
        let malformed = &table[usize::from(which) % table.len()];
        (self.clause, self.bytes) = (Some(malformed.clause), malformed.bytes);
    }

    /// Malformed bytes were written, to a connection that `is_well` otherwise.
    pub(super) const fn written(&mut self, facts: &Facts, is_well: bool) {
        let deadline = facts.now.plus_ms(NOTICED_MS);
        let is_alone = !self.is_unnoticed;
        self.is_unnoticed = true;
        if is_alone && is_well {
            self.noticed_by = Some((deadline, facts.weather.troubles));
        }
    }

    /// Nothing can be expected any more: the device does not read, or is shut down.
    pub(super) const fn excuse(&mut self) {
        self.noticed_by = None;
    }

    /// The application was told that the connection is gone.
    pub(super) fn disconnected(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        reason: DownReason,
    ) {
        let expected = self.noticed_by.take();
        self.is_unnoticed = false;
        let is_expected = expected.is_some_and(|(_, troubles)| troubles == facts.weather.troubles);
        if let DownReason::Breach(breach) = reason {
            let is_true = self.clause.is_some() || facts.weather.acknowledgements_doubled;
            verdict.require(P12, is_true, || {
                format!("the broker was blamed ({breach:?}) and had done nothing wrong")
            });
            let is_named = !is_expected || self.clause == Some(breach.clause());
            verdict.require(P12, is_named, || {
                let clause = self.clause.unwrap_or_default();
                format!("the clause [{}] was named, but [{clause}] was broken", breach.clause())
            });
            verdict.require(P12, !is_expected || is_in(breach, self.bytes), || {
                format!("{breach:?} was named, and the broker wrote {:02x?}", self.bytes)
            });
        } else {
            verdict.require(P12, !is_expected || reason == DownReason::Shed, || {
                format!("malformed bytes ended the connection, but {reason:?} was told")
            });
        }
    }

    /// Time went on; the facts are those before what happens now.
    #[inline]
    pub(super) fn waited(&mut self, facts: &Facts, verdict: &mut Verdict, now: Instant) {
        let Some((deadline, troubles)) = self.noticed_by else { return };
        if troubles != facts.weather.troubles {
            self.noticed_by = None;
        } else if now > deadline {
            self.noticed_by = None;
            verdict.require(P12, false, || "malformed bytes went unnoticed".into());
        }
    }
}

/// Whether what a breach says of a packet is so: its type, its first byte, or the byte that is wrong.
fn is_in(breach: Breach, packet: &[u8]) -> bool {
    let (first_byte, packet_type) = (packet[0], packet[0] >> 4);
    match breach {
        Breach::PacketType { packet_type: said }
        | Breach::WrongLength { packet_type: said }
        | Breach::Truncated { packet_type: said }
        | Breach::TrailingBytes { packet_type: said }
        | Breach::NoFilters { packet_type: said }
        | Breach::UnexpectedPacket { packet_type: said }
        | Breach::V5(
            v5::Breach::PacketType { packet_type: said }
            | v5::Breach::WrongLength { packet_type: said }
            | v5::Breach::Truncated { packet_type: said }
            | v5::Breach::TrailingBytes { packet_type: said }
            | v5::Breach::NoFilters { packet_type: said }
            | v5::Breach::UnexpectedPacket { packet_type: said },
        ) => said == packet_type,
        Breach::ReservedFlags { first_byte: said }
        | Breach::V5(v5::Breach::ReservedFlags { first_byte: said }) => said == first_byte,
        Breach::ConnackFlags { flags: said }
        | Breach::V5(v5::Breach::ConnackFlags { flags: said }) => packet[2] == said,
        Breach::ConnackReturnCode { code: said }
        | Breach::SubackReturnCode { code: said }
        | Breach::V5(
            v5::Breach::PubackReasonCode { code: said }
            | v5::Breach::SubackReasonCode { code: said }
            | v5::Breach::DisconnectReasonCode { code: said },
        ) => packet.last() == Some(&said),
        Breach::V5(
            v5::Breach::PropertyUnknown { id: said }
            | v5::Breach::PropertyMisplaced { id: said }
            | v5::Breach::PropertyRepeated { id: said }
            | v5::Breach::PropertyValue { id: said },
        ) => said != 0 && packet.contains(&said),
        _ => true,
    }
}
