//! A function for each subscription, for applications that are made of such functions.
//!
//! ```
//! use fivewire_core::handlers::Handlers;
//! use fivewire_core::event::Message;
//! use fivewire_core::mqtt::QoS;
//!
//! #[derive(Default)]
//! struct House { light: bool, heard: usize }
//!
//! let mut handlers = Handlers::<House, 4>::new();
//! handlers.on("house/light", |house, message| house.light = message.payload == b"1")?;
//! handlers.on("house/#", |house, _| house.heard += 1)?;
//!
//! let mut house = House::default();
//! // for each Event::Message:
//! handlers.dispatch(&mut house, &Message::new("house/light", b"1", QoS::AtLeastOnce));
//! assert!(house.light && house.heard == 1);
//! # Ok::<(), fivewire_core::error::SubscribeError>(())
//! ```

use crate::error::SubscribeError;
use crate::event::Message;
use crate::mqtt::topic;

/// What is done with a message. `C` is the application: what predecessors passed as further
/// arguments.
pub type Handler<C> = fn(&mut C, &Message<'_>);

/// At most `N` handlers, each for a topic filter.
#[derive(Debug)]
pub struct Handlers<'f, C, const N: usize> {
    entries: [Option<(&'f str, Handler<C>)>; N],
}

impl<'f, C, const N: usize> Handlers<'f, C, N> {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: [None; N] }
    }

    /// Calls `handler` for each message that matches `filter`. It replaces the one that this filter
    /// had.
    ///
    /// # Errors
    /// The filter is malformed, or there are `N` handlers; nothing was changed.
    pub fn on(&mut self, filter: &'f str, handler: Handler<C>) -> Result<(), SubscribeError> {
        topic::validate_filter(filter).map_err(SubscribeError::Filter)?;
        let place = self.place(Some(filter)).or_else(|| self.place(None));
        let place = place.ok_or(SubscribeError::TooMany)?;
        self.entries[place] = Some((filter, handler));
        Ok(())
    }

    /// Calls it no more. False if there was none.
    pub fn off(&mut self, filter: &str) -> bool {
        let place = self.place(Some(filter));
        place.is_some_and(|place| self.entries[place].take().is_some())
    }

    fn place(&self, filter: Option<&str>) -> Option<usize> {
        self.entries.iter().position(|entry| entry.as_ref().map(|(known, _)| *known) == filter)
    }

    /// Calls every handler whose filter matches; how many there were. Where filters overlap, the
    /// broker may send one copy for all of them [MQTT-3.3.5-1], so all are called.
    pub fn dispatch(&self, application: &mut C, message: &Message<'_>) -> usize {
        let matching = self.entries.iter().flatten();
        let matching = matching.filter(|(filter, _)| topic::matches(filter, message.topic));
        matching.map(|(_, handler)| handler(application, message)).count()
    }
}

impl<C, const N: usize> Default for Handlers<'_, C, N> {
    fn default() -> Self {
        Self::new()
    }
}
