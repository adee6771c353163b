//! What the application does besides publishing and taking messages, at the times of its schedule: it
//! compares what the client says of itself, ends and renews a subscription, and shuts the client down in
//! good order. What becomes of its publications is drawn as in the event world, by the same code.

use fivewire_core::time::Instant;
use fivewire_tokio::Client;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::application::{self, now, until};
use super::device::{HEARD_WITHIN, Orders};
use super::seen::Seen;
use super::stage::Stage;
use crate::app::{COMING_AND_GOING, Intervals};
use crate::random::Purpose;
use crate::schedule::Schedule;

/// Something to be done, again and again.
struct Series {
    intervals: Intervals,
    next: Option<Instant>,
}

impl Series {
    fn new(seed: u64, purpose: Purpose, every_ms: u32) -> Self {
        let mut series = Self { intervals: Intervals::new(seed, purpose, every_ms), next: None };
        series.go_on();
        series
    }

    /// The runtime's timers count whole milliseconds: nothing comes later than in the event world.
    fn go_on(&mut self) {
        let next = self.intervals.next();
        self.next = next.map(|at| Instant::from_micros(at.as_millis() * 1_000));
    }

    fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|at| at <= now)
    }
}

/// What is to be done now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    Compare,
    Subscribe,
    Unsubscribe,
    Restart,
}

/// When what is to be done. It outlives the board's memory.
pub(super) struct Habits {
    compares: Series,
    resubscribes: Series,
    is_subscribed: bool,
    restarts: Series,
    /// Nothing new is begun from here on.
    ends_at: Option<Instant>,
}

impl Habits {
    pub(super) fn new(schedule: &Schedule) -> Self {
        let (seed, habits) = (schedule.seed, schedule.workload.habits);
        Self {
            compares: Series::new(seed, Purpose::Asking, habits.asks_every_ms),
            resubscribes: Series::new(seed, Purpose::Resubscribing, habits.resubscribes_every_ms),
            is_subscribed: false,
            restarts: Series::new(seed, Purpose::Restarting, habits.restarts_every_ms),
            ends_at: None,
        }
    }

    /// The board starts: what was asked of the client before means nothing any more.
    pub(super) const fn started(&mut self) {
        self.is_subscribed = false;
    }

    /// What is due already is still done, but for another start.
    pub(super) const fn wind_down(&mut self, now: Instant) {
        self.ends_at = Some(now);
        self.compares.next = None;
        self.restarts.next = None;
    }

    fn next(&self) -> Option<Instant> {
        let resubscribes =
            self.resubscribes.next.filter(|at| self.ends_at.is_none_or(|end| *at < end));
        [self.compares.next, resubscribes, self.restarts.next].into_iter().flatten().min()
    }

    /// In the event world's order.
    fn due(&mut self, now: Instant) -> Option<Due> {
        if self.next().is_none_or(|at| at > now) {
            return None;
        }
        if self.compares.is_due(now) {
            self.compares.go_on();
            return Some(Due::Compare);
        }
        if self.resubscribes.is_due(now)
            && self.ends_at.is_none_or(|end| self.resubscribes.next < Some(end))
        {
            self.resubscribes.go_on();
            self.is_subscribed = !self.is_subscribed;
            return Some(if self.is_subscribed { Due::Subscribe } else { Due::Unsubscribe });
        }
        while self.restarts.is_due(now) {
            self.restarts.go_on();
        }
        Some(Due::Restart)
    }
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
        let due = stage.lock().device.habits.due(now());
        let filter = COMING_AND_GOING.to_owned();
        match due {
            Some(Due::Compare) => compare(stage, client).await,
            Some(Due::Subscribe) => {
                let (stage, client, orders) = (stage.clone(), client.clone(), orders.clone());
                tasks.spawn_local(application::subscribe(stage, client, filter, orders));
            }
            Some(Due::Unsubscribe) => {
                let (stage, client) = (stage.clone(), client.clone());
                tasks.spawn_local(application::unsubscribe(stage, client, filter));
            }
            Some(Due::Restart) => return Parting::Anew,
            None => {
                let pause = stage.lock().device.habits.next().map(until);
                tokio::select! {
                    biased;
                    changed = orders.changed() => if changed.is_err() { return Parting::ForGood },
                    () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
                }
            }
        }
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
