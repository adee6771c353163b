//! How long the broker is out of reach, and how often: walk around with the machine, and watch. A
//! count is published every ten seconds with the outages so far, so that the other side sees it
//! too.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example range
//! ```
//!
//! For a Pico, with an LED, it is `targets/rp2040/src/bin/range.rs`; in the simulator it is
//! `sim/examples/simulated_range.rs`.

use std::error::Error;
use std::time::Duration;

use fivewire_tokio::{Client, Config, Event, QoS};
use tokio::time::Instant;

const PERIOD: Duration = Duration::from_secs(10);

/// What is known of the way to the broker.
#[derive(Default)]
struct Range {
    outages: u32,
    /// When the outage began that is not over.
    lost_at: Option<Instant>,
    /// What was shown last.
    shown: String,
}

impl Range {
    /// What there is to be shown after this event, if it is anything new.
    fn note(&mut self, event: &Event) -> Option<&str> {
        let text = match event {
            Event::Connected { .. } => match self.lost_at.take() {
                Some(at) => {
                    let (outages, seconds) = (self.outages, at.elapsed().as_secs_f32());
                    format!("in range again: outage {outages} took {seconds:.1} s")
                }
                None => "in range".to_owned(),
            },
            Event::Disconnected { .. } => {
                self.outages += 1;
                self.lost_at = Some(Instant::now());
                format!("outage {}: {event}", self.outages)
            }
            // The same each time while nothing changes.
            Event::AttemptFailed { .. } => event.to_string(),
            _ => return None,
        };
        let is_new = text != self.shown;
        self.shown = text;
        is_new.then_some(&self.shown)
    }
}

/// Watches and publishes, until the client is shut down.
pub(crate) async fn run(
    client: &Client,
    period: Duration,
    show: impl Fn(&str),
) -> Result<(), Box<dyn Error>> {
    let mut events = client.events();
    let mut ticker = tokio::time::interval(period);
    let mut range = Range::default();
    let mut count = 0_u32;
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return Ok(()) };
                if let Some(text) = range.note(&event) {
                    show(text);
                }
            }
            _ = ticker.tick() => {
                count += 1;
                let again = client.status().counters.redelivered;
                let text = format!("count {count}, outages {}, sent again {again}", range.outages);
                // A full outbox is what being out of range for long looks like.
                drop(client.try_publish("range/count", text, QoS::AtLeastOnce, false).await);
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    // An outage is noticed within a few seconds: a ping every two, and patience for two.
    let config = Config::new("fivewire-range").keep_alive_s(8).response_timeout_ms(2_000);
    let client = Client::connect(config.broker(broker))?;
    tokio::select! {
        ended = run(&client, PERIOD, |line| println!("{line}")) => ended?,
        pressed = tokio::signal::ctrl_c() => pressed?,
    }
    client.shutdown().await;
    Ok(())
}
