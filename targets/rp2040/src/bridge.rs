//! The bridge's host end on this board.

use embassy_futures::select::select;
use embassy_rp::watchdog::Watchdog;
use fivewire_core::bridge::host::{Host, Memory, Settings};
use fivewire_core::error::ConfigError;
use fivewire_core::event::Event;
use fivewire_core::link::native::{self, Native};
use fivewire_core::link::{Role, Timing};
use fivewire_core::time::Wait;
#[cfg(not(feature = "recorder"))]
use fivewire_pins::HostEnd;
use fivewire_pins::{Driver, StepError};

use crate::clock;
use crate::wires::BridgeWires;

/// Bytes of memory: a publication of up to about 1,000 bytes, and several small ones.
const OUTBOX_BYTES: usize = 8 * 1024;
/// The largest frame on the link.
const FRAME_BYTES: usize = 1_536;

/// How often the wires are looked at for the next bit before other tasks have their turn, and an
/// interrupt has to say that it is there: about 30 µs, an ESP8266 answers in less.
const LOOKS: u32 = 200;

/// The bridge of this board: its memory is in one piece, so that it can lie in a static.
#[cfg(not(feature = "recorder"))]
pub type Bridge = HostEnd<&'static mut [u8], Native<&'static mut [u8]>, BridgeWires>;
#[cfg(feature = "recorder")]
pub use crate::flight::Bridge;

/// Everything that the bridge ever stores.
pub struct Buffers {
    outbox: [u8; OUTBOX_BYTES],
    subscriptions: [u8; 1_024],
    inbound: [u8; 4_096],
    frame: [u8; FRAME_BYTES],
    publication_topics: [u8; 256],
    message_topics: [u8; 256],
    settings: [u8; 512],
    transmit: [u8; 4 * 1_024],
    receive: [u8; 2 * FRAME_BYTES],
    #[cfg(feature = "recorder")]
    log: [u8; crate::flight::LOG_BYTES],
}

impl Buffers {
    /// All zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            outbox: [0; OUTBOX_BYTES],
            subscriptions: [0; 1_024],
            inbound: [0; 4_096],
            frame: [0; FRAME_BYTES],
            publication_topics: [0; 256],
            message_topics: [0; 256],
            settings: [0; 512],
            transmit: [0; 4 * 1_024],
            receive: [0; 2 * FRAME_BYTES],
            #[cfg(feature = "recorder")]
            log: [0; crate::flight::LOG_BYTES],
        }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}

/// Puts the bridge together. `seed` should differ from power-up to power-up.
///
/// # Errors
/// The settings do not fit the buffers.
pub fn new(
    settings: &Settings<'_>,
    buffers: &'static mut Buffers,
    wires: BridgeWires,
    seed: u64,
) -> Result<Bridge, ConfigError> {
    let memory = Memory {
        outbox: &mut buffers.outbox[..],
        subscriptions: &mut buffers.subscriptions[..],
        inbound: &mut buffers.inbound[..],
        frame: &mut buffers.frame[..],
        publication_topics: &mut buffers.publication_topics[..],
        message_topics: &mut buffers.message_topics[..],
        settings: &mut buffers.settings[..],
    };
    let host = Host::new(settings, memory, seed)?;
    // The host decides when the ESP8266 is reset (P8).
    let config = native::Config::new(Role::Initiator);
    let timing = Timing { resets_by_itself: false, ..config.timing };
    let config = native::Config { timing, ..config };
    let memory =
        native::Memory { transmit: &mut buffers.transmit[..], receive: &mut buffers.receive[..] };
    let link = Native::new(&config, memory, seed)?;
    #[cfg(not(feature = "recorder"))]
    return Ok(HostEnd::new(host, Driver::new(link, wires).with_looks(LOOKS)));
    #[cfg(feature = "recorder")]
    Ok(Bridge::new(host, Driver::new(link, wires).with_looks(LOOKS), &mut buffers.log))
}

/// Serves the bridge until `wake` says that the application wants something, or for ever.
///
/// # Errors
/// See [`StepError`].
pub async fn serve(
    bridge: &mut Bridge,
    watchdog: &mut Watchdog,
    wake: impl Future<Output = ()>,
    mut application: impl FnMut(Event<'_>),
) -> Result<(), StepError> {
    let mut wake = core::pin::pin!(wake);
    loop {
        watchdog.feed();
        let wait = bridge.step(clock::now(), &mut application)?;
        #[cfg(feature = "recorder")]
        let wait = wait.sooner(bridge.dump(clock::now()));
        let idle = until_needed(bridge, wait);
        // The application first: a busy link is always needed at once.
        if let embassy_futures::select::Either::First(()) = select(&mut wake, idle).await {
            return Ok(());
        }
    }
}

/// Ends when the clock wire from the ESP8266 has changed, or the wait is over.
#[cfg(not(feature = "polled"))]
async fn until_needed(bridge: &mut Bridge, wait: Wait) {
    if matches!(wait, Wait::Until(at, _) if at <= clock::now()) {
        // There is more to do, but other tasks have their turn first: the other end may always be
        // quicker than this one.
        return embassy_futures::yield_now().await;
    }
    // Time in which nothing is heard is what watchdogs count, so the board's own is fed too.
    let most = Wait::Until(clock::now().plus_ms(1_000), fivewire_core::time::Reason::MoreWork);
    let clock_was_high = bridge.driver().heard().clock;
    let clock_in = &mut bridge.driver().pins().clock_in;
    let edge = async {
        if clock_was_high { clock_in.wait_for_low().await } else { clock_in.wait_for_high().await }
    };
    select(edge, clock::sleep(wait.sooner(most))).await;
}

/// Comes back at once, after the other tasks had their turn.
#[cfg(feature = "polled")]
async fn until_needed(_bridge: &mut Bridge, _wait: Wait) {
    embassy_futures::yield_now().await;
}
