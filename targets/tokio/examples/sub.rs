//! Prints the messages that match a topic filter, also those sent while it did not run.

mod command;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use fivewire_tokio::{Client, Config, QoS, Release};

/// Print the messages that match a topic filter, until interrupted.
#[derive(Parser)]
#[command(disable_help_flag = true)]
struct Arguments {
    /// Topic filter
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
    /// Client identifier; the broker keeps messages for it, and two at a time throw each other out
    #[arg(short, long, default_value = "fivewire-sub")]
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
    let config = Config::new(arguments.id)
        .broker(&broker)
        .clean_init(false) // take up the session of the last run
        .release(Release::Explicit);
    let client = Client::connect(config)?;
    command::tell_troubles(&client, broker, |line| eprintln!("{line}"));
    let qos = if arguments.qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
    let mut messages = client.subscribe(arguments.topic, qos).await?;

    let mut out = std::io::stdout();
    loop {
        let mut message = tokio::select! {
            message = messages.recv() => match message { Some(message) => message, None => break },
            _ = tokio::signal::ctrl_c() => break,
        };
        write!(out, "{} ", message.topic)?;
        out.write_all(&message.payload)?;
        writeln!(out)?;
        out.flush()?;
        message.release(); // only now the broker may forget it
    }
    client.shutdown().await;
    Ok(())
}
