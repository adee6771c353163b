//! The five wires as a file for a logic analyser's viewer (Value Change Dump, IEEE 1364 §18).

use std::io::{self, Write};

use fivewire_core::time::Instant;
use vcd::{IdCode, SimulationCommand, TimescaleUnit, Writer};

use crate::observation::{Observation, Observer};
use crate::wires::Wire;

/// Writes each edge as it happens, in µs of the world's time.
pub struct Wave<W: Write> {
    writer: Writer<W>,
    codes: [IdCode; Wire::COUNT],
    /// The last time that was written.
    at_us: Option<u64>,
    failure: Option<io::Error>,
}

impl<W: Write> Wave<W> {
    /// A file with nothing but its head.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn new(stream: W) -> io::Result<Self> {
        let mut writer = Writer::new(stream);
        writer.timescale(1, TimescaleUnit::US)?;
        writer.add_module("wires")?;
        let mut codes = [IdCode::FIRST; Wire::COUNT];
        for wire in Wire::ALL {
            codes[wire.index()] = writer.add_wire(1, &wire.name().replace('-', "_"))?;
        }
        writer.upscope()?;
        writer.enddefinitions()?;
        writer.begin(SimulationCommand::Dumpvars)?;
        for wire in Wire::ALL {
            writer.change_scalar(codes[wire.index()], wire.rests_at())?;
        }
        writer.end()?;
        Ok(Self { writer, codes, at_us: None, failure: None })
    }

    fn edge(&mut self, at_us: u64, wire: Wire, level: bool) -> io::Result<()> {
        if self.at_us != Some(at_us) {
            self.at_us = Some(at_us);
            self.writer.timestamp(at_us)?;
        }
        self.writer.change_scalar(self.codes[wire.index()], level)
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// What the operating system said, now or at an earlier edge.
    pub fn finish(mut self) -> io::Result<()> {
        match self.failure {
            Some(failure) => Err(failure),
            None => self.writer.flush(),
        }
    }
}

impl<W: Write> Observer for Wave<W> {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        if let Observation::Edge { wire, level } = *observation
            && self.failure.is_none()
        {
            self.failure = self.edge(now.as_micros(), wire, level).err();
        }
    }
}
