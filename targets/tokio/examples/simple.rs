//! A count is published every ten seconds at QoS 1, and a topic switches a lamp, which is a line on
//! the terminal here.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example simple
//! mosquitto_pub -q 1 -t simple/led -m 1
//! ```
//!
//! For a Pico it is `targets/rp2040/src/bin/simple.rs`; in the simulator it is
//! `sim/examples/simulated_simple.rs`.

use std::error::Error;
use std::time::Duration;

use fivewire_tokio::{Client, Config, QoS};
use tokio::task::JoinSet;

const PERIOD: Duration = Duration::from_secs(10);

/// Publishes a count, retained, as soon as its time has come: no count waits for the one before.
async fn count(
    client: &Client,
    period: Duration,
    show: &impl Fn(&str),
) -> Result<(), Box<dyn Error>> {
    let mut ticker = tokio::time::interval(period);
    let mut under_way = JoinSet::new();
    let mut count = 0_u32;
    loop {
        tokio::select! {
            _ = ticker.tick() => {
                count += 1;
                let text = count.to_string();
                match client.try_publish("simple/count", text, QoS::AtLeastOnce, true).await {
                    Ok(publish) => _ = under_way.spawn(async move { (count, publish.await) }),
                    // A full outbox means that the broker was away for long.
                    Err(error) => show(&format!("count {count} is skipped: {error}")),
                }
            }
            Some(done) = under_way.join_next() => match done? {
                (count, Ok(_)) => show(&format!("count {count} has arrived")),
                (count, Err(error)) => show(&format!("count {count}: {error}")),
            },
        }
    }
}

/// Switches the lamp.
async fn switch(client: &Client, show: &impl Fn(&str)) -> Result<(), Box<dyn Error>> {
    let mut led = client.subscribe("simple/led", QoS::AtLeastOnce).await?;
    while let Some(message) = led.recv().await {
        show(if *message.payload == *b"1" { "the lamp is on" } else { "the lamp is off" });
    }
    Err("the client was shut down".into())
}

/// Counts and switches, until something ends it.
pub(crate) async fn run(
    client: &Client,
    period: Duration,
    show: impl Fn(&str),
) -> Result<(), Box<dyn Error>> {
    tokio::try_join!(count(client, period, &show), switch(client, &show)).map(drop)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    let client = Client::connect(Config::new("fivewire-simple").broker(broker))?;
    client.on_event(|event| println!("{event}"));
    tokio::select! {
        ended = run(&client, PERIOD, |line| println!("{line}")) => ended?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    client.shutdown().await;
    Ok(())
}
