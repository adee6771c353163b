//! A file in pieces, each published without waiting for the one before: they arrive in order,
//! whatever breaks meanwhile.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example streaming
//! ```

use std::error::Error;

use fivewire_tokio::{Client, Config, Outcome, Publication, QoS};

const PIECE_BYTES: usize = 1_000;

/// Publishes so many pieces; how many the broker acknowledged.
pub(crate) async fn run(broker: &str, pieces: u32) -> Result<usize, Box<dyn Error>> {
    let client = Client::connect(Config::new("fivewire-streaming").broker(broker))?;
    let mut under_way = Vec::new();
    for number in 0..pieces {
        let mut piece = vec![0x55; PIECE_BYTES];
        piece[..4].copy_from_slice(&number.to_be_bytes());
        let publication = Publication::new("streaming/file", piece, QoS::AtLeastOnce);
        // Only a full outbox makes it wait.
        under_way.push(client.enqueue(publication).await?);
    }
    let mut acknowledged = 0;
    for publication in under_way {
        acknowledged += usize::from(publication.await? == Outcome::Acked);
    }
    client.shutdown().await;
    Ok(acknowledged)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    println!("{} pieces of {PIECE_BYTES} bytes have arrived", run(&broker, 1_000).await?);
    Ok(())
}
