//! What differs between the chip and its emulation: start-up, registers, and the SDK's symbols.

#[cfg_attr(feature = "emulated", path = "emulated/mod.rs")]
#[cfg_attr(not(feature = "emulated"), path = "chip/mod.rs")]
mod chosen;

/// The address of a register of the chip.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Register(u32);

impl Register {
    /// A register of the GPIO block (ESP8266 Technical Reference, appendix 1).
    pub(crate) const fn gpio(offset: u32) -> Self {
        assert!(offset < 0x78 && offset.is_multiple_of(4), "in the block, and whole");
        Self(0x6000_0300 + offset)
    }

    /// A register of the IO MUX (`eagle_soc.h`, `PERIPHS_IO_MUX`).
    pub(crate) const fn io_mux(offset: u32) -> Self {
        assert!(offset < 0x44 && offset.is_multiple_of(4), "in the block, and whole");
        Self(0x6000_0800 + offset)
    }

    /// What it says.
    #[inline(always)]
    pub(crate) fn read(self) -> u32 {
        chosen::read(self.0)
    }

    /// Changes it.
    #[inline(always)]
    pub(crate) fn write(self, value: u32) {
        chosen::write(self.0, value);
    }
}
