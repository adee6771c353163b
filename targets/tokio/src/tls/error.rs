//! What can be wrong with TLS, and what to do about it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio_rustls::rustls::{self, AlertDescription, CertificateError};

use crate::connect::AddressError;

/// A configuration that cannot work. Nothing was started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The address of the broker is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name that the broker's certificate must carry is none.
    #[error("`{name}` is no server name: give a host name or an IP address, without a port")]
    ServerName {
        /// The name.
        name: String,
    },
    /// There is no such file.
    #[error("there is no file `{}`: check the path", .0.display())]
    NoFile(PathBuf),
    /// A file cannot be read.
    #[error("`{}` cannot be read: {error}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
    /// A file contains no certificate.
    #[error("`{}` contains no certificate: give a PEM file, with `BEGIN CERTIFICATE` in it", .0.display())]
    NoCertificate(PathBuf),
    /// A file contains a certificate that cannot be read.
    #[error("a certificate in `{}` is damaged: make the file again", .0.display())]
    BadCertificate(PathBuf),
    /// A file contains no private key.
    #[error("`{}` contains no private key: give an unencrypted PEM file, with `BEGIN PRIVATE KEY` in it", .0.display())]
    NoKey(PathBuf),
    /// A file contains a private key that cannot be read.
    #[error("the private key in `{}` is damaged: make the file again", .0.display())]
    BadKey(PathBuf),
    /// The private key is of a kind that is not supported, or not that of the certificate.
    #[error("the key in `{}` cannot be used with the certificate in `{}`: give the key that the certificate was made for, RSA, ECDSA or Ed25519",
        .key_file.display(), .certificate_file.display())]
    KeyMismatch {
        /// The file of the certificate.
        certificate_file: PathBuf,
        /// The file of the key.
        key_file: PathBuf,
    },
    /// The library does not offer what this crate asks of it.
    #[error(transparent)]
    Rustls(rustls::Error),
}

/// Why the two sides could not agree on a TLS connection. The client goes on trying: a clock that is
/// set, or a certificate that is renewed at the broker, makes it work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The broker's certificate is for another name.
    #[error("the broker's certificate is for {}, not for {expected}: connect to that name, or set `server_name`",
        list(.presented))]
    WrongName {
        /// The name that was asked for.
        expected: String,
        /// The names in the certificate.
        presented: Vec<String>,
    },
    /// The broker's certificate, or one between it and the CA's, has expired.
    #[error("the broker's certificate expired {} ago: renew it, or set the clock of this machine",
        span(*.ago))]
    Expired {
        /// How long ago, by the clock of this machine.
        ago: Duration,
    },
    /// The broker's certificate is not valid yet.
    #[error("the broker's certificate is not valid before {} from now: set the clock of this machine",
        span(*.left))]
    NotValidYet {
        /// In how long it will be, by the clock of this machine.
        left: Duration,
    },
    /// Nothing in the CA file has signed the broker's certificate.
    #[error(
        "the broker's certificate is signed by a CA that is not in the CA file: give the file of the CA that signed it"
    )]
    UnknownCa,
    /// The broker's certificate is wrong in another way.
    #[error("the broker's certificate is not acceptable: {0}")]
    Certificate(String),
    /// The broker wants a certificate of the client.
    #[error("the broker wants a client certificate: set `client_certificate`")]
    ClientCertificateMissing,
    /// The broker does not accept the certificate of the client.
    #[error(
        "the broker does not accept the client certificate ({0}): give one that its CA has signed and that is valid"
    )]
    ClientCertificateRefused(String),
    /// The other side broke off, or what it says is no TLS.
    #[error(
        "the other side broke off the TLS handshake: is this its port for TLS, usually {}?",
        super::DEFAULT_TLS_PORT
    )]
    NotTls,
    /// The two sides found nothing in common, or one broke the protocol.
    #[error("TLS failed: {0}")]
    Protocol(String),
}

impl HandshakeError {
    /// An error of `connect`, said more clearly if it is one of TLS.
    pub(super) fn in_handshake(error: io::Error) -> io::Error {
        if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) {
            return io::Error::new(io::ErrorKind::InvalidData, Self::NotTls);
        }
        match Self::of(&error) {
            Some(clear) => io::Error::new(io::ErrorKind::InvalidData, clear),
            None => error,
        }
    }

    /// What went wrong with TLS, if it is that. With TLS 1.3 a broker may refuse a client's
    /// certificate after the handshake is done for the client.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let inner = error.get_ref()?;
        let known = || inner.downcast_ref::<Self>().cloned();
        inner.downcast_ref::<rustls::Error>().map(Self::from).or_else(known)
    }
}

impl From<&rustls::Error> for HandshakeError {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(error) => Self::from(error),
            rustls::Error::AlertReceived(alert) => match alert {
                AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                    Self::ClientCertificateMissing
                }
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied => {
                    Self::ClientCertificateRefused(format!("{alert:?}"))
                }
                _ => Self::Protocol(error.to_string()),
            },
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            _ => Self::Protocol(error.to_string()),
        }
    }
}

impl From<&CertificateError> for HandshakeError {
    fn from(error: &CertificateError) -> Self {
        match error {
            CertificateError::NotValidForNameContext { expected, presented } => Self::WrongName {
                expected: expected.to_str().into_owned(),
                presented: presented.iter().map(|name| plain(name).to_owned()).collect(),
            },
            CertificateError::ExpiredContext { time, not_after } => {
                let ago = time.as_secs().saturating_sub(not_after.as_secs());
                Self::Expired { ago: Duration::from_secs(ago) }
            }
            CertificateError::NotValidYetContext { time, not_before } => {
                let left = not_before.as_secs().saturating_sub(time.as_secs());
                Self::NotValidYet { left: Duration::from_secs(left) }
            }
            // A CA of the same name, but with another key, counts as another one.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownCa,
            _ => Self::Certificate(error.to_string()),
        }
    }
}

/// The library names a name as `DnsName("broker.example")`.
fn plain(name: &str) -> &str {
    let quoted = name.split_once("(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    quoted.unwrap_or(name)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") }
}

fn span(duration: Duration) -> String {
    let (seconds, day) = (duration.as_secs(), 24 * 3_600);
    if seconds >= 2 * day {
        format!("{} days", seconds / day)
    } else if seconds >= 2 * 3_600 {
        format!("{} hours", seconds / 3_600)
    } else {
        format!("{seconds} s")
    }
}
