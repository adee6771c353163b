//! Compares what two engines made of the same schedule.
//!
//! Times differ: each engine draws delays for itself. What must not differ is what became of each
//! message, which sessions there were and what was subscribed. Where the models differ on purpose, the
//! difference has a [name and a reason](KnownDifference), and explains a deviation only where the
//! history of that run has the cause in it, each cause so much of it as its name says; whatever is left
//! is unexplained, and a bug of the adapter, of a model or of an engine. How many connections and sessions
//! there are is each engine's own, so of those each run is also judged by itself: nothing is lost and
//! nothing begins for nothing.
//!
//! ```
//! use fivewire_sim::cross_check::{History, compare};
//! use fivewire_sim::{catalogue, run};
//!
//! let schedule = catalogue::find("client").expect("it is known").schedule(7);
//! let mut histories = [History::default(), History::default()];
//! for history in &mut histories {
//!     assert_eq!(run::run(&schedule, history).breach, None);
//! }
//! let comparison = compare(&histories[0], &histories[1]);
//! assert!(comparison.compared > 1_000);
//! assert!(comparison.differences.is_empty(), "the same engine twice");
//! ```

mod compare;
mod difference;
mod history;
mod messages;
mod sessions;
#[cfg(test)]
mod tests;
mod wishes;

pub use compare::{Comparison, Difference, compare};
pub use difference::KnownDifference;
pub use history::History;
