//! What the host tells its application of what it heard from the ESP8266: each report, at once, once, in
//! order and with the same words; and nothing that was not reported.

use std::collections::VecDeque;

use fivewire_core::event::{AbandonReason, DownReason, Event, RefusedReason, ResetCause, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::sntp::Stamp;
use fivewire_core::time::Instant;

use super::super::facts::Facts;
use super::super::promise::Promise::{P1, P7, P8, P10};
use super::super::verdict::Verdict;
use super::super::weather::CALM_MS;
use super::commands::Commands;
use super::frames::{Status, ToHost, Why};
use super::inbox::Inbox;

/// An ESP8266 may take so long to say goodbye, in milliseconds.
const GOODBYE_MS: u32 = 10_000;

/// Where the host stands with its ESP8266.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Stage {
    /// Without power, or stopped: it hears nothing.
    #[default]
    Off,
    /// It reset the ESP8266: it hears `Hello` only.
    Awaiting,
    Listening,
}

/// What the application is to be told next.
#[derive(Clone, Copy, Debug)]
enum Due {
    Said(Event<'static>),
    /// The outcome of a publication or a subscription that the host may know already.
    Perhaps(Event<'static>),
    Disconnected(Why),
    AttemptFailed(Why),
}

impl Due {
    fn fits(&self, event: &Event<'_>) -> bool {
        match (self, event) {
            (Self::Said(due) | Self::Perhaps(due), _) => due == event,
            (Self::Disconnected(why), Event::Disconnected { reason })
            | (Self::AttemptFailed(why), Event::AttemptFailed { reason }) => why.fits(*reason),
            _ => false,
        }
    }

    const fn is_sure(&self) -> bool {
        !matches!(self, Self::Perhaps(_))
    }
}

/// The host's end.
#[derive(Default, Debug)]
pub(super) struct HostEnd {
    stage: Stage,
    is_connected: bool,
    /// The ESP8266 resumed: it may have a connection that this host was not told of again.
    is_resumed: bool,
    /// It said that the connection went with the ESP8266, which it resets.
    is_resetting: bool,
    due: VecDeque<Due>,
    /// The application asked for the end, while the ESP8266 listened.
    leaving_since: Option<Instant>,
    heard_goodbye: bool,
    pub(super) inbox: Inbox,
    /// `Ready` came since the last `Hello`: its counts are those of this start.
    is_ready: bool,
    /// What the ESP8266 counted, and what earlier ones had counted.
    counters: [u32; 6],
    counted_before: [u32; 6],
}

impl HostEnd {
    pub(super) fn board_up(&mut self) {
        *self = Self::default();
    }

    pub(super) const fn counters(&self) -> [u32; 6] {
        self.counters
    }

    /// Something must be told before time goes on.
    pub(super) fn owes(&self) -> bool {
        !self.due.is_empty() || self.is_resetting
    }

    #[cold]
    pub(super) fn told_all(&mut self, verdict: &mut Verdict) {
        let untold = self.due.iter().find(|due| due.is_sure());
        verdict.require(P7, untold.is_none(), || {
            format!("the host heard of {untold:?}, and does not tell it")
        });
        verdict.require(P7, !self.is_resetting, || {
            "the host said that the ESP8266 starts over, and does not reset it".to_owned()
        });
        self.due.clear();
        self.is_resetting = false;
    }

    /// The host looks at this frame.
    pub(super) fn takes(&self, frame: &ToHost<'_>) -> bool {
        match self.stage {
            Stage::Off => false,
            Stage::Awaiting => matches!(frame, ToHost::Hello { .. }),
            Stage::Listening => true,
        }
    }

    #[cold]
    pub(super) fn link_lost(&mut self) {
        self.leaving_since = None;
        self.end_connection(DownReason::LinkLost);
    }

    pub(super) fn hello(&mut self, facts: &Facts) {
        self.end_connection(DownReason::EspRestarted);
        self.stage = Stage::Listening;
        self.is_ready = false;
        self.inbox.session_began(facts.setup.topic_bytes.0);
    }

    fn end_connection(&mut self, reason: DownReason) {
        if self.is_connected {
            self.due.push_back(Due::Said(Event::Disconnected { reason }));
        }
    }

    /// The application asked for the end. A host that waits for its ESP8266 stops at once.
    pub(super) fn shut_down(&mut self, now: Instant) {
        match self.stage {
            Stage::Awaiting => self.stage = Stage::Off,
            Stage::Listening => self.leaving_since = Some(now),
            Stage::Off => {}
        }
    }

    /// It says that it stopped: its ESP8266 has said goodbye, or had the time for it.
    #[cold]
    fn stopped(&mut self, facts: &Facts, verdict: &mut Verdict) {
        self.stage = Stage::Off;
        let Some(since) = self.leaving_since.take() else { return };
        // nothing ends a goodbye before its time
        let is_calm = facts.weather.was_calm(since, CALM_MS);
        let is_over = facts.now > since.plus_ms(GOODBYE_MS - GOODBYE_MS / 100);
        verdict.require(P10, !is_calm || is_over || self.heard_goodbye, || {
            "the host stopped, and its ESP8266 had no time to say goodbye".to_owned()
        });
    }

    /// A report reached the host, which tells it now.
    pub(super) fn reported(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        commands: &Commands,
        report: &ToHost<'_>,
    ) {
        let due = match *report {
            ToHost::Alive(counts) => return self.counted(verdict, counts),
            ToHost::Ready { resumed } => {
                if !resumed {
                    self.counted_before = self.counters;
                }
                self.is_ready = true;
                self.is_resumed = resumed;
                Due::Said(Event::EspReady { resumed })
            }
            ToHost::Status(status) => match self.status(verdict, status) {
                Some(due) => due,
                None => return,
            },
            ToHost::Done { ticket, outcome } => {
                return self.done(facts, commands, ticket, outcome);
            }
            ToHost::Granted { ticket, qos } => {
                let Some((ticket, granted)) = Ticket::new(ticket).zip(QoS::from_u8(qos)) else {
                    return;
                };
                self.due.push_back(Due::Perhaps(Event::Subscribed { ticket, granted }));
                return;
            }
            ToHost::Refused { ticket } => {
                let Some(ticket) = Ticket::new(ticket) else { return };
                self.due.push_back(Due::Perhaps(Event::SubscribeRefused(ticket)));
                return;
            }
            ToHost::Unsubscribed { ticket } => {
                let Some(ticket) = Ticket::new(ticket) else { return };
                self.due.push_back(Due::Perhaps(Event::Unsubscribed(ticket)));
                return;
            }
            ToHost::Stopped => {
                self.heard_goodbye = true;
                return;
            }
            ToHost::TooLarge { qos, size_bytes } => {
                let Some(qos) = QoS::from_u8(qos) else { return };
                Due::Said(Event::MessageTooLarge { qos, size_bytes: size_bytes as usize })
            }
            ToHost::SlateDone => Due::Said(Event::CleanSlate),
            ToHost::Unfit => Due::Said(Event::EspUnfit),
            ToHost::Time { cookie, seconds, fraction } => {
                Due::Said(Event::TimeTold { cookie, stamp: Stamp { seconds, fraction } })
            }
            ToHost::Memory { free_bytes, used_bytes } => {
                Due::Said(Event::EspMemory { free_bytes, used_bytes })
            }
            ToHost::Hello { .. } | ToHost::Message(_) | ToHost::BrokerSaid | ToHost::Reason => {
                return;
            }
        };
        self.due.push_back(due);
    }

    /// What is counted before `Ready` is of nobody who was told of yet.
    fn counted(&mut self, verdict: &mut Verdict, counts: [u32; 6]) {
        if !self.is_ready {
            return;
        }
        let is_more = |(sum, before): (u32, u32)| sum >= before;
        let sums: [u32; 6] =
            std::array::from_fn(|place| self.counted_before[place] + counts[place]);
        let grows = std::iter::zip(sums, self.counters).all(is_more);
        verdict.require(P7, grows, || {
            format!("the ESP8266 counts {counts:?}, and had {:?} before", self.counters)
        });
        self.counters = sums;
    }

    fn status(&mut self, verdict: &mut Verdict, status: Status) -> Option<Due> {
        let is_connected = self.is_connected;
        let fits = match status {
            Status::Connected { .. } | Status::AttemptFailed(_) | Status::Wifi(_) => !is_connected,
            Status::Disconnected(_) => is_connected || self.is_resumed,
            _ => true,
        };
        self.is_resumed &= matches!(status, Status::Joins(_) | Status::NetworkAsked);
        verdict.require(P7, fits, || {
            format!("the ESP8266 reports {status:?}; connected before: {is_connected}")
        });
        Some(match status {
            Status::Wifi(is_up) => Due::Said(Event::Wifi(is_up)),
            Status::Connected { session_present } => {
                Due::Said(Event::Connected { session_present })
            }
            Status::Disconnected(why) if is_connected => Due::Disconnected(why),
            Status::Disconnected(_) => return None,
            Status::AttemptFailed(why) => Due::AttemptFailed(why),
            Status::Joins(lan) => Due::Said(Event::JoinsNetwork(lan)),
            Status::Opens => Due::Said(Event::OpensConnection),
            Status::NetworkAsked => Due::Said(Event::NetworkAsked),
        })
    }

    fn done(&mut self, facts: &Facts, commands: &Commands, number: u32, outcome: u8) {
        let Some(ticket) = Ticket::new(number) else { return };
        let event = match outcome {
            0 => Event::Acked(ticket),
            1 => Event::Sent(ticket),
            2 => Event::Abandoned { ticket, reason: AbandonReason::ConnectionLost },
            3 => Event::Refused { ticket, reason: RefusedReason::TooLargeForEsp },
            4 => Event::Abandoned { ticket, reason: AbandonReason::Expired },
            // MQTT 5: the reason came before it
            _ => return,
        };
        let is_open = facts.tickets.get(number).is_some_and(|ticket| !ticket.is_ended);
        if is_open {
            let is_sure = commands.is_under_way(number);
            self.due.push_back(if is_sure { Due::Said(event) } else { Due::Perhaps(event) });
        }
    }

    /// The application is told.
    pub(super) fn told(&mut self, facts: &mut Facts, verdict: &mut Verdict, event: &Event<'_>) {
        match event {
            Event::Message(message) => return self.inbox.told(facts, verdict, message),
            Event::EspReset { cause } => return self.reset(verdict, *cause),
            Event::Stopped => return self.stopped(facts, verdict),
            _ => {}
        }
        let place = self.due.iter().position(|due| due.is_sure() || due.fits(event));
        let place = place.filter(|place| self.due[*place].fits(event));
        let fits = place.is_some();
        if let Some(place) = place {
            self.due.drain(..=place);
        }
        let is_free = match event {
            Event::Disconnected { reason } => self.is_free_to_say(*reason),
            _ => !is_of_esp(event),
        };
        let promise = if matches!(event, Event::Acked(_)) { P1 } else { P7 };
        verdict.require(promise, fits || is_free, || {
            let due = &self.due;
            format!("the host tells {event:?}, and {due:?} is what it heard")
        });
        match event {
            Event::Connected { .. } => self.is_connected = true,
            Event::Disconnected { reason } => {
                self.is_connected = false;
                self.is_resetting = !fits && *reason == DownReason::EspRestarted;
            }
            _ => {}
        }
    }

    /// What the host decides by itself: it stops, or resets the ESP8266.
    fn is_free_to_say(&self, reason: DownReason) -> bool {
        let is_own = matches!(reason, DownReason::EspRestarted | DownReason::ShutDown);
        is_own && self.is_connected && self.due.is_empty()
    }

    #[cold]
    fn reset(&mut self, verdict: &mut Verdict, cause: ResetCause) {
        let has_cause = match cause {
            ResetCause::Watchdog => self.stage == Stage::Listening,
            ResetCause::StartUpOverdue => self.stage == Stage::Awaiting,
            _ => true,
        };
        verdict.require(P8, has_cause, || {
            format!("the ESP8266 is reset ({cause:?}) by a host that is {:?}", self.stage)
        });
        verdict.require(P7, !self.is_connected, || {
            format!("the ESP8266 is reset ({cause:?}), and the connection is not told as lost")
        });
        self.is_resetting = false;
        self.stage = Stage::Awaiting;
    }
}

/// It is told only where the ESP8266 said so.
const fn is_of_esp(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Connected { .. }
            | Event::AttemptFailed { .. }
            | Event::Acked(_)
            | Event::Sent(_)
            | Event::Subscribed { .. }
            | Event::MessageTooLarge { .. }
            | Event::CleanSlate
            | Event::EspReady { .. }
            | Event::EspMemory { .. }
            | Event::Wifi(_)
            | Event::TimeTold { .. }
            | Event::JoinsNetwork(_)
            | Event::OpensConnection
            | Event::NetworkAsked
    )
}
