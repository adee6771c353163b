//! Two timers: a beat, and an alarm.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr;

use super::raw::{self, Timer, TimerFunction};

/// The longest alarm, in ms: the SDK takes up to 6,870,947 (API §3.1); waking early is harmless.
const LONGEST_MS: u32 = 60_000;

/// A timer's memory, which belongs to the SDK.
struct Memory(UnsafeCell<Timer>);

// SAFETY: this side only passes the address on.
unsafe impl Sync for Memory {}

impl Memory {
    const fn new() -> Self {
        let (next, argument) = (ptr::null_mut(), ptr::null_mut());
        Self(UnsafeCell::new(Timer { next, expire: 0, period: 0, function: None, argument }))
    }

    fn arm(&'static self, function: TimerFunction, ms: u32, repeats: bool) {
        let timer = self.0.get();
        // SAFETY: the memory is static, and its own; a timer is disarmed before its function is set
        // (API §3.1, `os_timer_setfn`).
        unsafe { raw::ets_timer_disarm(timer) };
        // SAFETY: as above.
        unsafe { raw::ets_timer_setfn(timer, function, ptr::null_mut()) };
        // SAFETY: as above; the time is in the range (API §3.1, `os_timer_arm`).
        unsafe { raw::ets_timer_arm_new(timer, ms, repeats, true) };
    }
}

static BEAT: Memory = Memory::new();
static ALARM: Memory = Memory::new();

/// Calls [`crate::node::beat`] every `ms` from now on.
pub(crate) fn start_beat(ms: u32) {
    unsafe extern "C" fn on_beat(_: *mut c_void) {
        crate::node::beat();
    }
    BEAT.arm(on_beat, ms, true);
}

/// Wakes the task in `ms`, at least 1, or earlier. Replaces the alarm before.
pub(crate) fn set_alarm(ms: u32) {
    unsafe extern "C" fn on_alarm(_: *mut c_void) {
        super::task::post();
    }
    ALARM.arm(on_alarm, ms.clamp(1, LONGEST_MS), false);
}

/// No alarm.
pub(crate) fn clear_alarm() {
    // SAFETY: disarming a timer that is not armed does nothing (API §3.1, `os_timer_disarm`).
    unsafe { raw::ets_timer_disarm(ALARM.0.get()) };
}
