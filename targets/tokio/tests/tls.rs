//! The client against mosquitto over TLS, with certificates made here. Wants the package `mosquitto`.
#![allow(clippy::unwrap_used, reason = "a test may give up")]

#[path = "../examples/tls.rs"]
#[allow(dead_code, reason = "its `main`")]
mod example;
mod support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use fivewire_tokio::{
    Client, Config, DownReason, Event, HandshakeError, OpenError, Outcome, QoS, Tls, TlsConfig,
    TlsError,
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use support::broker::Mosquitto;
use tempfile::TempDir;
use tokio::time::timeout;

/// How long a loaded machine may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate authority, and files with what it signed.
struct Authority {
    directory: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("fivewire-tls-").tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(directory.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { directory, issuer }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Signs a certificate for these names, into `file.pem` and `file.key`.
    fn sign(&self, file: &str, names: &[&str], change: impl FnOnce(&mut CertificateParams)) {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, file);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path(&format!("{file}.pem")), certificate.pem()).unwrap();
        fs::write(self.path(&format!("{file}.key")), key.serialize_pem()).unwrap();
    }

    /// A broker that shows `file.pem`, and asks clients for theirs if it is to.
    async fn broker(&self, file: &str, ask_clients: bool) -> Option<Mosquitto> {
        Mosquitto::start_with(&format!(
            "persistence false\nallow_anonymous true\n\
             cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate {ask_clients}\n",
            self.path("ca.pem").display(),
            self.path(&format!("{file}.pem")).display(),
            self.path(&format!("{file}.key")).display(),
        ))
        .await
    }

    /// How to get at `broker`, trusting this authority.
    fn config(&self, broker: &Mosquitto) -> TlsConfig {
        TlsConfig::new(broker.address(), self.path("ca.pem"))
    }
}

/// What the first attempt to connect fails with.
async fn failure(config: &TlsConfig) -> OpenError {
    let client = Client::connect_with(Config::new("c"), Tls::new(config).unwrap()).unwrap();
    let event = timeout(PATIENCE, client.events().recv()).await.unwrap();
    let Some(Event::AttemptFailed { reason, error: Some(error) }) = event else {
        panic!("{event:?}");
    };
    assert!(matches!(reason, DownReason::TcpUnreachable | DownReason::TcpClosed), "{reason:?}");
    error
}

/// What TLS says about it.
async fn handshake_failure(config: &TlsConfig) -> (HandshakeError, String) {
    let error = failure(config).await;
    (error.tls().unwrap_or_else(|| panic!("{error}")).clone(), error.to_string())
}

