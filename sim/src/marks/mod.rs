//! Which faults really hurt, in which state of the client, and which situations really came about.
//!
//! A sweep that never reached what it claims to test proves nothing. So every run counts
//! [`Mark`]s and fills a [`Matrix`]; sums over a sweep are looked at for zeros.

mod device;
mod mark;
mod matrix;
mod row;
mod wires;

use std::ops::AddAssign;

use fivewire_core::client::Action;
use fivewire_core::error::PublishError;
use fivewire_core::event::{AbandonReason, DownReason, Event, ResetCause};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use crate::fault::FaultKind;
use crate::observation::{Answered, BoardLoss, Observation, Observer, Part};
use crate::oracle::{WILL_PAYLOAD, WILL_TOPIC};
use crate::schedule::{Schedule, Topology};

use device::{Device, Seen};
pub use mark::{Mark, Situation};
pub use matrix::{Column, Matrix, Unreachable};
pub use row::FaultRow;
use wires::WireWatch;

/// Counts marks, in one run or, added up, in many.
#[derive(Debug)]
pub struct Marks {
    counts: Counts,
    matrix: Matrix,
    watch: Watch,
}

/// How often each mark was reached, by [`Mark::index`].
#[derive(Debug)]
struct Counts([u32; Mark::COUNT]);

impl Counts {
    fn mark(&mut self, mark: Mark) {
        let count = &mut self.0[mark.index()];
        *count = count.saturating_add(1);
    }

    fn reach(&mut self, situation: Situation) {
        self.mark(Mark::Reached(situation));
    }

    fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Nothing => {}
            Seen::Redelivered => self.reach(Situation::Redelivered),
            Seen::WindowFull => self.reach(Situation::WindowFull),
            Seen::SubscriptionRenewed => self.reach(Situation::SubscriptionRenewed),
            Seen::Qos2Completed => self.reach(Situation::Qos2Completed),
            Seen::PubackDoubled => self.reach(Situation::PubackDoubled),
            Seen::ReceiveMaximumReached => self.reach(Situation::ReceiveMaximumReached),
            Seen::AliasAfterReconnect => self.reach(Situation::AliasAfterReconnect),
        }
    }
}

/// What has to be remembered between observations.
#[derive(Default, Debug)]
struct Watch {
    is_bridge: bool,
    is_v5: bool,
    /// 0: not known, nothing counts as full.
    window: usize,
    keep_alive_ms: u32,
    device: Device,
    /// By place in the schedule: the kind, and the states in which it began until it bites.
    faults: Vec<Option<(FaultRow, u8)>>,
    held_since: Option<Instant>,
    /// The broker was down since the last connection.
    broker_was_down: bool,
    /// The device was connected before in this host life.
    was_connected: bool,
    /// The last connection ended with a breach of the broker.
    was_malformed: bool,
    /// The application was told that it is connected.
    is_up: bool,
    is_associated: bool,
    is_shutting_down: bool,
    /// The device left a network that it was in.
    left_wifi: bool,
    /// Messages to be told until a backlog is gone.
    backlog: u32,
    /// Where the link is simulated edge by edge.
    wires: Option<WireWatch>,
}

impl Default for Marks {
    /// Nothing counted: to add runs to.
    fn default() -> Self {
        let counts = Counts([0; Mark::COUNT]);
        Self { counts, matrix: Matrix::default(), watch: Watch::default() }
    }
}

