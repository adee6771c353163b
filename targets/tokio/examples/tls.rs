//! Says hello to a broker over TLS.
//!
//! ```sh
//! cargo run -p fivewire-tokio --example tls -- broker.example ca.pem [client.pem client.key]
//! ```

use std::error::Error;
use std::process::ExitCode;

use fivewire_tokio::{Client, Config, Outcome, QoS, Tls, TlsConfig};

/// Publishes once; what became of it.
pub(crate) async fn hello(tls: &TlsConfig) -> Result<Outcome, Box<dyn Error>> {
    let client = Client::connect_with(Config::new("fivewire-tls"), Tls::new(tls)?)?;

    let mut events = client.events();
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            // Of a failed attempt: a wrong name, an expired certificate and the like, with what to
            // do about it. The client goes on trying; a program that rather gives up looks at
            // `error.tls()`.
            eprintln!("{event}");
        }
    });

    let outcome = client.publish("hello/greeting", "hello", QoS::AtLeastOnce, false).await?;
    client.shutdown().await;
    Ok(outcome)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let tls = match &arguments[..] {
        [broker, ca] => TlsConfig::new(broker, ca),
        [broker, ca, certificate, key] => {
            TlsConfig::new(broker, ca).client_certificate(certificate, key)
        }
        _ => return Err("usage: tls BROKER CA-FILE [CERTIFICATE-FILE KEY-FILE]".into()),
    };
    println!("published: {:?}", hello(&tls).await?);
    Ok(())
}
