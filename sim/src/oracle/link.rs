//! The link: within one session every frame that one end took arrives at the other whole, once and
//! in order.
//!
//! The judge knows nothing of bits. It sees when a link says that a session begins and ends, which
//! frames it takes and which it hands out. What it trusts besides is that a board without power has
//! no session. Sessions of the two ends are counted apart: the frames that an end hands out in one
//! session all come from one session of the other end, and never from one that it has heard before.
//!
//! A session is given up as damaged only if a board misread a wire in it, or the other board was
//! lost. And two boards on sound wires find each other soon, and stay together: what they are apart
//! counts in total, however often they meet in between.

use std::collections::VecDeque;

use fivewire_core::link::DownReason;
use fivewire_core::time::Instant;

use crate::observation::Part;

use super::promise::Promise::Link;
use super::verdict::Verdict;

/// A frame that was taken this long ago and did not arrive is lost, where nothing is wrong.
const LATE_MAX_US: u64 = 10_000_000;

/// A frame that an end took.
#[derive(Debug)]
struct Owed {
    session: u32,
    since: Instant,
    frame: Vec<u8>,
}

/// Two ends on sound wires are without each other for at most this, in total.
const SEEK_MAX_MS: u32 = 5_000;

/// One end.
#[derive(Debug, Default)]
struct Station {
    /// Its program runs.
    runs: bool,
    is_up: bool,
    /// A wire was misread or a board was lost since the session began.
    is_harmed: bool,
    /// Its sessions so far.
    session: u32,
    owes: VecDeque<Owed>,
    /// The other end's session that it hears in its own.
    hears: Option<u32>,
    /// The newest session of the other end that it ever heard.
    heard: u32,
}

/// The state of this judgement.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    host: Station,
    esp: Station,
    /// Faults at work that put another firmware on the ESP8266. What that says of its sessions binds nobody.
    foreign: u8,
    apart: Apart,
}

/// How long the two ends were without each other while nothing was wrong.
#[derive(Debug, Default)]
struct Apart {
    /// Since when nothing is wrong: no fault at work, no wire misread, no board lost or started.
    sound_since: Instant,
    /// What they were apart since then, as far as it was counted, and until when.
    total_us: u64,
    counted_until: Instant,
}

impl Apart {
    /// Something was wrong at `now`: what was before does not count.
    fn forgive(&mut self, now: Instant) {
        if now > self.sound_since {
            *self = Self { sound_since: now, total_us: 0, counted_until: now };
        }
    }

    /// Time went on to `now`, `apart` or not.
    fn count(&mut self, now: Instant, apart: bool) {
        if apart {
            self.total_us += now.micros_since(self.counted_until);
        }
        self.counted_until = self.counted_until.max(now);
    }
}

impl Sessions {
    const fn at(&mut self, part: Part) -> (&mut Station, &mut Station) {
        match part {
            Part::Esp => (&mut self.esp, &mut self.host),
            Part::Host | Part::Broker => (&mut self.host, &mut self.esp),
        }
    }

    pub(super) fn began(&mut self, verdict: &mut Verdict, end: Part) {
        let (here, _) = self.at(end);
        verdict.require(Link, !here.is_up, || {
            format!("a session began at the {end:?} end within another one")
        });
        here.is_up = true;
        here.is_harmed = false;
        here.session += 1;
        here.hears = None;
    }

    /// A board runs its program from the start.
    pub(super) fn board_up(&mut self, now: Instant, part: Part) {
        self.at(part).0.runs = true;
        self.apart.forgive(now);
    }

    /// Its program is gone. The board may still be there, and its pins keep their levels.
    pub(super) fn board_down(&mut self, now: Instant, part: Part) {
        self.at(part).0.runs = false;
        self.harm(now);
    }

    /// A board saw what nobody drove.
    pub(super) fn misread(&mut self, now: Instant) {
        self.harm(now);
    }

    /// A fault puts another firmware on the ESP8266, or takes it away.
    pub(super) const fn firmware(&mut self, is_foreign: bool) {
        self.foreign = if is_foreign { self.foreign + 1 } else { self.foreign.saturating_sub(1) };
    }

    /// All faults are over: the ESP8266 has its own firmware.
    pub(super) const fn healed(&mut self) {
        self.foreign = 0;
    }

    fn harm(&mut self, now: Instant) {
        self.host.is_harmed = true;
        self.esp.is_harmed = true;
        self.apart.forgive(now);
    }

    /// Time went on to `now`. `calm_since`: no fault has been at work since.
    #[inline]
    pub(super) fn waited(
        &mut self,
        verdict: &mut Verdict,
        calm_since: Option<Instant>,
        now: Instant,
    ) {
        let Self { host, esp, apart, .. } = self;
        apart.forgive(calm_since.unwrap_or(now));
        apart.count(now, host.runs && esp.runs && !(host.is_up && esp.is_up));
        if apart.total_us > u64::from(SEEK_MAX_MS) * 1_000 {
            verdict.require(Link, false, || {
                format!("two ends on sound wires were apart for {SEEK_MAX_MS} ms in total")
            });
        }
    }