impl Marks {
    /// For one run of this schedule.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Self {
        let setup = &schedule.setup;
        let mut device = Device::default();
        if let Some(mqtt5) = &setup.mqtt5 {
            device.take_at_most(mqtt5.receive_maximum.into(), setup.window.into());
        }
        let watch = Watch {
            device,
            is_bridge: setup.topology == Topology::Bridge,
            is_v5: setup.is_v5(),
            window: usize::from(setup.window),
            keep_alive_ms: u32::from(setup.keep_alive_s) * 1_000,
            wires: setup.has_wires().then(WireWatch::default),
            ..Watch::default()
        };
        Self { watch, ..Self::default() }
    }

    /// How often a mark was reached.
    #[must_use]
    pub const fn count(&self, mark: Mark) -> u32 {
        self.counts.0[mark.index()]
    }

    /// All marks and how often each was reached.
    pub fn iter(&self) -> impl Iterator<Item = (Mark, u32)> {
        Mark::ALL.into_iter().zip(self.counts.0)
    }

    /// Kinds of fault against states of the client.
    #[must_use]
    pub const fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    fn reach(&mut self, situation: Situation) {
        self.counts.reach(situation);
    }

    fn watch_wires(&mut self, now: Instant, observation: &Observation<'_>) {
        let Self { counts, watch, .. } = self;
        if let Some(wires) = &mut watch.wires {
            wires.observe(now, observation, |situation| counts.reach(situation));
        }
    }

    fn bytes_at_broker(&mut self, connection: u32, bytes: &[u8]) {
        let Self { counts, watch, .. } = self;
        watch.device.at_broker(connection, bytes, watch.window, |seen| counts.see(seen));
    }

    fn bytes_at_device(&mut self, connection: u32, bytes: &[u8]) {
        let Self { counts, watch, .. } = self;
        watch.device.at_device(connection, bytes, |seen| counts.see(seen));
    }

    fn told(&mut self, event: &Event<'_>) {
        let device = &mut self.watch.device;
        match *event {
            Event::Connected { session_present } => self.connected(session_present),
            Event::Disconnected { reason } => self.disconnected(reason),
            Event::Message(message) if message.qos != QoS::AtMostOnce => self.message_told(),
            Event::Abandoned { ticket, reason } => {
                let is_under_way = device.awaits_puback();
                device.resolve(ticket.get());
                match reason {
                    AbandonReason::Expired if self.watch.is_v5 => self.expired(),
                    AbandonReason::Expired => self.reach(Situation::DeadlineCame),
                    AbandonReason::Cancelled if is_under_way => {
                        self.reach(Situation::CancelledUnderWay);
                    }
                    _ => {}
                }
            }
            Event::Acked(ticket) | Event::Refused { ticket, .. } => {
                device.resolve(ticket.get());
            }
            Event::Subscribed { .. } => device.asked = device.asked.saturating_sub(1),
            Event::SubscribeRefused(_) => {
                device.asked = device.asked.saturating_sub(1);
                self.reach(Situation::SubscriptionRefused);
            }
            Event::Unsubscribed(_) => self.reach(Situation::SubscriptionEnded),
            Event::MessageTooLarge { .. } => self.reach(Situation::TooLargeTold),
            Event::TimeTold { .. } => self.reach(Situation::TimeTold),
            Event::NetworkAsked => self.reach(Situation::NetworkAsked),
            Event::CleanSlate => self.reach(Situation::CleanSlate),
            Event::EspReady { resumed: true } => self.reach(Situation::LinkResumed),
            _ => {}
        }
    }

    /// A message expired, at the device or at the broker.
    fn expired(&mut self) {
        if !self.watch.is_up {
            self.reach(Situation::ExpiryDuringOutage);
        }
    }

    fn message_told(&mut self) {
        let had_backlog = self.watch.backlog > 0;
        self.watch.backlog = self.watch.backlog.saturating_sub(1);
        if had_backlog && self.watch.backlog == 0 {
            self.reach(Situation::BacklogDrained);
        }
    }

    #[cold]
    fn connected(&mut self, session_present: bool) {
        let watch = &mut self.watch;
        watch.is_up = true;
        let was_malformed = std::mem::take(&mut watch.was_malformed);
        let broker_was_down = std::mem::take(&mut watch.broker_was_down);
        let was_unanswered = std::mem::take(&mut watch.device.was_unanswered);
        let was_connected = std::mem::replace(&mut watch.was_connected, true);
        let has_unacknowledged = watch.device.has_unresolved();
        if was_malformed {
            self.reach(Situation::MalformedThenConnected);
        }
        if session_present && broker_was_down {
            self.reach(Situation::SessionSurvivedBroker);
        }
        if session_present && was_unanswered {
            self.reach(Situation::SessionOfUnansweredConnect);
        }
        if !session_present && was_connected && has_unacknowledged {
            self.reach(Situation::SessionLostWithUnacknowledged);
        }
    }

    #[cold]
    fn disconnected(&mut self, reason: DownReason) {
        self.watch.is_up = false;
        match reason {
            DownReason::Breach(_) => self.watch.was_malformed = true,
            DownReason::PingrespOverdue => self.reach(Situation::SilenceDetected),
            DownReason::AckOverdue => self.reach(Situation::AcknowledgementsOverdue),
            DownReason::Shed => self.reach(Situation::Shed),
            DownReason::ByBroker(_) if self.watch.device.has_unresolved() => {
                self.reach(Situation::DisconnectInFlight);
            }
            _ => {}
        }
    }

    #[cold]
    fn holds(&mut self, now: Instant, is_held: bool) {
        if is_held {
            self.watch.held_since = Some(now);
            return;
        }
        let Some(since) = self.watch.held_since.take() else { return };
        let keep_alive_ms = self.watch.keep_alive_ms;
        if keep_alive_ms > 0 && now > since.plus_ms(keep_alive_ms) {
            self.reach(Situation::HeldBeyondKeepAlive);
        }
    }

    #[cold]
    fn wifi(&mut self, is_up: bool) {
        self.watch.is_associated = is_up;
        if is_up && std::mem::take(&mut self.watch.left_wifi) {
            self.reach(Situation::WifiRejoined);
        }
    }

    #[cold]
    fn board_down(&mut self, part: Part) {
        let is_client = match part {
            Part::Host => !self.watch.is_bridge,
            Part::Esp => true,
            Part::Broker => false,
        };
        if is_client && self.watch.device.awaits_puback() {
            self.reach(Situation::CrashBeforePuback);
        }
        if part == Part::Esp && self.watch.device.has_unreleased() {
            self.reach(Situation::CrashWithUnreleased);
        }
        if part == Part::Host {
            self.watch.device.forget();
            self.watch.was_connected = false;
            self.watch.is_up = false;
            self.watch.held_since = None;
            self.watch.is_shutting_down = false;
        }
    }

    #[cold]
    fn fault_began(&mut self, index: usize, kind: FaultKind) {
        let watch = &mut self.watch;
        if watch.faults.len() <= index {
            watch.faults.resize(index + 1, None);
        }
        watch.faults[index] = Some((FaultRow::of(kind), watch.device.columns()));
        if let FaultKind::Backlog { messages } = kind {
            watch.backlog = watch.backlog.max(u32::from(messages));
        }
    }

    #[cold]
    fn tried(&mut self, answered: Answered) {
        match answered {
            Answered::Host { crash: Some(_), .. } => self.reach(Situation::FrameRefusedByHost),
            Answered::Esp { says_hello: true, .. } => self.reach(Situation::FrameRefusedByEsp),
            Answered::Host { .. } | Answered::Esp { .. } => {}
        }
    }

    #[cold]
    fn fault_bit(&mut self, index: usize) {
        let fault = self.watch.faults.get_mut(index).and_then(Option::take);
        if let Some((row, states)) = fault {
            self.counts.mark(Mark::Bit(row));
            self.matrix.add(row, states);
        }
    }
}

