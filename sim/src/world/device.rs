//! The machines under test: how they are configured, and what the host's board runs.

use fivewire_core::bridge::esp::{self, Esp};
use fivewire_core::bridge::host::{self, Host, Settings};
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::client::{self, Client, Publication};
use fivewire_core::config::{self, Config, Release};
use fivewire_core::error::{PublishError, SubscribeError};
use fivewire_core::event::{Counters, Delivery, Ticket};
use fivewire_core::mqtt::v5::{Properties, Property, SubscriptionOptions};
use fivewire_core::mqtt::{ProtocolVersion, QoS, Will};
use fivewire_core::planted::Planted;
use fivewire_core::recorder::{BUFFERS_MAX, Recorded, Recorder, Sink};
use fivewire_core::time::Instant;

use super::World;
use crate::app::Application;
use crate::observation::{ClientStanding, EspStanding, Standing};
pub use crate::oracle::{DEVICE_ID, WILL_PAYLOAD, WILL_TOPIC};
use crate::schedule::{
    CLIENT_RECEIVE_BYTES, ESP_OUTBOX_BYTES, ESP_RECEIVE_BYTES, Habits, Setup, Topology, Wishes,
};

/// The network that a host has its ESP8266 join.
pub(crate) const NETWORK: Network<'_> =
    Network { ssid: "greenhouse", password: PASSWORD, use_default: false };
/// A host's frames have this size at most.
pub(crate) const FRAME_BYTES: usize = 2_048;
/// The broker that a host has its ESP8266 connect to.
pub(crate) const BROKER: Broker<'_> = Broker { host: "broker.lan", port: 1_883 };

/// What a host wants of its ESP8266 besides of messages; see [`Settings`].
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Services {
    /// The network that the chip has stored is tried.
    pub uses_stored_network: bool,
    /// The application is asked before the given one is joined.
    pub asks_network: bool,
    /// Each attempt is told.
    pub tells_attempts: bool,
}

impl Services {
    pub(super) const fn of(habits: &Habits) -> Self {
        let chooses = habits.chooses_network;
        Self { uses_stored_network: chooses, asks_network: chooses, tells_attempts: chooses }
    }
}

/// What a host says of itself.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BridgeState {
    /// The ESP8266 has its settings.
    pub running: bool,
    /// It has joined a network.
    pub wifi: bool,
    /// The broker accepted the connection.
    pub ready: bool,
    /// QoS 1 publications without an outcome.
    pub unacknowledged: usize,
}

/// A machine's memory in the simulator.
pub(crate) type Bytes = Vec<u8>;

/// The one secret that a simulated device has: of its network.
pub(crate) const PASSWORD: &str = "tomatoes";

/// A recording, in memory.
pub(crate) struct Tape {
    pub(super) bytes: Vec<u8>,
    /// How long a segment may be.
    segment_max_bytes: usize,
    segment_bytes: usize,
}

impl Tape {
    pub(super) const fn new(segment_max_bytes: usize) -> Self {
        Self { bytes: Vec::new(), segment_max_bytes, segment_bytes: 0 }
    }
}

impl Sink for Tape {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.segment_bytes += bytes.len();
    }

    fn room(&self) -> usize {
        self.segment_max_bytes.saturating_sub(self.segment_bytes)
    }

    fn begin(&mut self) {
        self.segment_bytes = 0;
    }
}

/// The machine that the application talks to.
#[expect(clippy::large_enum_variant, reason = "there is one, and it never moves")]
pub(crate) enum HostMachine {
    /// The client itself.
    Client(Recorded<Client<Bytes>, Tape>),
    /// The host end of the bridge.
    Bridge(Recorded<Host<Bytes>, Tape>),
}

/// What the ESP8266's board runs.
pub(super) type EspMachine = Recorded<Esp<Bytes>, Tape>;

/// The buffers of a machine that is not running.
pub(super) enum HostMemory {
    Client(client::Memory<Bytes>),
    Bridge(host::Memory<Bytes>),
}

