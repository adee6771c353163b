//! The application with the time at which it wants to act.

use super::agenda::NEVER;
use crate::app::Application;

/// An application. The world has to know after every event when this one wants to act, and only what it
/// is told and does can change that: so it is asked after that, and not each time.
#[derive(Clone, Debug)]
pub(super) struct Acting<A> {
    application: A,
    /// In µs of world time, until something happens to the application.
    next: Option<u64>,
}

impl<A: Application> Acting<A> {
    pub(super) const fn new(application: A) -> Self {
        Self { application, next: None }
    }

    pub(super) const fn get(&self) -> &A {
        &self.application
    }

    /// For whatever may change when it wants to act.
    pub(super) const fn get_mut(&mut self) -> &mut A {
        self.next = None;
        &mut self.application
    }

    /// When it wants to act, in µs of world time.
    pub(super) fn next(&mut self) -> u64 {
        if let Some(next) = self.next {
            return next;
        }
        let next = self.application.next_action().map_or(NEVER, |at| at.as_micros());
        *self.next.insert(next)
    }
}
