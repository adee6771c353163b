//! Publishes each line of the standard input, and loses none while it runs.

use std::collections::VecDeque;
mod command;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use fivewire_tokio::{Client, Config, Publication, QoS};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Publish each line of the standard input.
#[derive(Parser)]
#[command(disable_help_flag = true)]
struct Arguments {
    /// Topic to publish to
    #[arg(short, long)]
    topic: String,
    /// Host of the broker
    #[arg(short = 'h', long, default_value = "localhost")]
    host: String,
    /// Port of the broker
    #[arg(short, long, default_value_t = fivewire_tokio::DEFAULT_PORT)]
    port: u16,
    /// Quality of service
    #[arg(short, long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    qos: u8,
    /// Client identifier; two at a time throw each other out
    #[arg(short, long, default_value = "fivewire-pub")]
    id: String,
    /// Print help
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    command::ended(run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let broker = format!("{}:{}", arguments.host, arguments.port);
    let client = Client::connect(Config::new(arguments.id).broker(&broker))?;
    command::tell_troubles(&client, broker, |line| eprintln!("{line}"));
    let qos = if arguments.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };

    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut under_way = VecDeque::new();
    while let Some(line) = lines.next_line().await? {
        let publication = Publication::new(arguments.topic.as_str(), line, qos);
        // Waits while the outbox is full, so this reads no faster than the broker takes.
        under_way.push_back(client.enqueue(publication).await?);
        if under_way.len() > 1_000
            && let Some(oldest) = under_way.pop_front()
        {
            oldest.await?;
        }
    }
    for publish in under_way {
        publish.await?;
    }
    client.shutdown().await;
    Ok(())
}
