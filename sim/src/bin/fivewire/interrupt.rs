//! Ctrl-C ends a command between two runs; a second one ends it at once.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that is set by the first Ctrl-C (or SIGTERM).
///
/// # Errors
/// The operating system would not have it.
pub(crate) fn flag() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
        // a run may take seconds
        eprintln!("\nfinishing what is under way; once more to leave at once");
    })?;
    Ok(flag)
}
