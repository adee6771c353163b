//! Runs a schedule so that whatever happens is a verdict: a panic breaks P12, a second run that
//! differs breaks P11.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use fivewire_core::time::Instant;

use crate::oracle::{Breach, Promise};
use crate::run::Report;
use crate::schedule::Schedule;

thread_local! {
    /// This thread is inside a run, whose panics are caught and reported.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic of a run happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs `schedule`, and once more if `twice`.
///
/// # Errors
/// The breach, if the run panicked or its repetition differed. (A breach that the run itself found
/// is in the report.)
pub fn guarded(
    mut run: impl FnMut(&Schedule) -> Report,
    schedule: &Schedule,
    twice: bool,
) -> Result<Report, Breach> {
    let report = caught(|| run(schedule))?;
    if twice && report.breach.is_none() {
        let again = caught(|| run(schedule))?;
        if again.hash != report.hash {
            let detail = format!(
                "two runs of this schedule differ: their traces hash to {:016x} and {:016x}",
                report.hash, again.hash
            );
            return Err(Breach { promise: Promise::P11, at: Instant::ZERO, detail });
        }
        if let Some(breach) = again.breach {
            return Err(breach);
        }
    }
    Ok(report)
}

fn caught(run: impl FnOnce() -> Report) -> Result<Report, Breach> {
    keep_quiet_in_runs();
    RUNNING.set(true);
    // what a panic leaves behind belongs to the run that is given up
    let result = panic::catch_unwind(AssertUnwindSafe(run));
    RUNNING.set(false);
    result.map_err(|payload| {
        let place = PLACE.take();
        let detail = format!("panicked at {place}: {}", message(&*payload));
        Breach { promise: Promise::P12, at: Instant::ZERO, detail }
    })
}

fn message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "no message"
    }
}

/// Panics of runs are reported once and in order, not when they happen on some thread.
fn keep_quiet_in_runs() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if RUNNING.get() {
                let place = info.location().map(ToString::to_string);
                PLACE.set(place.unwrap_or_else(|| "an unknown place".to_owned()));
            } else {
                usual(info);
            }
        }));
    });
}
