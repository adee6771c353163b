//! What the application asked for each topic filter, and how often its program began and was shut down.
//!
//! How many answers it gets depends on when each wish happened to come: one that is overtaken by the next
//! before the broker answered, or cut off when the program ends, has none. So each wish without an answer
//! is judged within its run: it has a cause there, or nothing explains it.

use std::collections::BTreeMap;

use fivewire_core::time::Instant;

use crate::observation::BoardLoss;

/// A wish that is not disturbed has its answer within this.
const ANSWERED_MS: u32 = 5_000;

/// What the application wants of a topic filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Messages,
    End,
}

/// What it was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    Granted,
    Refused,
    Ended,
}

/// A wish that waits for its answer.
#[derive(Clone, Copy, Debug)]
struct Open {
    ticket: u32,
    wish: Wish,
    /// Undisturbed, it would have its answer by then.
    answered_by: Instant,
    is_disturbed: bool,
}

impl Open {
    fn may_wait(&self, now: Instant) -> bool {
        self.is_disturbed || now <= self.answered_by
    }
}

/// One topic filter.
#[derive(Default, Debug)]
pub(super) struct Filter {
    /// How often it was asked for.
    pub(super) asked: u32,
    /// How often its end was asked for.
    pub(super) ends_asked: u32,
    pub(super) granted: u32,
    pub(super) ended: u32,
    /// How often it was granted after it had ended, in one life.
    pub(super) renewed: u32,
    /// Wishes that the next one overtook before the broker answered.
    pub(super) overtaken: u32,
    /// Wishes without an answer when the program ended.
    pub(super) cut_off: u32,
    /// Wishes that should have had an answer.
    pub(super) ignored: u32,
    /// What the application was told last in this life.
    pub(super) told: Option<Answer>,
    open: Option<Open>,
}

impl Filter {
    fn ask(&mut self, now: Instant, open: Open) {
        match open.wish {
            Wish::Messages => self.asked += 1,
            Wish::End => self.ends_asked += 1,
        }
        if let Some(before) = self.open.replace(open) {
            *(if before.may_wait(now) { &mut self.overtaken } else { &mut self.ignored }) += 1;
        }
    }

    fn answer(&mut self, ticket: u32, answer: Answer) {
        if self.open.take_if(|open| open.ticket == ticket).is_none() {
            return;
        }
        let was_ended = self.told.replace(answer) == Some(Answer::Ended);
        match answer {
            Answer::Granted => {
                self.granted += 1;
                self.renewed += u32::from(was_ended);
            }
            Answer::Ended => self.ended += 1,
            Answer::Refused => {}
        }
    }

    fn life_ends(&mut self, now: Instant) {
        self.told = None;
        if let Some(open) = self.open.take() {
            *(if open.may_wait(now) { &mut self.cut_off } else { &mut self.ignored }) += 1;
        }
    }

    /// Wishes that have no answer for a reason.
    pub(super) const fn unanswered(&self) -> u32 {
        self.overtaken + self.cut_off
    }

    /// Wishes that have none for no reason, with one that waits at the end.
    pub(super) fn unheard(&self) -> u32 {
        self.ignored + u32::from(self.open.is_some())
    }
}

/// The filters and the lives of a run.
#[derive(Default, Debug)]
pub(super) struct Wishes {
    pub(super) filters: BTreeMap<String, Filter>,
    /// Programs that began.
    pub(super) lives: u32,
    /// Shutdowns that were asked for, and that the device said it is done with.
    pub(super) shutdowns_asked: u32,
    pub(super) shutdowns_done: u32,
    /// Shutdowns that a loss of power came before.
    pub(super) shutdowns_cut: u32,
    /// Losses of power while no program ran.
    pub(super) idle_resets: u32,
    is_running: bool,
    /// A shutdown is under way.
    pub(super) is_leaving: bool,
}

impl Wishes {
    /// The application wants something of a filter. Something is wrong just now, or not.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        filter: &str,
        ticket: u32,
        wish: Wish,
        is_disturbed: bool,
    ) {
        let answered_by = now.plus_ms(ANSWERED_MS);
        let open = Open { ticket, wish, answered_by, is_disturbed };
        self.filters.entry(filter.to_owned()).or_default().ask(now, open);
    }

    pub(super) fn answer(&mut self, ticket: u32, answer: Answer) {
        self.filters.values_mut().for_each(|filter| filter.answer(ticket, answer));
    }

    /// Something goes wrong.
    pub(super) fn trouble(&mut self) {
        let open = self.filters.values_mut().filter_map(|filter| filter.open.as_mut());
        open.for_each(|open| open.is_disturbed = true);
    }

    pub(super) const fn life_begins(&mut self) {
        self.lives += 1;
        self.is_running = true;
    }

    pub(super) const fn shutdown_asked(&mut self) {
        self.shutdowns_asked += 1;
        self.is_leaving = true;
    }

    pub(super) fn shutdown_done(&mut self) {
        self.shutdowns_done += u32::from(std::mem::replace(&mut self.is_leaving, false));
    }

    /// Power is taken from the board, whether a program runs or not.
    pub(super) fn reset(&mut self) {
        self.idle_resets += u32::from(!self.is_running);
    }

    pub(super) fn life_ends(&mut self, now: Instant, loss: BoardLoss) {
        self.is_running = false;
        let was_leaving = std::mem::replace(&mut self.is_leaving, false);
        self.shutdowns_cut += u32::from(was_leaving && loss == BoardLoss::PowerLoss);
        self.filters.values_mut().for_each(|filter| filter.life_ends(now));
    }

    /// Lives and shutdowns that there would be if power had gone at another instant.
    pub(super) const fn spared(&self) -> u32 {
        self.shutdowns_cut + self.idle_resets
    }
}
