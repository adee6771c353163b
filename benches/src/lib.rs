//! What fivewire costs. The benchmarks are in `benches/`; quote ratios taken in one run, because
//! machines differ and are noisy:
//!
//! ```text
//! cargo bench -p fivewire-benches --bench codec
//! ```
//!
//! What the link carries is counted in simulated time, by [`link`]; how fast both engines of the
//! simulator are is measured by [`engines`].

pub mod engines;
pub mod link;
pub mod original;
