//! The messages between the emulated board and its coordinator: `targets/esp8266/EMULATION.md` in
//! types.

use std::io::{self, Read, Write};

/// The version that this coordinator speaks.
pub const VERSION: u32 = 1;
/// Bytes of a message before its payload, in both directions.
const HEADER_BYTES: usize = 16;
const STEADY_UNIT_NS: u64 = 100;

/// What the board says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// What it is.
    pub kind: Kind,
    /// Which connection it is about, 0 for none.
    pub connection: u8,
    /// A number whose meaning depends on the kind.
    pub argument: u32,
    /// Nanoseconds since the board started.
    pub at_ns: u64,
    /// Bytes whose meaning depends on the kind.
    pub payload: Vec<u8>,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// What a message of the board is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Kind { $($(#[$doc])* $name = $number,)* }

        impl Kind {
            fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// The board started; the argument is the version of its protocol.
    Boot = 1,
    /// Its pins changed: levels in the lower half of the argument, which are driven in the upper.
    Pins = 2,
    /// Join a network: name, 0, password.
    Join = 16,
    /// Leave it.
    Leave = 17,
    /// Ask for the address of a name.
    Resolve = 18,
    /// Open a connection to an address (4 bytes); the argument is the port.
    Open = 19,
    /// Send these bytes.
    Send = 20,
    /// Close after what was sent.
    Close = 21,
    /// Break off.
    Abort = 22,
    /// As many more bytes may be delivered as the argument says.
    Credit = 23,
    /// A datagram to an address (4 bytes); the argument is the port.
    Datagram = 24,
    /// A line of the log.
    Text = 32,
    /// The answer to [`Event::ReportStack`]: bytes that were ever used; the payload is how many
    /// there are.
    Stack = 33,
    /// The firmware broke this rule of the SDK. It ends.
    RuleBroken = 34,
    /// A panic, called from the address in the argument. It ends.
    Panicked = 35,
    /// It wants to be started again. It ends.
    Restart = 36,
    /// What do the pins show? It waits for an answer.
    Read = 64,
    /// Wait for the microseconds in the argument, or until something happens. It waits for an
    /// answer.
    Wait = 65,
}

/// What happens at the board. One at a time is told, in the answer to [`Kind::Wait`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The network is joined, with an address.
    WifiUp,
    /// It is lost or could not be joined, for an IEEE 802.11 reason.
    WifiDown(u8),
    /// Where the board's random numbers begin.
    Seed(u64),
    /// The address of the name that was asked for, if it has one.
    Resolved(Option<[u8; 4]>),
    /// The connection is open.
    Opened(u8),
    /// It could not be opened, or failed, with an error of the SDK.
    Failed(u8, i8),
    /// Bytes arrived.
    Received(u8, Vec<u8>),
    /// What was sent was acknowledged.
    Sent(u8),
    /// The connection is closed.
    Closed(u8),
    /// A datagram came.
    Datagram(Vec<u8>),
    /// How much stack was used?
    ReportStack,
    /// The emulation ends.
    Exit,
}

impl Event {
    fn kind(&self) -> u8 {
        match self {
            Self::WifiUp => 1,
            Self::WifiDown(_) => 2,
            Self::Seed(_) => 3,
            Self::Resolved(_) => 16,
            Self::Opened(_) => 17,
            Self::Failed(..) => 18,
            Self::Received(..) => 19,
            Self::Sent(_) => 20,
            Self::Closed(_) => 21,
            Self::Datagram(_) => 22,
            Self::ReportStack => 32,
            Self::Exit => 33,
        }
    }

    fn connection(&self) -> u8 {
        match self {
            Self::Opened(connection)
            | Self::Failed(connection, _)
            | Self::Received(connection, _)
            | Self::Sent(connection)
            | Self::Closed(connection) => *connection,
            _ => 0,
        }
    }

    fn payload(&self) -> Vec<u8> {
        match self {
            Self::WifiDown(reason) => vec![*reason],
            Self::Seed(seed) => seed.to_le_bytes().to_vec(),
            Self::Resolved(address) => address.map_or(Vec::new(), |address| address.to_vec()),
            Self::Failed(_, error) => error.to_le_bytes().to_vec(),
            Self::Received(_, bytes) | Self::Datagram(bytes) => bytes.clone(),
            _ => Vec::new(),
        }
    }
}

/// The answer to [`Kind::Read`] or [`Kind::Wait`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What happened. Nothing but this to [`Kind::Read`].
    pub event: Option<Event>,
    /// The levels of GPIO 0 to 15.
    pub levels: u16,
    /// Nanoseconds that the board waited: its clock is moved by them.
    pub waited_ns: u64,
    /// Nanoseconds for which the levels stay, unless the board changes what it drives. 0 is always
    /// right; more saves questions.
    pub steady_ns: u64,
}

impl Message {
    /// Reads the next message.
    ///
    /// # Errors
    /// The board is gone (`UnexpectedEof`), or says what the protocol does not have.
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut header = [0; HEADER_BYTES];
        from.read_exact(&mut header)?;
        let [number, connection, s0, s1, a0, a1, a2, a3, at @ ..] = header;
        let kind = Kind::from_number(number).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("a message of kind {number}"))
        })?;
        let mut payload = vec![0; usize::from(u16::from_le_bytes([s0, s1]))];
        from.read_exact(&mut payload)?;
        let argument = u32::from_le_bytes([a0, a1, a2, a3]);
        Ok(Self { kind, connection, argument, at_ns: u64::from_le_bytes(at), payload })
    }
}

impl Answer {
    /// The bytes of the answer.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let payload = self.event.as_ref().map_or_else(Vec::new, Event::payload);
        let size = u16::try_from(payload.len()).expect("a payload is one segment at most");
        let mut bytes = vec![
            self.event.as_ref().map_or(0, Event::kind),
            self.event.as_ref().map_or(0, Event::connection),
        ];
        bytes.extend(size.to_le_bytes());
        bytes.extend(self.levels.to_le_bytes());
        let steady = u16::try_from(self.steady_ns / STEADY_UNIT_NS).unwrap_or(u16::MAX);
        bytes.extend(steady.to_le_bytes());
        bytes.extend(self.waited_ns.to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    /// Writes the answer.
    ///
    /// # Errors
    /// The board is gone.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&self.encode())
    }
}
