//! Time, restart, randomness, log.

use core::ffi::{CStr, c_char, c_int};

use super::coordinator::{self, Answer, Post};
use super::{abort, gpio, machine};
use crate::local::Local;

/// What the SDK takes for it, about: a register, a multiplication and a shift.
const GET_TIME_NS: u64 = 500;
/// The exit status after `system_restart`: the coordinator starts the board again.
const RESTARTED: u8 = 4;

static RANDOM: Local<u64> = Local::new(0);

#[unsafe(no_mangle)]
extern "C" fn system_get_time() -> u32 {
    coordinator::play(GET_TIME_NS, |now_ns| (now_ns / 1_000) as u32)
}

#[unsafe(no_mangle)]
extern "C" fn system_restart() {
    coordinator::post(Post::Restart, 0, 0, &[]);
    machine::exit(RESTARTED)
}

/// The shim has no heap; this is about what the SDK leaves.
#[unsafe(no_mangle)]
extern "C" fn system_get_free_heap_size() -> u32 {
    40_000
}

/// Any number would do.
#[cfg(feature = "syncom")]
#[unsafe(no_mangle)]
extern "C" fn system_get_chip_id() -> u32 {
    0x00C5_5A17
}

#[unsafe(no_mangle)]
extern "C" fn system_update_cpu_freq(mhz: u8) -> bool {
    mhz == 80 || mhz == 160
}

/// The numbers of SplitMix64, from a seed that the coordinator gives at boot.
#[unsafe(no_mangle)]
extern "C" fn os_get_random(buffer: *mut u8, length: usize) -> c_int {
    for at in 0..length {
        let byte = RANDOM.with(|state| {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = *state;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            (mixed ^ mixed >> 31) as u8
        });
        // SAFETY: within the caller's buffer.
        unsafe { buffer.add(at).write(byte) };
    }
    0
}

/// Takes the seed of [`os_get_random`].
pub(super) fn take_seed(answer: &Answer) {
    let seed = coordinator::with_payload(answer, |bytes| bytes.first_chunk().copied());
    RANDOM.with(|state| *state = u64::from_le_bytes(seed.unwrap_or_default()));
}

/// The firmware passes no further arguments.
#[unsafe(no_mangle)]
extern "C" fn os_printf_plus(format: *const c_char) -> c_int {
    abort::rule(!gpio::in_handler(), "no printing in an interrupt");
    // SAFETY: a text that ends with a zero (API §3.2).
    let text = unsafe { CStr::from_ptr(format) }.to_bytes();
    abort::rule(!text.contains(&b'%'), "a format without arguments");
    coordinator::post(Post::Text, 0, 0, text);
    0
}
