//! The five wires, by whole registers: an edge is answered with one read and two writes.
//!
//! embassy's pins would do, as they do anywhere else ([`fivewire_pins::Wires`]), but each finds its
//! bank and its bit anew at every access. They are kept here for what they are made of, and for the
//! interrupt.

use embassy_rp::Peri;
use embassy_rp::gpio::{AnyPin, Input, Level, Output, OutputOpenDrain, Pin, Pull};
use embassy_rp::pac::SIO;
use fivewire_core::link::Levels;
use fivewire_pins::{PinError, Pins};

/// Which pins they are.
pub struct WirePins {
    /// Resets the ESP8266: open drain.
    pub reset: Peri<'static, AnyPin>,
    /// Data to the ESP8266.
    pub data_out: Peri<'static, AnyPin>,
    /// Clock to the ESP8266.
    pub clock_out: Peri<'static, AnyPin>,
    /// Data from the ESP8266.
    pub data_in: Peri<'static, AnyPin>,
    /// Clock from the ESP8266, pulled down.
    pub clock_in: Peri<'static, AnyPin>,
}

/// The wires of a bridge's host.
pub struct BridgeWires {
    _outputs: [Output<'static>; 2],
    _data_in: Input<'static>,
    /// To wait for an edge.
    pub clock_in: Input<'static>,
    reset: OutputOpenDrain<'static>,
    data_out_mask: u32,
    clock_out_mask: u32,
    data_in_mask: u32,
    clock_in_mask: u32,
}

impl BridgeWires {
    /// Makes them inputs and outputs; nothing is driven high.
    #[must_use]
    pub fn new(pins: WirePins) -> Self {
        let WirePins { reset, data_out, clock_out, data_in, clock_in } = pins;
        let mask = |pin: &Peri<'static, AnyPin>| 1 << pin.pin();
        Self {
            data_out_mask: mask(&data_out),
            clock_out_mask: mask(&clock_out),
            data_in_mask: mask(&data_in),
            clock_in_mask: mask(&clock_in),
            _outputs: [Output::new(data_out, Level::Low), Output::new(clock_out, Level::Low)],
            _data_in: Input::new(data_in, Pull::None),
            clock_in: Input::new(clock_in, Pull::Down),
            reset: OutputOpenDrain::new(reset, Level::High),
        }
    }
}

impl Pins for BridgeWires {
    // Data was valid before the clock changed, and stays so: what is read at once belongs together
    // (RP2040 datasheet §2.3.1.7, GPIO_IN).
    #[inline]
    fn read(&mut self) -> Result<Levels, PinError> {
        let pins = SIO.gpio_in(0).read();
        Ok(Levels { clock: pins & self.clock_in_mask != 0, data: pins & self.data_in_mask != 0 })
    }

    // Data before clock: the other end samples as soon as it sees the clock.
    #[inline]
    fn drive(&mut self, levels: Levels) -> Result<(), PinError> {
        write(self.data_out_mask, levels.data);
        write(self.clock_out_mask, levels.clock);
        Ok(())
    }

    fn reset(&mut self, asserted: bool) -> Result<(), PinError> {
        self.reset.set_level((!asserted).into());
        Ok(())
    }
}

/// RP2040 datasheet §2.3.1.7, GPIO_OUT_SET and GPIO_OUT_CLR: other pins are left alone.
#[inline]
fn write(mask: u32, high: bool) {
    let out = SIO.gpio_out(0);
    if high { out.value_set().write_value(mask) } else { out.value_clr().write_value(mask) }
}
