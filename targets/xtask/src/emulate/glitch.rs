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

/// When the next of them begins or ends.
#[must_use]
pub fn next_ns(glitches: &[Glitch], now_ns: u64) -> Option<u64> {
    glitches.iter().filter_map(|glitch| glitch.next_ns(now_ns)).min()
}

/// What the ESP8266 sees of what the host shows.
#[must_use]
pub fn bend_to_esp(glitches: &[Glitch], now_ns: u64, levels: Levels) -> Levels {
    let bend =
        |levels, glitch: &Glitch| glitch.bend(now_ns, levels, Wire::HostClock, Wire::HostData);
    glitches.iter().fold(levels, bend)
}

/// What the host sees of what the ESP8266 shows.
#[must_use]
pub fn bend_to_host(glitches: &[Glitch], now_ns: u64, levels: Levels) -> Levels {
    let bend = |levels, glitch: &Glitch| glitch.bend(now_ns, levels, Wire::EspClock, Wire::EspData);
    glitches.iter().fold(levels, bend)
}

impl Glitch {
    /// Disturbs this wire for this time.
    #[must_use]
    pub const fn new(wire: Wire, when_ns: Range<u64>) -> Self {
        Self { wire, from_ns: when_ns.start, to_ns: when_ns.end }
    }

    fn next_ns(self, now_ns: u64) -> Option<u64> {
        [self.from_ns, self.to_ns].into_iter().find(|at_ns| *at_ns > now_ns)
    }

    fn bend(self, now_ns: u64, levels: Levels, clock: Wire, data: Wire) -> Levels {
        let acts = (self.from_ns..self.to_ns).contains(&now_ns);
        Levels {
            clock: levels.clock ^ (acts && self.wire == clock),
            data: levels.data ^ (acts && self.wire == data),
        }
    }
}
