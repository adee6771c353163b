//! What the application does besides publishing and taking messages, at the times of its schedule: it
//! compares what the client says of itself, ends and renews a subscription, and shuts the client down in
//! good order. What becomes of its publications is drawn as in the event world, by the same code.

use std::time::Duration;

use fivewire_core::time::Instant;
use fivewire_tokio::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::application::{self, now, until};
use super::device::{HEARD_WITHIN, Orders};
use super::seen::Seen;
use super::stage::Stage;
use crate::app::{COMING_AND_GOING, Due, Plan};

/// What is to be done now, in the event world's order. The runtime's timers count whole milliseconds: what is
/// due within this one is due, so that nothing comes later than there.
fn take(plan: &mut Plan, now: Instant) -> Option<Due> {
    let end_of_ms = Instant::from_micros((now.as_millis() + 1) * 1_000 - 1);
    [Due::Compare, Due::Resubscribe, Due::Restart]
        .into_iter()
        .find(|&due| plan.take(due, end_of_ms))
}

/// How long to wait until something is due.
fn pause(plan: &Plan) -> Option<Duration> {
    plan.next().map(|at| until(Instant::from_micros(at.as_millis() * 1_000)))
}

/// Why a client is shut down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Parting {
    /// The program starts anew.
    Anew,
    /// The run is over.
    ForGood,
}

/// Does what is due until the client is to be shut down.
pub(super) async fn carry_out(
    stage: &Stage,
    client: &Client,
    mut orders: watch::Receiver<Orders>,
    tasks: &mut JoinSet<()>,
) -> Parting {
    loop {
        if orders.borrow_and_update().shut_down {
            return Parting::ForGood;
        }
        let due = take(&mut stage.lock().device.plan, now());
        match due {
            Some(Due::Compare) => compare(stage, client).await,
            Some(Due::Resubscribe) => resubscribe(stage, client, &orders, tasks),
            Some(Due::Restart) => return Parting::Anew,
            None => {
                let pause = pause(&stage.lock().device.plan);
                tokio::select! {
                    biased;
                    changed = orders.changed() => if changed.is_err() { return Parting::ForGood },
                    () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
                }
            }
        }
    }
}

/// Begins or ends the subscription that comes and goes.
fn resubscribe(
    stage: &Stage,
    client: &Client,
    orders: &watch::Receiver<Orders>,
    tasks: &mut JoinSet<()>,
) {
    let (stage, client, filter) = (stage.clone(), client.clone(), COMING_AND_GOING.to_owned());
    let is_subscribed = stage.lock().device.toggle_subscription();
    if is_subscribed {
        tasks.spawn_local(application::subscribe(stage, client, filter, orders.clone()));
    } else {
        tasks.spawn_local(application::unsubscribe(stage, client, filter));
    }
}

/// Looks at what the client says of itself. What it tells goes other ways than its status, so it is looked
/// at once all that was told has been heard.
async fn compare(stage: &Stage, client: &Client) {
    let mut status = client.status();
    loop {
        sleep(HEARD_WITHIN).await;
        let before = std::mem::replace(&mut status, client.status());
        if before == status {
            break;
        }
    }
    let (unacknowledged, counters) = (status.unacknowledged, status.counters);
    stage.lock().seen.push(Seen::SaidOfItself { unacknowledged, counters });
}
