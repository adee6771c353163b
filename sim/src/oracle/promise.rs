//! The promises by name, and what they rest on.

/// A promise of the design, P1 to P12, or what they rest on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Promise {
    /// Published at least once.
    P1,
    /// In order.
    P2,
    /// Duplicates are bounded.
    P3,
    /// Subscriptions come back.
    P4,
    /// Received at least once, end to end.
    P5,
    /// It converges.
    P6,
    /// Nothing is dropped in silence.
    P7,
    /// The watchdog is exact.
    P8,
    /// No boot loop, and withheld reading hurts nobody.
    P9,
    /// The will is told, keep alive is kept.
    P10,
    /// One seed, one run.
    P11,
    /// Bad input is an event, never a panic.
    P12,
    /// What the link promises to the ends of the bridge, where it is simulated edge by edge.
    Link,
}

impl Promise {
    /// How many there are.
    pub const COUNT: usize = 13;

    /// All of them, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::P1,
        Self::P2,
        Self::P3,
        Self::P4,
        Self::P5,
        Self::P6,
        Self::P7,
        Self::P8,
        Self::P9,
        Self::P10,
        Self::P11,
        Self::P12,
        Self::Link,
    ];

    /// Its place in [`Promise::ALL`], from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// True for what is judged only where there is an ESP8266.
    #[must_use]
    pub const fn needs_bridge(self) -> bool {
        matches!(self, Self::P8 | Self::Link)
    }

    /// True for what is judged only where the link is simulated edge by edge.
    #[must_use]
    pub const fn needs_wires(self) -> bool {
        matches!(self, Self::Link)
    }

    /// Its name in documents and failure messages, such as `"P1"`.
    #[must_use]
    pub const fn id(self) -> &'static str {
        const IDS: [&str; Promise::COUNT] =
            ["P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "link"];
        IDS[self.index()]
    }

    /// What is promised, in one sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::P1 => {
                "every QoS 1 publication reaches the broker unchanged, and its ticket ends in exactly one outcome"
            }
            Self::P2 => "first arrivals of QoS 1 messages on one topic are in publish order",
            Self::P3 => {
                "a message is repeated only on a fresh connection, as itself, in order, and no more often than connections ended"
            }
            Self::P4 => {
                "every subscription is active again after a fault, and a refusal is told once"
            }
            Self::P5 => {
                "a QoS 1 message is acknowledged to the broker only once the application owns it"
            }
            Self::P6 => {
                "after the last fault the client is connected and its queues are empty within the bound"
            }
            Self::P7 => "nothing is dropped in silence",
            Self::P8 => {
                "the ESP8266 is reset exactly when its command layer has been silent for the timeout"
            }
            Self::P9 => {
                "no backlog resets a board, and a client that withholds reading still pings and still gets its acknowledgements"
            }
            Self::P10 => {
                "the will is registered and told, DISCONNECT only says goodbye, keep alive is kept"
            }
            Self::P11 => "one seed is one run",
            Self::P12 => {
                "malformed bytes end a connection with the clause named, and the next one works"
            }
            Self::Link => "within one link session every frame arrives whole, once and in order",
        }
    }
}

impl std::fmt::Display for Promise {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.id(), self.sentence())
    }
}
