//! The link edge by edge: a link machine on each board, and five wires between them.

mod damage;
mod deliver;
mod machine;
mod power;

use std::collections::VecDeque;

use fivewire_core::link::{DownReason, Peer, Role};
use fivewire_core::planted::Planted;
use fivewire_core::time::Instant;

use super::World;
use super::faults::Lasting;
use crate::app::Application;
use crate::clock::NEVER;
use crate::fault::Firmware;
use crate::observation::{BoardLoss, Observation, Observer, Part};
use crate::random::{Purpose, Random};
use crate::schedule::Setup;
use crate::wires::{Cause, Damage, End, News, Pair, Tempo, Told, Wire};
use machine::Machine;

/// What the programs at the two ends must hear.
#[derive(Clone, Debug, Default)]
struct Mail {
    /// A session is on.
    up: bool,
    /// The largest frame that it carries from here.
    frame_max_bytes: usize,
    /// A frame waits in the pair.
    frame: bool,
    writable: bool,
    unsuited: Option<Peer>,
    /// The program takes nothing from its link.
    held: bool,
    /// Sizes of the frames that this end's link owes the other end.
    owed: VecDeque<usize>,
    /// What this end had heard damaged, and the other end had sent again, when the session began or
    /// something was last repaired.
    damaged: u32,
    resent: u32,
}

/// Both ends, and the wires.
pub(super) struct Wires {
    pair: Pair<Machine, Machine>,
    mail: [Mail; 2],
    damages: [Damage; Wire::COUNT],
    setup: crate::schedule::Wires,
    seeds: Random,
}

pub(super) const fn part(end: End) -> Part {
    match end {
        End::Host => Part::Host,
        End::Esp => Part::Esp,
    }
}

impl Wires {
    pub(super) fn new(seed: u64, setup: &Setup) -> Self {
        let wires = setup.wires;
        let host = Tempo { pace: wires.host, drift_ppm: setup.host_drift_ppm };
        let esp = Tempo { pace: wires.esp, drift_ppm: setup.esp_drift_ppm };
        Self {
            pair: Pair::new(seed, host, esp),
            mail: [Mail::default(), Mail::default()],
            damages: [Damage::default(); Wire::COUNT],
            setup: wires,
            seeds: Random::new(seed, Purpose::LinkMachine),
        }
    }

    /// When something happens on them.
    pub(super) fn next(&self) -> u64 {
        self.pair.next()
    }

    /// Nothing is owed to anybody.
    pub(super) fn is_quiet(&self) -> bool {
        self.mail.iter().all(|mail| mail.owed.is_empty())
    }

    fn machine(&mut self, role: Role, planted: Planted, firmware: Option<Firmware>) -> Machine {
        let seed = self.seeds.seed();
        Machine::new(role, &self.setup, planted, firmware, seed)
    }

    /// Offers a frame of a program to its link: what that took of it.
    ///
    /// # Panics
    /// A program made a larger frame than its link said that it carries.
    pub(super) fn send<O: Observer>(
        &mut self,
        from: End,
        now: u64,
        frame: &[u8],
        observer: &mut O,
    ) -> usize {
        let taken = self.pair.send(from, now, frame);
        let taken = taken.unwrap_or_else(|error| panic!("it knows better: {error}"));
        let at = Instant::from_micros(now);
        if taken > 0 {
            self.mail[from as usize].owed.push_back(taken);
            observer.observe(at, &Observation::FrameAccepted { from: part(from), frame });
        } else if self.pair.is_up(from) && self.mail[from.other() as usize].held {
            observer.observe(at, &Observation::CreditStop { from: part(from) });
        }
        taken
    }

    /// The session at this end is over, and with it what it owed.
    fn forget<O: Observer>(&mut self, end: End, now: u64, observer: &mut O) {
        let to = part(end.other());
        for (place, size_bytes) in self.mail[end as usize].owed.drain(..).enumerate() {
            let lost = Observation::FrameLost { to, size_bytes, partly_sent: place == 0 };
            observer.observe(Instant::from_micros(now), &lost);
        }
    }
}

