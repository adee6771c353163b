//! Bugs planted on purpose, to prove that the simulator would see them.
//!
//! Without the feature `planted` a [`Planted`] has no size and holds nothing, so every
//! `planted.has(..)` is `false` at compile time and the bug is not in the binary. Only the
//! package `fivewire-planted` switches the feature on.

/// True where bugs can be planted. Nothing that people run may be built like this.
pub const ENABLED: bool = cfg!(feature = "planted");

/// A known bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Bug {
    /// A redelivered PUBLISH lacks DUP [MQTT-3.3.1-1].
    DupNotSet,
    /// A redelivered PUBLISH gets a fresh packet identifier [MQTT-2.3.1-3].
    FreshIdentifier,
    /// Redelivery happens on the same connection, while the PUBACK may be on its way.
    ResendOnSameConnection,
    /// The broker gets its PUBACK before the host owns the message.
    PubackBeforeHost,
    /// What was in flight when the ESP8266 crashed is reported as acknowledged.
    InFlightLostAtCrash,
    /// Subscriptions are not renewed when session present is 0.
    NoResubscription,
    /// Each subscription is renewed twice.
    ResubscribedTwice,
    /// The host compares a message's topic with the filter letter by letter.
    WildcardLiteral,
    /// Every publication is retained.
    RetainAlwaysSet,
    /// Any PUBACK acknowledges the oldest publication.
    AckMatchesOldest,
    /// Any PUBACK is taken for a sign that what is owed since before it will come.
    AnyAckIsProgress,
    /// No PINGREQ is ever sent.
    KeepAliveNeverSent,
    /// A full outbox swallows a publication and says it was queued.
    OverflowSilent,
    /// Nobody is told that an outbox that was full has room again.
    RoomUntold,
    /// Pauses between attempts grow without limit.
    BackoffUnbounded,
    /// Reading that the client itself withholds counts as silence of the broker.
    HoldIsSilence,
    /// A refused subscription is asked for again and again.
    RefusalRetried,
    /// The clean-slate connect is done at each start of the ESP8266.
    CleanSlateEachBoot,
    /// The watchdog looks at the link's clock instead of the command task.
    WatchdogSeesClockOnly,
    /// The ESP8266 is reset once and, if it stays silent, never again.
    ResetOnce,
    /// The will is missing from every CONNECT but the first.
    WillOnFirstConnectOnly,
    /// New publications overtake those that are redelivered.
    NewBeforeRedelivered,
    /// The host names topics to an ESP8266 that started over as it did to the one before.
    TopicsKept,
    /// A publication's deadline is forgotten.
    DeadlineForgotten,
    /// The network is left after the first attempt that nobody answered.
    NetworkLeftEarly,
    /// The host that was shut down never says that it stopped.
    NeverStops,
    /// The answer of the time server is told twice.
    TimeToldTwice,
    /// A message that is too large is acknowledged, and nobody is told.
    TooLargeUntold,
    /// The end of a QoS 2 message is not confirmed to the broker [MQTT-4.3.3-2].
    PubcompForgotten,
    /// The link keeps the phase of its clock over a reset.
    LinkPhaseKept,
    /// The link takes a bit for the one beside it where a character or a payload begins.
    LinkOffsetWrong,
    /// The link delivers frames whatever their checksum.
    LinkCrcIgnored,
    /// The link delivers frames whatever their sequence number.
    LinkSequenceUnchecked,
    /// The link says HELLO once; in `syncom`, SYN never again once there was a session.
    LinkHelloOnce,
    /// The link acknowledges a frame that arrived damaged.
    LinkAckWrong,
    /// The link sends frames that the other end has no room for.
    LinkCreditIgnored,
    /// More publications are under way than the broker's receive maximum [MQTT5-3.3.4-7].
    ReceiveMaximumIgnored,
    /// Topic aliases keep their meaning over a reconnect [MQTT5-3.3.2-7].
    AliasesKept,
    /// A message expiry interval is sent as it was given, however long the message waited.
    ExpiryNotDecremented,
    /// A publication that the broker refused is sent again for ever [MQTT5-4.4.0-2].
    PublicationRefusalRetried,
    /// The ESP8266 takes what the broker refused, while the link was lost, for acknowledged.
    RefusalForgotten,
    /// The host loses the properties of messages.
    PropertiesLost,
    /// A DISCONNECT without a reason code is taken for the beginning of a longer packet.
    ZeroLengthDisconnect,
}

/// The bug in this machine, if any.
#[derive(Clone, Copy, Default, Debug)]
pub struct Planted {
    #[cfg(feature = "planted")]
    bug: Option<Bug>,
}

impl Planted {
    /// No bug.
    pub const NONE: Self = Self {
        #[cfg(feature = "planted")]
        bug: None,
    };

    /// A machine with `bug` in it.
    #[cfg(feature = "planted")]
    #[must_use]
    pub const fn with(bug: Bug) -> Self {
        Self { bug: Some(bug) }
    }

    #[cfg(feature = "planted")]
    pub(crate) fn has(self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    pub(crate) const fn has(self, _bug: Bug) -> bool {
        false
    }
}
