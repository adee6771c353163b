//! How far a long command is: a bar on a terminal, a line every few seconds elsewhere.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fivewire_sim::sweep::Step;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::format::{count, counted, span};
use crate::output::complain;
use crate::stopwatch::Stopwatch;

/// Seconds between two lines where there is no terminal.
const LINE_EVERY_S: u64 = 5;

const TEMPLATE: &str =
    "{wide_bar} {human_pos}/{human_len} seeds, {rate}/s, {virtual} simulated, {failed}{eta} left";

/// Shows how far a sweep is, on standard error. All threads tell it of their seeds.
pub(crate) struct Meter {
    stopwatch: Stopwatch,
    total: u64,
    done: AtomicU64,
    virtual_us: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
    next_line_s: AtomicU64,
    bar: Option<ProgressBar>,
}

impl Meter {
    /// For a sweep of `total` seeds.
    pub(crate) fn new(total: u64) -> Self {
        let virtual_us = Arc::new(AtomicU64::new(0));
        let failed = Arc::new(AtomicU64::new(0));
        let bar = io::stderr().is_terminal().then(|| bar(total, &virtual_us, &failed));
        Self {
            stopwatch: Stopwatch::start(),
            total,
            done: AtomicU64::new(0),
            virtual_us,
            failed,
            next_line_s: AtomicU64::new(LINE_EVERY_S),
            bar,
        }
    }

    /// One more seed is done.
    pub(crate) fn step(&self, step: Step) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.virtual_us.fetch_add(step.virtual_us, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(step.failed), Ordering::Relaxed);
        match &self.bar {
            Some(bar) => bar.inc(1),
            None => self.line_when_due(done),
        }
    }

    fn line_when_due(&self, done: u64) {
        let wall = self.stopwatch.wall();
        let due_s = self.next_line_s.load(Ordering::Relaxed);
        let now_s = wall.as_secs();
        // whichever thread moves the mark prints the line
        let mine = now_s >= due_s
            && self
                .next_line_s
                .compare_exchange(due_s, now_s + LINE_EVERY_S, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if !mine {
            return;
        }
        let wall_us = wall.as_micros();
        let left_us = wall_us * u128::from(self.total.saturating_sub(done)) / u128::from(done);
        complain(&format!(
            "{} of {}, {} seeds/s, {} simulated, {}{} left\n",
            count(done),
            counted(self.total, "seed"),
            per_second(done.into(), wall_us),
            span(u128::from(self.virtual_us.load(Ordering::Relaxed))),
            failures(self.failed.load(Ordering::Relaxed)),
            span(left_us),
        ));
    }

    /// The sweep is over: gives the figures, takes the bar away.
    pub(crate) fn finish(self) -> Stopwatch {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        self.stopwatch
    }
}

/// Whole seeds are enough, the figure flickers anyway, but for few.
fn per_second(done: u128, wall_us: u128) -> String {
    let tenths = done * 10_000_000 / wall_us.max(1);
    if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { count(tenths / 10) }
}

fn failures(failed: u64) -> String {
    if failed == 0 { String::new() } else { format!("{} failed, ", count(failed)) }
}

fn bar(total: u64, virtual_us: &Arc<AtomicU64>, failed: &Arc<AtomicU64>) -> ProgressBar {
    let (virtual_us, failed) = (Arc::clone(virtual_us), Arc::clone(failed));
    let style = ProgressStyle::with_template(TEMPLATE)
        .expect("the template is a constant")
        .with_key("rate", |state: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
            let wall_us = state.elapsed().as_micros();
            text.write_str(&per_second(state.pos().into(), wall_us)).ok();
        })
        .with_key("virtual", move |_: &_, text: &mut dyn std::fmt::Write| {
            text.write_str(&span(u128::from(virtual_us.load(Ordering::Relaxed)))).ok();
        })
        .with_key("failed", move |_: &_, text: &mut dyn std::fmt::Write| {
            text.write_str(&failures(failed.load(Ordering::Relaxed))).ok();
        });
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar
}

/// Shows how far a shrink is: on a terminal only, where it can be wiped away.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    /// For at most `runs_max` runs.
    pub(crate) fn new(runs_max: u32) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(u64::from(runs_max)), target);
        let style = ProgressStyle::with_template(
            "shrinking: run {human_pos} of at most {human_len}, {msg}",
        );
        bar.set_style(style.expect("the template is a constant"));
        Self(bar)
    }

    /// After each run.
    pub(crate) fn step(&self, runs: u32, faults: usize) {
        self.0.set_position(u64::from(runs));
        self.0.set_message(counted(faults as u64, "fault"));
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
