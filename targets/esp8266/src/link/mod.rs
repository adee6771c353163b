//! The link, and what stands between it and the bridge: nothing, or a dialect for a host that runs
//! the predecessor's driver (feature `syncom`).

#[cfg_attr(feature = "syncom", path = "syncom.rs")]
#[cfg_attr(not(feature = "syncom"), path = "native.rs")]
mod chosen;

pub(crate) use chosen::{Dialect, WireLink, new};
