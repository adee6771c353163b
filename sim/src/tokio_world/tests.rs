//! What turmoil does with connections that come to nothing, and what is done about it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use fivewire_tokio::Connect;
use tokio::time::{sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};

use super::dial::Dial;
use super::socket::{BROKER, PORT};
use super::stage::Stage;

/// turmoil gives a host so many ports for connections of its own, and then panics.
const PORTS: usize = 16_384;

fn network() -> Sim<'static> {
    Builder::new()
        .rng_seed(1)
        .epoch(UNIX_EPOCH)
        .simulation_duration(Duration::MAX)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(1))
        .build()
}

fn stage() -> Stage {
    Stage::new(&super::default_for(0))
}

async fn accept_for_ever() -> turmoil::Result {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        drop(listener.accept().await?);
    }
}

/// If this fails, turmoil has learnt to forget, and `Dial` may ask it for what will be refused.
#[test]
fn turmoil_itself_never_forgets_a_connection_that_was_refused() {
    let mut sim = network();
    sim.host(BROKER, || async { std::future::pending().await });
    sim.client("device", async {
        for attempt in 1..=100 {
            assert!(TcpStream::connect((BROKER, PORT)).await.is_err());
            assert_eq!(turmoil::established_tcp_stream_count(), attempt);
        }
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn any_number_of_attempts_may_be_refused() {
    let mut sim = network();
    let stage = stage();
    sim.host(BROKER, accept_for_ever);
    let device = stage.clone();
    sim.client("device", async move {
        let mut dial = Dial { stage: device.clone() };
        device.lock().server.is_down = true;
        for _ in 0..PORTS + 100 {
            let refused = dial.connect().await.map(drop).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        }
        device.lock().server.is_down = false;
        dial.connect().await?;
        assert_eq!(turmoil::established_tcp_stream_count(), 0);
        Ok(())
    });
    sim.run().unwrap();
    assert_eq!(stage.lock().lines.attempts, 0);
}

#[test]
fn attempts_that_hang_are_given_up_and_leave_nothing_once_the_way_is_open_again() {
    const ATTEMPTS: usize = 40;

    let mut sim = network();
    let stage = stage();
    sim.host(BROKER, accept_for_ever);
    let device = stage.clone();
    let (given_up, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counter, left) = (Arc::clone(&given_up), Arc::clone(&seen));
    sim.client("device", async move {
        let mut dial = Dial { stage: device };
        for _ in 0..ATTEMPTS {
            assert!(timeout(Duration::from_secs(6), dial.connect()).await.is_err(), "it hangs");
            counter.fetch_add(1, Ordering::Relaxed);
        }
        assert_eq!(turmoil::established_tcp_stream_count(), ATTEMPTS);
        sleep(Duration::from_secs(60)).await;
        left.store(turmoil::established_tcp_stream_count(), Ordering::Relaxed);
        Ok(())
    });
    sim.hold("device", BROKER);
    while given_up.load(Ordering::Relaxed) < ATTEMPTS {
        sim.step().unwrap();
    }
    sim.release("device", BROKER);
    sim.run().unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 0);
    assert_eq!(stage.lock().lines.dialling, 0);
}
