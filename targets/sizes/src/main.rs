//! A program with the machines that its features say, each driven as an application drives it. It
//! is never run: what it takes more than one with fewer features is what a part takes.
#![no_std]
#![no_main]

mod drive;

use core::panic::PanicInfo;
use core::sync::atomic::AtomicU8;

/// Where the program begins.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    drive::all();
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

/// As many bytes of RAM as the machines take, the caller's buffers aside.
#[used]
static MACHINES: [AtomicU8; drive::MACHINE_BYTES] =
    [const { AtomicU8::new(0) }; drive::MACHINE_BYTES];