    pub(super) fn ended(&mut self, verdict: &mut Verdict, end: Part, reason: DownReason) {
        let speaks_ours = end == Part::Host || self.foreign == 0;
        let (here, _) = self.at(end);
        let fits = match reason {
            DownReason::SyncOverdue => !here.is_up,
            DownReason::Restarted | DownReason::PeerRestarted => here.is_up,
            // a session that could not begin may say so
            _ => true,
        };
        verdict.require(Link, fits, || {
            let state = if here.is_up { "in a session" } else { "without a session" };
            format!("the {end:?} end, {state}, says that it is over: {reason:?}")
        });
        let is_damaged = reason == DownReason::Damaged && here.is_up && speaks_ours;
        verdict.require(Link, !is_damaged || here.is_harmed, || {
            format!("the {end:?} end gave up a session as damaged, but no wire was misread in it")
        });
        here.is_up = false;
    }

    /// The board at this end is gone.
    pub(super) fn cut(&mut self, now: Instant, end: Part) {
        let (here, _) = self.at(end);
        here.is_up = false;
        here.hears = None;
        here.runs = false;
        self.harm(now);
    }

    pub(super) fn accepted(&mut self, verdict: &mut Verdict, from: Part, frame: &[u8]) {
        let since = verdict.now;
        let (here, there) = self.at(from);
        verdict.require(Link, here.is_up, || {
            format!("the {from:?} end took a frame outside of a session")
        });
        // what can never be heard any more is not owed
        let heard = there.heard;
        while here.owes.front().is_some_and(|owed| owed.session < heard) {
            here.owes.pop_front();
        }
        here.owes.push_back(Owed { session: here.session, since, frame: frame.to_vec() });
    }

    pub(super) fn delivered(&mut self, verdict: &mut Verdict, to: Part, frame: &[u8]) {
        let (here, there) = self.at(to);
        verdict.require(Link, here.is_up, || {
            format!("the {to:?} end handed out a frame outside of a session")
        });
        let session = match here.hears {
            Some(session) => session,
            None => {
                let (newest, heard) = (there.session, here.heard);
                verdict.require(Link, newest > heard, || {
                    format!("the {to:?} end hears in a new session what belongs to an earlier one")
                });
                here.hears = Some(newest);
                here.heard = newest;
                newest
            }
        };
        while there.owes.front().is_some_and(|owed| owed.session < session) {
            there.owes.pop_front();
        }
        let owed = there.owes.pop_front();
        let is_next =
            owed.as_ref().is_some_and(|owed| owed.session == session && owed.frame == frame);
        verdict.require(Link, is_next, || match owed {
            Some(owed) => format!(
                "the {to:?} end handed out {}, but the next frame taken at the other end is {}",
                shown(frame),
                shown(&owed.frame)
            ),
            None => format!("the {to:?} end handed out {}, which nobody sent", shown(frame)),
        });
    }

    /// The run is over, and everything has had time to heal.
    pub(super) fn settled(&self, verdict: &mut Verdict) {
        let now = verdict.now;
        verdict.require(Link, self.host.is_up && self.esp.is_up, || {
            "the two ends did not find each other although everything healed".to_owned()
        });
        for here in [&self.host, &self.esp] {
            let is_lost = |owed: &Owed| {
                owed.session == here.session && now.micros_since(owed.since) > LATE_MAX_US
            };
            verdict.require(Link, !here.owes.iter().any(is_lost), || {
                "a frame that was taken never arrived, although its session lasts".to_owned()
            });
        }
    }
}

/// A frame as people can compare it.
fn shown(frame: &[u8]) -> String {
    const SHOWN: usize = 24;
    let bytes: Vec<String> = frame.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
    let more = if frame.len() > SHOWN { " …" } else { "" };
    format!("{} B [{}{more}]", frame.len(), bytes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDS: [Part; 2] = [Part::Host, Part::Esp];

    /// Two ends run on sound wires from the start. Each second they are apart for `apart_ms`, meet,
    /// and part again. When that is taken for a breach, in ms.
    fn breach_of_flapping(apart_ms: u32, misread_every_s: u64, seconds: u64) -> Option<u64> {
        let (mut sessions, mut verdict) = (Sessions::default(), Verdict::new());
        for end in ENDS {
            sessions.board_up(Instant::ZERO, end);
        }
        for second in 0..seconds {
            let start = Instant::from_millis(second * 1_000);
            for (at, is_up) in [(start.plus_ms(apart_ms), true), (start.plus_ms(999), false)] {
                verdict.now = at;
                sessions.waited(&mut verdict, Some(Instant::ZERO), at);
                for end in ENDS {
                    if is_up {
                        sessions.began(&mut verdict, end);
                    } else {
                        sessions.ended(&mut verdict, end, DownReason::PeerRestarted);
                    }
                }
            }
            if misread_every_s > 0 && second % misread_every_s == 0 {
                sessions.misread(start.plus_ms(999));
            }
        }
        verdict.breach.map(|breach| breach.at.as_millis())
    }

    #[test]
    fn ends_that_meet_and_part_again_and_again_are_apart_for_too_long_in_the_end() {
        let broken_at_ms = breach_of_flapping(300, 0, 60).expect("5 s are over in the 17th second");
        assert!((16_000..18_000).contains(&broken_at_ms), "{broken_at_ms}");
    }

    #[test]
    fn what_two_ends_are_apart_counts_from_the_last_thing_that_was_wrong() {
        assert_eq!(breach_of_flapping(300, 10, 600), None);
        assert_eq!(breach_of_flapping(300, 0, 15), None, "less than 5 s in total");
    }
}
