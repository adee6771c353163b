//! The ESP8266 itself.

mod start;

/// Reads a register.
#[inline(always)]
pub(super) fn read(address: u32) -> u32 {
    // SAFETY: `Register` has only addresses of whole registers of the GPIO block and the IO MUX,
    // which may be read at any time (ESP8266 Technical Reference, appendix 1).
    unsafe { core::ptr::with_exposed_provenance::<u32>(address as usize).read_volatile() }
}

/// Writes a register.
#[inline(always)]
pub(super) fn write(address: u32, value: u32) {
    // SAFETY: as above; what is written there changes pins, not memory.
    unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address as usize).write_volatile(value) }
}
