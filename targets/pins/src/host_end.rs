//! The bridge's host end over a link.

use core::fmt;

use fivewire_core::bridge::host::{Action, Host, Input, Output};
use fivewire_core::event::Event;
use fivewire_core::link::{self, Link, SendError};
use fivewire_core::recorder::{Recorded, Recorder, Sink, Unrecorded};
use fivewire_core::storage::Storage;
use fivewire_core::time::{Instant, Wait};

use crate::driver::{Driver, Owner};
use crate::wires::{PinError, Pins};

/// What stopped a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StepError {
    /// A pin does not work. Call again.
    Pin(PinError),
    /// The link refuses a frame of a size that it said it carries ([`Event::Up`](link::Event::Up)):
    /// a fault of the link, which `native` has not. Nothing more is sent until it begins another
    /// session.
    Frame(SendError),
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pin(error) => error.fmt(f),
            Self::Frame(error) => write!(f, "the link cannot carry the host's frame: {error}"),
        }
    }
}

impl core::error::Error for StepError {}

impl From<PinError> for StepError {
    fn from(error: PinError) -> Self {
        Self::Pin(error)
    }
}

/// Everything that a board without WiFi needs: a [`Host`], and the pins that lead to its ESP8266.
///
/// ```no_run
/// # use fivewire_core::{bridge::host::Host, client::Publication, event::Event, link::native::Native, mqtt::QoS, time::Instant};
/// # use fivewire_pins::{Driver, HostEnd, Pins};
/// # fn board_clock() -> Instant { Instant::ZERO }
/// # fn sleep(_: fivewire_core::time::Wait) {}
/// # fn example(host: Host<[u8; 1024]>, driver: Driver<Native<[u8; 1024]>, impl Pins>) -> Result<(), Box<dyn std::error::Error>> {
/// let mut bridge = HostEnd::new(host, driver);
/// bridge.start(board_clock());
/// let ticket = bridge.host().publish(
///     board_clock(),
///     &Publication::new("greenhouse/7/on", b"1", QoS::AtLeastOnce),
/// )?;
/// loop {
///     let wait = bridge.step(board_clock(), |event| match event {
///         Event::Acked(done) if done == ticket => { /* the broker has it */ }
///         Event::Message(message) => { let _ = (message.topic, message.payload); }
///         _ => {}
///     })?;
///     sleep(wait); // or until a pin changes
/// }
/// # }
/// ```
///
/// [`recorded`](Self::recorded) makes one whose host has a flight recorder, for example into a
/// [`Ring`](fivewire_core::recorder::Ring) that is drained over a serial line after trouble.
pub struct HostEnd<S, L, P, K = Unrecorded> {
    host: Recorded<Host<S>, K>,
    driver: Driver<L, P>,
    /// What the host waits for. It is left alone until then: a step that moves a bit is far more
    /// frequent.
    wait: Wait,
    /// The application may have asked the host for something, or a frame is still to be sent.
    asked: bool,
}

impl<S: Storage, L: Link, P: Pins> HostEnd<S, L, P> {
    /// Puts `host` on top of `driver`.
    pub fn new(host: Host<S>, driver: Driver<L, P>) -> Self {
        Self::with(Recorded::new(host, None), driver)
    }
}

impl<S: Storage, L: Link, P: Pins, K: Sink> HostEnd<S, L, P, K> {
    /// The same, and records what is done with `host` from here on. See
    /// [`recorder`](Self::recorder).
    pub fn recorded(host: Host<S>, driver: Driver<L, P>, recorder: Recorder<K>) -> Self {
        Self::with(Recorded::new(host, Some(recorder)), driver)
    }

    const fn with(host: Recorded<Host<S>, K>, driver: Driver<L, P>) -> Self {
        Self { host, driver, wait: Wait::ForInput, asked: false }
    }

    /// Resets the ESP8266 and begins, at the next [`step`](Self::step).
    pub fn start(&mut self, now: Instant) {
        self.asked = true;
        self.host.start(now);
    }

    /// The host: to publish, to subscribe, to release. Call [`step`](Self::step) afterwards.
    pub const fn host(&mut self) -> &mut Recorded<Host<S>, K> {
        self.asked = true;
        &mut self.host
    }

    /// What records the host, for example to drain its ring. Unlike [`host`](Self::host) it leaves
    /// the host alone.
    pub const fn recorder(&mut self) -> Option<&mut Recorder<K>> {
        self.host.recorder_mut()
    }

    /// The driver below: its pins to wait for, its link's counters.
    pub const fn driver(&mut self) -> &mut Driver<L, P> {
        &mut self.driver
    }

    /// Does what is to be done, as [`Driver::step`] does, and tells the application what happened.
    ///
    /// # Errors
    /// A pin does not work, or the link does not keep to what it said.
    pub fn step(
        &mut self,
        now: Instant,
        application: impl FnMut(Event<'_>),
    ) -> Result<Wait, StepError> {
        let mut owner =
            HostOwner { host: &mut self.host, application, wait: self.wait, unsent: None };
        let is_due = matches!(self.wait, Wait::Until(at, _) if at <= now);
        if self.asked || is_due {
            self.asked = false;
            owner.host.handle(now, Input::Timeout);
            owner.speak(now, self.driver.link());
        }
        let wait = self.driver.step(now, &mut owner)?;
        self.wait = owner.wait;
        match owner.unsent {
            Some(error) => {
                self.asked = true;
                Err(StepError::Frame(error))
            }
            None => Ok(wait.sooner(self.wait)),
        }
    }
}

/// A host that hears and speaks.
struct HostOwner<'a, S, F, K> {
    host: &'a mut Recorded<Host<S>, K>,
    application: F,
    wait: Wait,
    unsent: Option<SendError>,
}

impl<S: Storage, L: Link, F: FnMut(Event<'_>), K: Sink> Owner<L> for HostOwner<'_, S, F, K> {
    fn hear(&mut self, now: Instant, event: link::Event<'_>) {
        match event {
            link::Event::Up { frame_max_bytes } => {
                self.host.handle(now, Input::LinkUp { frame_max_bytes });
            }
            link::Event::Down { .. } => self.host.handle(now, Input::LinkDown),
            link::Event::Frame(frame) => self.host.handle(now, Input::Frame(frame)),
            link::Event::Writable => self.host.handle(now, Input::Writable),
            link::Event::Unsuited { peer } => self.host.handle(now, Input::Unsuited(peer.into())),
            // No frame of an ESP8266 is larger than the receive memory: `native` sees to that.
            _ => {}
        }
    }

    fn speak(&mut self, now: Instant, link: &mut L) {
        loop {
            match self.host.poll() {
                Output::Action(Action::ResetEsp) => link.restart(now),
                Output::Frame(frame) => {
                    let sent = link.send(frame).unwrap_or_else(|error| {
                        self.unsent = Some(error);
                        0
                    });
                    self.host.handle(now, Input::Sent(sent));
                }
                Output::Event(event) => (self.application)(event),
                Output::Wait(wait) => {
                    self.wait = wait;
                    return;
                }
            }
        }
    }
}
