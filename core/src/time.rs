//! Time as an argument: no code in this crate reads a clock.

/// Microseconds since an arbitrary start, as counted by the board that calls.
///
/// Two machines never compare instants: each lives on its own board's clock, and those drift.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Instant(u64);

impl Instant {
    /// The start of counting.
    pub const ZERO: Self = Self(0);

    /// The instant `micros` µs after the start.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The instant `millis` ms after the start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// This instant plus `millis` ms. 584,000 years are not reached, so it saturates.
    #[must_use]
    pub const fn plus_ms(self, millis: u32) -> Self {
        Self(self.0.saturating_add(millis as u64 * 1_000))
    }

    /// This instant plus `micros` µs.
    #[must_use]
    pub(crate) const fn plus_us(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Microseconds from `earlier` to here, 0 if `earlier` is later.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What is left to wait for once a machine is drained.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// Call `handle` with `Timeout` at this instant, for this reason. Earlier is harmless; later is
    /// late.
    Until(Instant, Reason),
    /// Nothing is due: only new input can change anything.
    ForInput,
}

impl Wait {
    /// The sooner of two waits; the first where they tie.
    #[must_use]
    pub const fn sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::Until(a, _), Self::Until(b, _)) => {
                if a.0 <= b.0 {
                    self
                } else {
                    other
                }
            }
            (Self::Until(..), Self::ForInput) => self,
            (Self::ForInput, _) => other,
        }
    }

    /// The deadline has come.
    pub(crate) const fn is_over(self, now: Instant) -> bool {
        match self {
            Self::Until(at, _) => at.0 <= now.0,
            Self::ForInput => false,
        }
    }

    /// Waits for `deadline` if there is one.
    #[must_use]
    pub(crate) const fn until(deadline: Option<Instant>, reason: Reason) -> Self {
        match deadline {
            Some(at) => Self::Until(at, reason),
            None => Self::ForInput,
        }
    }
}

/// Why a machine wants to be woken. Timelines print it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// There is work left that did not fit into the calls so far.
    MoreWork,
    /// The WiFi join must be finished by now.
    JoinOverdue,
    /// The pause before the next WiFi join is over.
    JoinBackoff,
    /// The TCP connection must be open by now.
    OpenOverdue,
    /// The pause before the next TCP connection attempt is over.
    OpenBackoff,
    /// CONNACK must have arrived by now.
    ConnackOverdue,
    /// Nothing was sent for long enough that a PINGREQ is due [MQTT-3.1.2-23].
    PingDue,
    /// The broker was silent since a PINGREQ: it is taken for dead.
    PingrespOverdue,
    /// A PUBACK, SUBACK or UNSUBACK is overdue although the broker lives.
    AckOverdue,
    /// Outbound acknowledgements wait behind held messages for long enough that those are shed.
    ShedDue,
    /// A publication's deadline, set by the application, has come.
    Expiry,
    /// DISCONNECT must be flushed by now; the connection is closed anyway.
    DisconnectOverdue,
    /// The ESP8266 must have answered on the link by now.
    StartUpOverdue,
    /// The host looks whether the ESP8266's command task still lives.
    Watchdog,
    /// The ESP8266's command task tells the host that it lives.
    Heartbeat,
    /// The link's reset line has been low for long enough.
    ResetPulse,
    /// The end that was reset has had its time to start.
    Settling,
    /// The two ends of the link must have found each other by now.
    SyncOverdue,
    /// The other end of the link must have made an edge by now.
    EdgeOverdue,
    /// A link with nothing to say makes its next edge.
    IdleStep,
    /// A time server must have answered by now.
    TimeOverdue,
    /// A time server is to be asked (again).
    TimeDue,
}

impl Reason {
    /// The name shown in timelines, in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MoreWork => "more-work",
            Self::JoinOverdue => "join-overdue",
            Self::JoinBackoff => "join-backoff",
            Self::OpenOverdue => "open-overdue",
            Self::OpenBackoff => "open-backoff",
            Self::ConnackOverdue => "connack-overdue",
            Self::PingDue => "ping-due",
            Self::PingrespOverdue => "pingresp-overdue",
            Self::AckOverdue => "ack-overdue",
            Self::ShedDue => "shed-due",
            Self::Expiry => "expiry",
            Self::DisconnectOverdue => "disconnect-overdue",
            Self::StartUpOverdue => "start-up-overdue",
            Self::Watchdog => "watchdog",
            Self::Heartbeat => "heartbeat",
            Self::ResetPulse => "reset-pulse",
            Self::Settling => "settling",
            Self::SyncOverdue => "sync-overdue",
            Self::EdgeOverdue => "edge-overdue",
            Self::IdleStep => "idle-step",
            Self::TimeOverdue => "time-overdue",
            Self::TimeDue => "time-due",
        }
    }
}
