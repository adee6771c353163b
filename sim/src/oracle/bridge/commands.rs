//! What the host has its ESP8266 do: what the application asked for, each once in a session of the
//! protocol, and with the names and sizes that both ends agreed on.

use fivewire_core::mqtt::QoS;

use super::super::facts::Facts;
use super::super::promise::Promise::{P2, P3, P4, P5, P7};
use super::super::tickets::Use;
use super::super::verdict::Verdict;
use super::frames::{Init, Publish, ToEsp, ToHost};
use super::names::Names;
use crate::schedule::ESP_OUTBOX_BYTES;
use crate::world::{BROKER, DEVICE_ID, NETWORK};

/// Packet identifiers from here on are those of subscriptions.
pub(super) const SUBSCRIPTION_IDS: u16 = 0x8000;

/// A publication that the ESP8266 was given, and that may be given again.
#[derive(Clone, Copy, Debug)]
struct Given {
    ticket: u32,
    packet_id: u16,
    size_bytes: usize,
}

/// The state of this judgement: since the host has power.
#[derive(Default, Debug)]
pub(super) struct Commands {
    /// `Hello`s that the host heard and has not answered.
    hellos: u32,
    /// No settings came since the ESP8266 heard of the link.
    awaits_settings: bool,
    epoch: Option<u32>,
    /// The clean slate was reported, and how often that was not noted.
    is_clean: bool,
    unnoted: u32,
    pub(super) names: Names,
    /// In earlier sessions of the protocol, and not in this one.
    before: Vec<Given>,
    /// In this session, and it is not done.
    under_way: Vec<Given>,
    /// In this session, and it is.
    done: Vec<Given>,
    last_given: u32,
    /// Subscriptions and ends of subscriptions that were asked for in this session.
    asked: Vec<u32>,
    wishes: Vec<(u32, u8)>,
    cookies: Vec<u64>,
    is_leaving: bool,
}

impl Commands {
    /// The ESP8266 heard of the link: what comes first are settings.
    pub(super) const fn link_found(&mut self) {
        self.awaits_settings = true;
    }

    pub(super) fn subscribed(&mut self, ticket: u32, qos: QoS) {
        self.wishes.push((ticket, qos as u8));
    }

    pub(super) fn time_asked(&mut self, cookie: u64) {
        self.cookies.push(cookie);
    }

    /// The ESP8266 has the settings of this host, and the names of topics that it said.
    pub(super) const fn has_settled(&self) -> bool {
        self.epoch.is_some() && !self.awaits_settings
    }

    /// A frame of a host that lost its power may still be on its way.
    pub(super) const fn is_of_this_life(&self, frame: &ToEsp<'_>) -> bool {
        self.epoch.is_some() || (self.hellos > 0 && matches!(frame, ToEsp::Init(_)))
    }

    /// A frame reached the host that it takes.
    pub(super) fn answered(&mut self, verdict: &mut Verdict, frame: &ToHost<'_>) {
        match *frame {
            ToHost::Hello { outbox_bytes, .. } => {
                self.hellos += 1;
                verdict.require(P7, outbox_bytes == u32::from(ESP_OUTBOX_BYTES), || {
                    format!("Hello says that the outbox has {outbox_bytes} B")
                });
            }
            ToHost::Done { ticket, .. } => {
                self.done.extend(taken(&mut self.under_way, ticket));
            }
            ToHost::SlateDone => {
                self.is_clean = true;
                self.unnoted += 1;
            }
            _ => {}
        }
    }

    /// The ESP8266 was given it in this session, and the host knows no end of it.
    pub(super) fn is_under_way(&self, ticket: u32) -> bool {
        self.under_way.iter().any(|given| given.ticket == ticket)
    }

