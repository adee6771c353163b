//! A panic is a bug of ours: it stops the board, and the board's watchdog starts it again.

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    loop {
        // A debugger stops here, and so does the emulator.
        cortex_m::asm::bkpt();
    }
}
