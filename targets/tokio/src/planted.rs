//! Bugs planted on purpose, to prove that the simulated network would show them.
//!
//! They are of the kind that only asynchronous code has: the core knows nothing of them. Without the
//! feature `planted` a [`Planted`] has no size and holds nothing, so every `planted.has(..)` is
//! `false` at compile time and the bug is not in the binary. Only the package `fivewire-planted`
//! switches the feature on.

use std::future::Future;

/// True where bugs can be planted. Nothing that people run may be built like this.
pub const ENABLED: bool = cfg!(feature = "planted");

/// A known bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Bug {
    /// While one direction of the connection is waited for, nobody wakes the task for the other.
    LostWakeUp,
    /// A queue that has room again does not wake the client that holds messages because it was full.
    RoomUntold,
    /// A write that something else interrupted is not gone on with.
    WriteDroppedOnCancel,
    /// What a write took is not looked at: all is taken for sent.
    PartialWriteIgnored,
    /// What was written is not flushed.
    FlushForgotten,
    /// A timer works once on each connection.
    TimerNotRearmed,
    /// An attempt to connect that is given up is kept for ever.
    ConnectLeaked,
    /// A shutdown closes the socket before DISCONNECT has left it.
    ShutdownUnflushed,
}

/// The bug in this client, if any.
#[derive(Clone, Copy, Default, Debug)]
pub struct Planted {
    #[cfg(feature = "planted")]
    bug: Option<Bug>,
}

impl Planted {
    /// No bug.
    pub const NONE: Self = Self {
        #[cfg(feature = "planted")]
        bug: None,
    };

    /// A client with `bug` in it.
    #[cfg(feature = "planted")]
    #[must_use]
    pub const fn with(bug: Bug) -> Self {
        Self { bug: Some(bug) }
    }

    #[cfg(feature = "planted")]
    pub(crate) fn has(self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    pub(crate) const fn has(self, _bug: Bug) -> bool {
        false
    }

    /// An attempt to connect, as it is.
    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    pub(crate) const fn attempt<F: Future>(self, attempt: F) -> F {
        attempt
    }

    /// An attempt to connect, maybe one that outlives its end.
    #[cfg(feature = "planted")]
    pub(crate) fn attempt<F: Future>(self, attempt: F) -> Attempt<F> {
        Attempt { inner: Some(Box::pin(attempt)), leaks: self.has(Bug::ConnectLeaked) }
    }
}

/// An attempt to connect that may leak.
#[cfg(feature = "planted")]
pub(crate) struct Attempt<F> {
    inner: Option<std::pin::Pin<Box<F>>>,
    leaks: bool,
}

#[cfg(feature = "planted")]
impl<F: Future> Future for Attempt<F> {
    type Output = F::Output;

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<F::Output> {
        let Some(inner) = &mut self.inner else { return std::task::Poll::Pending };
        let polled = inner.as_mut().poll(context);
        if polled.is_ready() {
            self.inner = None;
        }
        polled
    }
}

#[cfg(feature = "planted")]
impl<F> Drop for Attempt<F> {
    fn drop(&mut self) {
        if self.leaks {
            std::mem::forget(self.inner.take());
        }
    }
}