impl<A: Application> World<A> {
    /// Lets the wires go on until something else is due, or somebody must hear something.
    pub(super) fn step_wires<O: Observer>(&mut self, observer: &mut O) {
        let Some(wires) = &mut self.wires else { return };
        let other = self.agenda.next().map_or(NEVER, |(_, at)| at);
        let until = other.saturating_sub(1).min(self.horizon).max(self.now);
        let looks = wires.pair.looks();
        let news = wires.pair.advance(until, |at, wire, level| {
            observer.observe(Instant::from_micros(at), &Observation::Edge { wire, level });
        });
        self.events += wires.pair.looks() - looks;
        if wires.pair.take_lagged() {
            self.faults.bite(Lasting::WireLag);
        }
        if wires.pair.now() > self.now {
            self.now = wires.pair.now();
            self.events_at_once = 0;
        }
        if let Some(news) = news {
            self.heed(news, observer);
        }
    }

    fn heed<O: Observer>(&mut self, news: News, observer: &mut O) {
        match news {
            News::Told { end, told } => self.told_by_link(end, told, observer),
            News::Reset { held: true, cause } => {
                if let Some(cause) = cause {
                    self.bite_wire(cause);
                }
                let loss = match cause {
                    Some(_) => BoardLoss::ResetGlitch,
                    None => BoardLoss::ResetLine,
                };
                self.lose_esp(loss, observer);
            }
            News::Reset { held: false, .. } => self.plan_esp_boot(self.now),
            News::Misread { end, wire, cause } => {
                self.bite_wire(cause);
                let is_glitch = matches!(cause, Cause::Noise | Cause::Crosstalk | Cause::Glitch(_));
                self.see(observer, &Observation::Misread { reader: part(end), wire, is_glitch });
            }
        }
    }

    fn told_by_link<O: Observer>(&mut self, end: End, told: Told, observer: &mut O) {
        let Some(wires) = &mut self.wires else { return };
        let mail = &mut wires.mail[end as usize];
        match told {
            Told::Up { frame_max_bytes } => {
                mail.up = true;
                mail.frame_max_bytes = frame_max_bytes;
                wires.forget_damage(end);
                self.see(observer, &Observation::SessionBegan { end: part(end) });
            }
            Told::Down(reason) => self.session_ended(end, reason, observer),
            Told::Frame => mail.frame = true,
            Told::Writable => mail.writable = true,
            Told::Unsuited(peer) => {
                // Only the host's program wants to know.
                mail.unsuited = (end == End::Host).then_some(peer);
                self.faults.bite(Lasting::EspFirmware);
                self.see(observer, &Observation::Unsuited { end: part(end), peer });
            }
        }
    }

    fn session_ended<O: Observer>(&mut self, end: End, reason: DownReason, observer: &mut O) {
        let Some(wires) = &mut self.wires else { return };
        let mail = &mut wires.mail[end as usize];
        (mail.up, mail.writable) = (false, false);
        wires.forget(end, self.now, observer);
        let view = match end {
            End::Host => &mut self.host.link,
            End::Esp => &mut self.esp.link,
        };
        view.lost = view.up;
        self.see(observer, &Observation::SessionEnded { end: part(end), reason });
    }

    fn bite_wire(&mut self, cause: Cause) {
        match cause {
            Cause::Stuck => self.faults.bite(Lasting::WireStuck),
            Cause::Held => {
                self.faults.bite(Lasting::WireHolds);
                self.faults.bite(Lasting::LinkDead);
            }
            Cause::Noise => self.faults.bite(Lasting::WireNoise),
            Cause::Lag => self.faults.bite(Lasting::WireLag),
            Cause::Crosstalk => self.faults.bite(Lasting::WireCrosstalk),
            Cause::Glitch(index) => self.faults.bite_one(index),
        }
    }
}
