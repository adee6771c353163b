//! How the models of the engines differ on purpose.

/// A difference of the models, known and accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KnownDifference {
    /// Delays, chopping, pauses and boots are drawn by each engine for itself, and one of them counts
    /// in ticks. Times are not compared.
    Times,
    /// The event world's boards have clocks that run fast or slow; turmoil's hosts have one clock.
    Clocks,
    /// The event world's client joins a network and is told when it is gone; the tokio adapter leaves
    /// that to its operating system, and an outage is silence to it.
    WifiIsTold,
    /// An application that takes no messages makes the event world's client hold at once; the tokio
    /// client holds once the queue of a subscription, which has one place here, is full.
    HoldsWhenFull,
    /// A connection ended while a message was not acknowledged: where exactly it was cut decides
    /// whether the message comes once more. Each connection that ended at the broker explains one copy.
    Repeated,
    /// A QoS 0 message on its way when something went wrong may be lost, or not; so may one that was in
    /// an outbox when that became full. Explained is the loss of a message in the run in which
    /// something was wrong from its publication to ten seconds after it was sent.
    AtMostOnce,
    /// The board lost power before the message had an outcome, before it had its clean slate, before it had
    /// shut down as its application asked, or while it was off anyway: how far it had come depends on the
    /// instant. Each loss of power explains one clean slate less, one life or shutdown less, and the messages
    /// that it left without an outcome.
    PowerLost,
    /// When the message was published for the device, no subscription of its session was for it with QoS 1,
    /// or that session ended before it was told: the broker owes nothing.
    NotOwed,
    /// turmoil's witness is a client across a network, which sends again what it has no PUBACK for; the
    /// event world's witness lives in the broker's machine. Each stop of the broker explains one
    /// publication more.
    WitnessRepeats,
    /// A clean connection was lost before the device knew that it had it, or each of its sessions is
    /// clean: the next one begins another session. Each connection that was lost for a reason explains
    /// one session more.
    ConnectionsMade,
    /// What makes a session begin came so soon after or before something else that does, that one
    /// session began for both: the broker was made to forget what it had forgotten, or what a clean slate
    /// was about to end; the board lost its power before it had its sessions. Each such fault of the run
    /// with fewer sessions explains one session less, each such loss of power those of that life.
    NothingToForget,
    /// In MQTT 5 a session ends when the device is away for too long, and how long it is away depends on
    /// when its attempts come. Each session that expired explains one session more.
    SessionExpired,
    /// The application gave a publication up, or gave it a deadline: how far it had come by then depends
    /// on the instant. Explained is what became of a message that was given up for that reason, in the
    /// run in which it was.
    Withdrawn,
    /// The application shut its device down: what had no outcome by then is given up, and how far it had
    /// come depends on the instant. Explained is what became of a message that was given up for that reason
    /// during a shutdown, in the run in which it was.
    ShutDown,
    /// The application wanted something else of a topic filter before the broker had answered, or its program
    /// ended. Each wish that was overtaken or cut off so, while something was wrong or soon after it came,
    /// explains one answer less in the run in which it was; one that was cut off also, that the wishes after
    /// it are counted from another one.
    Overtaken,
    /// A broker that refuses publications for a while (MQTT 5) refuses those that arrive in that time.
    /// Explained is the outcome of a message that the broker refused in the run in which it was given up.
    Refused,
    /// A message whose interval (MQTT 5) is over is not carried any further: how far it had come by then
    /// depends on the instant. Explained is what became of a publication that was given up for that reason,
    /// in the run in which it was, and that a message for the device was not told in the run in which the
    /// broker let as many copies of it expire as it owed.
    MessageExpired,
}

impl KnownDifference {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Times,
        Self::Clocks,
        Self::WifiIsTold,
        Self::HoldsWhenFull,
        Self::Repeated,
        Self::AtMostOnce,
        Self::PowerLost,
        Self::NotOwed,
        Self::WitnessRepeats,
        Self::ConnectionsMade,
        Self::NothingToForget,
        Self::SessionExpired,
        Self::Withdrawn,
        Self::ShutDown,
        Self::Overtaken,
        Self::Refused,
        Self::MessageExpired,
    ];

    /// Its name in results.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Times => "times",
            Self::Clocks => "clocks",
            Self::WifiIsTold => "wifi-is-told",
            Self::HoldsWhenFull => "holds-when-full",
            Self::Repeated => "repeated",
            Self::AtMostOnce => "at-most-once",
            Self::PowerLost => "power-lost",
            Self::NotOwed => "not-owed",
            Self::WitnessRepeats => "witness-repeats",
            Self::ConnectionsMade => "connections-made",
            Self::NothingToForget => "nothing-to-forget",
            Self::SessionExpired => "session-expired",
            Self::Withdrawn => "withdrawn",
            Self::ShutDown => "shut-down",
            Self::Overtaken => "overtaken",
            Self::Refused => "refused",
            Self::MessageExpired => "message-expired",
        }
    }

    /// Whether it can change a fact that is compared; the others change times alone.
    #[must_use]
    pub const fn changes_facts(self) -> bool {
        !matches!(self, Self::Times | Self::Clocks | Self::WifiIsTold | Self::HoldsWhenFull)
    }
}
