//! Topic filters, and publications for a host, that are just small enough or just too large, offered to a
//! machine that never runs.

use fivewire_core::bridge::host::Host;
use fivewire_core::client::{Client, Publication};
use fivewire_core::error::{PublishError, SubscribeError};
use fivewire_core::event::Ticket;
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::Property;
use fivewire_core::planted::Planted;
use fivewire_core::time::Instant;

use super::World;
use super::device::{Bytes, config, host_memory, settings};
use super::trials::client_memory;
use crate::app::Application;
use crate::observation::{Observation, Observer, Offered};
use crate::random::mixed;
use crate::schedule::Topology;

/// Larger than anything that a machine takes.
const TOO_LARGE_BYTES: usize = 3_000;
/// One run of so many tries this.
const EVERY: usize = 4;
/// What each such publication has, where properties are spoken of.
const PROPERTIES: [Property<'_>; 1] = [Property::ContentType("text")];

/// A machine that publications and topic filters are offered to.
enum Machine {
    Client(Box<Client<Bytes>>),
    Host(Box<Host<Bytes>>),
}

impl Machine {
    fn subscribe(&mut self, filter: &str) -> Result<Ticket, SubscribeError> {
        match self {
            Self::Client(client) => client.subscribe(Instant::ZERO, filter, QoS::AtLeastOnce),
            Self::Host(host) => host.subscribe(Instant::ZERO, filter, QoS::AtLeastOnce),
        }
    }
}

impl<A: Application> World<A> {
    /// Offers sizes around the largest that the machine says it takes.
    pub(super) fn try_sizes<O: Observer>(&self, observer: &mut O) {
        let number = mixed(self.schedule.seed) as usize;
        if !number.is_multiple_of(EVERY) {
            return;
        }
        let setup = &self.schedule.setup;
        let config = config(setup, Planted::NONE, &[], &[]);
        let machine = match setup.topology {
            Topology::Client => {
                let client = Client::new(&config, client_memory(), 0);
                client.map(|client| Machine::Client(Box::new(client)))
            }
            Topology::Bridge => {
                let settings = settings(config, super::Services::default());
                let host = Host::new(&settings, host_memory(setup), 0);
                host.map(|host| Machine::Host(Box::new(host)))
            }
        };
        let Ok(mut machine) = machine else { return };
        let mut see = |offered, refused| {
            self.see(observer, &Observation::SizeTried { offered, refused });
            refused
        };
        around_the_largest(|size_bytes| {
            let filter = "f".repeat(size_bytes);
            let refused = match machine.subscribe(&filter) {
                Err(SubscribeError::TooLong { size_bytes, max_bytes }) => {
                    Some((size_bytes, max_bytes))
                }
                // the memory for subscriptions is another matter
                Ok(_) | Err(_) => None,
            };
            see(Offered::Filter { size_bytes }, refused)
        });
        let Machine::Host(mut host) = machine else { return };
        let qos =
            if (number / EVERY).is_multiple_of(2) { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        around_the_largest(|payload_bytes| {
            let payload = vec![0; payload_bytes];
            let properties: &[_] = if setup.is_v5() { &PROPERTIES } else { &[] };
            let publication = Publication { properties, ..Publication::new("size", &payload, qos) };
            let refused = match host.publish(Instant::ZERO, &publication) {
                Err(PublishError::TooLarge { size_bytes, max_bytes }) => {
                    Some((size_bytes, max_bytes))
                }
                Ok(_) | Err(_) => None,
            };
            see(Offered::Publication { payload_bytes, qos }, refused)
        });
    }
}

/// Tries a size that is too large, the largest that is not, and one byte more.
fn around_the_largest(mut refused: impl FnMut(usize) -> Option<(usize, usize)>) {
    if let Some((size_bytes, max_bytes)) = refused(TOO_LARGE_BYTES) {
        let largest = TOO_LARGE_BYTES.saturating_sub(size_bytes.saturating_sub(max_bytes));
        refused(largest);
        refused(largest + 1);
    }
}
