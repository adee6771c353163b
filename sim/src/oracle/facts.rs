//! What the oracle knows of the world: everything that was observed and no judgement.

use fivewire_core::time::Instant;

use crate::fault::FaultKind;
use crate::schedule::{Schedule, Setup};

use super::bounds::{drain_ms, recovery_bound_ms};
use super::connections::Connections;
use super::filters::Filters;
use super::inbound::Inbound;
use super::messages::TextId;
use super::mqtt5::{Published, Travelled};
use super::outbound::{Index, Outbound};
use super::said::Offer;
use super::tickets::Tickets;
use super::weather::Weather;

/// What a PUBLISH has at most besides its payload, and the client keeps free of its memory.
const AROUND_PAYLOAD_BYTES: usize = 256;

/// Publications with a payload of this size leave at once.
const PAYLOAD_SHORT_BYTES: u16 = 512;

/// So many messages that the application has not released are few: it is handed more.
const HANDED_OUT_FEW: usize = 8;

/// The facts.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) setup: Setup,
    /// See [`super::recovery_bound_ms`]. Where the device promises more, it is that.
    pub(super) recovery_bound_ms: u32,
    /// See [`super::drain_ms`].
    pub(super) drain_ms: u32,
    /// The application publishes packets that take their time.
    pub(super) has_long_packets: bool,
    /// There is a time server, which answers most questions.
    pub(super) has_time_server: bool,
    pub(super) now: Instant,
    pub(super) weather: Weather,
    /// What passes the broker's socket can be seen.
    pub(super) sees_broker: bool,
    /// What the device is configured to.
    pub(super) knows_configuration: bool,
    /// The faults that began, by their place in the schedule.
    pub(super) faults: Vec<Option<FaultKind>>,
    pub(super) connections: Connections,
    pub(super) tickets: Tickets,
    pub(super) outbound: Outbound,
    pub(super) inbound: Inbound,
    pub(super) filters: Filters,
    /// Where MQTT 5 is spoken.
    pub(super) travelled: Option<Box<Travelled>>,
    /// Connections that ended at the broker's end.
    pub(super) endings: u32,
    /// Those, and losses of the link, restarts of boards, and what made an ESP8266 begin its dialogue anew.
    pub(super) disruptions: u32,
    /// Losses of the link, those by a board's restart among them.
    pub(super) link_losses: u32,
    /// The same when the ESP8266 was ready last.
    pub(super) link_losses_at_ready: Option<u32>,
    /// How often the link came or went, as seen from either end.
    pub(super) link_changes: u32,
    /// The same when the last connection was attempted.
    pub(super) changes_at_attempt: u32,
    /// The device's session at the broker, counted from 1.
    pub(super) session: u32,
    /// The device's life, counted from 1 with each time the host loses its memory. With a bridge, a
    /// new one begins when the new host resets the ESP8266 that the old one left.
    pub(super) device_life: u32,
    /// The application was told that it is connected.
    pub(super) is_up: bool,
    /// An attempt to connect failed since the last connection, and before it since the session began: the
    /// broker may have begun one that the device never heard of.
    pub(super) is_in_doubt: bool,
    pub(super) was_in_doubt: bool,
    /// The application takes no messages.
    pub(super) is_held: bool,
    /// Since when, the last time, and until when the time before.
    pub(super) held_since: Instant,
    pub(super) held_until: Option<Instant>,
    /// The client joined a network by itself: each of its steps is observed, when it takes it.
    pub(super) has_joined: bool,
    /// When the application last asked for a sign of life.
    pub(super) probed_at: Option<Instant>,
    /// When the host last began to poll again, after it had been busy.
    pub(super) polls_since: Option<Instant>,
    /// The application asked for shutdown.
    pub(super) is_shutting_down: bool,
    /// The lives of the device in which the application did so.
    pub(super) farewell_lives: Vec<u32>,
    /// The device said that it stopped.
    pub(super) is_stopped: bool,
    /// When all faults were over.
    pub(super) healed_at: Option<Instant>,
    /// The state of [`Weather::troubles`] when the broker accepted the last connection, if nothing
    /// threatened it, and the same for the connection the application was told of.
    pub(super) troubles_at_connack: Option<u32>,
    pub(super) troubles_at_connected: Option<u32>,
}

