//! The five pins of one end.

use core::fmt;

use embedded_hal::digital::{Error, ErrorKind, InputPin, OutputPin};
use fivewire_core::link::Levels;

/// The pins of one end of a link. PREDECESSORS.md §1.1 has the tables for known boards.
///
/// | field | host end | ESP8266 |
/// |---|---|---|
/// | `data_out` | stx | mtx, GPIO14 |
/// | `clock_out` | sckout | mckout, GPIO15 |
/// | `data_in` | srx | mrx, GPIO13 |
/// | `clock_in` | sckin, with a pull-down of about 10 kΩ | mckin, GPIO12 |
/// | `reset` | reset: open drain, low resets | [`NoReset`] |
#[derive(Clone, Copy, Debug)]
pub struct Wires<DataOut, ClockOut, DataIn, ClockIn, Reset> {
    /// This end's data.
    pub data_out: DataOut,
    /// This end's clock.
    pub clock_out: ClockOut,
    /// The other end's data.
    pub data_in: DataIn,
    /// The other end's clock.
    pub clock_in: ClockIn,
    /// The line that resets the other end.
    pub reset: Reset,
}

/// A pin could not be read or driven. On most boards this cannot happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PinError {
    /// The field of [`Wires`].
    pub pin: &'static str,
    /// What its driver says.
    pub kind: ErrorKind,
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pin `{}` does not work: {}", self.pin, self.kind)
    }
}

impl core::error::Error for PinError {}

/// The line that resets the other end.
pub trait ResetLine {
    /// Holds the other end in reset, or lets it go.
    ///
    /// # Errors
    /// The pin's own.
    fn set(&mut self, asserted: bool) -> Result<(), ErrorKind>;
}

/// A pin that is pulled low to reset, as the ESP8266 wants it. Configure it as open drain.
#[derive(Clone, Copy, Debug)]
pub struct ActiveLow<P>(pub P);

/// No reset line: the passive end has none.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoReset;

impl<P: OutputPin> ResetLine for ActiveLow<P> {
    fn set(&mut self, asserted: bool) -> Result<(), ErrorKind> {
        self.0.set_state((!asserted).into()).map_err(|error| error.kind())
    }
}

impl ResetLine for NoReset {
    fn set(&mut self, _asserted: bool) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// What a driver asks of its pins, whatever their types.
pub trait Pins {
    /// What the wires from the other end show.
    ///
    /// # Errors
    /// A pin could not be read.
    fn read(&mut self) -> Result<Levels, PinError>;

    /// Puts levels on the wires to the other end.
    ///
    /// # Errors
    /// A pin could not be driven.
    fn drive(&mut self, levels: Levels) -> Result<(), PinError>;

    /// Holds the other end in reset, or lets it go.
    ///
    /// # Errors
    /// The pin could not be driven.
    fn reset(&mut self, asserted: bool) -> Result<(), PinError>;
}

impl<DO, CO, DI, CI, R> Pins for Wires<DO, CO, DI, CI, R>
where
    DO: OutputPin,
    CO: OutputPin,
    DI: InputPin,
    CI: InputPin,
    R: ResetLine,
{
    // The clock first: data was valid before it changed, and stays so.
    fn read(&mut self) -> Result<Levels, PinError> {
        let clock = self.clock_in.is_high().map_err(named("clock_in"))?;
        let data = self.data_in.is_high().map_err(named("data_in"))?;
        Ok(Levels { clock, data })
    }

    // Data before clock: the other end samples as soon as it sees the clock.
    fn drive(&mut self, levels: Levels) -> Result<(), PinError> {
        self.data_out.set_state(levels.data.into()).map_err(named("data_out"))?;
        self.clock_out.set_state(levels.clock.into()).map_err(named("clock_out"))
    }

    fn reset(&mut self, asserted: bool) -> Result<(), PinError> {
        self.reset.set(asserted).map_err(|kind| PinError { pin: "reset", kind })
    }
}

fn named<E: Error>(pin: &'static str) -> impl Fn(E) -> PinError {
    move |error| PinError { pin, kind: error.kind() }
}
