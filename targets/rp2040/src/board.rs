//! Which pin is what. To use others, change them here and nowhere else.

use embassy_rp::Peripherals;
use embassy_rp::gpio::{Level, Output};
use embassy_rp::watchdog::Watchdog;
use embassy_time::Duration;

use crate::console::Console;
use crate::wires::{BridgeWires, WirePins};

/// The board is reset if nobody fed the watchdog for this long; 8.3 s is the most it can count
/// (RP2040 datasheet §4.7.2).
pub const WATCHDOG: Duration = Duration::from_secs(8);

/// What the programs use of a Pico.
pub struct Board {
    /// The five wires.
    pub wires: BridgeWires,
    /// The LED on the board: GPIO 25.
    pub led: Output<'static>,
    /// Text output.
    pub console: Console,
    /// Resets the board if nothing feeds it.
    pub watchdog: Watchdog,
}

impl Board {
    /// Takes the peripherals. The pins of PREDECESSORS.md §1.1, host side:
    ///
    /// | pin | signal | to the ESP8266 |
    /// |---|---|---|
    /// | GPIO 16 | reset, open drain | rst |
    /// | GPIO 17 | data to the ESP8266 | GPIO 13 |
    /// | GPIO 18 | clock to the ESP8266 | GPIO 12 |
    /// | GPIO 19 | data from the ESP8266 | GPIO 14 |
    /// | GPIO 20 | clock from the ESP8266, pulled down | GPIO 15 |
    #[must_use]
    pub fn new(p: Peripherals) -> Self {
        let wires = BridgeWires::new(WirePins {
            reset: p.PIN_16.into(),
            data_out: p.PIN_17.into(),
            clock_out: p.PIN_18.into(),
            data_in: p.PIN_19.into(),
            clock_in: p.PIN_20.into(),
        });
        let mut watchdog = Watchdog::new(p.WATCHDOG);
        watchdog.start(WATCHDOG);
        Self {
            wires,
            led: Output::new(p.PIN_25, Level::Low),
            #[cfg(not(feature = "recorder"))]
            console: Console::new(p.UART0, p.PIN_0),
            #[cfg(feature = "recorder")]
            console: Console::listening(p.UART0, p.PIN_0, p.PIN_1),
            watchdog,
        }
    }
}
