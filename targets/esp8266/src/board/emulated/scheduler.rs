//! What runs when: the boot ROM's loop over tasks, with WiFi and TCP before timers before user
//! tasks.

use core::cell::Cell;

use super::coordinator::{self, Answer, Ask, Post};
use super::{abort, dns, gpio, machine, stack, system, tcp, timers, udp, wifi};
use crate::local::Local;
use crate::sdk::raw::{TaskEvent, TaskFunction};

/// What the SDK takes to call a task or callback, about.
const DISPATCH_NS: u64 = 2_000;
/// The longest wait, in µs.
const FOREVER_US: u32 = u32::MAX;

struct Task {
    function: Option<TaskFunction>,
    queue: *mut TaskEvent,
    length: usize,
    /// How many events wait, and which is the oldest.
    count: usize,
    first: usize,
}

struct Scheduler {
    /// One for each of `USER_TASK_PRIO_0` to `_2`.
    tasks: [Task; 3],
    started: Option<unsafe extern "C" fn()>,
}

const NO_TASK: Task =
    Task { function: None, queue: core::ptr::null_mut(), length: 0, count: 0, first: 0 };

static SCHEDULER: Local<Scheduler> =
    Local::new(Scheduler { tasks: [const { NO_TASK }; 3], started: None });
/// A callback or a task runs: no other may begin.
static RUNNING: Local<Cell<bool>> = Local::new(Cell::new(false));

/// Called by start/emulated.S.
#[unsafe(no_mangle)]
extern "C" fn emulated_main() -> ! {
    coordinator::post(Post::Boot, 0, coordinator::VERSION, &[]);
    // Where random numbers begin.
    take_event(&coordinator::ask(Ask::Wait, 0));
    gpio::measure_overhead();
    crate::user_init();
    if let Some(started) = SCHEDULER.with(|scheduler| scheduler.started.take()) {
        // SAFETY: the function that `system_init_done_cb` was given, now that all has started.
        call_back(|| unsafe { started() });
    }
    loop {
        coordinator::resume(0);
        let busy = is_any_posted();
        let wait_us = if busy { 0 } else { timers::next_us().unwrap_or(FOREVER_US) };
        let answer = coordinator::ask(Ask::Wait, wait_us);
        gpio::see(&answer);
        gpio::interrupt();
        take_event(&answer);
        while timers::run_one() {}
        run_task();
    }
}

/// Runs something that the SDK runs, alone.
pub(super) fn call_back(run: impl FnOnce()) {
    let was_running = RUNNING.with(|running| running.replace(true));
    abort::rule(!was_running, "a callback inside a callback: the emulation is wrong");
    // What the emulation of the SDK takes is not what the SDK takes.
    coordinator::resume(DISPATCH_NS);
    run();
    coordinator::now_ns();
    RUNNING.with(|running| running.set(false));
}

fn take_event(answer: &Answer) {
    match answer.kind {
        0 => {}
        1..=2 => wifi::take_event(answer),
        3 => system::take_seed(answer),
        16 => dns::take_event(answer),
        22 => udp::take_event(answer),
        17..=31 => tcp::take_event(answer),
        32 => stack::report(),
        33 => machine::exit(0),
        _ => abort::rule_broken("the coordinator says what the protocol does not have"),
    }
}

fn is_any_posted() -> bool {
    SCHEDULER.with(|scheduler| scheduler.tasks.iter().any(|task| task.count > 0))
}

fn run_task() {
    let next = SCHEDULER.with(|scheduler| {
        let task = scheduler.tasks.iter_mut().rev().find(|task| task.count > 0)?;
        // SAFETY: `first` is below the length of the queue that the task was registered with.
        let event = unsafe { task.queue.add(task.first).read() };
        task.first = (task.first + 1) % task.length;
        task.count -= 1;
        Some((task.function?, event))
    });
    if let Some((function, mut event)) = next {
        // SAFETY: the task's function, and an event that it may change.
        call_back(|| unsafe { function(&mut event) });
    }
}

#[unsafe(no_mangle)]
extern "C" fn system_os_task(
    function: TaskFunction,
    priority: u8,
    queue: *mut TaskEvent,
    length: u8,
) -> bool {
    SCHEDULER.with(|scheduler| match scheduler.tasks.get_mut(usize::from(priority)) {
        Some(task) if task.function.is_none() && length > 0 => {
            *task =
                Task { function: Some(function), queue, length: usize::from(length), ..NO_TASK };
            true
        }
        _ => false,
    })
}

/// May be called by interrupt handlers.
#[unsafe(no_mangle)]
extern "C" fn system_os_post(priority: u8, signal: u32, parameter: u32) -> bool {
    SCHEDULER.with(|scheduler| match scheduler.tasks.get_mut(usize::from(priority)) {
        Some(task) if task.count < task.length => {
            let at = (task.first + task.count) % task.length;
            // SAFETY: `at` is below the length of the queue that the task was registered with.
            unsafe { task.queue.add(at).write(TaskEvent { signal, parameter }) };
            task.count += 1;
            true
        }
        Some(_) => abort::rule_broken("a task's queue is full"),
        None => false,
    })
}

#[unsafe(no_mangle)]
extern "C" fn system_init_done_cb(function: unsafe extern "C" fn()) {
    SCHEDULER.with(|scheduler| scheduler.started = Some(function));
}
