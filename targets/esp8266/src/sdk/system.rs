//! The chip as a whole: time, randomness, restart, log.

use core::ffi::CStr;

use super::raw;
use crate::local::Local;

static HEAP_BYTES: Local<u32> = Local::new(0);

/// Microseconds since the start, modulo 2^32 (API §3.3, `system_get_time`).
pub(crate) fn time_us() -> u32 {
    // SAFETY: reads a counter (API §3.3).
    unsafe { raw::system_get_time() }
}

/// Restarts the chip. The host finds the link gone and starts the bridge over.
pub(crate) fn restart() -> ! {
    // SAFETY: takes effect when this task or callback has returned to the SDK, or, if it never
    // does, by the hardware watchdog (API §3.3, `system_restart`).
    unsafe { raw::system_restart() };
    loop {
        core::hint::spin_loop();
    }
}

/// Runs the processor at 160 MHz (API §3.3, `system_update_cpu_freq`).
pub(crate) fn run_fast() {
    // SAFETY: may be called at any time (API §3.3).
    unsafe { raw::system_update_cpu_freq(160) };
}

/// Calls `work` when the SDK has started, which radio functions need (API §3.3,
/// `system_init_done_cb`).
pub(crate) fn when_started(work: unsafe extern "C" fn()) {
    // SAFETY: `work` is a function, so it is there when it is called.
    unsafe { raw::system_init_done_cb(work) };
}

/// A number from the hardware's generator of noise, which is true randomness while the radio is on
/// (ESP8266 Technical Reference; API §3.2, `os_get_random`).
pub(crate) fn random() -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the pointer is valid for as many bytes as it says.
    unsafe { raw::os_get_random(bytes.as_mut_ptr(), bytes.len()) };
    u64::from_le_bytes(bytes)
}

/// Bytes of the SDK's heap that are free, and that are in use: less than there were at the most.
pub(crate) fn heap_bytes() -> (u32, u32) {
    // SAFETY: reads a counter (API §3.3, `system_get_free_heap_size`).
    let free_bytes = unsafe { raw::system_get_free_heap_size() };
    HEAP_BYTES.with(|most| {
        *most = free_bytes.max(*most);
        (free_bytes, *most - free_bytes)
    })
}

/// The chip's own number (API §3.3, `system_get_chip_id`).
#[cfg(feature = "syncom")]
pub(crate) fn chip_id() -> u32 {
    // SAFETY: reads what was burnt into the chip (API §3.3).
    unsafe { raw::system_get_chip_id() }
}

/// Writes a line to UART 0. No `%` in it.
pub(crate) fn log(line: &'static CStr) {
    // SAFETY: a format without `%` takes no further arguments; it ends with a zero (API §3.2).
    unsafe { raw::os_printf_plus(line.as_ptr()) };
}
