//! What the core decides in fixed schedules, as numbers: `cargo xtask trace` compares them with
//! those of other processors.
#![no_std]
#![no_main]

use core::fmt::Write as _;

use embassy_executor::Spawner;
use fivewire_rp2040::board::Board;
use fivewire_trace::Memory;
use static_cell::ConstStaticCell;

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::new());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let Board { mut console, mut watchdog, .. } =
        Board::new(embassy_rp::init(embassy_rp::config::Config::default()));
    let memory = MEMORY.take();
    for schedule in 0..fivewire_trace::SCHEDULES {
        watchdog.feed();
        let hash = fivewire_trace::run(schedule, memory).hash.value();
        let _ = write!(console, "trace {schedule} {hash:016x}\r\n");
    }
    let _ = write!(console, "end\r\n");
}