/// The client's configuration.
pub(super) fn config<'a>(
    setup: &Setup,
    planted: Planted,
    will_properties: &'a [Property<'a>],
    connect_properties: &'a [Property<'a>],
) -> Config<'a> {
    let will =
        Will { topic: WILL_TOPIC, payload: WILL_PAYLOAD, qos: QoS::AtLeastOnce, retain: false };
    let mqtt5 = setup.mqtt5.as_ref().map(|mqtt5| config::Mqtt5 {
        session_expiry_interval_s: mqtt5.session_expiry_s,
        topic_alias_maximum: mqtt5.aliases_from_broker,
        own_topic_aliases: mqtt5.aliases_from_device,
        will: Properties::of(will_properties),
        connect: Properties::of(connect_properties),
    });
    Config {
        protocol: match mqtt5 {
            Some(_) => ProtocolVersion::V5,
            None => ProtocolVersion::V3_1_1,
        },
        mqtt5: mqtt5.unwrap_or_default(),
        will: setup.will.then_some(will),
        keep_alive_s: setup.keep_alive_s,
        clean_session: setup.clean_session,
        clean_init: setup.clean_init,
        window: setup.window,
        release: match setup.release_after_ms {
            Some(_) => Release::Explicit,
            None => Release::AtHandOut,
        },
        planted,
        ..Config::new(if wishes(setup).is_nameless { "" } else { DEVICE_ID })
    }
}

/// What the device asks for besides; nothing where MQTT 3.1.1 is spoken.
fn wishes(setup: &Setup) -> Wishes {
    setup.mqtt5.as_ref().map(|mqtt5| mqtt5.wishes).unwrap_or_default()
}