    pub(super) fn judge(&mut self, facts: &mut Facts, verdict: &mut Verdict, frame: &ToEsp<'_>) {
        let is_init = matches!(frame, ToEsp::Init(_));
        if self.awaits_settings && !is_init {
            // a host that leaves says so as soon as there is a link, and once more in its turn
            verdict.require(P7, facts.is_shutting_down, || {
                format!("the ESP8266 was told {frame:?} before its settings")
            });
            return;
        }
        match *frame {
            ToEsp::Init(init) => self.settings(facts, verdict, &init),
            ToEsp::Publish(publish) => self.publication(facts, verdict, &publish),
            ToEsp::Subscribe { ticket, qos, filter } => {
                let wish = self.wishes.iter().find(|(wished, _)| *wished == ticket);
                verdict.require(P4, wish.is_some_and(|(_, wished)| *wished == qos), || {
                    format!("ticket #{ticket} went to the ESP8266 with QoS {qos}")
                });
                self.request(facts, verdict, ticket, filter);
            }
            ToEsp::Unsubscribe { ticket, filter } => self.request(facts, verdict, ticket, filter),
            ToEsp::SlateNoted => {
                verdict.require(P7, self.unnoted > 0, || {
                    "the host noted a clean slate that was not reported".to_owned()
                });
                self.unnoted = self.unnoted.saturating_sub(1);
            }
            ToEsp::ShutDown => {
                let is_first = !std::mem::replace(&mut self.is_leaving, true);
                verdict.require(P7, is_first && facts.is_shutting_down, || {
                    "the ESP8266 was told to stop, and nobody wants that, or again".to_owned()
                });
            }
            ToEsp::AskTime { cookie } => {
                let place = self.cookies.iter().position(|asked| *asked == cookie);
                verdict.require(P7, place.is_some(), || {
                    format!("the ESP8266 was asked for the time with cookie {cookie}")
                });
                // a newer question takes the place of an older one
                self.cookies.drain(..place.map_or(0, |place| place + 1));
            }
            ToEsp::Release { .. } | ToEsp::Credit { .. } | ToEsp::AskMemory | ToEsp::Network(_) => {
            }
        }
    }

    #[cold]
    fn settings(&mut self, facts: &Facts, verdict: &mut Verdict, init: &Init<'_>) {
        verdict.require(P7, self.hellos > 0, || "settings came without a Hello".to_owned());
        self.hellos = self.hellos.saturating_sub(1);
        let is_new = *self.epoch.get_or_insert(init.epoch) == init.epoch;
        verdict.require(P7, is_new, || {
            format!("the host calls this life {:08x}, and {:?} before", init.epoch, self.epoch)
        });
        let setup = &facts.setup;
        let is_nameless = setup.mqtt5.as_ref().is_some_and(|mqtt5| mqtt5.wishes.is_nameless);
        let client_id = if is_nameless { "" } else { DEVICE_ID };
        let are_right = init.keep_alive_s == setup.keep_alive_s
            && init.window == setup.window
            && init.clean_session == setup.clean_session
            && init.has_will == setup.will
            && init.level == setup.is_v5().then_some(5)
            && init.client_id == client_id.as_bytes()
            && init.topic_bytes == [setup.topic_bytes.0; 2]
            && (init.ssid, init.password) == (NETWORK.ssid.as_bytes(), NETWORK.password.as_bytes())
            && (init.broker, init.port) == (BROKER.host.as_bytes(), BROKER.port);
        let clears = setup.clean_init && !self.is_clean;
        verdict.require(P5, init.clean_init == clears, || {
            format!("the ESP8266 was told to begin with a clean slate: {}", init.clean_init)
        });
        verdict.require(P7, are_right, || format!("the ESP8266 was told {init:?}"));
        self.awaits_settings = false;
        self.is_leaving = false;
        self.unnoted = 0;
        self.names.begin(setup.topic_bytes.0);
        self.last_given = 0;
        self.asked.clear();
        self.before.append(&mut self.under_way);
        self.before.append(&mut self.done);
        self.before.retain(|given| {
            let ticket = facts.tickets.get(given.ticket);
            ticket.is_some_and(|ticket| !ticket.is_ended)
        });
    }

