//! What a sweep must have reached at least once.

use super::row::FaultRow;

/// Something worth reaching.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A fault of this kind hurt somebody.
    Bit(FaultRow),
    /// A situation came about.
    Reached(Situation),
}

/// A situation that tests something only if it really comes about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Situation {
    /// The board with the client lost its memory while the broker had a PUBLISH whose PUBACK had
    /// not arrived.
    CrashBeforePuback,
    /// The ESP8266 lost its memory with QoS 1 messages that the host had not released.
    CrashWithUnreleased,
    /// The session was still there after the broker had been down.
    SessionSurvivedBroker,
    /// The session was lost while publications were without acknowledgement.
    SessionLostWithUnacknowledged,
    /// The session was present after a CONNECT whose answer never came.
    SessionOfUnansweredConnect,
    /// A PUBLISH came with DUP.
    Redelivered,
    /// A frame was cut in the middle.
    FrameCut,
    /// A subscription was made again without the application's doing.
    SubscriptionRenewed,
    /// The broker refused a subscription, and the application was told.
    SubscriptionRefused,
    /// A publication found the outbox full.
    OutboxFull,
    /// As many publications as allowed were under way.
    WindowFull,
    /// The application took no messages for longer than keep alive.
    HeldBeyondKeepAlive,
    /// The client reconnected after the broker broke the protocol.
    MalformedThenConnected,
    /// A dead connection was found out by its silence.
    SilenceDetected,
    /// The network was left and joined again because TCP did not get through.
    WifiRejoined,
    /// The session of an earlier life was wiped.
    CleanSlate,
    /// The will was published.
    WillPublished,
    /// All messages of a backlog were told to the application.
    BacklogDrained,
    /// The watchdog reset the ESP8266.
    WatchdogReset,
    /// The ESP8266 was reset because its start took too long.
    StartUpReset,
    /// The link came back, and the ESP8266 had kept its connection.
    LinkResumed,
    /// Messages were shed to get at acknowledgements behind them.
    Shed,
    /// A second PUBACK for the same publication arrived.
    PubackDoubled,
    /// The broker lived, left something unanswered, and was left.
    AcknowledgementsOverdue,
    /// A board was lost while an edge on the wires had not been looked at.
    CutMidBit,
    /// A board was lost while a frame was on the wires: its first bit had left, its last cannot have.
    CutMidFrame,
    /// A board was lost while the two ends looked for each other.
    CutMidSync,
    /// A glitch on a wire was seen by a board while the two ends looked for each other.
    GlitchDuringSync,
    /// A frame with a wrong checksum was sent again, and a frame arrived, all in one link session.
    FrameRepaired,
    /// The link took no frame, because the other end's program took none.
    CreditStop,
    /// A wire that did not follow ended a link session.
    StuckWireEndedSession,
    /// The host had run for a minute before the ESP8266 started, and they met.
    HostStartedFirst,
    /// The same the other way round.
    EspStartedFirst,
    /// A firmware that speaks the other mode of the link was found at the other end of the wires.
    PeerOfOtherMode,
    /// The same, but it speaks another version of this mode.
    PeerOfOtherVersion,
    /// The broker said DISCONNECT while publications were without acknowledgement (MQTT 5).
    DisconnectInFlight,
    /// As many publications were under way as the broker takes, and the window was larger (MQTT 5).
    ReceiveMaximumReached,
    /// A topic alias stood for its topic on a later connection than the first that had some (MQTT 5).
    AliasAfterReconnect,
    /// A message expired while the device was away (MQTT 5).
    ExpiryDuringOutage,
    /// The session expired while the device was away (MQTT 5).
    SessionExpired,
    /// The application gave up a publication while some waited for their PUBACK.
    CancelledUnderWay,
    /// A publication was given up because its deadline had come.
    DeadlineCame,
    /// The application ended a subscription, and was told so.
    SubscriptionEnded,
    /// The device was shut down by its application, and its program started anew.
    RestartedInGoodOrder,
    /// The device was compared with what had been seen of it.
    Compared,
    /// The time server's answer reached the application.
    TimeTold,
    /// The application was asked whether a network may be joined.
    NetworkAsked,
    /// A message was larger than the device has memory for, and the application was told so.
    TooLargeTold,
    /// A message with QoS 2 went all its way, from PUBLISH to PUBCOMP.
    Qos2Completed,
    /// A copy of a machine got an input that concerned nothing, and did not change.
    LateInputIgnored,
    /// No machine could be made of a damaged state.
    DamagedStateRefused,
    /// A machine was made of a damaged state, and rested.
    DamagedStateTaken,
    /// A publication or a topic filter was too large, and was refused.
    SizeRefused,
    /// A frame had its host's copy reset the ESP8266.
    FrameRefusedByHost,
    /// A frame had its ESP8266's copy start over.
    FrameRefusedByEsp,
}

