//! Two ends of a link on mock pins, in one main loop: what is typed at one end arrives at the
//! other.
//!
//! ```text
//! cargo run -p fivewire-pins --example two_boards -- "five wires are enough"
//! ```

#[path = "../tests/common/mod.rs"]
mod common;

use std::error::Error;

use fivewire_core::link::native::{Config, Memory, Native};
use fivewire_core::link::{Event, Link, Role};
use fivewire_core::time::Instant;
use fivewire_pins::Driver;

fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args().nth(1).unwrap_or_else(|| "five wires are enough".to_owned());
    let memory = || Memory { transmit: [0_u8; 512], receive: [0_u8; 512] };
    let (host_pins, board_pins) = common::crossed();
    let host = Native::new(&Config::new(Role::Initiator), memory(), 1)?;
    let board = Native::new(&Config::new(Role::Passive), memory(), 2)?;
    let (mut host, mut board) = (Driver::new(host, host_pins), Driver::new(board, board_pins));

    let mut now = Instant::ZERO;
    host.start(now);
    board.start(now);
    let mut arrived = None;
    while arrived.is_none() {
        let mut up = false;
        host.step(now, &mut |event: Event<'_>| up |= matches!(event, Event::Up { .. }))?;
        if up {
            println!("host:  the link is up");
            host.link().send(text.as_bytes())?;
        }
        board.step(now, &mut |event: Event<'_>| {
            if let Event::Frame(frame) = event {
                arrived = Some(String::from_utf8_lossy(frame).into_owned());
            }
        })?;
        now = Instant::from_micros(now.as_micros() + 100);
    }
    println!("board: {}", arrived.unwrap_or_default());
    println!("       after {} bits", host.link().counters().bits);
    Ok(())
}
