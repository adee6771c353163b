//! The five wires and two LEDs: which pin is which, and which register does what.
//!
//! | GPIO | is | PREDECESSORS.md §1.1 |
//! |---|---|---|
//! | 12 | the host's clock, read | `mckin` |
//! | 13 | the host's data, read | `mrx` |
//! | 14 | our data, driven | `mtx` |
//! | 15 | our clock, driven | `mckout` |
//! | 0 | LED: toggles every 500 ms while this board lives | |
//! | 2 | LED: low while the broker's connection is up | |
//!
//! The fifth wire is the chip's reset pin. Registers: ESP8266 Technical Reference, appendix 1
//! (GPIO) and §6 (IO MUX); `eagle_soc.h` and `gpio_register.h` of the SDK.

use fivewire_core::link::Levels;

use crate::board::Register;

const HOST_CLOCK: u32 = 12;
const HOST_DATA: u32 = 13;
const OUR_DATA: u32 = 14;
const OUR_CLOCK: u32 = 15;
const LED_ALIVE: u32 = 0;
const LED_CONNECTED: u32 = 2;

const GPIO_OUT_W1TS: Register = Register::gpio(0x04);
const GPIO_OUT_W1TC: Register = Register::gpio(0x08);
const GPIO_ENABLE_W1TS: Register = Register::gpio(0x10);
const GPIO_ENABLE_W1TC: Register = Register::gpio(0x14);
const GPIO_IN: Register = Register::gpio(0x18);
/// Edges that want attention, one bit a pin.
pub(crate) const GPIO_STATUS: Register = Register::gpio(0x1C);
/// Writing a bit here forgets its edge.
pub(crate) const GPIO_STATUS_W1TC: Register = Register::gpio(0x24);
/// The configuration of the pin of the host's clock.
const GPIO_PIN_HOST_CLOCK: Register = Register::gpio(0x28 + 4 * HOST_CLOCK);
/// `GPIO_PINn`, bits 7 to 9: an interrupt at every change.
const INTERRUPT_AT_ANY_EDGE: u32 = 3 << 7;

/// A pin's register in the IO MUX, and what selects its function GPIO there (bits 4, 5 and 8).
const FUNCTIONS: [(Register, u32); 6] = [
    (Register::io_mux(0x04), 3 << 4), // GPIO12
    (Register::io_mux(0x08), 3 << 4), // GPIO13
    (Register::io_mux(0x0C), 3 << 4), // GPIO14
    (Register::io_mux(0x10), 3 << 4), // GPIO15
    (Register::io_mux(0x34), 0),      // GPIO0
    (Register::io_mux(0x38), 0),      // GPIO2
];

/// Makes the pins what they are. Our clock and data begin low, both LEDs dark.
pub(crate) fn start() {
    for (register, function) in FUNCTIONS {
        register.write(function);
    }
    GPIO_OUT_W1TC.write(1 << OUR_DATA | 1 << OUR_CLOCK);
    GPIO_OUT_W1TS.write(1 << LED_ALIVE | 1 << LED_CONNECTED);
    GPIO_ENABLE_W1TC.write(1 << HOST_CLOCK | 1 << HOST_DATA);
    GPIO_ENABLE_W1TS.write(1 << OUR_DATA | 1 << OUR_CLOCK | 1 << LED_ALIVE | 1 << LED_CONNECTED);
    forget_edges();
    GPIO_PIN_HOST_CLOCK.write(INTERRUPT_AT_ANY_EDGE);
}

/// What the host shows. Data is read after the clock: it was there before the clock changed, and
/// stays.
pub(crate) fn read() -> Levels {
    let pins = GPIO_IN.read();
    Levels { clock: pins & 1 << HOST_CLOCK != 0, data: pins & 1 << HOST_DATA != 0 }
}

/// Shows levels to the host: data first, then clock.
pub(crate) fn drive(levels: Levels) {
    write(OUR_DATA, levels.data);
    write(OUR_CLOCK, levels.clock);
}

/// Edges up to here wake nobody any more.
pub(crate) fn forget_edges() {
    GPIO_STATUS_W1TC.write(1 << HOST_CLOCK);
}

/// Switches the LED that shows life.
pub(crate) fn show_alive(lit: bool) {
    write(LED_ALIVE, !lit);
}

/// Switches the LED that shows the broker's connection.
pub(crate) fn show_connected(lit: bool) {
    write(LED_CONNECTED, !lit);
}

fn write(pin: u32, high: bool) {
    (if high { GPIO_OUT_W1TS } else { GPIO_OUT_W1TC }).write(1 << pin);
}
