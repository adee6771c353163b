//! Connect, publish, receive what was stored, disconnect: what a sensor does that sleeps most of the time.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example low-power
//! ```

use std::error::Error;
use std::time::Duration;

use fivewire_tokio::{Client, Config, QoS};

/// How long the broker has to send what it kept.
const LISTEN: Duration = Duration::from_millis(300);
const ASLEEP: Duration = Duration::from_secs(5);

/// One time awake; what was said meanwhile.
pub(crate) async fn wake(broker: &str, reading: u32) -> Result<Vec<String>, Box<dyn Error>> {
    // The session must outlive the program, so it is never to be wiped.
    let config = Config::new("fivewire-low-power").broker(broker).clean_init(false);
    let client = Client::connect(config)?;
    let mut orders = client.subscribe("low-power/orders", QoS::AtLeastOnce).await?;
    let text = reading.to_string();
    client.publish("low-power/reading", text, QoS::AtLeastOnce, false).await?;
    let mut heard = Vec::new();
    while let Ok(Some(order)) = tokio::time::timeout(LISTEN, orders.recv()).await {
        heard.push(String::from_utf8_lossy(&order.payload).into_owned());
    }
    client.shutdown().await; // says DISCONNECT: the broker tells no will, and goes on collecting
    Ok(heard)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    for reading in 0..10 {
        println!("reading {reading}, orders: {:?}", wake(&broker, reading).await?);
        tokio::time::sleep(ASLEEP).await;
    }
    Ok(())
}
