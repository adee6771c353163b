//! The link: within one session every frame that one end took arrives at the other whole, once and
//! in order.
//!
//! The judge knows nothing of bits. It sees when a link says that a session begins and ends, which
//! frames it takes and which it hands out. What it trusts besides is that a board without power has
//! no session. Sessions of the two ends are counted apart: the frames that an end hands out in one
//! session all come from one session of the other end, and never from one that it has heard before.
//!
//! A session is given up as damaged only if a board misread a wire in it, or the other board was lost.
//! And two boards on sound wires find each other soon.

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

/// Two ends on sound wires find each other within this.
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
    /// When something last happened at an end or to a wire.
    stirred: Instant,
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
        self.stirred = verdict.now;
    }

    /// A board runs its program from the start.
    pub(super) const fn board_up(&mut self, now: Instant, part: Part) {
        self.at(part).0.runs = true;
        self.stirred = now;
    }

    /// Its program is gone. The board may still be there, and its pins keep their levels.
    pub(super) const fn board_down(&mut self, now: Instant, part: Part) {
        self.at(part).0.runs = false;
        self.harm(now);
    }

    /// A board saw what nobody drove.
    pub(super) const fn misread(&mut self, now: Instant) {
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

    const fn harm(&mut self, now: Instant) {
        self.host.is_harmed = true;
        self.esp.is_harmed = true;
        self.stirred = now;
    }

    /// Time went on to `now`. `calm_since`: no fault has been at work since.
    #[inline]
    pub(super) fn waited(
        &mut self,
        verdict: &mut Verdict,
        calm_since: Option<Instant>,
        now: Instant,
    ) {
        let Self { host, esp, stirred, .. } = self;
        if host.is_up && esp.is_up || !host.runs || !esp.runs {
            return;
        }
        let Some(calm_since) = calm_since else { return };
        if now > calm_since.max(*stirred).plus_ms(SEEK_MAX_MS) {
            verdict.require(Link, false, || {
                format!("two ends on sound wires did not find each other in {SEEK_MAX_MS} ms")
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
        self.stirred = verdict.now;
    }

    /// The board at this end is gone.
    pub(super) const fn cut(&mut self, now: Instant, end: Part) {
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