    fn request(&mut self, facts: &Facts, verdict: &mut Verdict, ticket: u32, filter: &[u8]) {
        let place = facts.tickets.get(ticket).and_then(|ticket| match ticket.used_for {
            Use::Subscription(place) | Use::EndOfSubscription(place) => Some(place),
            Use::Publication(_) => None,
        });
        let is_right = place.is_some_and(|place| *facts.filters.get(place).text == *filter);
        verdict.require(P4, is_right, || {
            format!("ticket #{ticket} went to the ESP8266 with \"{}\"", filter.escape_ascii())
        });
        verdict.require(P4, !self.asked.contains(&ticket), || {
            format!("ticket #{ticket} went to the ESP8266 twice in a session")
        });
        self.asked.push(ticket);
    }

    fn publication(&mut self, facts: &Facts, verdict: &mut Verdict, frame: &Publish<'_>) {
        let ticket = frame.number;
        let index = facts.tickets.get(ticket).and_then(|ticket| match ticket.used_for {
            Use::Publication(index) => Some(index),
            Use::Subscription(_) | Use::EndOfSubscription(_) => None,
        });
        verdict.require(P7, index.is_some(), || {
            format!("the ESP8266 was given publication #{ticket}, which is none")
        });
        let Some(index) = index else { return };
        let outbound = &facts.outbound;
        let publication = outbound.get(index);
        let topic = outbound.messages.topic(publication.text);
        let naming = self.names.naming(topic);
        verdict.require(P7, frame.topic == naming, || {
            format!("{} is named {:?}, not {naming:?}", outbound.show(index), frame.topic)
        });
        self.names.note(topic);
        let is_same = frame.payload == outbound.messages.payload(publication.text)
            && (frame.qos, frame.retain) == (publication.qos, publication.retain)
            && (frame.packet_id > 0) == (frame.qos > 0)
            && frame.packet_id < SUBSCRIPTION_IDS;
        verdict.require(P3, is_same, || {
            format!("{} went to the ESP8266 as {frame:?}", outbound.show(index))
        });
        verdict.require(P2, ticket > self.last_given, || {
            format!("{} went to the ESP8266 behind a later one", outbound.show(index))
        });
        self.last_given = ticket;
        let disruptions = facts.disruptions - publication.disruptions_before;
        self.give(facts, verdict, frame, topic.len(), disruptions);
    }

    /// Notes that a publication was given. `disruptions`: so many there were since it was published.
    fn give(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        frame: &Publish<'_>,
        topic_bytes: usize,
        disruptions: u32,
    ) {
        let Publish { number: ticket, packet_id, again, .. } = *frame;
        let size_bytes = topic_bytes + frame.payload.len() + frame.properties_bytes;
        // what was given in this session has a ticket that is too low by now
        let known = taken(&mut self.before, ticket);
        verdict.require(P3, known.is_none_or(|known| known.packet_id == packet_id), || {
            format!("ticket #{ticket} has another packet identifier than before")
        });
        let is_right = match again {
            false => known.is_none() || frame.qos == 0,
            true => (known.is_some() || disruptions > 0) && frame.qos > 0,
        };
        verdict.require(P3, is_right, || {
            format!("ticket #{ticket} says {again} to having been given before")
        });
        self.under_way.push(Given { ticket, packet_id, size_bytes });
        let under_way = || self.under_way.iter();
        let same = under_way().filter(|given| packet_id > 0 && given.packet_id == packet_id);
        verdict.require(P3, packet_id == 0 || same.count() == 1, || {
            format!("packet identifier {packet_id} is under way twice")
        });
        let qos1 = under_way().filter(|given| given.packet_id > 0).count();
        verdict.require(P7, qos1 <= facts.setup.window.into(), || {
            format!("the ESP8266 has {qos1} publications, and its window is {}", facts.setup.window)
        });
        let held_bytes: usize = under_way().map(|given| given.size_bytes).sum();
        let is_room = held_bytes <= usize::from(ESP_OUTBOX_BYTES) || under_way().count() == 1;
        verdict.require(P7, is_room, || format!("the ESP8266 was given {held_bytes} B"));
    }
}

/// Takes what was given with this ticket out of a list.
fn taken(list: &mut Vec<Given>, ticket: u32) -> Option<Given> {
    let place = list.iter().position(|given| given.ticket == ticket)?;
    Some(list.swap_remove(place))
}
