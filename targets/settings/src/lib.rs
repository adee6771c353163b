//! The settings of a bridge in layers: the defaults of [`fivewire_core`], then files, then code. A
//! later layer overrides an earlier one field by field; what no layer sets keeps its default.
//!
//! ```
//! use fivewire_settings::{Layer, resolve};
//!
//! let common = Layer::parse("common.toml", "
//!     [network]
//!     ssid = 'greenhouse'
//!     password = 'tomatoes'
//!     [broker]
//!     host = 'broker.lan'
//! ")?;
//! let mut own = Layer::default();
//! own.client.client_id = Some("pump-7".into());
//! own.client.keep_alive_s = Some(30);
//!
//! let resolved = resolve([common, own])?;
//! let settings = resolved.settings(); // for Host::new
//! assert_eq!((settings.client.keep_alive_s, settings.broker.port), (30, 1883));
//! # Ok::<(), fivewire_settings::SettingsError>(())
//! ```
//!
//! Nothing here is global and nothing is evaluated: a layer is data, and resolving takes it (D-27,
//! D-28).

mod layer;
mod resolved;

use fivewire_core::error::ConfigError;

pub use layer::{
    BridgeLayer, BrokerLayer, ClientLayer, Layer, Mqtt5Layer, NetworkLayer, Protocol, WillLayer,
};
pub use resolved::{Resolved, resolve};

/// Settings that cannot work. Nothing was started.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file is no settings: where, and what was expected.
    #[error("{file}: {explanation}")]
    File {
        /// The name it was given.
        file: String,
        /// Line and column, the text, and what is wrong with it.
        explanation: String,
    },
    /// No layer sets what has no default.
    #[error("{field} is missing: no layer sets it, and it has no default")]
    Missing {
        /// The field, as in a file: table and key.
        field: &'static str,
    },
    /// A setting that only MQTT 5 has, for a client that speaks 3.1.1: the broker would never hear of
    /// it.
    #[error("{field} is set, but works with client.protocol = \"5\" only")]
    NeedsMqtt5 {
        /// The field, as in a file: table and key.
        field: &'static str,
    },
    /// The field, its value, and what is allowed.
    #[error(transparent)]
    Invalid(#[from] ConfigError),
}
