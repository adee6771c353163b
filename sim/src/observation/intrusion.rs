//! What is done to copies of machines that are in the middle of a run, and what they make of it.

use fivewire_core::bridge::host;
use fivewire_core::bridge::notice::Notice;
use fivewire_core::bridge::status::Status;
use fivewire_core::client;
use fivewire_core::event::ResetCause;

/// A copy of this machine, which stands like this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the machines are known")]
pub enum Copied {
    Client(client::State),
    Host(host::State),
    /// Where its client stands.
    Esp(client::State),
}

/// What it got. The network speaks to the client, or to the one of the ESP8266.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intrusion {
    /// No deadline has come.
    TimeOut,
    /// The network is joined.
    WifiUp,
    /// The network is lost.
    WifiDown,
    /// A connection is open.
    TcpOpened,
    /// A connection was refused.
    TcpFailed,
    /// A connection is closed.
    TcpClosed,
    /// Bytes arrived.
    Received,
    /// Bytes were sent.
    Sent,
    /// The transport takes bytes again.
    Writable,
    /// A datagram that answers nothing.
    Datagram,
    /// A frame, whatever is in it.
    Frame,
    /// The ESP8266 is to be reset.
    Reset,
    /// It is to start.
    Start,
    /// A ticket that was never given is cancelled.
    Cancel,
    /// A delivery that was never told is released.
    Release,
    /// The broker is to be asked for a sign of life.
    Probe,
    /// A publication to no topic.
    PublishNowhere,
    /// A subscription with a filter that is none.
    SubscribeToNothing,
    /// The end of a subscription with a filter that is none.
    UnsubscribeNothing,
    /// A publication of nothing in particular.
    Publish,
    /// A subscription with options where MQTT 3.1.1 is spoken.
    SubscribeWithOptions,
}

/// What became of a frame at a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answered {
    /// At the host's, which stood like this.
    Host {
        /// Before the frame came.
        state: host::State,
        /// It has its ESP8266 reset.
        crash: Option<Crash>,
        /// It pulls the reset line.
        pulls_line: bool,
        /// It tells that it has stopped.
        is_stopped: bool,
    },
    /// At the ESP8266's.
    Esp {
        /// It does what its host asks for: it was given its settings.
        is_listening: bool,
        /// It says `Hello`.
        says_hello: bool,
        /// It asks its time server.
        cookie: Option<u64>,
    },
}

/// A reset of the ESP8266, with what it means to handlers and to a display.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "as in `Observation::Handled`")]
pub struct Crash {
    pub cause: ResetCause,
    pub notices: [Option<Notice>; 3],
    pub statuses: [Option<Status>; 2],
}
