//! Request and response in MQTT 5: a clock is asked for the time in several places at once, and
//! correlation data tells which answer belongs to which question.
//!
//! ```sh
//! mosquitto & cargo run -p fivewire-tokio --example ask
//! ```

use std::error::Error;
use std::time::Duration;

use fivewire_tokio::{
    Client, Config, Properties, ProtocolVersion, Publication, PublishError, QoS, Subscription,
};

/// How long the clock may take.
const PATIENCE: Duration = Duration::from_secs(10);
const QUESTIONS: &str = "clock/ask";

fn connect(client_id: &str, broker: &str) -> Result<Client, Box<dyn Error>> {
    let config = Config::new(client_id).broker(broker).protocol(ProtocolVersion::V5);
    Ok(Client::connect(config)?)
}

/// Answers each question where it wants to be answered.
async fn serve(mut questions: Subscription) -> Result<(), PublishError> {
    while let Some(question) = questions.recv().await {
        let Some(topic) = &question.properties.response_topic else { continue };
        let place = String::from_utf8_lossy(&question.payload);
        let answer = format!("it is noon in {place}");
        let mut answer = Publication::new(topic.as_str(), answer, QoS::AtLeastOnce);
        answer.properties = Properties {
            payload_is_utf8: true,
            content_type: Some("text/plain".to_owned()),
            user_properties: vec![("clock".to_owned(), "stopped".to_owned())],
            ..question.properties.of_answer()
        };
        // It is sent whether somebody waits for its outcome or not.
        drop(questions.client().enqueue(answer).await?);
    }
    Ok(())
}

/// Asks about each of these places; the answers, in the order of the questions.
pub(crate) async fn ask(
    client: &Client,
    places: &[&str],
) -> Result<Vec<(String, Properties)>, Box<dyn Error>> {
    const ANSWERS: &str = "clock/answers/fivewire-ask";
    let mut incoming = client.subscribe(ANSWERS, QoS::AtLeastOnce).await?;
    for (number, place) in (0_u32..).zip(places) {
        let mut question = Publication::new(QUESTIONS, (*place).to_owned(), QoS::AtLeastOnce);
        question.properties = Properties {
            response_topic: Some(ANSWERS.to_owned()),
            correlation_data: Some(number.to_be_bytes().to_vec().into()),
            message_expiry_interval_s: Some(60), // nobody wants to know any more then
            ..Properties::default()
        };
        client.enqueue(question).await?.await?;
    }
    let mut answers = vec![None; places.len()];
    while answers.iter().any(Option::is_none) {
        let answer = tokio::time::timeout(PATIENCE, incoming.recv()).await?;
        let answer = answer.ok_or("the client was shut down")?;
        let number = answer.properties.correlation_data.as_deref().and_then(<[u8]>::first_chunk);
        let number = number.ok_or("an answer to nothing")?;
        let text = String::from_utf8_lossy(&answer.payload).into_owned();
        if let Some(slot) = answers.get_mut(u32::from_be_bytes(*number) as usize) {
            *slot = Some((text, answer.properties));
        }
    }
    Ok(answers.into_iter().flatten().collect())
}

/// Starts a clock, and asks it.
pub(crate) async fn run(
    broker: &str,
    places: &[&str],
) -> Result<Vec<(String, Properties)>, Box<dyn Error>> {
    let (clock, client) = (connect("fivewire-clock", broker)?, connect("fivewire-ask", broker)?);
    let serving = tokio::spawn(serve(clock.subscribe(QUESTIONS, QoS::AtLeastOnce).await?));
    let answers = ask(&client, places).await?;
    client.shutdown().await;
    clock.shutdown().await;
    serving.await??;
    Ok(answers)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let broker = std::env::args().nth(1).unwrap_or_else(|| "localhost".to_owned());
    for (answer, _) in run(&broker, &["Paris", "Lima", "Oslo"]).await? {
        println!("{answer}");
    }
    Ok(())
}
