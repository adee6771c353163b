//! fivewire for the ESP8266: the end of the bridge that has the radio.
//!
//! ```text
//!   pins   <->  link  <->  bridge's ESP end + client  <->  network  <->  sdk
//!   (GPIO)                (fivewire-core)                          (espconn, WiFi, timers)
//! ```
//!
//! Nothing here decides anything about MQTT or the link. All is done in one task of the SDK,
//! [`node`]. Below it are two boards ([`board`]): the chip, and one that QEMU runs, where the SDK's
//! functions and the chip's registers are played by a shim that speaks to a coordinator
//! (EMULATION.md). Nothing above knows which.
#![no_std]
#![no_main]

mod board;
mod clock;
mod link;
mod local;
mod memory;
mod network;
mod node;
mod pins;
mod sdk;

/// The first that the SDK calls.
#[unsafe(no_mangle)]
extern "C" fn user_init() {
    pins::start();
    sdk::system::run_fast();
    sdk::system::when_started(on_started);
}

unsafe extern "C" fn on_started() {
    node::start();
}

/// Texts of panics would be in the memory that the SDK needs: a panic is a restart (a trap under
/// QEMU).
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sdk::system::restart()
}
