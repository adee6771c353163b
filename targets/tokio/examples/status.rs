//! Prints everything that happens, and every ten seconds what the client says of itself. Try and
//! stop the broker in between, or publish to `status/anything`.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example status
//! ```
//!
//! For a Pico it is `targets/rp2040/src/bin/status.rs`; in the simulator it is
//! `sim/examples/simulated_status.rs`.

use std::error::Error;
use std::time::Duration;

use fivewire_tokio::{Client, Config, QoS};
use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(10);

/// Shows every event and, `period` after `period`, where the client stands, until it is shut down.
async fn watch(
    client: &Client,
    period: Duration,
    show: &impl Fn(&str),
) -> Result<(), Box<dyn Error>> {
    let mut events = client.events();
    let mut ticker = tokio::time::interval(period);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => show(&event.to_string()),
                None => return Ok(()),
            },
            _ = ticker.tick() => {
                // It asks the broker for a sign of life where that was silent for a second.
                let is_up = client.broker_up().await;
                show(&format!("the broker is {}", if is_up { "up" } else { "down" }));
                show(&format!("{:?}, {} events missed", client.status(), events.missed()));
            }
        }
    }
}

/// Shows every message.
async fn listen(client: &Client, show: &impl Fn(&str)) -> Result<(), Box<dyn Error>> {
    let mut messages = client.subscribe("status/#", QoS::AtLeastOnce).await?;
    while let Some(message) = messages.recv().await {
        let text = String::from_utf8_lossy(&message.payload);
        show(&format!("{}: {text:?}, QoS {}", message.topic, message.qos.as_u8()));
    }
    Ok(())
}

/// Shows everything, each with the milliseconds since the beginning, until the client is shut down.
pub(crate) async fn run(
    client: &Client,
    period: Duration,
    show: impl Fn(&str),
) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let show = |text: &str| show(&format!("{:>8} ms  {text}", begun.elapsed().as_millis()));
    tokio::try_join!(watch(client, period, &show), listen(client, &show)).map(drop)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    let client = Client::connect(Config::new("fivewire-status").broker(broker))?;
    let stopped = async {
        tokio::signal::ctrl_c().await?;
        client.shutdown().await; // which ends the rest, too
        Ok(())
    };
    tokio::try_join!(run(&client, PERIOD, |line| println!("{line}")), stopped).map(drop)
}
