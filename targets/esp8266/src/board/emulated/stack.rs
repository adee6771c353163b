//! How deep the stack was, by the paint that is left on it (start/emulated.S).

use super::coordinator::{self, Post};

const PAINT: u32 = 0x5AFE_5AFE;

unsafe extern "C" {
    static _bss_end: u32;
    static _stack_top: u32;
}

/// Tells the bytes of stack that were ever used, and the bytes that there are.
pub(super) fn report() {
    let mut place = &raw const _bss_end;
    let top = &raw const _stack_top;
    let size = top.addr() - place.addr();
    // SAFETY: every word from the end of the data to the top of the stack is memory
    // (start/emulated.ld).
    while place < top && unsafe { place.read_volatile() } == PAINT {
        place = place.wrapping_add(1);
    }
    let used = top.addr() - place.addr();
    coordinator::post(Post::Stack, 0, used as u32, &(size as u32).to_le_bytes());
}
