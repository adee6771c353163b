//! One wire: who drives it, what is wrong with it, and what it shows.

use super::cable::Cause;
use crate::clock::NEVER;

/// What is wrong with a wire.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Damage {
    /// It shows this level, whatever drives it.
    pub stuck: Option<bool>,
    /// It keeps the level it has, whatever drives it.
    pub holds: bool,
    /// Short wrong levels come this often on average, in µs; 0: none.
    pub noise_every_us: u32,
    /// Each change arrives late by up to this much, in µs.
    pub lag_max_us: u32,
    /// Its edges disturb the wires beside it.
    pub crosstalk: bool,
}

/// A wire.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What drives it; `None`: nobody does.
    driven: Option<bool>,
    /// A resistor pulls it to this level while nobody drives it.
    pull: Option<bool>,
    /// What it floats at.
    floating: bool,
    /// What it would show without a disturbance.
    follows: bool,
    /// It follows later: when, and to which level.
    pending: Option<(u64, bool)>,
    /// A short wrong level lasts until then.
    wrong_until: u64,
    wrong_by: Cause,
    shown: bool,
    pub(super) damage: Damage,
    pub(super) noise_at: u64,
    pub(super) drift_at: u64,
}

impl Line {
    pub(super) const fn new(pull: Option<bool>) -> Self {
        let level = matches!(pull, Some(true));
        Self {
            driven: None,
            pull,
            floating: level,
            follows: level,
            pending: None,
            wrong_until: NEVER,
            wrong_by: Cause::Glitch(0),
            shown: level,
            damage: Damage {
                stuck: None,
                holds: false,
                noise_every_us: 0,
                lag_max_us: 0,
                crosstalk: false,
            },
            noise_at: NEVER,
            drift_at: NEVER,
        }
    }

    /// What a look would see.
    pub(super) const fn shows(&self) -> bool {
        self.shown
    }

    /// Nobody drives it and nothing pulls it.
    pub(super) const fn floats(&self) -> bool {
        self.driven.is_none() && self.pull.is_none()
    }

    /// When it changes by itself.
    pub(super) fn next(&self) -> u64 {
        let pending = match self.pending {
            Some((at, _)) => at,
            None => NEVER,
        };
        pending.min(self.wrong_until).min(self.noise_at).min(self.drift_at)
    }

    /// Somebody drives it, or lets go; the level arrives at `at`. True if it shows something else
    /// now.
    pub(super) fn drive(&mut self, driven: Option<bool>, now: u64, at: u64) -> bool {
        self.driven = driven;
        let level = self.driven.or(self.pull).unwrap_or(self.floating);
        if at > now {
            self.pending = Some((at, level));
            return false;
        }
        self.pending = None;
        self.follows = level;
        self.refresh()
    }

    /// It floats at another level from now on.
    pub(super) const fn drift(&mut self, level: bool) {
        self.floating = level;
        if self.floats() {
            self.follows = level;
        }
    }

    /// It shows the wrong level until `until`.
    pub(super) fn disturb(&mut self, until: u64, by: Cause) -> bool {
        self.wrong_until = until;
        self.wrong_by = by;
        self.refresh()
    }

    /// What was due by `now` happens. True if it shows something else.
    pub(super) fn settle(&mut self, now: u64) -> bool {
        if let Some((at, level)) = self.pending
            && at <= now
        {
            self.pending = None;
            self.follows = level;
        }
        if self.wrong_until <= now {
            self.wrong_until = NEVER;
        }
        self.refresh()
    }

    /// True if it shows something else than before.
    pub(super) fn refresh(&mut self) -> bool {
        let is_wrong = self.wrong_until != NEVER;
        let level = match self.damage {
            Damage { stuck: Some(level), .. } => level,
            Damage { holds: true, .. } => self.shown,
            _ => self.follows != is_wrong,
        };
        std::mem::replace(&mut self.shown, level) != level
    }

    /// Why it does not show what is driven; `None`: it does, or nothing is.
    pub(super) fn misleads(&self) -> Option<Cause> {
        if self.driven.or(self.pull)? == self.shown {
            return None;
        }
        Some(match self.damage {
            Damage { stuck: Some(_), .. } => Cause::Stuck,
            Damage { holds: true, .. } => Cause::Held,
            _ if self.wrong_until != NEVER => self.wrong_by,
            _ => Cause::Lag,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_wire_shows_what_is_driven_at_once() {
        let mut line = Line::new(None);
        assert!(line.drive(Some(true), 5, 5));
        assert!(line.shows());
        assert!(!line.drive(Some(true), 6, 6));
        assert!(line.drive(Some(false), 7, 7));
        assert_eq!((line.misleads(), line.next()), (None, NEVER));
    }

    #[test]
    fn a_pulled_wire_falls_back_and_a_floating_one_drifts() {
        let mut pulled = Line::new(Some(false));
        pulled.drive(Some(true), 0, 0);
        assert!(pulled.drive(None, 1, 1));
        assert!(!pulled.shows());
        assert!(!pulled.floats());
        let mut free = Line::new(None);
        free.drift(true);
        assert!(free.floats());
        assert!(free.refresh());
        assert_eq!(free.misleads(), None, "nobody drives it: nothing it shows is wrong");
    }

    #[test]
    fn a_late_change_that_is_overtaken_never_shows() {
        let mut line = Line::new(None);
        assert!(!line.drive(Some(true), 0, 10));
        assert_eq!((line.next(), line.misleads()), (10, Some(Cause::Lag)));
        assert!(!line.drive(Some(false), 5, 5));
        assert_eq!(line.next(), NEVER);
    }

    #[test]
    fn a_disturbance_ends_by_itself() {
        let mut line = Line::new(None);
        line.drive(Some(true), 0, 0);
        assert!(line.disturb(9, Cause::Noise));
        assert_eq!((line.shows(), line.misleads()), (false, Some(Cause::Noise)));
        assert!(!line.settle(8));
        assert!(line.settle(9));
        assert_eq!((line.shows(), line.misleads()), (true, None));
    }

    #[test]
    fn a_stuck_wire_follows_again_once_it_is_free() {
        let mut line = Line::new(None);
        line.damage.stuck = Some(true);
        assert!(line.refresh());
        assert!(!line.drive(Some(false), 0, 0));
        assert_eq!(line.misleads(), Some(Cause::Stuck));
        line.damage.stuck = None;
        assert!(line.refresh());
        assert!(!line.shows());
    }
}
