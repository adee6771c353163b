//! The registers of the GPIO block as far as the firmware uses them, and the interrupt.
//!
//! The interrupt comes where the chip's would: in the middle of whatever reads the pins, unless it
//! is masked.

use core::ffi::{c_int, c_void};

use super::abort;
use super::coordinator::{self, Answer, Ask, Post};
use crate::local::Local;
use crate::sdk::raw;

type Handler = unsafe extern "C" fn(*mut c_void);

struct Gpio {
    out: u32,
    enable: u32,
    levels: u32,
    /// Until then the levels are known.
    steady_until_ns: u64,
    status: u32,
    /// Pins whose changes set `status`.
    any_edge: u32,
    handler: Option<Handler>,
    unmasked: bool,
    in_handler: bool,
}

static GPIO: Local<Gpio> = Local::new(Gpio {
    out: 0,
    enable: 0,
    levels: 0,
    steady_until_ns: 0,
    status: 0,
    any_edge: 0,
    handler: None,
    unmasked: false,
    in_handler: false,
});

const BASE: u32 = 0x6000_0300;
/// What the chip takes to read or write a register of its pins, about (16 cycles of 160 MHz).
const ACCESS_NS: u64 = 100;

/// Cycles of the emulation's own around each access, which the chip does not have.
struct Overhead {
    reading: u32,
    writing: u32,
}

static OVERHEAD: Local<Overhead> = Local::new(Overhead { reading: 0, writing: 0 });
/// Accesses that are measured.
const MEASURED: u32 = 256;

/// Measures what is the emulation's own in each access. Before the firmware starts.
pub(super) fn measure_overhead() {
    let nothing = cycles_of(0, || {
        core::hint::black_box(());
    });
    let reading = cycles_of(ACCESS_NS, || {
        core::hint::black_box(read(BASE + 0x1C));
    });
    let writing = cycles_of(ACCESS_NS, || write(BASE + 0x24, 0));
    OVERHEAD.with(|overhead| {
        overhead.reading = reading.saturating_sub(nothing);
        overhead.writing = writing.saturating_sub(nothing);
    });
}

/// Cycles that something takes besides `known_ns`.
fn cycles_of(known_ns: u64, access: impl Fn()) -> u32 {
    let start_ns = coordinator::now_ns();
    (0..MEASURED).for_each(|_| access());
    let took_ns = (coordinator::now_ns() - start_ns) as u32;
    took_ns.saturating_sub(known_ns as u32 * MEASURED) / MEASURED / coordinator::NS_PER_CYCLE as u32
}

/// Reads a register.
#[inline(never)]
pub(in crate::board) fn read(address: u32) -> u32 {
    let (value, is_due) = coordinator::play(ACCESS_NS, |now_ns| (look(address, now_ns), is_due()));
    OVERHEAD.with(|overhead| coordinator::leave_out(overhead.reading));
    if is_due {
        interrupt();
        return GPIO.with(|gpio| gpio.levels);
    }
    value
}

/// What a register says.
fn look(address: u32, now_ns: u64) -> u32 {
    match address.wrapping_sub(BASE) {
        0x18 => {
            let known = GPIO.with(|gpio| (now_ns < gpio.steady_until_ns).then_some(gpio.levels));
            if let Some(levels) = known {
                return levels;
            }
            see(&coordinator::ask(Ask::Read, 0));
            GPIO.with(|gpio| gpio.levels)
        }
        0x1C => GPIO.with(|gpio| gpio.status),
        _ => abort::rule_broken("a register that the firmware does not read"),
    }
}

/// Writes a register.
#[inline(never)]
pub(in crate::board) fn write(address: u32, value: u32) {
    coordinator::play(ACCESS_NS, |_| change(address, value));
    OVERHEAD.with(|overhead| coordinator::leave_out(overhead.writing));
}

fn change(address: u32, value: u32) {
    let pins = GPIO.with(|gpio| {
        let before = (gpio.out, gpio.enable);
        match address.wrapping_sub(BASE) {
            0x04 => gpio.out |= value,
            0x08 => gpio.out &= !value,
            0x10 => gpio.enable |= value,
            0x14 => gpio.enable &= !value,
            0x24 => gpio.status &= !value,
            offset @ 0x28..0x68 => {
                let pin = 1 << ((offset - 0x28) / 4);
                // Bits 7 to 9: 3 is "any edge".
                gpio.any_edge =
                    if value >> 7 & 7 == 3 { gpio.any_edge | pin } else { gpio.any_edge & !pin };
            }
            // The IO MUX: here every pin is a GPIO.
            0x504..0x544 => {}
            _ => abort::rule_broken("a register that the firmware does not write"),
        }
        (before != (gpio.out, gpio.enable)).then_some(gpio.out | gpio.enable << 16)
    });
    if let Some(pins) = pins {
        GPIO.with(|gpio| gpio.steady_until_ns = 0);
        coordinator::post(Post::Pins, 0, pins, &[]);
    }
}

/// The pins show this now.
pub(super) fn see(answer: &Answer) {
    GPIO.with(|gpio| {
        gpio.status |= (answer.levels ^ gpio.levels) & gpio.any_edge;
        gpio.levels = answer.levels;
        gpio.steady_until_ns = answer.steady_until_ns;
    });
}

/// The handler is to be called.
fn is_due() -> bool {
    GPIO.with(|gpio| gpio.status != 0 && gpio.unmasked && !gpio.in_handler)
}

/// Calls the handler if it is due.
pub(super) fn interrupt() {
    let is_due = is_due();
    let handler = GPIO.with(|gpio| {
        let handler = gpio.handler.filter(|_| is_due);
        gpio.in_handler |= handler.is_some();
        handler
    });
    if let Some(handler) = handler {
        // SAFETY: the function that was attached, with the argument that it was attached with.
        unsafe { handler(core::ptr::null_mut()) };
        GPIO.with(|gpio| {
            gpio.in_handler = false;
            abort::rule(gpio.status == 0, "an interrupt handler that leaves its interrupt pending");
        });
    }
}

/// True while an interrupt handler runs.
pub(super) fn in_handler() -> bool {
    GPIO.with(|gpio| gpio.in_handler)
}

#[unsafe(no_mangle)]
extern "C" fn ets_isr_attach(interrupt: c_int, handler: Handler, argument: *mut c_void) {
    abort::rule(interrupt == raw::GPIO_INTERRUPT, "only GPIO is played here");
    abort::rule(argument.is_null(), "the argument is not played here");
    GPIO.with(|gpio| gpio.handler = Some(handler));
}

#[unsafe(no_mangle)]
extern "C" fn ets_isr_mask(interrupts: u32) {
    GPIO.with(|gpio| gpio.unmasked &= interrupts & 1 << raw::GPIO_INTERRUPT == 0);
}

#[unsafe(no_mangle)]
extern "C" fn ets_isr_unmask(interrupts: u32) {
    GPIO.with(|gpio| gpio.unmasked |= interrupts & 1 << raw::GPIO_INTERRUPT != 0);
    interrupt();
}
