//! What a client records, a bare core says again.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use fivewire_core::recorder::{Fed, Item, Records, Replay};
use fivewire_tokio::{Client, Config, ConnectError, Outcome, ProtocolVersion, QoS, Recording};

use crate::rig::{FRESH, RESUMED, client, config, puback, settle};

/// A file in memory.
#[derive(Clone, Default)]
struct File(Arc<Mutex<Vec<u8>>>);

impl File {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Replays a recording, and returns how many calls are in it.
fn replay(recording: &[u8]) -> usize {
    let mut replay = Replay::new(|size_bytes| vec![0; size_bytes]);
    let records = Records::new(recording).map(|record| {
        let record = record.unwrap();
        assert_eq!(replay.feed(&record), Fed::Same, "{record:?}");
        usize::from(matches!(record.item, Item::Call(_)))
    });
    records.sum()
}

/// A client that publishes a payload, over two connections, and records it.
async fn recorded(recording: impl FnOnce(File) -> Recording) -> Vec<u8> {
    let file = File::default();
    let config = config().login("me", "opensesame").record(recording(file.clone()));
    let (client, peer) = client(config);
    let mut broker = peer.accept(&FRESH).await;
    let publishing = {
        let client = client.clone();
        tokio::spawn(async move { client.publish("t", "tomatoes", QoS::AtLeastOnce, false).await })
    };
    assert_eq!(broker.packet().await[0], 0x32);
    drop(broker);
    let mut broker = peer.accept(&RESUMED).await;
    assert_eq!(broker.packet().await[0], 0x3A);
    broker.send(&puback(1)).await;
    assert_eq!(publishing.await.unwrap(), Ok(Outcome::Acked));
    client.shutdown().await;
    file.take()
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_whole_after_a_shutdown_and_replays() {
    let contains =
        |recording: &[u8], text: &[u8]| recording.windows(text.len()).any(|window| window == text);
    let recording = recorded(Recording::new).await;
    assert!(replay(&recording) > 10);
    assert!(!contains(&recording, b"tomatoes") && !contains(&recording, b"opensesame"));
    let recording = recorded(|file| Recording::new(file).with_payloads()).await;
    assert!(replay(&recording) > 10);
    assert!(contains(&recording, b"tomatoes") && !contains(&recording, b"opensesame"));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dropped_leaves_a_whole_recording() {
    let file = File::default();
    let (client, peer) = client(config().record(Recording::new(file.clone())));
    let _broker = peer.accept(&FRESH).await;
    drop(client);
    settle().await;
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert!(replay(&file.take()) > 3);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_written_to_ends_the_recording_and_nothing_else() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("no space left"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let recording = Recording::new(Full);
    let (client, peer) = client(config().record(recording.clone()));
    let _broker = peer.accept(&FRESH).await;
    assert!(client.connected().await);
    client.shutdown().await;
    assert_eq!(recording.failure().as_deref(), Some("no space left"));
}

#[tokio::test]
async fn a_recording_has_one_client() {
    let config = Config::new("c").broker("localhost:1").record(Recording::new(File::default()));
    let _client = Client::connect(config.clone()).unwrap();
    let Err(ConnectError::Config(error)) = Client::connect(config) else { panic!() };
    assert_eq!(
        error.to_string(),
        "the recording is that of another client: give each client one of its own"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_speaks_mqtt_5_is_recorded_and_replays() {
    let file = File::default();
    let config = config().protocol(ProtocolVersion::V5).login("me", "opensesame");
    let (client, peer) = client(config.record(Recording::new(file.clone())));
    // receive maximum 3, maximum packet size 200
    let connack = [0x20, 11, 0, 0, 8, 0x21, 0, 3, 0x27, 0, 0, 0, 200];
    let mut broker = peer.accept(&connack).await;
    let publishing = {
        let client = client.clone();
        tokio::spawn(async move { client.publish("t", "tomatoes", QoS::AtLeastOnce, false).await })
    };
    assert_eq!(broker.packet().await[0], 0x32);
    // a message with a user property, then DISCONNECT with a reason
    broker.send(&[0x30, 14, 0, 1, b't', 7, 0x26, 0, 1, b'k', 0, 1, b'v', b's', b'h', b'h']).await;
    broker.send(&[0xE0, 2, 0x8B, 0]).await;
    drop(broker);
    let mut broker = peer.accept(&[0x20, 3, 1, 0, 0]).await;
    assert_eq!(broker.packet().await[0], 0x3A);
    broker.send(&puback(1)).await;
    assert_eq!(publishing.await.unwrap(), Ok(Outcome::Acked));
    client.shutdown().await;
    let recording = file.take();
    assert!(replay(&recording) > 10);
    for secret in ["tomatoes", "opensesame", "shh"] {
        let shows = recording.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!shows, "{secret}");
    }
}
