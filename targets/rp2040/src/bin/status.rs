//! Prints everything that happens, and what was counted, over UART0.
#![no_std]
#![no_main]

use core::fmt::Write as _;

use embassy_executor::Spawner;
use embassy_time::{Duration, Ticker};
use fivewire_core::event::Event;
use fivewire_core::link::Link as _;
use fivewire_core::mqtt::QoS;
use fivewire_rp2040::board::Board;
use fivewire_rp2040::bridge::{self, Buffers};
use fivewire_rp2040::clock::now;
use fivewire_rp2040::settings::{PERIOD_S, SETTINGS, SUBSCRIBE_FILTER};
use static_cell::ConstStaticCell;

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let Board { wires, mut console, mut watchdog, .. } =
        Board::new(embassy_rp::init(embassy_rp::config::Config::default()));
    let seed = embassy_rp::clocks::RoscRng.next_u64();
    let mut bridge = bridge::new(&SETTINGS, BUFFERS.take(), wires, seed)
        .expect("build.rs has checked the settings");
    bridge.start(now());
    bridge
        .host()
        .subscribe(now(), SUBSCRIBE_FILTER, QoS::AtLeastOnce)
        .expect("the table of subscriptions is empty");

    let mut report = Ticker::every(Duration::from_secs(PERIOD_S));
    loop {
        let served = bridge::serve(&mut bridge, &mut watchdog, report.next(), |event| {
            let _ = match event {
                Event::Message(message) => {
                    writeln!(
                        console,
                        "{} ms: {}: {:?}\r",
                        now().as_millis(),
                        message.topic,
                        message.payload
                    )
                }
                event => writeln!(console, "{} ms: {event:?}\r", now().as_millis()),
            };
        });
        if let Err(error) = served.await {
            let _ = writeln!(console, "{error}\r");
        }
        let _ = writeln!(console, "{:?}\r", bridge.host().counters());
        let _ = writeln!(console, "{:?}\r", bridge.driver().link().counters());
    }
}
