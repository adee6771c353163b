//! Which faults are at work, and which of them have hurt somebody yet.

use crate::fault::FaultKind;

use super::agenda::NEVER;

/// A fault that lasts, without its arguments. Several of one sort may overlap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Lasting {
    WifiOutage,
    WifiFade,
    Latency,
    ConnectRefused,
    ConnectBlackhole,
    BrokerRestart,
    BrokerCrash,
    BrokerHang,
    ConnectDenied,
    AcksSwallowed,
    AcksDoubled,
    EspSlowBoot,
    EspBrownOut,
    EspReceiveOverflow,
    LinkDead,
    HostBusy,
    AppHolds,
    WireNoise,
    WireCrosstalk,
    WireLag,
    WireStuck,
    WireHolds,
    EspStalls,
    EspPowerOff,
    HostPowerOff,
    EspFirmware,
    PublicationsRefused,
    QosExceeded,
}

const LASTING: usize = Lasting::QosExceeded as usize + 1;

impl Lasting {
    /// The sort of `kind`; `None` for what happens at once.
    pub(crate) const fn of(kind: FaultKind) -> Option<Self> {
        Some(match kind {
            FaultKind::WifiOutage => Self::WifiOutage,
            FaultKind::WifiFade => Self::WifiFade,
            FaultKind::Latency { .. } => Self::Latency,
            FaultKind::ConnectRefused => Self::ConnectRefused,
            FaultKind::ConnectBlackhole => Self::ConnectBlackhole,
            FaultKind::BrokerRestart { .. } => Self::BrokerRestart,
            FaultKind::BrokerCrash { .. } => Self::BrokerCrash,
            FaultKind::BrokerHang => Self::BrokerHang,
            FaultKind::ConnectDenied { .. } => Self::ConnectDenied,
            FaultKind::AcksSwallowed => Self::AcksSwallowed,
            FaultKind::AcksDoubled => Self::AcksDoubled,
            FaultKind::EspSlowBoot => Self::EspSlowBoot,
            FaultKind::EspBrownOut => Self::EspBrownOut,
            FaultKind::EspReceiveOverflow => Self::EspReceiveOverflow,
            FaultKind::LinkDead => Self::LinkDead,
            FaultKind::HostBusy => Self::HostBusy,
            FaultKind::AppHolds => Self::AppHolds,
            FaultKind::WireNoise { .. } => Self::WireNoise,
            FaultKind::WireCrosstalk { .. } => Self::WireCrosstalk,
            FaultKind::WireLag { .. } => Self::WireLag,
            FaultKind::WireStuck { .. } => Self::WireStuck,
            FaultKind::WireHolds { .. } => Self::WireHolds,
            FaultKind::EspStalls => Self::EspStalls,
            FaultKind::EspPowerOff => Self::EspPowerOff,
            FaultKind::HostPowerOff => Self::HostPowerOff,
            FaultKind::EspFirmware { .. } => Self::EspFirmware,
            FaultKind::PublicationsRefused { .. } => Self::PublicationsRefused,
            FaultKind::QosExceeded => Self::QosExceeded,
            FaultKind::TcpReset
            | FaultKind::TcpHalfOpen
            | FaultKind::BrokerCloses
            | FaultKind::SessionLost
            | FaultKind::Malformed { .. }
            | FaultKind::Backlog { .. }
            | FaultKind::EspCrash
            | FaultKind::EspHang
            | FaultKind::EspCommandTaskDies
            | FaultKind::LinkReset
            | FaultKind::HostReset
            | FaultKind::AppBurst { .. }
            | FaultKind::WireGlitch { .. }
            | FaultKind::BrokerDisconnects { .. } => return None,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Active {
    index: usize,
    kind: FaultKind,
    sort: Lasting,
    ends: u64,
}

/// The faults at work. Faults are known by their place in the schedule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    /// How many of each sort are active.
    depth: [u16; LASTING],
    /// How many of those have not bitten: what makes `bite` cheap where nothing is new.
    fresh: [u16; LASTING],
    bitten: Vec<bool>,
    /// Bites that nobody was told about yet.
    untold: Vec<usize>,
    extra_latency_us: u64,
}

impl Faults {
    /// Starts over, for a schedule of `count` faults.
    pub(crate) fn reset(&mut self, count: usize) {
        self.active.clear();
        self.depth = [0; LASTING];
        self.fresh = [0; LASTING];
        self.bitten.clear();
        self.bitten.resize(count, false);
        self.untold.clear();
        self.extra_latency_us = 0;
    }

    /// Makes room for one more fault at the end of the schedule.
    pub(crate) fn grow(&mut self) {
        self.bitten.push(false);
    }

    pub(crate) const fn is_on(&self, sort: Lasting) -> bool {
        self.depth[sort as usize] > 0
    }

    pub(crate) fn begin(&mut self, index: usize, kind: FaultKind, sort: Lasting, ends: u64) {
        self.active.push(Active { index, kind, sort, ends });
        self.depth[sort as usize] += 1;
        self.fresh[sort as usize] += 1;
        self.sum_latency();
    }

    /// When the next one ends.
    pub(crate) fn next_end(&self) -> u64 {
        self.active.iter().map(|fault| fault.ends).min().unwrap_or(NEVER)
    }

    /// Ends the first fault that is due, in order of beginning.
    pub(crate) fn end_one(&mut self, now: u64) -> Option<(usize, FaultKind)> {
        let place = self.active.iter().position(|fault| fault.ends <= now)?;
        let Active { index, kind, sort, .. } = self.active.remove(place);
        self.depth[sort as usize] -= 1;
        if !self.bitten[index] {
            self.fresh[sort as usize] -= 1;
        }
        self.sum_latency();
        Some((index, kind))
    }

    /// All that are at work, in order of beginning.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = FaultKind> {
        self.active.iter().map(|fault| fault.kind)
    }

    /// How much later everything arrives, in each direction.
    pub(crate) const fn extra_latency_us(&self) -> u64 {
        self.extra_latency_us
    }

    /// Faults of this sort did something to somebody.
    pub(crate) fn bite(&mut self, sort: Lasting) {
        if self.fresh[sort as usize] == 0 {
            return;
        }
        self.fresh[sort as usize] = 0;
        for place in 0..self.active.len() {
            if self.active[place].sort == sort {
                self.bite_one(self.active[place].index);
            }
        }
    }

    /// Asks whether a fault of this sort is on, for somebody whom that hurts.
    pub(crate) fn strikes(&mut self, sort: Lasting) -> bool {
        let is_on = self.is_on(sort);
        if is_on {
            self.bite(sort);
        }
        is_on
    }

    /// The fault at `index`, one that happens at once, did something to somebody.
    #[cold]
    pub(crate) fn bite_one(&mut self, index: usize) {
        if !self.bitten[index] {
            self.bitten[index] = true;
            self.untold.push(index);
        }
    }

    pub(crate) fn has_bitten(&self, index: usize) -> bool {
        self.bitten[index]
    }

    pub(crate) fn next_untold(&mut self) -> Option<usize> {
        self.untold.pop()
    }

    fn sum_latency(&mut self) {
        self.extra_latency_us = self
            .active
            .iter()
            .map(|fault| match fault.kind {
                FaultKind::Latency { extra_ms } => u64::from(extra_ms) * 1_000,
                _ => 0,
            })
            .sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_bites_once() {
        let mut faults = Faults::default();
        faults.reset(2);
        assert!(!faults.strikes(Lasting::WifiFade));
        faults.begin(1, FaultKind::WifiFade, Lasting::WifiFade, 10);
        assert!(faults.strikes(Lasting::WifiFade));
        assert!(faults.strikes(Lasting::WifiFade));
        assert_eq!(faults.next_untold(), Some(1));
        assert_eq!(faults.next_untold(), None);
    }

    #[test]
    fn overlapping_faults_of_a_sort_end_one_by_one() {
        let mut faults = Faults::default();
        faults.reset(2);
        faults.begin(0, FaultKind::Latency { extra_ms: 5 }, Lasting::Latency, 20);
        faults.begin(1, FaultKind::Latency { extra_ms: 7 }, Lasting::Latency, 10);
        assert_eq!(faults.extra_latency_us(), 12_000);
        assert_eq!(faults.next_end(), 10);
        assert_eq!(faults.end_one(10), Some((1, FaultKind::Latency { extra_ms: 7 })));
        assert_eq!(faults.end_one(10), None);
        assert!(faults.is_on(Lasting::Latency));
        assert_eq!(faults.end_one(20), Some((0, FaultKind::Latency { extra_ms: 5 })));
        assert!(!faults.is_on(Lasting::Latency));
        assert_eq!(faults.next_end(), NEVER);
    }
}
