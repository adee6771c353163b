//! A host's board that is played by a program instead of being executed: its wires, and when it
//! looks at them.

use anyhow::Result;
use fivewire_core::link::Levels;

use super::host_end::HostEnd;

/// What all such boards have.
#[derive(Default, Debug)]
pub struct Wires {
    /// What it shows to the ESP8266.
    pub levels: Levels,
    /// What the ESP8266 shows.
    pub heard: Levels,
    /// It pulls the reset line.
    pub pulls_reset: bool,
    /// When it has something to do. `None`: when it hears something.
    pub due_ns: Option<u64>,
    /// It looks at nothing before.
    pub busy_until_ns: u64,
    /// What its application was told.
    pub told: Vec<String>,
}

impl Wires {
    /// It has something to do by then.
    pub fn wake_at(&mut self, at_ns: u64) {
        self.due_ns = Some(self.due_ns.map_or(at_ns, |due_ns| due_ns.min(at_ns)));
    }
}

/// A board that is played.
pub trait Played {
    /// From an edge to its answer, in ns.
    const ANSWER_NS: u64;

    /// Its wires.
    fn wires(&self) -> &Wires;

    /// Its wires, to change.
    fn wires_mut(&mut self) -> &mut Wires;

    /// Does what is due, up to a change of its wires.
    fn look(&mut self, now_ns: u64);
}

impl<B: Played> HostEnd for B {
    fn levels(&self) -> Levels {
        self.wires().levels
    }

    fn pulls_reset(&self) -> bool {
        self.wires().pulls_reset
    }

    fn told(&self) -> &[String] {
        &self.wires().told
    }

    fn quiet_until_ns(&self, _now_ns: u64) -> Option<u64> {
        let Wires { due_ns, busy_until_ns, .. } = self.wires();
        due_ns.map(|due_ns| due_ns.max(*busy_until_ns))
    }

    fn be_busy(&mut self, until_ns: u64) {
        self.wires_mut().busy_until_ns = until_ns;
    }

    fn hear(&mut self, now_ns: u64, levels: Levels) {
        let wires = self.wires_mut();
        if levels != wires.heard {
            wires.heard = levels;
            wires.wake_at(now_ns + Self::ANSWER_NS);
        }
    }

    fn run(&mut self, now_ns: u64, end_ns: u64) -> Result<u64> {
        let mut at_ns = now_ns;
        while let Some(due_ns) = self.quiet_until_ns(at_ns).filter(|due_ns| *due_ns <= end_ns) {
            at_ns = at_ns.max(due_ns);
            let before = (self.levels(), self.pulls_reset());
            self.look(at_ns);
            if (self.levels(), self.pulls_reset()) != before {
                return Ok(at_ns);
            }
        }
        Ok(end_ns)
    }
}
