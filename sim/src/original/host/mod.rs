//! The host's original driver, V0.1 and V0.22 alike as far as its link and its application see it
//! (PREDECESSORS.md §2.6 to §2.10).
//!
//! Its link's watchdog sees clock edges, so all that stops those resets the ESP8266, and nothing
//! else does (D-07). A restart clears what it had queued and takes the publication under way for
//! done (D-03).

mod driver;
mod link;

use std::collections::{BTreeMap, VecDeque};

use fivewire_core::link::Levels;
use fivewire_core::time::{Instant, Reason, Wait};

use super::Generation;
use driver::Driver;
use link::Link;

/// The driver's settings (PREDECESSORS.md §2.11).
#[derive(Clone, Debug)]
pub struct Config {
    /// Its version.
    pub generation: Generation,
    /// The network, and its password.
    pub ssid: String,
    /// See `ssid`.
    pub password: String,
    /// The broker's address.
    pub broker: String,
    /// Try the chip's own network first.
    pub use_default_net: bool,
    /// The will: topic, payload, retain, QoS.
    pub will: Option<(String, String, bool, u8)>,
    /// Seconds.
    pub keepalive_s: u16,
    /// The session ends with each connection.
    pub clean_session: bool,
    /// Seconds without an edge after which the link is restarted.
    pub timeout_s: u32,
    /// The status handler allows the specified network each time that it is asked; the original's
    /// own does so only the first time (D-09, D-10).
    pub always_allows: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            generation: Generation::V01,
            ssid: "home".to_owned(),
            password: "secret".to_owned(),
            broker: "10.0.0.2".to_owned(),
            use_default_net: true,
            will: None,
            keepalive_s: 60,
            clean_session: true,
            timeout_s: 10,
            always_allows: true,
        }
    }
}

/// What happens to the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The instant that `Wait::Until` named has come.
    Timeout,
    /// What the ESP8266 drives.
    Levels(Levels),
}

/// What the board does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Drives data, then clock.
    Drive(Levels),
    /// Pulls the reset line low, or lets it go.
    Reset {
        /// Low.
        asserted: bool,
    },
    /// Tells its application.
    Event(Event),
    /// Does nothing until then.
    Wait(Wait),
}

/// What the application is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// `publish` returned, which is all that the application learns.
    Published(u32),
    /// A subscription's callback ran.
    Message {
        /// The topic.
        topic: String,
        /// The payload.
        payload: String,
        /// The retained flag: a text in V0.1, so always true to who tests it (D-30); absent in V0.22.
        retained: Option<String>,
    },
    /// The status handler was called.
    Status(u32),
    /// `m` was answered.
    Memory,
    /// An exception ended the driver (D-06).
    Died,
}

/// Why a publication was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ValueError;

/// A publication, and the name that the caller knows it by.
#[derive(Clone, Debug)]
struct Publication {
    id: u32,
    record: String,
}

/// The board.
#[derive(Debug)]
pub struct OriginalHost {
    now: Instant,
    link: Link,
    driver: Driver,
    last_id: u32,
}

impl OriginalHost {
    /// The board at power-up: the link begins at once.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let timeout_ms = config.timeout_s * 1_000;
        Self { now, link: Link::start(now, timeout_ms), driver: Driver::new(config), last_id: 0 }
    }

    /// Publishes: `Published` with this number follows, or never.
    ///
    /// # Errors
    /// A character outside 1 to 126, or QoS 2.
    pub fn publish(
        &mut self,
        topic: &str,
        payload: &str,
        retain: bool,
        qos: u8,
    ) -> Result<u32, ValueError> {
        let legal = |text: &str| text.bytes().all(|byte| (1..127).contains(&byte));
        if qos > 1 || !legal(topic) || !legal(payload) {
            return Err(ValueError);
        }
        self.last_id += 1;
        let flag = if retain { "1" } else { "0" };
        let record = super::join(&["p", topic, payload, flag, &qos.to_string()]);
        self.driver.publish(Publication { id: self.last_id, record });
        Ok(self.last_id)
    }

    /// Subscribes. Nothing is validated (D-18), and nothing is told of it (D-26).
    pub fn subscribe(&mut self, topic: &str, qos: u8) {
        self.driver.subscribe(topic, qos);
    }

    /// Sends a record as it is.
    pub fn command(&mut self, record: &str) {
        self.driver.command(record);
    }

    /// Whether the driver takes the ESP8266 for running.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.driver.running
    }

    /// The last state of the network that was reported (D-19).
    #[must_use]
    pub fn wifi(&self) -> bool {
        self.driver.wifi
    }

    /// How often the reset line was pulled.
    #[must_use]
    pub fn resets(&self) -> u32 {
        self.link.resets
    }

    /// Something happened.
    pub fn handle(&mut self, now: Instant, input: Input) {
        self.now = self.now.max(now);
        if let Input::Levels(levels) = input {
            self.link.heard = levels;
        }
    }

    /// What the board does next.
    pub fn poll(&mut self) -> Output {
        self.link.run(self.now);
        self.driver.run(self.now, &mut self.link);
        if let Some(output) = self.link.outputs.pop_front() {
            return output;
        }
        if let Some(event) = self.driver.events.pop_front() {
            return Output::Event(event);
        }
        match self.link.step(self.now) {
            Some(levels) => Output::Drive(levels),
            None => Output::Wait(self.wait()),
        }
    }

    fn wait(&self) -> Wait {
        match self.link.next_at().into_iter().chain(self.driver.next_at()).min() {
            Some(at) => Wait::Until(at, Reason::MoreWork),
            None => Wait::ForInput,
        }
    }
}

/// Subscriptions by their literal topic (D-12).
type Subscriptions = BTreeMap<String, u8>;
type Waiting<T> = VecDeque<T>;
