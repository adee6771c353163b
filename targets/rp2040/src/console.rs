//! Text on UART0 (GPIO 0, 115,200 baud).

use core::fmt;

use embassy_rp::Peri;
#[cfg(feature = "recorder")]
use embassy_rp::pac::{self, PADS_BANK0};
#[cfg(feature = "recorder")]
use embassy_rp::peripherals::PIN_1;
use embassy_rp::peripherals::{PIN_0, UART0};
#[cfg(feature = "recorder")]
use embassy_rp::uart::Uart;
use embassy_rp::uart::{Blocking, Config, UartTx};

/// Where `writeln!` goes.
pub struct Console(UartTx<'static, Blocking>);

impl Console {
    /// Takes the UART.
    pub fn new(uart: Peri<'static, UART0>, pin: Peri<'static, PIN_0>) -> Self {
        Self(UartTx::new_blocking(uart, pin, Config::default()))
    }
}

#[cfg(feature = "recorder")]
impl Console {
    /// Takes the UART in both directions (GPIO 1): [`received`] and [`write_at_once`] are for the
    /// flight recorder, whoever has the console.
    pub fn listening(
        uart: Peri<'static, UART0>,
        pin: Peri<'static, PIN_0>,
        input: Peri<'static, PIN_1>,
    ) -> Self {
        let (console, _) = Uart::new_blocking(uart, pin, input, Config::default()).split();
        // An open pin must not be taken for somebody who types: a line at rest is high.
        PADS_BANK0.gpio(1).modify(|pad| pad.set_pue(true));
        Self(console)
    }
}

/// The most that [`write_at_once`] takes: the depth of the FIFO (RP2040 datasheet §4.2.2).
#[cfg(feature = "recorder")]
pub const AT_ONCE_BYTES: usize = 32;

/// The next byte that came in.
#[cfg(feature = "recorder")]
pub fn received() -> Option<u8> {
    // RP2040 datasheet §4.2.8, UARTFR and UARTDR.
    (!pac::UART0.uartfr().read().rxfe()).then(|| pac::UART0.uartdr().read().data())
}

/// All that was written has left, so that [`write_at_once`] does not wait.
#[cfg(feature = "recorder")]
pub fn is_at_rest() -> bool {
    pac::UART0.uartfr().read().txfe()
}

/// Writes a line of up to [`AT_ONCE_BYTES`] into the FIFO that [`is_at_rest`]. Lines of the console
/// are written whole, by the same task, so none is cut by this one.
#[cfg(feature = "recorder")]
pub fn write_at_once(line: &[u8]) {
    for byte in line {
        pac::UART0.uartdr().write(|data| data.set_data(*byte));
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.blocking_write(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
