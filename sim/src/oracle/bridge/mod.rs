//! The bridge: what its two ends say to each other, judged frame by frame.
//!
//! What the host tells its application is what the ESP8266 reported, no more and no less ([`host`]); what
//! it has the ESP8266 do is what the application asked for ([`commands`]). Nothing is said twice in
//! a session of the protocol, which begins with each `Hello`, and topics are named in as few bytes as both
//! ends can know ([`names`]).

mod commands;
mod errands;
mod esp;
mod frames;
mod host;
mod inbox;
mod names;
mod networks;
mod tried;

use fivewire_core::event::Counters;

use crate::observation::{Observation, Part, Standing};

use super::facts::Facts;
use super::promise::Promise::P7;
use super::verdict::Verdict;
use commands::Commands;
use errands::Errands;
use esp::EspEnd;
use frames::{ToEsp, ToHost};
use host::HostEnd;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Bridge {
    /// The program of a host began in a whole world: both its ends are there to be seen.
    is_shown: bool,
    commands: Commands,
    errands: Errands,
    host: HostEnd,
    esp: EspEnd,
}

impl Bridge {
    /// Time goes on: what the host heard it has told.
    #[inline]
    pub(super) fn waited(&mut self, verdict: &mut Verdict) {
        if self.host.owes() {
            self.host.told_all(verdict);
        }
    }

    pub(super) fn observe(
        &mut self,
        facts: &mut Facts,
        verdict: &mut Verdict,
        observation: &Observation<'_>,
    ) {
        self.is_shown |= matches!(observation, Observation::StatedBound { .. });
        if !self.is_shown {
            return;
        }
        let Self { commands, errands, host, esp, .. } = self;
        let now = facts.now;
        match *observation {
            Observation::FrameToEsp(frame) => self.reached_esp(facts, verdict, frame),
            Observation::FrameToHost(frame) => self.reached_host(facts, verdict, frame),
            Observation::Told(event) => host.told(facts, verdict, &event),
            Observation::Released { delivery } => host.inbox.released(delivery),
            Observation::Link { end: Part::Host, up } => {
                errands.link_changed(now);
                if !up {
                    host.link_lost();
                }
            }
            Observation::Link { end: Part::Esp, up } => {
                errands.link_changed(now);
                esp.link_lost();
                if up {
                    commands.link_found();
                }
            }
            Observation::SubscribeAsked { ticket, qos, .. } => commands.subscribed(ticket, qos),
            Observation::TimeAsked { cookie } => {
                errands.time_asked(now);
                commands.time_asked(cookie);
            }
            Observation::MemoryAsked => errands.memory_asked(now),
            Observation::NetworkAnswered { answer } => errands.answered(now, answer),
            Observation::SaidToStand(Standing { esp: Some(standing), .. }) => {
                host.inbox.says(facts, verdict, standing);
            }
            Observation::ShutDownAsked => host.shut_down(now),
            Observation::SaidOfItself { counters, .. } => self.said(verdict, counters),
            Observation::BoardDown { part: Part::Host, .. } => {
                (*commands, *host) = (Commands::default(), HostEnd::default());
                *errands = Errands::default();
            }
            Observation::BoardUp { part: Part::Host } => host.board_up(),
            Observation::BoardDown { part: Part::Esp, .. } => *esp = EspEnd::default(),
            Observation::BoardUp { part: Part::Esp } => esp.board_up(),
            _ => esp.observe(facts, observation),
        }
    }

    fn reached_esp(&mut self, facts: &mut Facts, verdict: &mut Verdict, frame: &[u8]) {
        let read = frames::to_esp(frame);
        verdict.require(P7, read.is_some(), || {
            format!("the host sent what is no frame: {}", frame.escape_ascii())
        });
        let Some(read) = read else { return };
        self.esp.commanded(facts.now, &read);
        if !self.commands.is_of_this_life(&read) {
            return;
        }
        self.commands.judge(facts, verdict, &read);
        self.errands.reached(facts, verdict, &read);
        match read {
            ToEsp::Init(init) => self.host.inbox.settings_came(facts, verdict, &init),
            ToEsp::Release { delivery, freed_bytes } => {
                self.host.inbox.told_released(verdict, delivery);
                self.host.inbox.told_freed(facts, verdict, freed_bytes, false);
            }
            ToEsp::Credit { freed_bytes } => {
                self.host.inbox.told_freed(facts, verdict, freed_bytes, true);
            }
            _ => {}
        }
    }

    fn reached_host(&mut self, facts: &mut Facts, verdict: &mut Verdict, frame: &[u8]) {
        let read = frames::to_host(frame);
        verdict.require(P7, read.is_some(), || {
            format!("the ESP8266 sent what is no frame: {}", frame.escape_ascii())
        });
        let Some(read) = read else { return };
        self.host.told_all(verdict);
        self.esp.reported(facts, verdict, &read);
        if !facts.setup.has_wires() && errands::is_calm(facts) {
            self.errands.nothing_is_late(facts, verdict);
            self.host.inbox.nothing_is_late(facts, self.errands.excused_at(), verdict);
        }
        if !self.host.takes(&read) {
            return;
        }
        match read {
            ToHost::Hello { version, topic_bytes, .. } => {
                let expected = [facts.setup.topic_bytes.0; 2];
                verdict.require(P7, version == 1 && topic_bytes == expected, || {
                    format!("Hello of version {version} has {topic_bytes:?} B for topics")
                });
                self.host.hello(facts);
            }
            ToHost::Message(message) => self.host.inbox.came(facts, verdict, &message),
            _ => self.host.reported(facts, verdict, &self.commands, &read),
        }
        self.commands.answered(verdict, &read);
    }

    #[cold]
    fn said(&self, verdict: &mut Verdict, counters: &Counters) {
        let says = [
            counters.redelivered,
            counters.dropped_qos0_in,
            counters.shed_in,
            counters.unknown_acks,
            counters.failed_attempts,
            counters.wifi_rejoins,
        ];
        let reported = self.host.counters();
        verdict.require(P7, says == reported, || {
            format!("the host counts {says:?} of its ESP8266, which reported {reported:?}")
        });
    }
}
