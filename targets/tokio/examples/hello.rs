//! Says hello to a broker, and hears it.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example hello
//! ```

use std::error::Error;

use fivewire_tokio::{Client, Config, QoS};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    let config = Config::new("fivewire-hello")
        .broker(broker)
        // What the broker tells everybody if we vanish without a word.
        .will("hello/online", "0", QoS::AtLeastOnce, true);
    let client = Client::connect(config)?;

    // Shows what happens to the connection. A program needs to react to none of it: try and stop
    // the broker in between.
    let mut events = client.events();
    let watcher = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            eprintln!("{event}");
        }
    });

    let mut greetings = client.subscribe("hello/+", QoS::AtLeastOnce).await?;
    for payload in ["hello", "world"] {
        let outcome = client.publish("hello/greeting", payload, QoS::AtLeastOnce, false).await?;
        println!("published {payload}: {outcome:?}");
    }
    for _ in 0..2 {
        let Some(message) = greetings.recv().await else { break };
        println!("received {}: {}", message.topic, String::from_utf8_lossy(&message.payload));
    }

    client.shutdown().await; // says DISCONNECT, so nobody hears the will
    watcher.await?;
    Ok(())
}