/// The settings of a bridge with this client.
pub(super) const fn settings(config: Config<'_>, services: Services) -> Settings<'_> {
    let network = Network { use_default: services.uses_stored_network, ..NETWORK };
    Settings {
        asks_network: services.asks_network,
        tells_attempts: services.tells_attempts,
        ..Settings::new(config, network, BROKER)
    }
}

/// What the core says of how long recovery may take, in milliseconds.
pub(super) fn stated_bound_ms(setup: &Setup, services: Services) -> u32 {
    let config = config(setup, Planted::NONE, &[], &[]);
    match setup.topology {
        Topology::Client => config.recovery_bound_ms(),
        Topology::Bridge => settings(config, services).recovery_bound_ms(),
    }
}

/// Bytes of the buffers of a client: receive, transmit, outbox, subscriptions, connect.
fn client_sizes(setup: &Setup, receive_bytes: usize, outbox_bytes: usize) -> [usize; 5] {
    [receive_bytes, 2_048, outbox_bytes, 1_024, wishes(setup).memory_bytes()]
}

/// Bytes of the buffers of the machine at the host's board, in the order of the fields of its memory.
pub(super) fn buffer_sizes(setup: &Setup) -> [usize; BUFFERS_MAX] {
    let outbox_bytes = setup.outbox_bytes as usize;
    match setup.topology {
        Topology::Client => {
            let [a, b, c, d, e] = client_sizes(setup, CLIENT_RECEIVE_BYTES as usize, outbox_bytes);
            [a, b, c, d, e, 0, 0, 0, 0]
        }
        Topology::Bridge => {
            let topic_bytes = setup.topic_bytes.0 as usize;
            [
                outbox_bytes,
                1_024,
                setup.inbound_bytes.0 as usize,
                FRAME_BYTES,
                topic_bytes,
                topic_bytes,
                512,
                0,
                0,
            ]
        }
    }
}

/// The same of the ESP8266's.
pub(super) fn esp_buffer_sizes(setup: &Setup) -> [usize; BUFFERS_MAX] {
    let topic_bytes = setup.topic_bytes.0 as usize;
    let [a, b, c, d, e] =
        client_sizes(setup, ESP_RECEIVE_BYTES as usize, ESP_OUTBOX_BYTES as usize);
    [a, b, c, d, e, 1_536, topic_bytes, topic_bytes, 512]
}

fn client_memory(
    [receive, transmit, outbox, subscriptions, connect]: [Bytes; 5],
) -> client::Memory<Bytes> {
    client::Memory { receive, transmit, outbox, subscriptions, connect }
}

/// The buffers of an ESP8266.
pub(super) fn esp_memory(setup: &Setup) -> esp::Memory<Bytes> {
    let [a, b, c, d, e, frames, publication_topics, message_topics, settings] =
        esp_buffer_sizes(setup).map(|size_bytes| vec![0; size_bytes]);
    let client = client_memory([a, b, c, d, e]);
    esp::Memory { client, frames, publication_topics, message_topics, settings }
}

/// The buffers of a bridge's host.
pub(super) fn host_memory(setup: &Setup) -> host::Memory<Bytes> {
    let [outbox, subscriptions, inbound, frame, publication_topics, message_topics, settings, ..] =
        buffer_sizes(setup).map(|size_bytes| vec![0; size_bytes]);
    host::Memory {
        outbox,
        subscriptions,
        inbound,
        frame,
        publication_topics,
        message_topics,
        settings,
    }
}

impl HostMemory {
    pub(super) fn new(setup: &Setup) -> Self {
        match setup.topology {
            Topology::Client => {
                let [a, b, c, d, e, ..] = buffer_sizes(setup).map(|size_bytes| vec![0; size_bytes]);
                Self::Client(client_memory([a, b, c, d, e]))
            }
            Topology::Bridge => Self::Bridge(host_memory(setup)),
        }
    }
}

impl<A: Application> World<A> {
    /// What the host asks of its ESP8266 besides of messages, from its next life on. By default
    /// what the habits of the schedule say.
    pub const fn set_services(&mut self, services: Services) {
        self.services = services;
    }

    /// The machine that the application talks to is the host of a bridge: what it says of itself.
    #[must_use]
    pub fn bridge(&self) -> Option<BridgeState> {
        match self.host.machine()? {
            HostMachine::Bridge(host) => Some(BridgeState {
                running: host.is_running(),
                wifi: host.is_wifi_up(),
                ready: host.is_ready(),
                unacknowledged: host.unacknowledged(),
            }),
            HostMachine::Client(_) => None,
        }
    }
}

impl HostMachine {
    /// A machine that starts its life.
    ///
    /// # Panics
    /// The setup is one that the core refuses: it should have been checked before.
    pub(super) fn new(
        setup: &Setup,
        services: Services,
        planted: Planted,
        memory: HostMemory,
        seed: u64,
        recorder: Option<Recorder<Tape>>,
    ) -> Self {
        let delay_s = setup.mqtt5.as_ref().map_or(0, |mqtt5| mqtt5.will_delay_s);
        let delay = [Property::WillDelayInterval(delay_s)];
        let said = wishes(setup).connect_property();
        let said = said.map(|(name, value)| Property::UserProperty(name, value));
        let will_properties = if delay_s > 0 { &delay[..] } else { &[] };
        let config = config(setup, planted, will_properties, said.as_slice());
        let machine = match memory {
            HostMemory::Client(memory) => Client::new(&config, memory, seed)
                .map(|client| Self::Client(Recorded::new(client, recorder))),
            HostMemory::Bridge(memory) => Host::new(&settings(config, services), memory, seed)
                .map(|host| Self::Bridge(Recorded::new(host, recorder))),
        };
        machine.unwrap_or_else(|error| panic!("this setup cannot work: {error}"))
    }

    /// Its memory, and what recorded it.
    pub(super) fn into_parts(self) -> (HostMemory, Option<Recorder<Tape>>) {
        match self {
            Self::Client(client) => {
                let (client, recorder) = client.into_parts();
                (HostMemory::Client(client.into_memory()), recorder)
            }
            Self::Bridge(host) => {
                let (host, recorder) = host.into_parts();
                (HostMemory::Bridge(host.into_memory()), recorder)
            }
        }
    }

    /// What records it.
    pub(super) const fn recorder_mut(&mut self) -> Option<&mut Recorder<Tape>> {
        match self {
            Self::Client(client) => client.recorder_mut(),
            Self::Bridge(host) => host.recorder_mut(),
        }
    }

    pub(super) fn start(&mut self, now: Instant) {
        match self {
            Self::Client(client) => client.start(now),
            Self::Bridge(host) => host.start(now),
        }
    }

    pub(super) fn time_out(&mut self, now: Instant) {
        match self {
            Self::Client(client) => client.handle(now, client::Input::Timeout),
            Self::Bridge(host) => host.handle(now, host::Input::Timeout),
        }
    }

    pub(crate) fn publish(
        &mut self,
        now: Instant,
        publication: &Publication<'_>,
    ) -> Result<Ticket, PublishError> {
        match self {
            Self::Client(client) => client.publish(now, publication),
            Self::Bridge(host) => host.publish(now, publication),
        }
    }

    pub(crate) fn cancel(&mut self, now: Instant, ticket: Ticket) -> bool {
        match self {
            Self::Client(client) => client.cancel(now, ticket),
            Self::Bridge(host) => host.cancel(now, ticket),
        }
    }

    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        filter: &str,
        qos: QoS,
    ) -> Result<Ticket, SubscribeError> {
        match self {
            Self::Client(client) => client.subscribe(now, filter, qos),
            Self::Bridge(host) => host.subscribe(now, filter, qos),
        }
    }

    pub(crate) fn subscribe_with(
        &mut self,
        now: Instant,
        filter: &str,
        options: SubscriptionOptions,
        identifier: Option<u32>,
    ) -> Result<Ticket, SubscribeError> {
        match self {
            Self::Client(client) => client.subscribe_with(now, filter, options, identifier),
            Self::Bridge(host) => host.subscribe_with(now, filter, options, identifier),
        }
    }

    pub(crate) fn unsubscribe(
        &mut self,
        now: Instant,
        filter: &str,
    ) -> Result<Ticket, SubscribeError> {
        match self {
            Self::Client(client) => client.unsubscribe(now, filter),
            Self::Bridge(host) => host.unsubscribe(now, filter),
        }
    }

    pub(crate) fn release(&mut self, now: Instant, delivery: Delivery) -> bool {
        match self {
            Self::Client(client) => client.release(now, delivery),
            Self::Bridge(host) => host.release(now, delivery),
        }
    }

    pub(crate) fn hold(&mut self, now: Instant, hold: bool) {
        match self {
            Self::Client(client) => client.hold(now, hold),
            Self::Bridge(host) => host.hold(now, hold),
        }
    }

    pub(crate) fn shut_down(&mut self, now: Instant) {
        match self {
            Self::Client(client) => client.shut_down(now),
            Self::Bridge(host) => host.shut_down(now),
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        match self {
            Self::Client(client) => client.counters(),
            Self::Bridge(host) => host.counters(),
        }
    }

    /// Where it says that it stands.
    pub(crate) fn standing(&self, now: Instant) -> Standing {
        match self {
            Self::Client(client) => Standing {
                is_ready: client.state() == client::State::Connected,
                unreleased: client.unreleased(),
                client: Some(ClientStanding {
                    state: client.state(),
                    silent_for_us: client.last_received().map(|at| now.micros_since(at)),
                    awaits_suback: client.awaiting_suback(),
                }),
                esp: None,
            },
            Self::Bridge(host) => Standing {
                is_ready: host.is_ready(),
                unreleased: host.unreleased(),
                client: None,
                esp: Some(EspStanding {
                    is_running: host.is_running(),
                    is_wifi_up: host.is_wifi_up(),
                    state: host.state(),
                    has_waiting_messages: host.has_waiting_messages(),
                    inbound_room_bytes: host.inbound_room_bytes(),
                }),
            },
        }
    }

    /// QoS 1 publications without an outcome.
    pub(crate) fn unacknowledged(&self) -> usize {
        match self {
            Self::Client(client) => client.unacknowledged(),
            Self::Bridge(host) => host.unacknowledged(),
        }
    }

    /// Nothing waits for an acknowledgement.
    pub(super) fn is_acknowledged(&self) -> bool {
        match self {
            Self::Client(client) => client.unacknowledged() == 0 && !client.awaiting_suback(),
            Self::Bridge(host) => host.unacknowledged() == 0,
        }
    }
}
