//! What the default application does besides publishing and taking messages, as its schedule says.

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::event::{Event, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use super::Commands;
use super::plan::{Due, Plan, sooner};
use crate::random::{Purpose, Random};
use crate::schedule::{Habits, Schedule};

/// The topic filter that comes and goes.
pub(crate) const COMING_AND_GOING: &str = "side/#";

/// So soon after a SUBSCRIBE its answer cannot be there, in milliseconds.
const LOOK_MS: u32 = 5;

/// What is to become of one publication.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Fate {
    pub(crate) retain: bool,
    pub(crate) deadline: Option<Instant>,
    /// When the application gives it up.
    pub(crate) cancelled_at: Option<Instant>,
}

/// Draws what is to become of each publication.
#[derive(Clone, Debug)]
pub(crate) struct Fates {
    habits: Habits,
    random: Random,
}

impl Fates {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let random = Random::new(schedule.seed, Purpose::Habits);
        Self { habits: schedule.workload.habits, random }
    }

    pub(crate) fn draw(&mut self, now: Instant) -> Fate {
        let Habits { cancelled_percent, deadline_percent, retained_percent, .. } = self.habits;
        if self.habits.are_none() {
            return Fate::default();
        }
        let mut later = |percent: u8| {
            let is_so = self.random.chance(percent.into(), 100);
            let after_ms = self.random.between(0, self.habits.patience_max_ms);
            is_so.then(|| now.plus_ms(after_ms))
        };
        let (cancelled_at, deadline) = (later(cancelled_percent), later(deadline_percent));
        Fate { retain: self.random.chance(retained_percent.into(), 100), deadline, cancelled_at }
    }
}

/// Carries the habits out, and remembers what has to be remembered meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Routine {
    plan: Plan,
    fates: Fates,
    chooses_network: bool,
    is_subscribed: bool,
    cookie: u64,
    to_cancel: Vec<(Instant, Ticket)>,
    /// When the first of these is due.
    cancels_at: Option<Instant>,
    /// A look at the device while the answer to a SUBSCRIBE is on its way.
    looks_at: Option<Instant>,
    /// The device was asked to shut down.
    is_leaving: bool,
    /// The device asked whether it may join the given network.
    is_asked: bool,
}

impl Routine {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self {
            plan: Plan::new(schedule),
            fates: Fates::new(schedule),
            chooses_network: schedule.workload.habits.chooses_network,
            is_subscribed: false,
            cookie: 0,
            to_cancel: Vec::new(),
            cancels_at: None,
            looks_at: None,
            is_leaving: false,
            is_asked: false,
        }
    }

    /// The board starts: what was asked of the machine before means nothing any more.
    pub(super) fn started(&mut self) {
        self.is_subscribed = false;
        self.looks_at = None;
        self.forget_cancels();
        self.is_asked = false;
        self.is_leaving = false;
    }

    /// The device was asked to shut down: it takes nothing more.
    pub(super) const fn is_leaving(&self) -> bool {
        self.is_leaving
    }

    pub(super) const fn told(&mut self, event: &Event<'_>) {
        if matches!(event, Event::NetworkAsked) {
            self.is_asked = self.chooses_network;
        }
    }

    /// Draws what is to become of a publication.
    pub(super) fn fate(&mut self, now: Instant) -> Fate {
        self.fates.draw(now)
    }

    /// A publication with this fate got a ticket.
    pub(super) fn published(&mut self, ticket: Ticket, fate: Fate) {
        self.to_cancel.extend(fate.cancelled_at.map(|at| (at, ticket)));
        self.cancels_at = sooner(self.cancels_at, fate.cancelled_at);
    }

    pub(super) fn next(&self) -> Option<Instant> {
        if self.is_leaving {
            return None;
        }
        let asked = self.is_asked.then_some(Instant::ZERO);
        sooner(sooner(asked, self.cancels_at), sooner(self.looks_at, self.plan.next()))
    }

    pub(super) fn act(&mut self, commands: &mut Commands<'_>) {
        let now = commands.now();
        if self.is_leaving {
            return;
        }
        if self.plan.take(Due::Compare, now) {
            self.cookie += 1;
            commands.compare();
            commands.probe();
            commands.ask_time(self.cookie);
            commands.ask_memory();
        }
        if self.looks_at.take_if(|at| *at <= now).is_some() {
            commands.compare();
        }
        if self.cancels_at.is_some_and(|at| at <= now) {
            self.cancel_one(commands);
        }
        if self.is_asked {
            self.is_asked = false;
            self.answer(commands);
        }
        if self.plan.take(Due::Resubscribe, now) {
            self.resubscribe(commands);
        }
        if self.plan.take(Due::Restart, now) {
            self.is_leaving = true;
            commands.shut_down();
        }
    }

    fn cancel_one(&mut self, commands: &mut Commands<'_>) {
        let is_due = |&(at, _): &(Instant, Ticket)| at <= commands.now();
        if let Some(place) = self.to_cancel.iter().position(is_due) {
            let (_, ticket) = self.to_cancel.remove(place);
            commands.cancel(ticket);
        }
        self.cancels_at = self.to_cancel.iter().map(|&(at, _)| at).min();
    }

    fn resubscribe(&mut self, commands: &mut Commands<'_>) {
        let asked = match self.is_subscribed {
            false => commands.subscribe(COMING_AND_GOING, QoS::AtLeastOnce),
            true => commands.unsubscribe(COMING_AND_GOING),
        };
        self.is_subscribed ^= asked.is_ok();
        self.looks_at = Some(commands.now().plus_ms(LOOK_MS));
    }

    fn answer(&mut self, commands: &mut Commands<'_>) {
        let random = &mut self.fates.random;
        commands.answer_network(match random.chance(3, 4) {
            true => NetworkAnswer::UseGiven,
            false => NetworkAnswer::AskAgain { after_ms: random.between(100, 2_000) },
        });
    }

    /// Begins nothing new. What is due already is still asked for, once the device is there again.
    pub(super) fn wind_down(&mut self, now: Instant) {
        self.plan.wind_down(now);
        self.forget_cancels();
    }

    fn forget_cancels(&mut self) {
        self.to_cancel.clear();
        self.cancels_at = None;
    }
}
