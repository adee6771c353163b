//! What the user decided in `fivewire.toml`: checked and turned into constants by `build.rs`.

use fivewire_core::bridge::host::Settings;
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::config::Config;

include!(concat!(env!("OUT_DIR"), "/settings.rs"));
