//! The instructions of start/emulated.S, made safe.

use core::ffi::c_int;

/// Semihosting calls (Xtensa simulators' SYS_exit, SYS_read, SYS_write).
const EXIT: c_int = 1;
const READ: c_int = 3;
const WRITE: c_int = 4;

unsafe extern "C" {
    fn simcall(number: c_int, a: c_int, b: c_int, c: c_int) -> c_int;
    fn cycle_count() -> u32;
}

/// The cycle counter: 40 MHz of virtual time.
pub(super) fn cycles() -> u32 {
    // SAFETY: reads a special register (Xtensa ISA Reference, CCOUNT).
    unsafe { cycle_count() }
}

/// Ends the emulation.
pub(super) fn exit(status: u8) -> ! {
    // SAFETY: does not return.
    unsafe { simcall(EXIT, c_int::from(status), 0, 0) };
    loop {
        core::hint::spin_loop();
    }
}

/// Writes all of `bytes` to a descriptor that QEMU inherited, or ends the emulation.
pub(super) fn write(descriptor: c_int, bytes: &[u8]) {
    let mut left = bytes;
    while !left.is_empty() {
        // SAFETY: QEMU reads as many bytes from this address as it is told
        // (target/xtensa/xtensa-semi.c).
        let count = unsafe {
            simcall(
                WRITE,
                descriptor,
                left.as_ptr().expose_provenance() as c_int,
                left.len() as c_int,
            )
        };
        match usize::try_from(count) {
            Ok(count) if count > 0 => left = left.get(count..).unwrap_or_default(),
            _ => exit(super::coordinator::GONE),
        }
    }
}

/// Fills `bytes` from a descriptor that QEMU inherited, or ends the emulation.
pub(super) fn read(descriptor: c_int, bytes: &mut [u8]) {
    let mut filled = 0;
    while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
        // SAFETY: QEMU writes at most as many bytes to this address as it is told (as above).
        let count = unsafe {
            simcall(
                READ,
                descriptor,
                room.as_mut_ptr().expose_provenance() as c_int,
                room.len() as c_int,
            )
        };
        match usize::try_from(count) {
            Ok(count) if count > 0 => filled += count,
            _ => exit(super::coordinator::GONE),
        }
    }
}