impl Facts {
    pub(super) fn new(schedule: &Schedule) -> Self {
        Self {
            setup: schedule.setup.clone(),
            recovery_bound_ms: recovery_bound_ms(schedule),
            drain_ms: drain_ms(schedule),
            has_long_packets: schedule.workload.large_percent > 0
                || schedule.workload.payload_max_bytes > PAYLOAD_SHORT_BYTES,
            has_time_server: schedule.workload.habits.asks_every_ms > 0,
            now: Instant::ZERO,
            weather: Weather::default(),
            sees_broker: true,
            knows_configuration: true,
            faults: Vec::new(),
            connections: Connections::default(),
            tickets: Tickets::default(),
            outbound: Outbound::default(),
            inbound: Inbound::default(),
            filters: Filters::default(),
            travelled: schedule.setup.mqtt5.clone().map(|limits| Box::new(Travelled::new(limits))),
            endings: 0,
            disruptions: 0,
            link_losses: 0,
            link_losses_at_ready: None,
            link_changes: 0,
            changes_at_attempt: 0,
            session: 1,
            device_life: 1,
            is_up: false,
            is_in_doubt: false,
            was_in_doubt: false,
            is_held: false,
            held_since: Instant::ZERO,
            held_until: None,
            has_joined: false,
            probed_at: None,
            polls_since: None,
            is_shutting_down: false,
            farewell_lives: Vec::new(),
            is_stopped: false,
            healed_at: None,
            troubles_at_connack: None,
            troubles_at_connected: None,
        }
    }

    /// What a publication was published with, where MQTT 5 is spoken.
    pub(super) fn published(&self, index: Index) -> Option<&Published> {
        self.travelled.as_ref()?.published.get(index as usize)
    }

    /// What the broker has, as it said last.
    pub(super) fn offer(&self) -> Offer {
        self.travelled.as_ref().map_or(Offer::EVERYTHING, |travelled| travelled.offer)
    }

    /// Whether the broker may drop this message because it waited for too long.
    pub(super) fn may_expire(&self, text: TextId) -> bool {
        self.travelled.as_ref().is_some_and(|travelled| travelled.may_expire(text))
    }

    /// Whether the broker may have the message and not send it: it may expire, or be larger than the client
    /// said that it takes (MQTT 5).
    pub(super) fn may_stay(&self, text: TextId, payload: &[u8]) -> bool {
        let limit = (self.setup.message_max_bytes() as usize).saturating_sub(AROUND_PAYLOAD_BYTES);
        self.may_expire(text) || (self.travelled.is_some() && payload.len() > limit)
    }

    /// The keep alive that holds, in milliseconds: the device's, or a shorter one of the broker.
    pub(super) fn keep_alive_ms(&self) -> u32 {
        let own_s = self.setup.keep_alive_s;
        let max_s = self.setup.mqtt5.as_ref().and_then(|mqtt5| mqtt5.keep_alive_max_s);
        let keep_alive_s = match max_s {
            Some(max_s) if own_s == 0 || own_s > max_s => max_s,
            _ => own_s,
        };
        u32::from(keep_alive_s) * 1_000
    }

    /// After so long without a sign of life a client asks for one, in milliseconds: a quarter of its own keep
    /// alive, or of the broker's if that does not allow it.
    pub(super) fn ping_interval_ms(&self) -> u32 {
        let own_ms = match self.setup.keep_alive_s {
            0 => 15_000,
            own_s => u32::from(own_s) * 250,
        };
        let holds_ms = self.keep_alive_ms();
        if holds_ms > 0 && own_ms > holds_ms / 4 * 3 { holds_ms / 4 } else { own_ms }
    }

    /// Messages that the application does not take, or does not release, may fill the receive buffer: nothing
    /// is read then.
    pub(super) fn may_withhold(&self) -> bool {
        self.is_held || self.inbound.handed_out_any() >= HANDED_OUT_FEW
    }

    /// The kind of a fault that began.
    pub(super) fn fault(&self, index: usize) -> Option<FaultKind> {
        self.faults.get(index).copied().flatten()
    }

    pub(super) fn note_fault(&mut self, index: usize, kind: FaultKind) {
        if self.faults.len() <= index {
            self.faults.resize(index + 1, None);
        }
        self.faults[index] = Some(kind);
    }

    /// The connection the application relies on was never in danger.
    pub(super) fn is_unprovoked(&self) -> bool {
        self.is_up && self.troubles_at_connected == Some(self.weather.troubles)
    }

    /// A run that ended before the bound: what the device waits for may still come.
    pub(super) fn is_early(&self) -> bool {
        let bound_ms = self.recovery_bound_ms;
        self.healed_at.is_some_and(|healed_at| self.now <= healed_at.plus_ms(bound_ms))
    }

    /// The device waits for an answer about this filter.
    pub(super) fn is_awaited(&self, filter: u32) -> bool {
        self.connections.live().any(|connection| connection.asked.contains(&filter))
    }

    /// The broker's session begins anew, or may have ended.
    pub(super) fn end_session(&mut self) {
        self.session += 1;
        self.was_in_doubt = false;
        self.inbound.forgive();
    }
}
