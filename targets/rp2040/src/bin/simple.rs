//! Publishes a count every 10 s at QoS 1, and lets a topic switch the LED.
#![no_std]
#![no_main]

use core::fmt::Write as _;

use embassy_executor::Spawner;
use embassy_time::{Duration, Ticker};
use fivewire_core::client::Publication;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
#[cfg(feature = "mqtt5")]
use fivewire_core::mqtt::{ProtocolVersion, v5::Property};
use fivewire_rp2040::board::Board;
use fivewire_rp2040::bridge::{self, Buffers};
use fivewire_rp2040::clock::now;
use fivewire_rp2040::settings::{PERIOD_S, PUBLISH_TOPIC, SETTINGS, SUBSCRIBE_FILTER};
use static_cell::ConstStaticCell;

/// What travels with each count where `fivewire.toml` chooses MQTT 5: what it is, and that nobody
/// wants it after a day.
#[cfg(feature = "mqtt5")]
const PROPERTIES: &[Property<'static>] = match SETTINGS.client.protocol {
    ProtocolVersion::V5 => {
        &[Property::MessageExpiryInterval(86_400), Property::ContentType("text/plain")]
    }
    _ => &[],
};

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let Board { wires, mut led, mut console, mut watchdog } =
        Board::new(embassy_rp::init(embassy_rp::config::Config::default()));
    let seed = embassy_rp::clocks::RoscRng.next_u64();
    let mut bridge = bridge::new(&SETTINGS, BUFFERS.take(), wires, seed)
        .expect("build.rs has checked the settings");
    bridge.start(now());
    bridge
        .host()
        .subscribe(now(), SUBSCRIBE_FILTER, QoS::AtLeastOnce)
        .expect("the table of subscriptions is empty");

    let mut ticker = Ticker::every(Duration::from_secs(PERIOD_S));
    let mut count = 0_u32;
    loop {
        let served =
            bridge::serve(&mut bridge, &mut watchdog, ticker.next(), |event| match event {
                Event::Message(message) => {
                    led.set_level((message.payload == b"1").into());
                    #[cfg(feature = "mqtt5")]
                    if let Some(content_type) = message.properties.content_type() {
                        let _ = writeln!(console, "{} in {content_type}\r", message.topic);
                    }
                }
                Event::Connected { .. }
                | Event::Disconnected { .. }
                | Event::EspReset { .. }
                | Event::EspUnfit
                | Event::Acked(_) => {
                    let _ = writeln!(console, "{event:?}\r");
                }
                _ => {}
            });
        if let Err(error) = served.await {
            let _ = writeln!(console, "{error}\r");
        }
        count += 1;
        let mut text = heapless::String::<10>::new();
        let _ = write!(text, "{count}");
        let publication = Publication {
            retain: true,
            #[cfg(feature = "mqtt5")]
            properties: PROPERTIES,
            ..Publication::new(PUBLISH_TOPIC, text.as_bytes(), QoS::AtLeastOnce)
        };
        // A full outbox means that the broker was away for long: this count is skipped, and says
        // so.
        if let Err(error) = bridge.host().publish(now(), &publication) {
            let _ = writeln!(console, "count {count} skipped: {error}\r");
        }
    }
}
