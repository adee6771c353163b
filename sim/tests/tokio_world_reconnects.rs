//! What ten thousand reconnects cost the tokio adapter. The process is this test's own, because its
//! memory is looked at.

#![cfg(feature = "turmoil")]
#![allow(clippy::unwrap_used, reason = "a test may give up")]
#![allow(missing_docs, reason = "the name of a test is its claim")]

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, UNIX_EPOCH};

use fivewire_tokio::{Client, Config, Connect, Event};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;
use turmoil::net::{TcpListener, TcpStream};

const RECONNECTS: u32 = 10_000;
/// Every buffer has its size by then.
const WARM: u32 = 2_000;
/// A client that lost but 100 bytes with each connection would need more.
const GROWTH_MAX_BYTES: u64 = 700_000;

const PORT: u16 = 1_883;
const CONNACK: [u8; 4] = [0x20, 2, 0, 0];
const PINGRESP: [u8; 2] = [0xD0, 0];

struct Dial;

impl Connect for Dial {
    type Stream = TcpStream;

    async fn connect(&mut self) -> io::Result<TcpStream> {
        TcpStream::connect(("broker", PORT)).await
    }
}

/// Accepts, and ends each connection in one of three ways: closed after CONNACK, closed in the middle
/// of a packet, reset because bytes of the client are unread.
async fn broker() -> turmoil::Result {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    for number in 0_u32.. {
        let (mut stream, _) = listener.accept().await?;
        if number % 3 != 2 {
            let mut connect = [0; 256];
            assert!(stream.read(&mut connect).await? > 0);
        }
        stream.write_all(&CONNACK).await?;
        if number % 3 == 1 {
            stream.write_all(&PINGRESP[..1]).await?;
        }
    }
    Ok(())
}

/// 0 where the system does not tell.
fn resident_bytes() -> u64 {
    let Ok(text) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

async fn reconnect_many_times() -> turmoil::Result {
    let config = Config::new("device").clean_init(false).seed(7);
    let client = Client::connect_with(config.backoff_first_ms(50).backoff_last_ms(50), Dial)?;
    let mut events = client.events();
    let mut warm_bytes = 0;
    for connection in 1..=RECONNECTS {
        while !matches!(events.recv().await, Some(Event::Connected { .. })) {}
        assert_eq!(Handle::current().metrics().num_alive_tasks(), 1, "after {connection}");
        assert!(turmoil::established_tcp_stream_count() <= 1, "after {connection}");
        if connection == WARM {
            warm_bytes = resident_bytes();
        }
    }
    let growth_bytes = resident_bytes().saturating_sub(warm_bytes);
    assert!(growth_bytes < GROWTH_MAX_BYTES, "{growth_bytes} bytes more than before");
    client.shutdown().await;
    assert_eq!(events.missed(), 0);
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(turmoil::established_tcp_stream_count(), 0);
    Ok(())
}

#[test]
fn ten_thousand_reconnects_leave_no_task_no_socket_and_no_memory_behind() {
    let mut sim = turmoil::Builder::new()
        .rng_seed(7)
        .epoch(UNIX_EPOCH)
        .simulation_duration(Duration::from_secs(24 * 60 * 60))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(3))
        .build();
    sim.host("broker", broker);
    sim.client("device", reconnect_many_times());
    sim.run().unwrap();
}
