//! What `clean` and `unclean` have in common: a pump that goes away and comes back, and an operator who
//! says something while it is away and once it is back.

use std::error::Error;
use std::time::Duration;

use fivewire_tokio::{Client, Config, QoS};

/// How long the last order may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which orders the pump heard, if its session ends with its connection (`clean_session`) or not.
pub(crate) async fn play(broker: &str, clean_session: bool) -> Result<Vec<String>, Box<dyn Error>> {
    let config = |client_id| Config::new(client_id).broker(broker);
    let pump = || {
        // What the last connection left is what this is about, so it is not to be wiped.
        let config = config("fivewire-pump").clean_session(clean_session).clean_init(false);
        Client::connect(config)
    };
    let operator = Client::connect(config("fivewire-operator"))?;

    let first = pump()?;
    let mut orders = first.subscribe("pump/#", QoS::AtLeastOnce).await?;
    // An earlier run of this program may have left orders. Once its own one is there, they are.
    operator.publish("pump/hello", "", QoS::AtLeastOnce, false).await?;
    hear_until(&mut orders, "pump/hello").await?;
    drop(orders);
    first.shutdown().await;

    operator.publish("pump/while-away", "on", QoS::AtLeastOnce, false).await?;
    let second = pump()?;
    let mut orders = second.subscribe("pump/#", QoS::AtLeastOnce).await?;
    operator.publish("pump/back-again", "on", QoS::AtLeastOnce, false).await?;
    let heard = hear_until(&mut orders, "pump/back-again").await?;

    second.unsubscribe("pump/#").await?; // leaves nothing behind
    second.shutdown().await;
    operator.shutdown().await;
    Ok(heard)
}

/// The topics of all messages up to the one with this topic.
async fn hear_until(
    orders: &mut fivewire_tokio::Subscription,
    last: &str,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|topic| topic != last) {
        let order = tokio::time::timeout(PATIENCE, orders.recv()).await?;
        heard.push(order.ok_or("the client was shut down")?.topic.to_string());
    }
    Ok(heard)
}
