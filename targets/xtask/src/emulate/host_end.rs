//! What the bench wants of the board that is the bridge's host, however that is played.

use anyhow::Result;
use fivewire_core::link::Levels;

/// The board at the other end of the ESP8266's five wires.
pub trait HostEnd {
    /// What it shows to the ESP8266.
    fn levels(&self) -> Levels;

    /// It pulls the reset line.
    fn pulls_reset(&self) -> bool;

    /// What it said about itself, for whoever wants to know what went wrong.
    fn told(&self) -> &[String];

    /// Its wires do not change before this, unless it hears something. `None`: never.
    fn quiet_until_ns(&self, now_ns: u64) -> Option<u64>;

    /// Its processor is busy with something else until then, and looks at nothing.
    fn be_busy(&mut self, until_ns: u64);

    /// The ESP8266's wires show this from now on.
    fn hear(&mut self, now_ns: u64, levels: Levels);

    /// Lets it run from now until `end_ns`, or until its wires have changed. Says how far it came.
    ///
    /// # Errors
    /// It stopped for good.
    fn run(&mut self, now_ns: u64, end_ns: u64) -> Result<u64>;
}
