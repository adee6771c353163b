//! The five wires together, with everything that disturbs them.

use super::line::Line;
use super::{Damage, End, Wire};
use crate::clock::NEVER;
use crate::random::{Purpose, Random};

/// The longest short wrong level, in µs.
const GLITCH_MAX_US: u32 = 40;
/// The longest disturbance by a neighbour's edge, in µs.
const CROSSTALK_MAX_US: u32 = 10;
/// One edge in so many disturbs a neighbour where wires do that at all.
const CROSSTALK_ONE_IN: u32 = 16;
/// A floating wire drifts after this long, in µs.
const DRIFT_MIN_US: u32 = 200;
const DRIFT_MAX_US: u32 = 40_000;

/// Why a wire shows what nobody drives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// It is stuck.
    Stuck,
    /// It keeps an earlier level.
    Held,
    /// Noise.
    Noise,
    /// A change is late.
    Lag,
    /// An edge on the wire beside it.
    Crosstalk,
    /// A single glitch, by the number it was given.
    Glitch(usize),
}

/// Somebody who sees every edge: what a logic analyser's probe would.
pub(super) type Probe<'a> = dyn FnMut(u64, Wire, bool) + 'a;

/// The wires.
#[derive(Clone, Debug)]
pub(super) struct Cable {
    lines: [Line; Wire::COUNT],
    /// When the next of them changes by itself.
    next: u64,
    /// The clock towards this end has changed since the end was last told.
    woken: [bool; 2],
    /// A change came late since the last time somebody asked.
    lagged: bool,
    noise: Random,
    lag: Random,
    drift: Random,
}

impl Cable {
    pub(super) fn new(seed: u64) -> Self {
        let pulls = [None, None, Some(false), None, Some(true)];
        let mut cable = Self {
            lines: pulls.map(Line::new),
            next: NEVER,
            woken: [false; 2],
            lagged: false,
            noise: Random::new(seed, Purpose::WireNoise),
            lag: Random::new(seed, Purpose::WireLag),
            drift: Random::new(seed, Purpose::WireDrift),
        };
        for wire in Wire::ALL {
            cable.plan_drift(wire, 0);
        }
        cable.plan();
        cable
    }

    /// When something happens that nobody drives.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    pub(super) const fn shows(&self, wire: Wire) -> bool {
        self.lines[wire.index()].shows()
    }

    pub(super) fn misleads(&self, wire: Wire) -> Option<Cause> {
        self.lines[wire.index()].misleads()
    }

    /// True once for each time that the clock towards this end changed.
    pub(super) const fn wakes(&mut self, end: End) -> bool {
        std::mem::replace(&mut self.woken[end as usize], false)
    }

    /// True once after changes that came late.
    pub(super) const fn take_lagged(&mut self) -> bool {
        std::mem::replace(&mut self.lagged, false)
    }

    /// An end drives a wire, or lets go of it.
    pub(super) fn drive(
        &mut self,
        wire: Wire,
        level: Option<bool>,
        now: u64,
        probe: &mut Probe<'_>,
    ) {
        let line = &mut self.lines[wire.index()];
        let mut at = now;
        if line.damage.lag_max_us > 0 {
            at += u64::from(self.lag.between(0, line.damage.lag_max_us));
            self.lagged = true;
        }
        let did_float = line.floats();
        let changed = line.drive(level, now, at);
        if line.floats() != did_float {
            self.plan_drift(wire, now);
            self.plan();
        } else if at > now {
            self.plan();
        }
        if changed {
            self.edge(wire, now, probe);
        }
    }

    /// A wire is damaged from now on, or mended.
    pub(super) fn damage(&mut self, wire: Wire, damage: Damage, now: u64, probe: &mut Probe<'_>) {
        let line = &mut self.lines[wire.index()];
        let was_noisy = line.damage.noise_every_us;
        line.damage = damage;
        let changed = line.refresh();
        if damage.noise_every_us != was_noisy {
            self.plan_noise(wire, now);
        }
        self.plan();
        if changed {
            self.edge(wire, now, probe);
        }
    }

    /// A wire shows the wrong level for so long.
    pub(super) fn glitch(
        &mut self,
        wire: Wire,
        length_us: u32,
        cause: Cause,
        now: u64,
        probe: &mut Probe<'_>,
    ) {
        let until = now + u64::from(length_us);
        let changed = self.lines[wire.index()].disturb(until, cause);
        self.plan();
        if changed {
            self.edge(wire, now, probe);
        }
    }

    /// What is due by now happens.
    pub(super) fn settle(&mut self, now: u64, probe: &mut Probe<'_>) {
        for wire in Wire::ALL {
            let line = &mut self.lines[wire.index()];
            if line.next() > now {
                continue;
            }
            if line.noise_at <= now {
                let length_us = self.noise.between(1, GLITCH_MAX_US);
                self.plan_noise(wire, now);
                self.glitch(wire, length_us, Cause::Noise, now, probe);
            }
            let line = &mut self.lines[wire.index()];
            if line.drift_at <= now {
                let level = self.drift.chance(1, 2);
                line.drift(level);
                self.plan_drift(wire, now);
            }
            if self.lines[wire.index()].settle(now) {
                self.edge(wire, now, probe);
            }
        }
        self.plan();
    }

    fn edge(&mut self, wire: Wire, now: u64, probe: &mut Probe<'_>) {
        probe(now, wire, self.shows(wire));
        if wire.is_clock() {
            self.woken[wire.read_by() as usize] = true;
        }
        if self.lines[wire.index()].damage.crosstalk {
            self.disturb_neighbours(wire, now, probe);
        }
    }

    fn disturb_neighbours(&mut self, wire: Wire, now: u64, probe: &mut Probe<'_>) {
        let place = wire.index();
        let neighbours = [place.checked_sub(1), Some(place + 1)];
        for neighbour in neighbours.into_iter().flatten() {
            let Some(&neighbour) = Wire::ALL.get(neighbour) else { continue };
            // two wires that disturb each other do not do so for ever
            let is_loud = self.lines[neighbour.index()].misleads().is_some();
            if !is_loud && self.noise.chance(1, CROSSTALK_ONE_IN) {
                let length_us = self.noise.between(1, CROSSTALK_MAX_US);
                self.glitch(neighbour, length_us, Cause::Crosstalk, now, probe);
            }
        }
    }

    fn plan_noise(&mut self, wire: Wire, now: u64) {
        let line = &mut self.lines[wire.index()];
        line.noise_at = match line.damage.noise_every_us {
            0 => NEVER,
            mean_us => now + u64::from(self.noise.between(1, 2 * mean_us)),
        };
    }

    fn plan_drift(&mut self, wire: Wire, now: u64) {
        let line = &mut self.lines[wire.index()];
        line.drift_at = if line.floats() {
            now + u64::from(self.drift.between(DRIFT_MIN_US, DRIFT_MAX_US))
        } else {
            NEVER
        };
    }

    fn plan(&mut self) {
        self.next = self.lines.iter().map(Line::next).min().unwrap_or(NEVER);
    }
}
