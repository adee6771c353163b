//! Which faults are at work, and what they excuse.

use fivewire_core::time::Instant;

use crate::fault::FaultKind;

/// Where nothing was wrong for so long, in milliseconds, all that was is over: nothing is stuck on its way.
pub(super) const CALM_MS: u32 = 20_000;

/// What a fault can disturb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// Nothing: it only makes work. A client must cope without losing a connection.
    Load,
    /// The host polls nothing; the network is as good as ever.
    Host,
    /// The network or the broker.
    Network,
    /// A board or the link between them.
    Board,
}

impl Trouble {
    pub(super) const fn of(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Backlog { .. }
            | FaultKind::AppHolds
            | FaultKind::AppBurst { .. }
            | FaultKind::PublicationsRefused { .. }
            | FaultKind::QosExceeded => Self::Load,
            FaultKind::HostBusy => Self::Host,
            FaultKind::HostReset => Self::Board,
            _ if kind.needs_bridge() => Self::Board,
            _ => Self::Network,
        }
    }

    /// It may end a connection, or make one useless.
    pub(super) const fn harms_connections(self) -> bool {
        matches!(self, Self::Network | Self::Board)
    }
}

/// The broker itself stops, hangs or is cut off from the witness's view of time.
pub(super) const fn stops_broker(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::BrokerRestart { .. }
            | FaultKind::BrokerCrash { .. }
            | FaultKind::BrokerHang
            | FaultKind::SessionLost
    )
}

/// The faults at work now.
#[derive(Default, Debug)]
pub(super) struct Weather {
    active: u32,
    active_harmful: u32,
    active_board: u32,
    active_overflow: u32,
    active_broker: u32,
    /// Goes up with everything that may hurt a connection or keep the host from hearing of it.
    pub(super) troubles: u32,
    /// The last time a fault began, bit or ended, except those that are load only.
    last_trouble: Instant,
    /// The broker doubles its acknowledgements, or did so before: some clients call that a breach.
    pub(super) acknowledgements_doubled: bool,
}

impl Weather {
    /// Nobody knows what the network and the broker do: they are excused, whatever becomes of a
    /// connection.
    pub(super) fn unknown() -> Self {
        Self { active: 1, active_harmful: 1, acknowledgements_doubled: true, ..Self::default() }
    }

    pub(super) fn began(&mut self, now: Instant, kind: FaultKind) {
        self.acknowledgements_doubled |= kind == FaultKind::AcksDoubled;
        self.disturbed(now, kind);
        if !kind.is_instant() {
            self.count(kind, 1);
        }
    }

    pub(super) fn bit(&mut self, now: Instant, kind: FaultKind) {
        self.disturbed(now, kind);
    }

    pub(super) fn ended(&mut self, now: Instant, kind: FaultKind) {
        self.disturbed(now, kind);
        self.count(kind, -1);
    }

    /// A board went down, the broker stopped: trouble, whatever the schedule calls it.
    pub(super) const fn strike(&mut self, now: Instant) {
        self.troubles += 1;
        self.last_trouble = now;
    }

    /// Nothing that may end a connection is at work.
    pub(super) const fn spares_connections(&self) -> bool {
        self.active_harmful == 0
    }

    /// Nothing that may reset or silence the ESP8266 is at work.
    pub(super) const fn spares_boards(&self) -> bool {
        self.active_board == 0
    }

    /// The broker's process does its work.
    pub(super) const fn lets_broker_work(&self) -> bool {
        self.active_broker == 0
    }

    /// The ESP8266's receive buffers are small on purpose.
    pub(super) const fn makes_buffers_small(&self) -> bool {
        self.active_overflow > 0
    }

    /// All faults are over.
    pub(super) const fn clear_up(&mut self, now: Instant) {
        self.active = 0;
        self.active_harmful = 0;
        self.active_board = 0;
        self.active_overflow = 0;
        self.active_broker = 0;
        self.last_trouble = now;
    }

    /// Since when all is well, `None` while something is at work.
    pub(super) fn calm_since(&self) -> Option<Instant> {
        (self.active == 0).then_some(self.last_trouble)
    }

    /// At that time all had been well for longer than so many milliseconds, and it still is.
    pub(super) fn was_calm(&self, at: Instant, ms: u32) -> bool {
        self.calm_since().is_some_and(|since| at > since.plus_ms(ms))
    }

    fn disturbed(&mut self, now: Instant, kind: FaultKind) {
        if Trouble::of(kind) != Trouble::Load {
            self.strike(now);
        }
    }

    fn count(&mut self, kind: FaultKind, change: i32) {
        let trouble = Trouble::of(kind);
        if trouble != Trouble::Load {
            self.active = self.active.saturating_add_signed(change);
        }
        if trouble.harms_connections() {
            self.active_harmful = self.active_harmful.saturating_add_signed(change);
        }
        if trouble == Trouble::Board {
            self.active_board = self.active_board.saturating_add_signed(change);
        }
        if stops_broker(kind) {
            self.active_broker = self.active_broker.saturating_add_signed(change);
        }
        if kind == FaultKind::EspReceiveOverflow {
            self.active_overflow = self.active_overflow.saturating_add_signed(change);
        }
    }
}
