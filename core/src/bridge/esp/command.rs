//! What the ESP8266's end makes of the host's commands.

use super::{Esp, Room};
use crate::bridge::HEARTBEAT_MS;
use crate::bridge::frame::{self, Init, Outcome, Status, ToEsp, ToHost};
#[cfg(feature = "mqtt5")]
use crate::bridge::frame::{PublishWith, SubscribeWith};
use crate::client::{Action, Client, State};
use crate::config::Release;
use crate::error::PublishError;
use crate::event::{Delivery, DownReason, Ticket};
#[cfg(feature = "mqtt5")]
use crate::mqtt::v5::{Properties, ReasonCode};
use crate::mqtt::{Packet, Publish, QoS};
use crate::outbox::FIRST_SUBSCRIPTION_ID;
#[cfg(feature = "mqtt5")]
use crate::planted::Bug;
use crate::session::Checked;
use crate::storage::Storage;

/// What is to be done with a publication.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It was never given here.
    Store,
    /// It is under way, or comes again.
    Nothing,
    Done(Outcome),
    #[cfg(feature = "mqtt5")]
    Refused(ReasonCode),
}

impl<S: Storage> Esp<S> {
    pub(super) fn take_command(&mut self, command: &mut ToEsp<'_>) {
        if let ToEsp::Init(init) = command {
            // What the host does not decide; here, because a copy would lie on the stack.
            init.config.release = Release::Explicit;
            init.config.planted = self.planted;
            self.take_init(init);
            return;
        }
        // Only a host that was told of this start may command.
        let Some(client) = self.client.as_mut().filter(|_| self.configured) else { return };
        match *command {
            ToEsp::Init(_) => {}
            ToEsp::Publish(publication) => self.take_publication(&publication),
            ToEsp::Subscribe { ticket, qos, filter } => {
                if client.session_mut().desk.subscribe_as(ticket, filter, qos).is_err() {
                    self.push(&ToHost::Refused { ticket });
                }
            }
            ToEsp::Unsubscribe { ticket, filter } => {
                if client.session_mut().desk.unsubscribe_as(ticket, filter).is_err() {
                    self.push(&ToHost::Unsubscribed { ticket });
                }
            }
            ToEsp::Release { delivery, freed_bytes } => {
                self.room.freed_bytes = freed_bytes;
                if let Some(delivery) = Delivery::new(delivery) {
                    client.session_mut().release(delivery);
                }
            }
            ToEsp::Credit { freed_bytes } => self.room.freed_bytes = freed_bytes,
            ToEsp::SlateNoted => {
                let now = self.now;
                client.supervisor_mut().pass(now);
            }
            ToEsp::ShutDown => client.shut_down(self.now),
            ToEsp::AskTime { cookie } => self.errands.ask_time(cookie),
            ToEsp::AskMemory => self.errands.ask_memory(),
            ToEsp::Network(answer) => self.take_network_answer(answer),
            // A host asks for either only of a client that speaks MQTT 5.
            #[cfg(feature = "mqtt5")]
            ToEsp::PublishWith(_) | ToEsp::SubscribeWith(_) if !client.session().speaks_v5() => {
                self.say_hello();
            }
            #[cfg(feature = "mqtt5")]
            ToEsp::PublishWith(publication) => self.take_publication_v5(&publication),
            #[cfg(feature = "mqtt5")]
            ToEsp::SubscribeWith(SubscribeWith { ticket, options, identifier, filter }) => {
                let desk = &mut client.session_mut().desk;
                if desk.subscribe_with_as(ticket, filter, options, identifier).is_err() {
                    // what it was to replace must not go on: the host knows of neither any more
                    let _ = desk.unsubscribe_as(ticket, filter);
                    self.push(&ToHost::Refused { ticket });
                }
            }
        }
    }

    #[cold]
    fn take_init(&mut self, init: &Init<'_>) {
        let capacity_bytes = usize::try_from(init.capacity_bytes).unwrap_or(usize::MAX);
        self.room = Room { initial_bytes: init.room_bytes, capacity_bytes, ..Room::default() };
        self.configured = true;
        self.publication_topics.begin(init.topics.publications);
        self.message_topics.begin(init.topics.messages);
        if self.epoch == Some(init.epoch) && self.client.is_some() {
            self.resume();
        } else {
            self.begin(init);
        }
    }

    /// The host starts from nothing: so does the client.
    fn begin(&mut self, init: &Init<'_>) {
        self.epoch = Some(init.epoch);
        self.received_up_to = None;
        #[cfg(feature = "mqtt5")]
        self.endings.clear();
        match init.encode(self.settings.as_mut()) {
            Ok(size) => self.settings_size = size,
            Err(_) => return self.push(&ToHost::Unfit),
        }
        if let Some(client) = self.client.take() {
            self.close_due = [Some(Action::CloseTcp), Some(Action::LeaveWifi)];
            self.memory = Some(client.into_memory());
        }
        let config = &init.config;
        let max_bytes = self.message_max_bytes();
        // Memory is given away only to settings that it is large enough for: the next host may have
        // others.
        if self.memory.as_mut().is_none_or(|memory| memory.check(config).is_err()) {
            return self.push(&ToHost::Unfit);
        }
        let memory = self.memory.take().and_then(|memory| Checked::new(config, memory).ok());
        if let Some(memory) = memory {
            Client::put(&mut self.client, config, memory, self.seed);
        }
        let Some(client) = self.client.as_mut() else { return self.push(&ToHost::Unfit) };
        client.supervisor_mut().gate();
        client.session_mut().limit_messages(max_bytes);
        client.start(self.now);
        self.configure_due = true;
        self.errands.configure(init.network.use_default, &init.services);
        self.push(&ToHost::Ready { resumed: false });
    }

