//! Software timers: a list in the memory of their owners, soonest first, as in the SDK.

use core::ffi::c_void;
use core::ptr;

use super::{abort, coordinator, scheduler};
use crate::local::Local;
use crate::sdk::raw::{Timer, TimerFunction};

/// The soonest timer. `expire` and `period` are in microseconds, modulo 2^32.
struct List(*mut Timer);

static LIST: Local<List> = Local::new(List(ptr::null_mut()));

/// The time that timers are compared with.
fn now_us() -> u32 {
    (coordinator::now_ns() / 1_000) as u32
}

/// Microseconds until the soonest timer expires.
pub(super) fn next_us() -> Option<u32> {
    let now = now_us();
    LIST.with(|list| {
        // SAFETY: null, or a timer that is armed, whose owner keeps it there (API §3.1).
        let timer = unsafe { list.0.as_ref() }?;
        let left = timer.expire.wrapping_sub(now);
        Some(if left > u32::MAX / 2 { 0 } else { left })
    })
}

/// Calls the soonest timer if it has expired. False if none has.
pub(super) fn run_one() -> bool {
    if next_us() != Some(0) {
        return false;
    }
    let due = LIST.with(|list| {
        let timer = list.0;
        // SAFETY: not null, since one has expired; as in `next_us`.
        let memory = unsafe { &mut *timer };
        list.0 = memory.next;
        (timer, memory.function, memory.argument, memory.period)
    });
    let (timer, function, argument, period_us) = due;
    if period_us > 0 {
        insert(timer, period_us);
    }
    if let Some(function) = function {
        // SAFETY: the function that the timer was set with, and its argument.
        scheduler::call_back(|| unsafe { function(argument) });
    }
    true
}

fn insert(timer: *mut Timer, in_us: u32) {
    let now = now_us();
    let expire = now.wrapping_add(in_us);
    LIST.with(|list| {
        let mut place: *mut *mut Timer = &mut list.0;
        loop {
            // SAFETY: the list's own head, or the link of a timer that is armed.
            let next = unsafe { *place };
            // SAFETY: null, or a timer that is armed.
            match unsafe { next.as_mut() } {
                Some(other) if other.expire.wrapping_sub(now) <= in_us => place = &mut other.next,
                _ => {
                    // SAFETY: the caller's timer, which is in no list; the place as above.
                    unsafe {
                        (*timer).next = next;
                        (*timer).expire = expire;
                        *place = timer;
                    }
                    return;
                }
            }
        }
    });
}

#[unsafe(no_mangle)]
extern "C" fn ets_timer_disarm(timer: *mut Timer) {
    LIST.with(|list| {
        let mut place: *mut *mut Timer = &mut list.0;
        loop {
            // SAFETY: the list's own head, or the link of a timer that is armed.
            let next = unsafe { *place };
            // SAFETY: null, or a timer that is armed.
            let Some(other) = (unsafe { next.as_mut() }) else { return };
            if next == timer {
                // SAFETY: as above.
                unsafe { *place = other.next };
                return;
            }
            place = &mut other.next;
        }
    });
}

fn is_armed(timer: *const Timer) -> bool {
    LIST.with(|list| {
        let mut next = list.0.cast_const();
        // SAFETY: null, or a timer that is armed.
        while let Some(other) = unsafe { next.as_ref() } {
            if ptr::eq(next, timer) {
                return true;
            }
            next = other.next;
        }
        false
    })
}

#[unsafe(no_mangle)]
extern "C" fn ets_timer_setfn(timer: *mut Timer, function: TimerFunction, argument: *mut c_void) {
    abort::rule(!is_armed(timer), "a timer is disarmed before its function is set");
    // SAFETY: the caller's timer, which is in no list.
    unsafe {
        (*timer).function = Some(function);
        (*timer).argument = argument;
    }
}

#[unsafe(no_mangle)]
extern "C" fn ets_timer_arm_new(timer: *mut Timer, time: u32, repeats: bool, in_ms: bool) {
    abort::rule(!is_armed(timer), "a timer is disarmed before it is armed again");
    abort::rule(in_ms && (1..=6_870_947).contains(&time), "a timer has 1 to 6,870,947 ms");
    // SAFETY: the caller's timer, which is in no list.
    unsafe { (*timer).period = if repeats { time * 1_000 } else { 0 } };
    insert(timer, time.min(u32::MAX / 2_000) * 1_000);
}
