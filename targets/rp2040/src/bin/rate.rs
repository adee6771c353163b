//! Measures the link between this board and its ESP8266, with a broker behind it, and prints one
//! line:
//!
//! ```text
//! rate 9000 bytes/s, publication 5000 us, 8192 us at most, other task 93 %
//! ```
//!
//! | figure | is |
//! |---|---|
//! | bytes/s | payloads of publications at QoS 1, as fast as the outbox takes them, from the first one to the last acknowledgement |
//! | publication | from `publish` to `Acked`, one at a time, on average and at most |
//! | other task | what a second task, which wants a tenth of the processor, got of that meanwhile; there is none with the feature `polled` |
#![no_std]
#![no_main]

use core::cell::Cell;
use core::fmt::Write as _;
use core::future::poll_fn;
use core::task::Poll;

use embassy_executor::Spawner;
use embassy_rp::watchdog::Watchdog;
use embassy_time::{Duration, Instant, Ticker};
use fivewire_core::client::Publication;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_rp2040::board::Board;
use fivewire_rp2040::bridge::{self, Bridge, Buffers};
use fivewire_rp2040::clock::now;
use fivewire_rp2040::settings::{PUBLISH_TOPIC, SETTINGS};
use portable_atomic::{AtomicU32, Ordering};
use static_cell::ConstStaticCell;

static BUFFERS: ConstStaticCell<Buffers> = ConstStaticCell::new(Buffers::new());
/// Turns of the second task.
static TURNS: AtomicU32 = AtomicU32::new(0);

/// The second task works so long, in µs, every [`PERIOD`].
const WORK_US: u64 = 100;
const PERIOD: Duration = Duration::from_millis(1);
/// Publications one at a time, and as fast as possible.
const SINGLE: usize = 10;
const BURST: usize = 50;
const SMALL: [u8; 8] = *b"12345678";
const LARGE: [u8; 200] = [0x55; 200];

#[embassy_executor::task]
async fn work() -> ! {
    let mut ticker = Ticker::every(PERIOD);
    loop {
        ticker.next().await;
        let end = Instant::now() + Duration::from_micros(WORK_US);
        while Instant::now() < end {}
        TURNS.fetch_add(1, Ordering::Relaxed);
    }
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let Board { wires, mut console, mut watchdog, .. } =
        Board::new(embassy_rp::init(embassy_rp::config::Config::default()));
    let seed = embassy_rp::clocks::RoscRng.next_u64();
    let mut bridge = bridge::new(&SETTINGS, BUFFERS.take(), wires, seed)
        .expect("build.rs has checked the settings");
    // Polling, nothing else runs.
    if cfg!(not(feature = "polled")) {
        spawner.spawn(work()).expect("there is one");
    }
    bridge.start(now());
    until(&mut bridge, &mut watchdog, |event| matches!(event, Event::Connected { .. })).await;
    // The connection that forgets an older session ends at once; the one that lasts comes next.
    until_acknowledged(&mut bridge, &mut watchdog, &SMALL, 1).await;

    let (mut sum_us, mut most_us) = (0, 0);
    for _ in 0..SINGLE {
        let start = Instant::now();
        until_acknowledged(&mut bridge, &mut watchdog, &SMALL, 1).await;
        let took_us = start.elapsed().as_micros();
        sum_us += took_us;
        most_us = most_us.max(took_us);
    }
    let (start, turns) = (Instant::now(), TURNS.load(Ordering::Relaxed));
    until_acknowledged(&mut bridge, &mut watchdog, &LARGE, BURST).await;
    let took_us = start.elapsed().as_micros().max(1);
    let turns = u64::from(TURNS.load(Ordering::Relaxed) - turns);
    let _ = write!(
        console,
        "rate {} bytes/s, publication {} us, {most_us} us at most, other task {} %\r\n",
        (BURST * LARGE.len()) as u64 * 1_000_000 / took_us,
        sum_us / SINGLE as u64,
        turns * PERIOD.as_micros() * 100 / took_us,
    );
    let _ = bridge::serve(&mut bridge, &mut watchdog, core::future::pending(), |_| {}).await;
}

/// Serves the bridge until an event is the one that is waited for.
async fn until(bridge: &mut Bridge, watchdog: &mut Watchdog, is_it: impl Fn(&Event<'_>) -> bool) {
    let come = Cell::new(false);
    // Looked at after each step of the bridge, which is what makes it true.
    let wake = poll_fn(|_| if come.get() { Poll::Ready(()) } else { Poll::Pending });
    let hear = |event: Event<'_>| come.set(come.get() || is_it(&event));
    // The pins of this board always work.
    let _ = bridge::serve(bridge, watchdog, wake, hear).await;
}

/// Publishes so many, as fast as the outbox takes them, and serves the bridge until the last one is
/// acknowledged.
async fn until_acknowledged(
    bridge: &mut Bridge,
    watchdog: &mut Watchdog,
    payload: &[u8],
    count: usize,
) {
    let publication = Publication::new(PUBLISH_TOPIC, payload, QoS::AtLeastOnce);
    let mut published = 0;
    while published < count || bridge.host().unacknowledged() > 0 {
        while published < count && bridge.host().publish(now(), &publication).is_ok() {
            published += 1;
        }
        until(bridge, watchdog, |event| matches!(event, Event::Acked(_))).await;
    }
}