    /// Only the link was lost. Messages that were under way to the host went with it, and what was
    /// handed out cannot be handed out again: the broker must.
    fn resume(&mut self) {
        self.push(&ToHost::Ready { resumed: true });
        self.errands.resume();
        let max_bytes = self.message_max_bytes();
        let Some(client) = self.client.as_mut() else { return };
        client.session_mut().limit_messages(max_bytes);
        // The host has given these up with the link.
        client.session_mut().desk.outbox.drop_unsent_qos0();
        let (state, gated) = (client.state(), client.supervisor_mut().is_gated());
        if client.unreleased() > 0 {
            client.session_mut().close_down(DownReason::LinkLost);
        } else if state == State::Connected {
            self.push(&ToHost::Status(Status::Connected { session_present: true }));
        } else {
            self.push(&ToHost::Status(Status::Wifi(state.has_network())));
        }
        if gated {
            self.push(&ToHost::SlateDone);
        }
    }

    /// A publication that was given before, on an earlier life of the link, is not taken twice; if
    /// it is done already, the host missed that.
    fn take_publication(&mut self, publication: &frame::Publish<'_>) {
        #[cfg(feature = "mqtt5")]
        if self.speaks_v5() {
            return self.take_publication_v5(&PublishWith {
                publish: *publication,
                properties: Properties::NONE,
                leaves_s: None,
            });
        }
        if !self.learn_topic(publication) {
            return;
        }
        let (ticket, again) = (publication.ticket, publication.again);
        let publish = Publish {
            // The DUP bit is the outbox's own business.
            dup: false,
            qos: publication.qos(),
            retain: publication.retain,
            topic: self.publication_topics.name(publication.topic),
            packet_id: publication.packet_id,
            payload: publication.payload,
        };
        let size = Packet::Publish(publish).encoded_len();
        let verdict = self.judge(publication, size, true);
        if let (Verdict::Store, Some(client)) = (verdict, self.client.as_mut()) {
            let stored = client.session_mut().publish_as(ticket, &publish, again);
            return self.stored(ticket, stored);
        }
        self.answer(ticket, verdict);
    }

    /// Notes what the topic of a publication is. False if it cannot be known: the host that hears
    /// Hello names every topic anew.
    pub(super) fn learn_topic(&mut self, publication: &frame::Publish<'_>) -> bool {
        let foreign_id = publication.packet_id.is_some_and(|id| id.get() >= FIRST_SUBSCRIPTION_ID);
        let learnt = !foreign_id && self.publication_topics.learn(publication.topic).is_ok();
        if !learnt {
            self.say_hello();
        }
        learnt
    }

    /// What is to be done with a publication whose packet has this size. `fits`: it can be sent, for
    /// all that is known besides of that. Both are asked each time the publication comes: what could
    /// not be stored once must not be taken for acknowledged the next time.
    pub(super) fn judge(
        &self,
        publication: &frame::Publish<'_>,
        packet_bytes: usize,
        fits: bool,
    ) -> Verdict {
        let ticket = publication.ticket;
        // While one does not fit, none may overtake it.
        let Some(client) = self.client.as_ref().filter(|_| self.hello_at.is_none()) else {
            return Verdict::Nothing;
        };
        let outbox = &client.session().desk.outbox;
        if !fits || !outbox.could_ever_fit(packet_bytes) {
            return Verdict::Done(Outcome::TooLarge);
        }
        if self.received_up_to.is_none_or(|last| is_newer(ticket, last)) {
            return Verdict::Store;
        }
        #[cfg(feature = "mqtt5")]
        if let Some(ended) = self.endings.of(ticket)
            && !self.planted.has(Bug::RefusalForgotten)
        {
            return ended;
        }
        match publication.qos() {
            _ if outbox.holds(ticket) => Verdict::Nothing,
            QoS::AtLeastOnce => Verdict::Done(Outcome::Acked),
            QoS::AtMostOnce | QoS::ExactlyOnce => Verdict::Done(Outcome::Sent),
        }
    }

    /// Answers a publication that is not to be stored.
    pub(super) fn answer(&mut self, ticket: Ticket, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Store | Verdict::Nothing => return,
            Verdict::Done(outcome) => outcome,
            #[cfg(feature = "mqtt5")]
            Verdict::Refused(reason_code) => {
                self.push(&ToHost::Reason { ticket, reason_code });
                Outcome::Refused
            }
        };
        self.push(&ToHost::Done { ticket, outcome });
    }

    pub(super) fn stored(&mut self, ticket: Ticket, stored: Result<(), PublishError>) {
        match stored {
            Ok(()) => self.received_up_to = Some(ticket),
            // What an earlier life of the link left here is in the way: the host tries again later.
            Err(PublishError::OutboxFull | PublishError::ShutDown) => {
                self.hello_at = Some(self.now.plus_ms(HEARTBEAT_MS));
            }
            Err(_) => self.push(&ToHost::Done { ticket, outcome: Outcome::TooLarge }),
        }
    }
}

/// Tickets count up and may come round.
const fn is_newer(ticket: Ticket, than: Ticket) -> bool {
    ticket.get().wrapping_sub(than.get()).wrapping_sub(1) < u32::MAX / 2
}