impl Situation {
    /// How many there are.
    pub const COUNT: usize = 55;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::CrashBeforePuback,
        Self::CrashWithUnreleased,
        Self::SessionSurvivedBroker,
        Self::SessionLostWithUnacknowledged,
        Self::SessionOfUnansweredConnect,
        Self::Redelivered,
        Self::FrameCut,
        Self::SubscriptionRenewed,
        Self::SubscriptionRefused,
        Self::OutboxFull,
        Self::WindowFull,
        Self::HeldBeyondKeepAlive,
        Self::MalformedThenConnected,
        Self::SilenceDetected,
        Self::WifiRejoined,
        Self::CleanSlate,
        Self::WillPublished,
        Self::BacklogDrained,
        Self::WatchdogReset,
        Self::StartUpReset,
        Self::LinkResumed,
        Self::Shed,
        Self::PubackDoubled,
        Self::AcknowledgementsOverdue,
        Self::CutMidBit,
        Self::CutMidFrame,
        Self::CutMidSync,
        Self::GlitchDuringSync,
        Self::FrameRepaired,
        Self::CreditStop,
        Self::StuckWireEndedSession,
        Self::HostStartedFirst,
        Self::EspStartedFirst,
        Self::PeerOfOtherMode,
        Self::PeerOfOtherVersion,
        Self::DisconnectInFlight,
        Self::ReceiveMaximumReached,
        Self::AliasAfterReconnect,
        Self::ExpiryDuringOutage,
        Self::SessionExpired,
        Self::CancelledUnderWay,
        Self::DeadlineCame,
        Self::SubscriptionEnded,
        Self::RestartedInGoodOrder,
        Self::Compared,
        Self::TimeTold,
        Self::NetworkAsked,
        Self::TooLargeTold,
        Self::Qos2Completed,
        Self::LateInputIgnored,
        Self::DamagedStateRefused,
        Self::DamagedStateTaken,
        Self::SizeRefused,
        Self::FrameRefusedByHost,
        Self::FrameRefusedByEsp,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::CrashBeforePuback => "crash-before-puback",
            Self::CrashWithUnreleased => "crash-with-unreleased",
            Self::SessionSurvivedBroker => "session-survived-broker",
            Self::SessionLostWithUnacknowledged => "session-lost-with-unacknowledged",
            Self::SessionOfUnansweredConnect => "session-of-unanswered-connect",
            Self::Redelivered => "redelivered",
            Self::FrameCut => "frame-cut",
            Self::SubscriptionRenewed => "subscription-renewed",
            Self::SubscriptionRefused => "subscription-refused",
            Self::OutboxFull => "outbox-full",
            Self::WindowFull => "window-full",
            Self::HeldBeyondKeepAlive => "held-beyond-keep-alive",
            Self::MalformedThenConnected => "malformed-then-connected",
            Self::SilenceDetected => "silence-detected",
            Self::WifiRejoined => "wifi-rejoined",
            Self::CleanSlate => "clean-slate",
            Self::WillPublished => "will-published",
            Self::BacklogDrained => "backlog-drained",
            Self::WatchdogReset => "watchdog-reset",
            Self::StartUpReset => "start-up-reset",
            Self::LinkResumed => "link-resumed",
            Self::Shed => "shed",
            Self::PubackDoubled => "puback-doubled",
            Self::AcknowledgementsOverdue => "acknowledgements-overdue",
            Self::CutMidBit => "cut-mid-bit",
            Self::CutMidFrame => "cut-mid-frame",
            Self::CutMidSync => "cut-mid-sync",
            Self::GlitchDuringSync => "glitch-during-sync",
            Self::FrameRepaired => "frame-repaired",
            Self::CreditStop => "credit-stop",
            Self::StuckWireEndedSession => "stuck-wire-ended-session",
            Self::HostStartedFirst => "host-started-first",
            Self::EspStartedFirst => "esp-started-first",
            Self::PeerOfOtherMode => "peer-of-other-mode",
            Self::PeerOfOtherVersion => "peer-of-other-version",
            Self::DisconnectInFlight => "disconnect-in-flight",
            Self::ReceiveMaximumReached => "receive-maximum-reached",
            Self::AliasAfterReconnect => "alias-after-reconnect",
            Self::ExpiryDuringOutage => "expiry-during-outage",
            Self::SessionExpired => "session-expired",
            Self::CancelledUnderWay => "cancelled-under-way",
            Self::DeadlineCame => "deadline-came",
            Self::SubscriptionEnded => "subscription-ended",
            Self::RestartedInGoodOrder => "restarted-in-good-order",
            Self::Compared => "compared",
            Self::TimeTold => "time-told",
            Self::NetworkAsked => "network-asked",
            Self::TooLargeTold => "message-too-large-told",
            Self::Qos2Completed => "qos-2-completed",
            Self::LateInputIgnored => "late-input-ignored",
            Self::DamagedStateRefused => "damaged-state-refused",
            Self::DamagedStateTaken => "damaged-state-taken",
            Self::SizeRefused => "size-refused",
            Self::FrameRefusedByHost => "frame-refused-by-host",
            Self::FrameRefusedByEsp => "frame-refused-by-esp",
        }
    }

    const fn needs_bridge(self) -> bool {
        matches!(
            self,
            Self::CrashWithUnreleased
                | Self::FrameCut
                | Self::WatchdogReset
                | Self::StartUpReset
                | Self::LinkResumed
                | Self::TimeTold
                | Self::NetworkAsked
                | Self::FrameRefusedByHost
                | Self::FrameRefusedByEsp
        ) || self.needs_wires()
    }

    /// True for what takes the machines themselves, with no adapter around them.
    #[must_use]
    pub const fn needs_machines(self) -> bool {
        matches!(self, Self::WifiRejoined) || self as u8 >= Self::LateInputIgnored as u8
    }

    const fn needs_wires(self) -> bool {
        let place = self as u8;
        place >= Self::CutMidBit as u8 && place <= Self::PeerOfOtherVersion as u8
    }

    const fn needs_mqtt5(self) -> bool {
        let place = self as u8;
        place >= Self::DisconnectInFlight as u8 && place <= Self::SessionExpired as u8
    }
}

