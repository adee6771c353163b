//! TLS over a network that breaks: the client as it is published, its `Tls` over turmoil's TCP, and
//! the simulator's broker behind rustls. The broker goes down, nothing gets through for half a
//! minute, and every count arrives. Run it with
//! `cargo run --release -p fivewire-sim --example simulated_tls`; as a program of its own it is
//! `targets/tokio/examples/tls.rs`.
//!
//! Keys are drawn from the operating system, and its clock says whether a certificate is valid. So
//! the bytes on the wire differ from run to run, and there is no trace hash to compare. What is
//! printed is the same each time: when something happens depends on none of those bytes.

mod tls_broker;

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use fivewire_tokio::{Client, Config, Connect, DEFAULT_TLS_PORT, Publication, QoS, Tls, TlsConfig};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use turmoil::net::TcpStream;

use tls_broker::{Server, listen};

const BROKER: &str = "broker";
const DEVICE: &str = "device";
const COUNTS: usize = 90;

/// What goes wrong, or is well again.
type Trouble = fn(&mut turmoil::Sim<'_>);

/// What is to be printed.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn say(&self, at: Duration, text: impl Display) {
        let line = format!("{:>6.2} s  {text}", at.as_secs_f64());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// The time in the simulation.
fn elapsed() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

/// Opens turmoil's connections.
struct Dial;

impl Connect for Dial {
    type Stream = TcpStream;

    async fn connect(&mut self) -> io::Result<TcpStream> {
        // in a task: turmoil keeps a connection for ever whose opening is given up half-way
        tokio::spawn(TcpStream::connect((BROKER, DEFAULT_TLS_PORT))).await?
    }
}

/// The device's program: a count each second, whatever has become of the one before.
async fn count(tls: Tls<Dial>, lines: Lines) -> turmoil::Result {
    let client = Client::connect_with(Config::new(DEVICE).seed(1).keep_alive_s(8), tls)?;
    let told = lines.clone();
    client.on_event(move |event| told.say(elapsed(), event));
    let mut under_way = Vec::new();
    for count in 0..COUNTS {
        let publication = Publication::new("device/count", count.to_string(), QoS::AtLeastOnce);
        under_way.push(client.enqueue(publication).await?);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    for publish in under_way {
        publish.await?;
    }
    lines.say(elapsed(), format_args!("{COUNTS} counts are acknowledged"));
    client.shutdown().await;
    Ok(())
}

/// A certificate of the broker's own, and a client that trusts it.
fn tls() -> Result<(TlsAcceptor, Tls<Dial>), Box<dyn Error>> {
    let certified = rcgen::generate_simple_self_signed([BROKER.to_owned()])?;
    let ca = tempfile::NamedTempFile::new()?;
    std::fs::write(&ca, certified.cert.pem())?;
    let key = PrivateKeyDer::from(certified.signing_key);
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)?;
    let client = Tls::over(&TlsConfig::new(BROKER, ca.path()), Dial)?;
    Ok((TlsAcceptor::from(Arc::new(server)), client))
}

/// Plays it: what is to be printed, and the counts as the broker received them.
fn play() -> Result<(Vec<String>, Vec<String>), Box<dyn Error>> {
    let (acceptor, tls) = tls()?;
    let (lines, server) = (Lines::default(), Server::new());
    let latency = Duration::from_millis(20);
    let mut sim = turmoil::Builder::new()
        .rng_seed(1)
        .epoch(UNIX_EPOCH)
        .simulation_duration(Duration::from_secs(600))
        .tick_duration(Duration::from_millis(10))
        .min_message_latency(latency)
        .max_message_latency(latency)
        .build();
    let disk = server.clone();
    sim.host(BROKER, move || listen(disk.clone(), acceptor.clone()));
    sim.client(DEVICE, count(tls, lines.clone()));
    // a little after a count left: what is under way then is sent again
    let trouble: [(u64, &str, Trouble); 4] = [
        (15_020, "-- the broker goes down", |sim| sim.crash(BROKER)),
        (25_000, "-- it is back", |sim| sim.bounce(BROKER)),
        (40_030, "-- nothing gets through", |sim| sim.hold(DEVICE, BROKER)),
        (70_000, "-- everything gets through, late", |sim| sim.release(DEVICE, BROKER)),
    ];
    for (at_ms, text, strike) in trouble {
        while sim.elapsed() < Duration::from_millis(at_ms) {
            sim.step()?;
        }
        lines.say(sim.elapsed(), text);
        strike(&mut sim);
    }
    sim.run()?;
    drop(sim);
    let lines = lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let received = std::mem::take(&mut server.borrow_mut().received);
    Ok((lines, received))
}

fn main() -> Result<(), Box<dyn Error>> {
    let (lines, received) = play()?;
    println!("{}", lines.join("\n"));
    // in the order in which they came first: what was under way when a connection ended may come again
    let mut first: Vec<&str> = Vec::new();
    for count in &received {
        if !first.contains(&count.as_str()) {
            first.push(count);
        }
    }
    println!("{} counts have arrived, {} copies", first.len(), received.len());
    assert!(first.into_iter().map(str::to_owned).eq((0..COUNTS).map(|count| count.to_string())));
    Ok(())
}

#[test]
fn it_runs() {
    main().expect("nothing is lost");
    let lines = || play().expect("nothing is lost").0;
    assert_eq!(lines(), lines(), "two runs differ in what they print");
}
