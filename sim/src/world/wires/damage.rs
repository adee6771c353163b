//! What faults do to the wires.

use fivewire_core::time::Instant;

use crate::app::Application;
use crate::fault::FaultKind;
use crate::observation::{Observation, Observer};
use crate::wires::{Damage, Wire};
use crate::world::World;

/// All that is wrong with `wire`, of these faults.
fn damage(wire: Wire, kinds: impl Iterator<Item = FaultKind>) -> Damage {
    let mut damage = Damage::default();
    for kind in kinds {
        match kind {
            FaultKind::WireNoise { wire: at, every_us } if at == wire => {
                damage.noise_every_us = every_us;
            }
            FaultKind::WireCrosstalk { wire: at } if at == wire => damage.crosstalk = true,
            FaultKind::WireLag { wire: at, max_us } if at == wire => damage.lag_max_us = max_us,
            FaultKind::WireStuck { wire: at, high } if at == wire => damage.stuck = Some(high),
            FaultKind::WireHolds { wire: at } if at == wire => damage.holds = true,
            // nothing gets through in either direction
            FaultKind::LinkDead => {
                damage.holds |= matches!(wire, Wire::HostClock | Wire::EspClock);
            }
            _ => {}
        }
    }
    damage
}

impl<A: Application> World<A> {
    /// A fault began or ended: the wires are as the faults at work have it.
    pub(in crate::world) fn damage_wires<O: Observer>(&mut self, observer: &mut O) {
        let Some(wires) = &mut self.wires else { return };
        for wire in Wire::ALL {
            let damage = damage(wire, self.faults.kinds());
            let before = std::mem::replace(&mut wires.damages[wire.index()], damage);
            if damage != before {
                wires.pair.damage(wire, damage, self.now, |at, wire, level| {
                    observer.observe(Instant::from_micros(at), &Observation::Edge { wire, level });
                });
            }
        }
    }

    /// A wire shows the wrong level for a moment. It bites once somebody looks.
    pub(in crate::world) fn glitch_wire<O: Observer>(
        &mut self,
        wire: Wire,
        length_us: u32,
        index: usize,
        observer: &mut O,
    ) {
        let Some(wires) = &mut self.wires else { return };
        wires.pair.glitch(wire, length_us, index, self.now, |at, wire, level| {
            observer.observe(Instant::from_micros(at), &Observation::Edge { wire, level });
        });
    }
}
