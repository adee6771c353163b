//! The one task that everything runs in, and the interrupt that wakes it.

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use super::raw::{self, TaskEvent};
use crate::local::Local;
use crate::pins;

/// `USER_TASK_PRIO_0`, the lowest: WiFi and TCP go first.
const PRIORITY: u8 = 0;
/// One from the interrupt handler, one from a callback that it interrupted, and room.
const QUEUE: usize = 4;

static QUEUE_MEMORY: Local<[TaskEvent; QUEUE]> =
    Local::new([TaskEvent { signal: 0, parameter: 0 }; QUEUE]);
/// The task was posted and has not begun.
static POSTED: AtomicBool = AtomicBool::new(false);

/// Makes `function` the task.
pub(crate) fn start() {
    let queue = QUEUE_MEMORY.take();
    // SAFETY: the queue is lent for ever, and as long as it says (API §3.3, `system_os_task`).
    let started = unsafe { raw::system_os_task(run, PRIORITY, queue.as_mut_ptr(), QUEUE as u8) };
    assert!(started, "the priority is free");
}

unsafe extern "C" fn run(_: *mut TaskEvent) {
    POSTED.store(false, Ordering::Relaxed);
    crate::node::run();
}

/// Wakes the task. May be called from anywhere, interrupt handlers too, and is then in their
/// section.
#[inline(always)]
pub(crate) fn post() {
    if !POSTED.load(Ordering::Relaxed) {
        POSTED.store(true, Ordering::Relaxed);
        // SAFETY: the task was registered before anything could call this (API §3.3,
        // `system_os_post`, which the SDK's own interrupt handlers call).
        unsafe { raw::system_os_post(PRIORITY, 0, 0) };
    }
}

/// Calls the handler below at every change of the other end's clock wire.
pub(crate) fn attach_interrupt() {
    // SAFETY: the handler is in instruction RAM, so flash may be in use when it is called (API
    // §5.1).
    unsafe { raw::ets_isr_attach(raw::GPIO_INTERRUPT, on_edge, core::ptr::null_mut()) };
    listen(true);
}

/// Whether edges of the pins wake the task. An edge meanwhile is noted by the hardware and wakes it
/// later.
pub(crate) fn listen(on: bool) {
    let mask = 1 << raw::GPIO_INTERRUPT;
    // SAFETY: one interrupt source is switched, which is ours (ets_sys.h, `ETS_GPIO_INTR_ENABLE`).
    unsafe { if on { raw::ets_isr_unmask(mask) } else { raw::ets_isr_mask(mask) } }
}

/// The only code that runs in an interrupt. It calls nothing in flash: another part of the chip may
/// be writing that at this instant.
#[unsafe(link_section = ".iram.text")]
unsafe extern "C" fn on_edge(_: *mut c_void) {
    pins::GPIO_STATUS_W1TC.write(pins::GPIO_STATUS.read());
    post();
}
