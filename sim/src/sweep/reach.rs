//! What a mixture may reach at all.

use crate::fault::FaultKind;
use crate::marks::{FaultRow, Mark, Situation};
use crate::oracle::Promise;
use crate::schedule::{Fidelity, Topology};
use crate::swarm::Draw;

/// What the runs of a sweep may begin, come into and be judged by, whatever their seeds: by how they are
/// drawn, not by what was drawn. So nothing can hide by not being drawn any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reach {
    /// By [`FaultRow::index`].
    kinds: [bool; FaultRow::COUNT],
    has_bridge: bool,
    has_frames: bool,
    has_wires: bool,
    has_mqtt5: bool,
    /// Their network is the world's, and copies of them are tried.
    drives_machines: bool,
}

impl Reach {
    /// Nothing.
    pub const NOTHING: Self = Self {
        kinds: [false; FaultRow::COUNT],
        has_bridge: false,
        has_frames: false,
        has_wires: false,
        has_mqtt5: false,
        drives_machines: false,
    };

    /// What runs that are drawn like this may reach, with their link simulated as `fidelity` says.
    #[must_use]
    pub fn of(draw: &Draw<'_>, fidelity: Fidelity) -> Self {
        let has_bridge = draw.topology == Topology::Bridge;
        let has_wires = has_bridge && fidelity == Fidelity::Wire;
        let may_begin =
            |row: FaultRow| draw.may_draw(row.kind()) && (has_wires || !row.kind().needs_wires());
        Self {
            kinds: FaultRow::ALL.map(may_begin),
            has_bridge,
            has_frames: !has_wires,
            has_wires,
            has_mqtt5: draw.may_speak_mqtt5(),
            drives_machines: true,
        }
    }

    /// The same where an adapter runs the machine: joining a network is the operating system's affair, and
    /// no copies are made.
    #[must_use]
    pub const fn behind_adapter(self) -> Self {
        Self { drives_machines: false, ..self }
    }

    /// What either may reach.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let mut kinds = self.kinds;
        kinds.iter_mut().zip(other.kinds).for_each(|(kind, too)| *kind |= too);
        Self {
            kinds,
            has_bridge: self.has_bridge || other.has_bridge,
            has_frames: self.has_frames || other.has_frames,
            has_wires: self.has_wires || other.has_wires,
            has_mqtt5: self.has_mqtt5 || other.has_mqtt5,
            drives_machines: self.drives_machines || other.drives_machines,
        }
    }

    /// Some of the runs have an ESP8266.
    #[must_use]
    pub const fn has_bridge(&self) -> bool {
        self.has_bridge
    }

    /// Some of the runs have their link simulated edge by edge.
    #[must_use]
    pub const fn has_wires(&self) -> bool {
        self.has_wires
    }

    /// Some of the runs have no wires: long ones, in which much comes together.
    #[must_use]
    pub const fn has_frames(&self) -> bool {
        self.has_frames
    }

    /// Some of the runs may speak MQTT 5.
    #[must_use]
    pub const fn has_mqtt5(&self) -> bool {
        self.has_mqtt5
    }

    /// Whether a fault of this kind may begin.
    #[must_use]
    pub const fn can_begin(&self, row: FaultRow) -> bool {
        self.kinds[row.index()]
    }

    /// Whether a mark may be hit.
    #[must_use]
    pub fn can_hit(&self, mark: Mark) -> bool {
        let has_kind = match mark {
            Mark::Bit(row) => self.can_begin(row),
            Mark::Reached(Situation::Qos2Completed) => {
                self.can_begin(FaultRow::of(FaultKind::QosExceeded))
            }
            Mark::Reached(situation) if situation.needs_machines() => self.drives_machines,
            Mark::Reached(_) => true,
        };
        has_kind
            && (self.has_bridge || !mark.needs_bridge())
            && (self.has_wires || !mark.needs_wires())
            && (self.has_mqtt5 || !mark.needs_mqtt5())
    }

    /// Whether a promise may be judged.
    #[must_use]
    pub const fn can_judge(&self, promise: Promise) -> bool {
        (self.has_wires || !promise.needs_wires()) && (self.has_bridge || !promise.needs_bridge())
    }
}
