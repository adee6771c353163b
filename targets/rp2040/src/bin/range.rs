//! The LED shows whether the broker can be reached: walk around with the board, and watch.
//!
//! | LED | means |
//! |---|---|
//! | on | connected to the broker |
//! | blinks twice a second | the WiFi is there, the broker is not |
//! | off | no WiFi, or no ESP8266 |
//!
//! A count is published every few seconds, so that the other side can see it too.
#![no_std]
#![no_main]

use core::cell::Cell;
use core::fmt::Write as _;

use embassy_executor::Spawner;
use embassy_time::{Duration, Ticker};
use fivewire_core::client::Publication;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_rp2040::board::Board;
use fivewire_rp2040::bridge::{self, Buffers};
use fivewire_rp2040::clock::now;
use fivewire_rp2040::settings::{PERIOD_S, PUBLISH_TOPIC, SETTINGS};
use static_cell::ConstStaticCell;

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());

/// What the LED shows changes this often.
const BLINK: Duration = Duration::from_millis(250);

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let Board { wires, mut led, mut console, mut watchdog } =
        Board::new(embassy_rp::init(embassy_rp::config::Config::default()));
    let seed = embassy_rp::clocks::RoscRng.next_u64();
    let mut bridge = bridge::new(&SETTINGS, BUFFERS.take(), wires, seed)
        .expect("build.rs has checked the settings");
    bridge.start(now());

    let (wifi, broker) = (Cell::new(false), Cell::new(false));
    let mut blink = Ticker::every(BLINK);
    let blinks_per_publication = PERIOD_S * 1_000 / BLINK.as_millis();
    for turn in 1_u64.. {
        let served = bridge::serve(&mut bridge, &mut watchdog, blink.next(), |event| match event {
            Event::Wifi(up) => wifi.set(up),
            Event::Connected { .. } => {
                wifi.set(true);
                broker.set(true);
            }
            Event::Disconnected { .. } => broker.set(false),
            Event::EspReset { .. } => {
                wifi.set(false);
                broker.set(false);
            }
            _ => {}
        });
        if let Err(error) = served.await {
            let _ = writeln!(console, "{error}\r");
        }
        led.set_level((broker.get() || (wifi.get() && turn % 2 == 0)).into());
        if turn % blinks_per_publication == 0 {
            let mut text = heapless::String::<20>::new();
            let _ = write!(text, "{}", turn / blinks_per_publication);
            let publication = Publication::new(PUBLISH_TOPIC, text.as_bytes(), QoS::AtLeastOnce);
            // A full outbox is what being out of range for long looks like.
            let _ = bridge.host().publish(now(), &publication);
        }
    }
}
