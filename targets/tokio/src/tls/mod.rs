//! Connections over TLS. Nothing of it reaches the core: bytes are bytes.

mod error;
mod files;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::connect::{AddressError, Connect, Tcp};
pub use error::{HandshakeError, TlsError};

/// The port of MQTT over TLS, as registered with IANA.
pub const DEFAULT_TLS_PORT: u16 = 8883;

/// What a connection over TLS needs. All files are PEM.
///
/// ```no_run
/// use fivewire_tokio::{Client, Config, Tls, TlsConfig};
///
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = TlsConfig::new("broker.example", "ca.pem").client_certificate("me.pem", "me.key");
/// let client = Client::connect_with(Config::new("greenhouse-7"), Tls::new(&tls)?)?;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsConfig {
    address: String,
    ca_file: PathBuf,
    server_name: Option<String>,
    client: Option<(PathBuf, PathBuf)>,
}

impl TlsConfig {
    /// Connects to `address`, which is `host` or `host:port`, with [`DEFAULT_TLS_PORT`] where it names
    /// none, and trusts what a certificate in `ca_file` has signed. For a broker with a certificate
    /// that browsers trust, that is the bundle of the operating system, for example
    /// `/etc/ssl/certs/ca-certificates.crt`.
    #[must_use]
    pub fn new(address: impl Into<String>, ca_file: impl Into<PathBuf>) -> Self {
        Self { address: address.into(), ca_file: ca_file.into(), server_name: None, client: None }
    }

    /// The name or IP address that the broker's certificate must carry, default the host of the
    /// address. For brokers that are reached by another name than their own.
    #[must_use]
    pub fn server_name(mut self, server_name: impl Into<String>) -> Self {
        self.server_name = Some(server_name.into());
        self
    }

    /// What this client proves its identity with, default nothing: its certificate, followed by those
    /// between it and the CA's if there are any, and the private key.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate_file: impl Into<PathBuf>,
        key_file: impl Into<PathBuf>,
    ) -> Self {
        self.client = Some((certificate_file.into(), key_file.into()));
        self
    }

    fn tcp(&self) -> Result<Tcp, AddressError> {
        Tcp::with_default_port(&self.address, DEFAULT_TLS_PORT)
    }
}

/// Opens TLS connections, versions 1.2 and 1.3: over [`Tcp`], or over whatever else a [`Connect`] opens.
///
/// What goes wrong in a handshake is a [`HandshakeError`], which
/// [`Event::AttemptFailed`](crate::Event::AttemptFailed) carries.
#[derive(Clone)]
pub struct Tls<C = Tcp> {
    inner: C,
    server_name: ServerName<'static>,
    connector: TlsConnector,
}

impl Tls {
    /// Reads the files, once.
    ///
    /// # Errors
    /// The address, the name or the file that is wrong, and what to do about it.
    pub fn new(config: &TlsConfig) -> Result<Self, TlsError> {
        Self::over(config, config.tcp()?)
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        self.inner.address()
    }
}

impl<C: Connect> Tls<C> {
    /// The same over what `inner` opens: a tunnel, a proxy, a simulated network. Of the address in
    /// `config` only the host counts then, as the name that the broker's certificate must carry.
    ///
    /// # Errors
    /// The address, the name or the file that is wrong, and what to do about it.
    pub fn over(config: &TlsConfig, inner: C) -> Result<Self, TlsError> {
        let tcp = config.tcp()?;
        let name = config.server_name.as_deref().unwrap_or_else(|| tcp.host());
        let server_name = ServerName::try_from(name.to_owned())
            .map_err(|_| TlsError::ServerName { name: name.to_owned() })?;
        let connector = TlsConnector::from(Arc::new(client_config(config)?));
        Ok(Self { inner, server_name, connector })
    }
}

impl<C: std::fmt::Debug> std::fmt::Debug for Tls<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("inner", &self.inner)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

impl<C: Connect> Connect for Tls<C> {
    type Stream = TlsStream<C::Stream>;

    async fn connect(&mut self) -> io::Result<Self::Stream> {
        let stream = self.inner.connect().await?;
        let opening = self.connector.connect(self.server_name.clone(), stream);
        opening.await.map_err(HandshakeError::in_handshake)
    }
}

fn client_config(config: &TlsConfig) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    // A bundle of an operating system may hold some that are too old to be understood.
    let (added, _) = roots.add_parsable_certificates(files::certificates(&config.ca_file)?);
    if added == 0 {
        return Err(TlsError::BadCertificate(config.ca_file.clone()));
    }
    // Named here, so that no other crate of the program decides which one it is.
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Rustls)?
        .with_root_certificates(roots);
    let Some((certificate_file, key_file)) = &config.client else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = files::certificates(certificate_file)?;
    let key = files::private_key(key_file)?;
    builder.with_client_auth_cert(chain, key).map_err(|_| TlsError::KeyMismatch {
        certificate_file: certificate_file.clone(),
        key_file: key_file.clone(),
    })
}
