//! Kinds of fault as rows of a table: without arguments, in a fixed order.

use crate::fault::{FaultKind, Memory};

/// A kind of fault. Arguments do not matter, except for how much a broker remembers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FaultRow(u8);

/// One of each kind. New ones go to the end.
const KINDS: [FaultKind; FaultRow::COUNT] = [
    FaultKind::WifiOutage,
    FaultKind::WifiFade,
    FaultKind::Latency { extra_ms: 0 },
    FaultKind::TcpReset,
    FaultKind::TcpHalfOpen,
    FaultKind::BrokerCloses,
    FaultKind::ConnectRefused,
    FaultKind::ConnectBlackhole,
    FaultKind::BrokerRestart { memory: Memory::Kept },
    FaultKind::BrokerRestart { memory: Memory::Lost },
    FaultKind::BrokerCrash { memory: Memory::Kept },
    FaultKind::BrokerCrash { memory: Memory::Lost },
    FaultKind::BrokerHang,
    FaultKind::SessionLost,
    FaultKind::ConnectDenied { code: 0 },
    FaultKind::AcksSwallowed,
    FaultKind::AcksDoubled,
    FaultKind::Malformed { which: 0 },
    FaultKind::Backlog { messages: 0 },
    FaultKind::EspCrash,
    FaultKind::EspHang,
    FaultKind::EspCommandTaskDies,
    FaultKind::EspSlowBoot,
    FaultKind::EspBrownOut,
    FaultKind::EspReceiveOverflow,
    FaultKind::LinkReset,
    FaultKind::LinkDead,
    FaultKind::HostBusy,
    FaultKind::HostReset,
    FaultKind::AppHolds,
    FaultKind::AppBurst { messages: 0 },
];

impl FaultRow {
    /// How many there are.
    pub const COUNT: usize = 31;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self(0); Self::COUNT];
        let mut place = 0;
        while place < Self::COUNT {
            all[place] = Self(place as u8);
            place += 1;
        }
        all
    };

    /// The row of a fault.
    #[must_use]
    pub fn of(kind: FaultKind) -> Self {
        use FaultKind::*;
        let plain = match kind {
            Latency { .. } => Latency { extra_ms: 0 },
            ConnectDenied { .. } => ConnectDenied { code: 0 },
            Malformed { .. } => Malformed { which: 0 },
            Backlog { .. } => Backlog { messages: 0 },
            AppBurst { .. } => AppBurst { messages: 0 },
            other => other,
        };
        let place = KINDS.iter().position(|&listed| listed == plain);
        Self(place.and_then(|place| u8::try_from(place).ok()).expect("KINDS lists every kind"))
    }

    /// Its place in [`FaultRow::ALL`], from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// A fault of this kind, with arguments of 0.
    #[must_use]
    pub const fn kind(self) -> FaultKind {
        KINDS[self.index()]
    }

    /// Its name, as in [`FaultKind::name`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.kind().name()
    }
}
