//! What the core decides in fixed schedules, as numbers: `cargo xtask trace` compares them with
//! those of other processors.
//!
//! No firmware, and never on a chip: it formats text, and has nothing of the SDK. It shares
//! start-up and semihosting with the emulated board.
#![no_std]
#![no_main]

#[path = "../src/local.rs"]
#[expect(dead_code, reason = "this program never gives back")]
mod local;
#[expect(dead_code, reason = "this program only writes")]
#[path = "../src/board/emulated/machine.rs"]
mod machine;

use core::fmt::{self, Write};

use fivewire_trace::Memory;
use local::Local;

static MEMORY: Local<Memory> = Local::new(Memory::new());

/// `machine` ends the emulation with this where nobody reads what it writes.
mod coordinator {
    pub(super) const GONE: u8 = 2;
}

/// What start/emulated.S paints the stack with.
const PAINT: u32 = 0x5AFE_5AFE;

unsafe extern "C" {
    /// The lowest word of the stack's memory (start/emulated.ld).
    static _bss_end: u32;
}

/// QEMU's own standard output.
struct Output;

impl Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        machine::write(1, text.as_bytes());
        Ok(())
    }
}

/// Where start/emulated.S goes.
#[unsafe(no_mangle)]
extern "C" fn emulated_main() -> ! {
    let memory = MEMORY.take();
    for schedule in 0..fivewire_trace::SCHEDULES {
        let hash = fivewire_trace::run(schedule, memory).hash.value();
        // The output takes any text.
        let _ = writeln!(Output, "trace {schedule} {hash:016x}");
    }
    // SAFETY: the word is memory, and nothing else lies there (start/emulated.ld).
    let lowest = unsafe { (&raw const _bss_end).read_volatile() };
    let end = if lowest == PAINT { "end" } else { "the stack was too small" };
    let _ = writeln!(Output, "{end}");
    machine::exit(0)
}

/// Where `abort` in start/emulated.S goes: every panic.
#[unsafe(no_mangle)]
extern "C" fn emulated_abort(_at: u32) -> ! {
    machine::exit(134)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    machine::exit(134)
}
