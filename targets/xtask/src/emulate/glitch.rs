//! A wire that shows the opposite of what is driven, for a short while.

use std::ops::Range;

use fivewire_core::link::Levels;

/// One of the wires that carry bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wire {
    /// From the host.
    HostClock,
    /// From the host.
    HostData,
    /// From the ESP8266.
    EspClock,
    /// From the ESP8266.
    EspData,
}

/// All of them.
pub const WIRES: [Wire; 4] = [Wire::HostClock, Wire::HostData, Wire::EspClock, Wire::EspData];

/// What disturbs a wire, and when.
#[derive(Clone, Copy, Debug)]
pub struct Glitch {
    wire: Wire,
    from_ns: u64,
    to_ns: u64,
}

impl Glitch {
    /// Disturbs this wire for this time.
    #[must_use]
    pub const fn new(wire: Wire, when_ns: Range<u64>) -> Self {
        Self { wire, from_ns: when_ns.start, to_ns: when_ns.end }
    }

    /// When it begins or ends.
    #[must_use]
    pub fn next_ns(self, now_ns: u64) -> Option<u64> {
        [self.from_ns, self.to_ns].into_iter().find(|at_ns| *at_ns > now_ns)
    }

    /// What the ESP8266 sees of what the host shows.
    #[must_use]
    pub fn bend_to_esp(self, now_ns: u64, levels: Levels) -> Levels {
        self.bend(now_ns, levels, Wire::HostClock, Wire::HostData)
    }

    /// What the host sees of what the ESP8266 shows.
    #[must_use]
    pub fn bend_to_host(self, now_ns: u64, levels: Levels) -> Levels {
        self.bend(now_ns, levels, Wire::EspClock, Wire::EspData)
    }

    fn bend(self, now_ns: u64, levels: Levels, clock: Wire, data: Wire) -> Levels {
        let acts = (self.from_ns..self.to_ns).contains(&now_ns);
        Levels {
            clock: levels.clock ^ (acts && self.wire == clock),
            data: levels.data ^ (acts && self.wire == data),
        }
    }
}