#[tokio::test]
async fn messages_pass_over_tls_with_certificates_at_both_ends_and_over_a_restart() {
    let authority = Authority::new("authority");
    authority.sign("broker", &["127.0.0.1", "broker.example"], |_| ());
    authority.sign("client", &["greenhouse-7"], |_| ());
    let Some(mut broker) = authority.broker("broker", true).await else { return };
    let tls = authority
        .config(&broker)
        .server_name("broker.example")
        .client_certificate(authority.path("client.pem"), authority.path("client.key"));
    let config = Config::new("greenhouse-7").backoff_first_ms(50).backoff_last_ms(500);
    let client = Client::connect_with(config, Tls::new(&tls).unwrap()).unwrap();
    let subscribing = client.subscribe("lamp/+", QoS::AtLeastOnce);
    let mut lamps = timeout(PATIENCE, subscribing).await.unwrap().unwrap();
    // Larger than what is read and written at once.
    let payload = vec![0x5A; 40_000];
    for restart in [false, true, true] {
        if restart {
            broker.terminate().await;
            broker.launch().await;
        }
        let publishing = client.publish("lamp/1", payload.clone(), QoS::AtLeastOnce, false);
        assert_eq!(timeout(PATIENCE, publishing).await.unwrap(), Ok(Outcome::Acked));
        let message = timeout(PATIENCE, lamps.recv()).await.unwrap().unwrap();
        assert_eq!(message.payload, payload);
    }
    assert!(client.status().counters.connections >= 3);
    client.shutdown().await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_with_both_names() {
    let authority = Authority::new("authority");
    authority.sign("broker", &["broker.example"], |_| ());
    let Some(broker) = authority.broker("broker", false).await else { return };
    let (error, text) = handshake_failure(&authority.config(&broker)).await;
    let HandshakeError::WrongName { expected, presented } = error else { panic!("{text}") };
    assert_eq!((&*expected, &presented[..]), ("127.0.0.1", &["broker.example".to_owned()][..]));
    assert_eq!(
        text,
        "the broker's certificate is for broker.example, not for 127.0.0.1: connect to that name, \
         or set `server_name`"
    );
}

#[tokio::test]
async fn an_expired_certificate_and_one_of_the_future_are_told() {
    let authority = Authority::new("authority");
    let names = ["127.0.0.1"];
    authority.sign("old", &names, |params| params.not_after = date_time_ymd(2020, 1, 1));
    authority.sign("new", &names, |params| params.not_before = date_time_ymd(4000, 1, 1));
    let Some(broker) = authority.broker("old", false).await else { return };
    let (error, text) = handshake_failure(&authority.config(&broker)).await;
    assert!(matches!(error, HandshakeError::Expired { .. }), "{text}");
    assert!(text.starts_with("the broker's certificate expired "), "{text}");
    assert!(text.ends_with(" days ago: renew it, or set the clock of this machine"), "{text}");

    let Some(broker) = authority.broker("new", false).await else { return };
    let (error, text) = handshake_failure(&authority.config(&broker)).await;
    assert!(matches!(error, HandshakeError::NotValidYet { .. }), "{text}");
    assert!(text.contains("set the clock of this machine"), "{text}");
}

#[tokio::test]
async fn an_unknown_authority_is_told() {
    let authority = Authority::new("authority");
    authority.sign("broker", &["127.0.0.1"], |_| ());
    let Some(broker) = authority.broker("broker", false).await else { return };
    for name in ["stranger", "authority"] {
        let stranger = Authority::new(name);
        let (error, text) = handshake_failure(&stranger.config(&broker)).await;
        assert_eq!(error, HandshakeError::UnknownCa);
        assert!(text.contains("give the file of the CA that signed it"), "{text}");
    }
}

#[tokio::test]
async fn a_missing_and_a_strange_client_certificate_are_told() {
    let (authority, stranger) = (Authority::new("authority"), Authority::new("stranger"));
    authority.sign("broker", &["127.0.0.1"], |_| ());
    stranger.sign("client", &["greenhouse-7"], |_| ());
    let Some(broker) = authority.broker("broker", true).await else { return };
    let (error, text) = handshake_failure(&authority.config(&broker)).await;
    assert_eq!(error, HandshakeError::ClientCertificateMissing);
    assert!(text.contains("set `client_certificate`"), "{text}");
    let config = authority
        .config(&broker)
        .client_certificate(stranger.path("client.pem"), stranger.path("client.key"));
    let (error, text) = handshake_failure(&config).await;
    assert!(matches!(error, HandshakeError::ClientCertificateRefused(_)), "{text}");
}

#[tokio::test]
async fn a_port_without_tls_is_told() {
    let authority = Authority::new("authority");
    let Some(broker) = Mosquitto::start(false).await else { return };
    let (error, text) = handshake_failure(&authority.config(&broker)).await;
    assert_eq!(error, HandshakeError::NotTls);
    assert!(text.contains("is this its port for TLS, usually 8883?"), "{text}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_before_anything_starts() {
    let authority = Authority::new("authority");
    authority.sign("client", &["a"], |_| ());
    authority.sign("other", &["b"], |_| ());
    let (ca, pem, key) =
        (authority.path("ca.pem"), authority.path("client.pem"), authority.path("client.key"));
    let text = |error: TlsError| error.to_string();
    let trusting =
        |ca_file: &PathBuf| text(Tls::new(&TlsConfig::new("broker.example", ca_file)).unwrap_err());
    let proving = |pem: &PathBuf, key: &PathBuf| {
        let config = TlsConfig::new("broker.example", &ca).client_certificate(pem, key);
        Tls::new(&config).map_err(text)
    };
    let missing = authority.path("missing.pem");
    let no_file = format!("there is no file `{}`: check the path", missing.display());
    assert_eq!(trusting(&missing), no_file);
    assert_eq!(proving(&missing, &key).unwrap_err(), no_file);
    assert_eq!(proving(&pem, &missing).unwrap_err(), no_file);
    assert!(trusting(&key).contains("contains no certificate: give a PEM file"));
    assert!(trusting(&authority.directory.path().to_owned()).contains("cannot be read"));
    assert!(proving(&pem, &ca).unwrap_err().contains("contains no private key"));
    let other = authority.path("other.key");
    assert!(proving(&pem, &other).unwrap_err().contains("give the key that the certificate"));
    let damaged = authority.path("damaged.pem");
    fs::write(&damaged, fs::read_to_string(&ca).unwrap().replace("MII", "AAA").replace("MI", "AA"))
        .unwrap();
    assert!(trusting(&damaged).contains("is damaged: make the file again"));
    assert!(proving(&pem, &key).is_ok());

    let config = TlsConfig::new("broker.example", &ca).server_name("no name:8883");
    assert_eq!(
        text(Tls::new(&config).unwrap_err()),
        "`no name:8883` is no server name: give a host name or an IP address, without a port"
    );
    let error = Tls::new(&TlsConfig::new("broker:x", &ca)).unwrap_err();
    assert!(matches!(error, TlsError::Address(_)), "{error}");
}

#[test]
fn the_default_port_is_that_of_mqtt_over_tls() {
    let authority = Authority::new("authority");
    for (address, expected) in
        [("broker", "broker:8883"), ("[::1]", "[::1]:8883"), ("broker:1", "broker:1")]
    {
        let tls = Tls::new(&TlsConfig::new(address, authority.path("ca.pem"))).unwrap();
        assert_eq!(tls.address(), expected);
    }
}

#[tokio::test]
async fn the_example_says_hello() {
    let authority = Authority::new("authority");
    authority.sign("broker", &["127.0.0.1"], |_| ());
    let Some(broker) = authority.broker("broker", false).await else { return };
    let outcome = timeout(PATIENCE, example::hello(&authority.config(&broker))).await.unwrap();
    assert_eq!(outcome.unwrap(), Outcome::Acked);
}