impl Mark {
    /// How many there are.
    pub const COUNT: usize = FaultRow::COUNT + Situation::COUNT;

    /// All of them, in order: faults first.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::Reached(Situation::CrashBeforePuback); Self::COUNT];
        let mut place = 0;
        while place < Self::COUNT {
            all[place] = if place < FaultRow::COUNT {
                Self::Bit(FaultRow::ALL[place])
            } else {
                Self::Reached(Situation::ALL[place - FaultRow::COUNT])
            };
            place += 1;
        }
        all
    };

    /// Its place in [`Mark::ALL`], from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Bit(row) => row.index(),
            Self::Reached(situation) => FaultRow::COUNT + situation as usize,
        }
    }

    /// Its name in tables, in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bit(row) => row.name(),
            Self::Reached(situation) => situation.name(),
        }
    }

    /// The mark of this [name](Self::name).
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mark| mark.name() == name)
    }

    /// True for what takes a link that is simulated edge by edge.
    #[must_use]
    pub const fn needs_wires(self) -> bool {
        match self {
            Self::Bit(row) => row.kind().needs_wires(),
            Self::Reached(situation) => situation.needs_wires(),
        }
    }

    /// True for what only MQTT 5 has.
    #[must_use]
    pub const fn needs_mqtt5(self) -> bool {
        match self {
            Self::Bit(row) => row.kind().needs_mqtt5(),
            Self::Reached(situation) => situation.needs_mqtt5(),
        }
    }

    /// True for what takes an ESP8266 and a link.
    #[must_use]
    pub const fn needs_bridge(self) -> bool {
        match self {
            Self::Bit(row) => row.kind().needs_bridge(),
            Self::Reached(situation) => situation.needs_bridge(),
        }
    }
}
