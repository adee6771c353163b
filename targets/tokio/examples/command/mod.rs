//! What `pub` and `sub` have in common: they tell on the standard error what they wait for, and why
//! they fail.

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use fivewire_tokio::{Client, Event};

/// After so long without a connection it is said what is being waited for.
const SOON: Duration = Duration::from_secs(2);

/// Tells, line by line, what keeps the client from the broker: soon, when it changes, and when it is over.
pub(crate) fn tell_troubles(client: &Client, broker: String, tell: impl Fn(&str) + Send + 'static) {
    let mut events = client.events();
    tokio::spawn(async move {
        let mut told = String::new();
        let mut is_away = true;
        loop {
            let event = if is_away && told.is_empty() {
                let Ok(event) = tokio::time::timeout(SOON, events.recv()).await else {
                    told = format!("waiting for the broker at {broker}");
                    tell(&told);
                    continue;
                };
                event
            } else {
                events.recv().await
            };
            match event {
                Some(Event::Connected { .. }) => {
                    if !told.is_empty() {
                        tell(&format!("connected to {broker}"));
                    }
                    (told, is_away) = (String::new(), false);
                }
                Some(event @ (Event::AttemptFailed { .. } | Event::Disconnected { .. })) => {
                    is_away = true;
                    let text = format!("waiting for the broker at {broker}: {event}");
                    if text != told {
                        tell(&text);
                    }
                    told = text;
                }
                Some(Event::CleanSlate) => {}
                Some(Event::Stopped) | None => break,
                Some(event) => tell(&event.to_string()),
            }
        }
    });
}

/// The exit code of a program that ended so, after its error was told.
pub(crate) fn ended(result: Result<(), Box<dyn Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
