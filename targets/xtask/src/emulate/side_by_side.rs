//! Runs that have nothing to do with each other, as many at a time as there are processors.
//!
//! What a run shows is counted in emulated time, so it does not depend on what runs beside it.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use anyhow::Result;
use rayon::iter::{ParallelBridge, ParallelIterator};

/// Runs each job, and tells each result as soon as those before it were told. Stops telling at the
/// first error.
///
/// # Errors
/// The first error of a job, in the order of the jobs.
pub fn run<J: Send, R: Send>(
    jobs: impl Iterator<Item = J> + Send,
    run: impl Fn(J) -> Result<R> + Sync,
    mut tell: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let (done, results) = mpsc::channel();
    thread::scope(|scope| {
        let jobs = jobs.enumerate().par_bridge();
        scope.spawn(|| {
            // nobody listens any more after an error
            jobs.try_for_each_with(done, |done, (place, job)| done.send((place, run(job))).ok())
        });
        let mut early = BTreeMap::new();
        let mut next = 0;
        for (place, result) in results {
            early.insert(place, result);
            while let Some(result) = early.remove(&next) {
                tell(result?)?;
                next += 1;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::ensure;

    use super::*;

    #[test]
    fn results_are_told_in_order_whichever_comes_first() -> Result<()> {
        let mut told = Vec::new();
        #[expect(clippy::disallowed_methods, reason = "the first jobs are to take longest")]
        let wait = |job: u64| {
            thread::sleep(Duration::from_millis(20 - job));
            Ok(job)
        };
        run(0..20, wait, |job| {
            told.push(job);
            Ok(())
        })?;
        ensure!(told.iter().copied().eq(0..20), "{told:?}");
        Ok(())
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut told = Vec::new();
        let fail = |job: u64| {
            ensure!(job < 5, "job {job} fails");
            Ok(job)
        };
        let result = run(0..20, fail, |job| {
            told.push(job);
            Ok(())
        });
        assert!(result.is_err_and(|error| error.to_string() == "job 5 fails"));
        assert!(told.iter().copied().eq(0..5), "{told:?}");
    }
}
