//! Globals, which a program that is called back from C cannot do without.

use core::cell::{Cell, UnsafeCell};

/// A global that only tasks and the SDK's callbacks touch, never an interrupt handler.
///
/// The SDK runs them one at a time, each to its end ("the Non-OS SDK does not support preemptive
/// tasks", ESP8266 Non-OS SDK API Reference §1), so there is one thread of them. What is left is a
/// callback inside a call: the second loan of the same value panics, that is, restarts the board.
pub(crate) struct Local<T> {
    value: UnsafeCell<T>,
    lent: Cell<bool>,
}

// SAFETY: there is one core, and one thread on it (see above); interrupt handlers share atomics
// only.
unsafe impl<T> Sync for Local<T> {}

impl<T> Local<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { value: UnsafeCell::new(value), lent: Cell::new(false) }
    }

    /// Lends the value to `work`.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        assert!(!self.lent.replace(true), "lent already");
        // SAFETY: `lent` was false, so there is no other reference, and it is true until this one
        // is gone.
        let result = work(unsafe { &mut *self.value.get() });
        self.lent.set(false);
        result
    }

    /// Lends the value for ever.
    #[expect(clippy::mut_from_ref, reason = "`lent` sees to it that there is one")]
    pub(crate) fn take(&'static self) -> &'static mut T {
        assert!(!self.lent.replace(true), "lent already");
        // SAFETY: `lent` was false, so there is no other reference, and it stays true.
        unsafe { &mut *self.value.get() }
    }
}
