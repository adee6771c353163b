//! Kinds of fault as rows of a table: without arguments, in a fixed order.

use crate::fault::{FaultKind, Firmware};
use crate::wires::Wire;

/// A kind of fault. Arguments do not matter, except for how much a broker remembers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FaultRow(u8);

impl FaultRow {
    /// How many there are.
    pub const COUNT: usize = FaultKind::ALL.len();

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
            WireGlitch { .. } => WireGlitch { wire: Wire::HostData, length_us: 0 },
            WireNoise { .. } => WireNoise { wire: Wire::HostData, every_us: 0 },
            WireCrosstalk { .. } => WireCrosstalk { wire: Wire::HostData },
            WireLag { .. } => WireLag { wire: Wire::HostData, max_us: 0 },
            WireStuck { .. } => WireStuck { wire: Wire::HostData, high: false },
            WireHolds { .. } => WireHolds { wire: Wire::HostData },
            BrokerDisconnects { .. } => BrokerDisconnects { code: 0 },
            PublicationsRefused { .. } => PublicationsRefused { code: 0 },
            EspFirmware { .. } => EspFirmware { speaks: Firmware::Syncom },
            other => other,
        };
        let place = FaultKind::ALL.iter().position(|&listed| listed == plain);
        Self(
            place
                .and_then(|place| u8::try_from(place).ok())
                .expect("`FaultKind::ALL` lists every kind"),
        )
    }

    /// Its place in [`FaultRow::ALL`], from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// A fault of this kind, with arguments of 0.
    #[must_use]
    pub const fn kind(self) -> FaultKind {
        FaultKind::ALL[self.index()]
    }

    /// Its name, as in [`FaultKind::name`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.kind().name()
    }
}
