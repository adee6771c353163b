// Two sets of pins joined by five wires: what one end drives, the other end reads.

use std::cell::Cell;
use std::convert::Infallible;
use std::rc::Rc;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};
use fivewire_pins::{ActiveLow, NoReset, Wires};

/// A wire between two pins.
#[derive(Clone, Default)]
pub(crate) struct Wire(Rc<Cell<bool>>);

impl ErrorType for Wire {
    type Error = Infallible;
}

impl OutputPin for Wire {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set(true);
        Ok(())
    }
}

impl InputPin for Wire {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.0.get())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.get())
    }
}

pub(crate) type InitiatorPins = Wires<Wire, Wire, Wire, Wire, ActiveLow<Wire>>;
pub(crate) type PassivePins = Wires<Wire, Wire, Wire, Wire, NoReset>;

/// The pins of an initiator and of a passive end, each one's outputs being the other's inputs.
pub(crate) fn crossed() -> (InitiatorPins, PassivePins) {
    let [stx, sckout, srx, sckin, reset] = std::array::from_fn(|_| Wire::default());
    let initiator = Wires {
        data_out: stx.clone(),
        clock_out: sckout.clone(),
        data_in: srx.clone(),
        clock_in: sckin.clone(),
        reset: ActiveLow(reset),
    };
    let passive =
        Wires { data_out: srx, clock_out: sckin, data_in: stx, clock_in: sckout, reset: NoReset };
    (initiator, passive)
}
