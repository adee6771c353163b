//! The first connection, for programs that want to know whether it comes about.

use std::num::NonZeroU32;
use std::sync::Arc;

use fivewire_core::error::ConfigError;
use fivewire_core::event::DownReason;

use crate::client::{Client, ConnectError};
use crate::config::Config;
use crate::connect::{Connect, Tcp};
use crate::event::{Event, Listener, OpenError};
use crate::said::BrokerSaid;
use crate::words;

impl Client {
    /// Like [`connect`](Self::connect), but waits for the first connection, and gives up after so many
    /// attempts that failed. From the first connection on the client stays and comes back by itself,
    /// as ever.
    ///
    /// Dropping the future gives up at once.
    ///
    /// # Errors
    /// The configuration cannot work, or why the last attempt failed.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn connect_first(
        config: Config,
        attempts: NonZeroU32,
    ) -> Result<Self, FirstConnectError> {
        let tcp = Tcp::new(&config.broker).map_err(ConnectError::from)?;
        Self::connect_first_with(config, tcp, attempts).await
    }

    /// The same over whatever `connector` opens.
    ///
    /// # Errors
    /// The configuration cannot work, or why the last attempt failed.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn connect_first_with<C: Connect>(
        config: Config,
        connector: C,
        attempts: NonZeroU32,
    ) -> Result<Self, FirstConnectError> {
        let (listener, mut events) = Listener::new();
        let client = Self::start(config, connector, Some(listener))?;
        let mut left = attempts.get();
        let mut said = None;
        while let Some(event) = events.recv().await {
            match event {
                Event::Connected { .. } => return Ok(client),
                Event::BrokerSaid(words) => said = Some(words),
                Event::CleanSlate => said = None,
                Event::AttemptFailed { reason, error } => {
                    left -= 1;
                    if left == 0 {
                        client.shutdown().await;
                        return Err(FirstConnectError::Failed { reason, error, said });
                    }
                    said = None;
                }
                _ => {}
            }
        }
        Err(FirstConnectError::Failed { reason: DownReason::ShutDown, error: None, said: None })
    }
}

/// Why there is no first connection.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FirstConnectError {
    /// The configuration cannot work. Nothing was started.
    #[error(transparent)]
    Config(#[from] ConnectError),
    /// So many attempts failed; this is why the last one did.
    #[error("no connection: {}{}{}", words::down(*.reason), words::more(.error.as_ref()), words::more(.said.as_ref()))]
    Failed {
        /// Why.
        reason: DownReason,
        /// What the operating system or TLS said, if that is why.
        error: Option<OpenError>,
        /// What the broker said besides in its refusal (MQTT 5), if it said anything.
        said: Option<Arc<BrokerSaid>>,
    },
}

impl From<ConfigError> for FirstConnectError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.into())
    }
}
