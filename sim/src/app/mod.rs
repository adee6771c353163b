//! The application at the device: what it may do, and the default one that a schedule describes.

mod habits;
mod large;
mod messages;
mod plan;
mod properties;
mod workload;

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::client::Publication;
use fivewire_core::error::{PublishError, SubscribeError};
use fivewire_core::event::{Delivery, Event, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::{Properties, SubscriptionOptions};
use fivewire_core::time::Instant;

use crate::clock::Clock;
use crate::observation::{Observation, Observer};
use crate::world::HostMachine;

#[cfg(feature = "turmoil")]
pub(crate) use habits::{COMING_AND_GOING, Fate, Fates};
pub(crate) use large::{LARGE_QOS1_PERCENT, Large};
#[cfg(feature = "turmoil")]
pub(crate) use messages::Messages;
pub(crate) use messages::{fill, number};
#[cfg(feature = "turmoil")]
pub(crate) use plan::{Due, Plan};
#[cfg(feature = "turmoil")]
pub(crate) use properties::Tag;
pub(crate) use properties::Tags;
pub(crate) use workload::Intervals;
pub use workload::Workload;

/// An application. It lives at the host, and loses its memory with it: what it keeps over
/// [`started`](Self::started) is its flash.
///
/// All instants are the world's. Nothing here can fail: an application that cannot do something
/// now tries later, or gives up.
pub trait Application {
    /// Its board runs from the start; the machine below knows nothing of earlier requests.
    fn started(&mut self, now: Instant);

    /// The device tells it something. Requests are made later, in [`act`](Self::act).
    fn told(&mut self, now: Instant, event: &Event<'_>);

    /// When it wants to act next; an instant that is past means at once. What changes it happens in the
    /// other methods: it is asked again only after one of those was called.
    fn next_action(&self) -> Option<Instant>;

    /// Its turn. It is not called again at the same instant unless `next_action` asks for it, so
    /// that must change: also where a publication was refused because the outbox is full, which is a matter of
    /// [what is told next](fivewire_core#when-publish-is-refused).
    fn act(&mut self, commands: &mut Commands<'_>);

    /// A fault makes it stop taking messages, or take them again. Ignored by default.
    fn hold(&mut self, _now: Instant, _hold: bool) {}

    /// A fault makes it publish this many messages at once. Ignored by default.
    fn burst(&mut self, _now: Instant, _messages: u16) {}

    /// Faults are over: it finishes what it began, and begins nothing new. Ignored by default.
    fn wind_down(&mut self, _now: Instant) {}

    /// After [`wind_down`](Self::wind_down): it has nothing left to do.
    fn is_done(&self) -> bool {
        true
    }
}

/// What an application can ask of its device. Each request is observed.
pub struct Commands<'a> {
    pub(crate) now: Instant,
    pub(crate) clock: &'a Clock,
    pub(crate) machine: &'a mut HostMachine,
    pub(crate) observer: &'a mut dyn Observer,
    /// Publications that got a ticket.
    pub(crate) published: u64,
}

impl Commands<'_> {
    /// The world's time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    fn local(&self) -> Instant {
        self.clock.local(self.now.as_micros())
    }

    fn see(&mut self, observation: &Observation<'_>) {
        self.observer.observe(self.now, observation);
    }

    /// Publishes. The deadline, if any, is in the world's time.
    ///
    /// # Errors
    /// As [`Client::publish`](fivewire_core::client::Client::publish); nothing was queued.
    pub fn publish(&mut self, publication: &Publication<'_>) -> Result<Ticket, PublishError> {
        let Publication { topic, payload, qos, retain, deadline, .. } = *publication;
        let deadline = deadline.map(|deadline| self.clock.local(deadline.as_micros()));
        let local = self.local();
        let result = self.machine.publish(local, &Publication { deadline, ..*publication });
        match result {
            Ok(ticket) => {
                self.published += 1;
                let ticket = ticket.get();
                let properties = Properties::of(publication.properties);
                let seen =
                    Observation::Published { ticket, topic, payload, qos, retain, properties };
                self.see(&seen);
                if let Some(deadline) = publication.deadline {
                    self.see(&Observation::DeadlineSet { ticket, deadline });
                }
            }
            Err(error) => self.see(&Observation::PublishRefused { topic, error }),
        }
        result
    }

    /// Gives a publication up. False if it was over already.
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let local = self.local();
        let cancelled = self.machine.cancel(local, ticket);
        let ticket = ticket.get();
        self.see(&match cancelled {
            true => Observation::Cancelled { ticket },
            false => Observation::CancelRefused { ticket },
        });
        cancelled
    }

    /// Subscribes to a topic filter.
    ///
    /// # Errors
    /// As [`Client::subscribe`](fivewire_core::client::Client::subscribe); nothing was queued.
    pub fn subscribe(&mut self, filter: &str, qos: QoS) -> Result<Ticket, SubscribeError> {
        let local = self.local();
        let ticket = self.machine.subscribe(local, filter, qos)?;
        self.see(&Observation::SubscribeAsked { ticket: ticket.get(), filter, qos });
        Ok(ticket)
    }

    /// Subscribes to a topic filter with options of MQTT 5.
    ///
    /// # Errors
    /// As [`Client::subscribe_with`](fivewire_core::client::Client::subscribe_with); nothing was queued.
    pub fn subscribe_with(
        &mut self,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<Ticket, SubscribeError> {
        let local = self.local();
        let ticket = self.machine.subscribe_with(local, filter, options, identifier)?;
        let (number, qos) = (ticket.get(), options.qos);
        self.see(&Observation::SubscribeAsked { ticket: number, filter, qos });
        // MQTT 5 §3.8.3.1
        let options = options.qos as u8
            | u8::from(options.no_local) << 2
            | u8::from(options.retain_as_published) << 3
            | (options.retain_handling as u8) << 4;
        let identifier = identifier.unwrap_or(0);
        self.see(&Observation::OptionsSet { ticket: number, options, identifier });
        Ok(ticket)
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// As [`Client::unsubscribe`](fivewire_core::client::Client::unsubscribe); nothing was queued.
    pub fn unsubscribe(&mut self, filter: &str) -> Result<Ticket, SubscribeError> {
        let local = self.local();
        let ticket = self.machine.unsubscribe(local, filter)?;
        self.see(&Observation::UnsubscribeAsked { ticket: ticket.get(), filter });
        Ok(ticket)
    }

    /// Says that the application owns a message now. False if the delivery means nothing any more.
    pub fn release(&mut self, delivery: Delivery) -> bool {
        let local = self.local();
        let released = self.machine.release(local, delivery);
        if released {
            self.see(&Observation::Released { delivery: delivery.get() });
        }
        released
    }

    /// Stops taking messages, or takes them again.
    pub fn hold(&mut self, hold: bool) {
        let local = self.local();
        self.machine.hold(local, hold);
        self.see(&Observation::Holds(hold));
    }

    /// Looks at what the device says of itself, for those who watch.
    pub fn compare(&mut self) {
        let counters = self.machine.counters();
        let unacknowledged = self.machine.unacknowledged();
        self.see(&Observation::SaidOfItself { unacknowledged, counters: &counters });
        let standing = self.machine.standing(self.local());
        self.see(&Observation::SaidToStand(standing));
    }

    /// Has the device ask the broker for a sign of life. Ignored with a bridge.
    pub fn probe(&mut self) {
        let local = self.local();
        if let HostMachine::Client(client) = self.machine {
            let is_asked = client.probe(local);
            self.see(&Observation::Probed { is_asked });
        }
    }

    /// Has the ESP8266 ask the time server, with this cookie. Ignored without a bridge.
    pub fn ask_time(&mut self, cookie: u64) {
        let local = self.local();
        if let HostMachine::Bridge(host) = self.machine {
            host.ask_time(local, cookie);
            self.see(&Observation::TimeAsked { cookie });
        }
    }

    /// Asks how much memory the ESP8266 has. Ignored without a bridge.
    pub fn ask_memory(&mut self) {
        let local = self.local();
        if let HostMachine::Bridge(host) = self.machine {
            host.ask_memory(local);
            self.see(&Observation::MemoryAsked);
        }
    }

    /// Says whether the given network may be joined. Ignored without a bridge.
    pub fn answer_network(&mut self, answer: NetworkAnswer) {
        let local = self.local();
        if let HostMachine::Bridge(host) = self.machine {
            host.answer_network(local, answer);
            self.see(&Observation::NetworkAnswered { answer });
        }
    }

    /// Asks the device to shut down.
    pub fn shut_down(&mut self) {
        let local = self.local();
        self.machine.shut_down(local);
        self.see(&Observation::ShutDownAsked);
    }
}
