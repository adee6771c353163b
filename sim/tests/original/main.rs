//! fivewire's ends against models of the predecessors', which have their defects; and those models
//! against each other.

mod boards;
mod both_original;
mod net;
mod original_esp;
mod original_host;
mod repeats;
mod rig;