impl AddAssign<&Self> for Marks {
    fn add_assign(&mut self, other: &Self) {
        for (count, more) in self.counts.0.iter_mut().zip(other.counts.0) {
            *count = count.saturating_add(more);
        }
        self.matrix += &other.matrix;
    }
}

impl Observer for Marks {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        self.watch_wires(now, observation);
        let watch = &mut self.watch;
        match *observation {
            Observation::ToBroker { connection, bytes } => {
                self.bytes_at_broker(connection.0, bytes);
            }
            Observation::ToDevice { connection, bytes } => {
                self.bytes_at_device(connection.0, bytes);
            }
            Observation::Told(event) => self.told(&event),
            Observation::Published { ticket, qos, .. } if qos != QoS::AtMostOnce => {
                watch.device.publish(ticket);
            }
            Observation::PublishRefused { error: PublishError::OutboxFull, .. } => {
                self.reach(Situation::OutboxFull);
            }
            Observation::SubscribeAsked { .. } => watch.device.asked += 1,
            Observation::SaidOfItself { .. } => self.reach(Situation::Compared),
            Observation::Holds(is_held) => self.holds(now, is_held),
            Observation::ShutDownAsked => watch.is_shutting_down = true,
            Observation::Asked(Action::LeaveWifi) => {
                watch.left_wifi |= watch.is_associated && !watch.is_shutting_down;
            }
            Observation::Wifi(is_up) => self.wifi(is_up),
            Observation::Opening { connection } => watch.device.open(connection.0),
            Observation::SessionExpired => self.reach(Situation::SessionExpired),
            Observation::MessageExpired { .. } => self.expired(),
            Observation::BrokerDown(true) => watch.broker_was_down = true,
            Observation::WitnessReceived { topic: WILL_TOPIC, payload: WILL_PAYLOAD, .. } => {
                self.reach(Situation::WillPublished);
            }
            Observation::FrameLost { partly_sent: true, .. } => self.reach(Situation::FrameCut),
            Observation::ResetLine { cause: ResetCause::Watchdog } => {
                self.reach(Situation::WatchdogReset);
            }
            Observation::ResetLine { cause: ResetCause::StartUpOverdue } => {
                self.reach(Situation::StartUpReset);
            }
            Observation::BoardDown { part, loss } => {
                if loss == BoardLoss::Ended {
                    self.reach(Situation::RestartedInGoodOrder);
                }
                self.board_down(part);
            }
            Observation::ClientState(state) => watch.device.is_in(state),
            Observation::FaultBegan { index, fault } => self.fault_began(index, fault.kind),
            Observation::FaultBit { index } => self.fault_bit(index),
            Observation::Intruded { is_unchanged: true, .. } => {
                self.reach(Situation::LateInputIgnored);
            }
            Observation::StateDamaged { is_taken, .. } => self.reach(match is_taken {
                true => Situation::DamagedStateTaken,
                false => Situation::DamagedStateRefused,
            }),
            Observation::SizeTried { refused: Some(_), .. } => self.reach(Situation::SizeRefused),
            Observation::FrameTried { answered, .. } => self.tried(answered),
            _ => {}
        }
    }
}
