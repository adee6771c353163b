//! What fivewire costs. The benchmarks are in `benches/`; quote ratios taken in one run, because
//! machines differ and are noisy:
//!
//! ```text
//! cargo bench -p fivewire-benches --bench codec
//! ```
//!
//! What the link carries is counted in simulated time, by [`link`].

pub mod link;
pub mod original;
