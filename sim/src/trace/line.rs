//! What an observation looks like in a timeline.

use std::fmt::{self, Write};

use fivewire_core::bridge::NetworkAnswer;
use fivewire_core::client::{Action, State, TcpFailure};
use fivewire_core::event::{Event, Message};
use fivewire_core::mqtt::v5::Properties;

use crate::fault::{Fault, FaultKind};
use crate::observation::Observation as Seen;
use crate::observation::{BoardLoss, Ending, Observation, Part, Standing};

/// Whose line it is, and how it is marked: `>` towards the broker, `<` from it, `=` told or granted,
/// `!` bad news, `.` everything else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) part: &'static str,
    pub(super) sign: char,
}

const fn head(part: &'static str, sign: char) -> Option<Head> {
    Some(Head { part, sign })
}

/// Writes the text of an observation. `None`: it has no line of its own.
pub(super) fn describe(
    text: &mut String,
    observation: &Observation<'_>,
) -> Result<Option<Head>, fmt::Error> {
    Ok(match observation {
        Seen::Published { ticket, topic, payload, qos, retain, properties } => {
            let retain = if *retain { " retain" } else { "" };
            let (qos, size) = (qos.as_u8(), payload.len());
            write!(text, "publishes ticket {ticket} qos{qos}{retain} {topic} {size} B")?;
            expiry(text, *properties)?;
            head("app", '.')
        }
        Seen::PublishRefused { topic, error } => {
            write!(text, "cannot publish {topic}: {error}")?;
            head("app", '!')
        }
        Seen::SubscribeAsked { ticket, filter, .. } => {
            write!(text, "subscribes ticket {ticket} {filter}")?;
            head("app", '.')
        }
        Seen::OptionsSet { ticket, options, identifier } => {
            write!(text, "ticket {ticket} has options {options:#04x}, identifier {identifier}")?;
            head("app", '.')
        }
        Seen::UnsubscribeAsked { ticket, filter } => {
            write!(text, "unsubscribes ticket {ticket} {filter}")?;
            head("app", '.')
        }
        Seen::Cancelled { ticket } => {
            write!(text, "cancels ticket {ticket}")?;
            head("app", '.')
        }
        Seen::CancelRefused { ticket } => {
            write!(text, "cannot cancel ticket {ticket}")?;
            head("app", '.')
        }
        Seen::DeadlineSet { ticket, deadline } => {
            write!(text, "gives ticket {ticket} time until {} ms", deadline.as_millis())?;
            head("app", '.')
        }
        _ => return affairs(text, observation),
    })
}

/// What the application does besides publishing, and what the witness does.
fn affairs(text: &mut String, observation: &Observation<'_>) -> Result<Option<Head>, fmt::Error> {
    Ok(match observation {
        Seen::TimeAsked { cookie } => {
            write!(text, "asks for the time, question {cookie}")?;
            head("app", '.')
        }
        Seen::MemoryAsked => {
            text.push_str("asks how much memory the ESP8266 has");
            head("app", '.')
        }
        Seen::NetworkAnswered { answer } => {
            match answer {
                NetworkAnswer::UseGiven => text.push_str("allows the given network"),
                NetworkAnswer::AskAgain { after_ms } => {
                    write!(text, "wants to be asked for the network again in {after_ms} ms")?;
                }
            }
            head("app", '.')
        }
        Seen::SaidOfItself { unacknowledged, .. } => {
            write!(text, "looks: {unacknowledged} unacknowledged")?;
            head("app", '.')
        }
        Seen::SaidToStand(standing) => stands(text, standing)?,
        Seen::Probed { is_asked } => {
            text.push_str("asks for a sign of life");
            head("app", if *is_asked { '.' } else { '!' })
        }
        Seen::StatedBound { .. }
        | Seen::Handled { .. }
        | Seen::SetupTried { .. }
        | Seen::SizeTried { .. }
        | Seen::Renewed { .. }
        | Seen::Intruded { .. }
        | Seen::FrameTried { .. }
        | Seen::StateDamaged { .. } => {
            return Ok(None);
        }
        Seen::Told(event) => return tell(text, event),
        Seen::Released { delivery } => {
            write!(text, "releases delivery {delivery}")?;
            head("app", '.')
        }
        Seen::Holds(holds) => {
            text.push_str(if *holds { "takes no messages" } else { "takes messages again" });
            head("app", '.')
        }
        Seen::ShutDownAsked => {
            text.push_str("shuts down");
            head("app", '.')
        }
        Seen::WitnessPublished { topic, payload, qos, properties } => {
            write!(text, "publishes qos{} {topic} {} B", qos.as_u8(), payload.len())?;
            expiry(text, *properties)?;
            head("witness", '.')
        }
        Seen::WitnessReceived { topic, payload, qos, retain } => {
            let retain = if *retain { " retain" } else { "" };
            write!(text, "receives qos{}{retain} {topic} {} B", qos.as_u8(), payload.len())?;
            head("witness", '.')
        }
        _ => return network(text, observation),
    })
}

fn network(text: &mut String, observation: &Observation<'_>) -> Result<Option<Head>, fmt::Error> {
    Ok(match observation {
        Seen::Asked(action) => {
            text.push_str(match action {
                Action::JoinWifi => "joins the network",
                Action::LeaveWifi => "leaves the network",
                Action::CloseTcp => "closes",
                // The line about the attempt says it.
                Action::OpenTcp => return Ok(None),
            });
            head("device", '.')
        }
        Seen::Wifi(up) => {
            text.push_str(if *up { "associated" } else { "association lost" });
            head("radio", if *up { '.' } else { '!' })
        }
        Seen::Opening { connection } => {
            write!(text, "opens tcp {}", connection.0)?;
            head("device", '.')
        }
        Seen::Accepted { connection } => {
            write!(text, "accepts tcp {}", connection.0)?;
            head("broker", '.')
        }
        Seen::Opened { connection } => {
            write!(text, "tcp {} is open", connection.0)?;
            head("device", '.')
        }
        Seen::OpenFailed { connection, failure } => {
            let failure = match failure {
                TcpFailure::Refused => "refused",
                TcpFailure::Unreachable => "unreachable",
            };
            write!(text, "tcp {} {failure}", connection.0)?;
            head("device", '!')
        }
        Seen::EndedAtBroker { connection, ending } => {
            write!(text, "tcp {} {}", connection.0, ended(*ending))?;
            head("broker", '.')
        }
        Seen::EndedAtDevice { connection, ending } => {
            write!(text, "tcp {} {}", connection.0, ended(*ending))?;
            head("device", '.')
        }
        Seen::BrokerDown(down) => {
            text.push_str(if *down { "is down" } else { "is up again" });
            head("broker", if *down { '!' } else { '.' })
        }
        Seen::SessionForgotten => {
            text.push_str("has forgotten the session");
            head("broker", '!')
        }
        Seen::SessionExpired => {
            text.push_str("lets the session expire");
            head("broker", '!')
        }
        Seen::MessageExpired { topic, payload } => {
            write!(text, "drops an expired message {topic} {} B", payload.len())?;
            head("broker", '!')
        }
        Seen::ClientState(state) => {
            text.push_str(client_state(*state));
            head("device", '.')
        }
        _ => return boards(text, observation),
    })
}

fn boards(text: &mut String, observation: &Observation<'_>) -> Result<Option<Head>, fmt::Error> {
    Ok(match observation {
        Seen::FrameToEsp(frame) => {
            write!(text, "frame {} B", frame.len())?;
            head("link", '>')
        }
        Seen::FrameToHost(frame) => {
            write!(text, "frame {} B", frame.len())?;
            head("link", '<')
        }
        Seen::FrameLost { to, size_bytes, partly_sent } => {
            let how = if *partly_sent { "cut" } else { "lost" };
            write!(text, "frame to {} {how}, {size_bytes} B", part(*to))?;
            head("link", '!')
        }
        Seen::Link { end, up } => {
            text.push_str(if *up { "link up" } else { "link down" });
            head(part(*end), if *up { '.' } else { '!' })
        }
        Seen::SessionEnded { end, reason } => {
            write!(text, "link session over: {}", Kebab(reason))?;
            head(part(*end), '!')
        }
        Seen::Unsuited { end, peer } => {
            write!(text, "found at the other end of the wires: {}", Kebab(peer))?;
            head(part(*end), '!')
        }
        Seen::ResetLine { cause } => {
            write!(text, "pulls the reset line: {}", Kebab(cause))?;
            head("host", '!')
        }
        Seen::BoardDown { part: board, loss } => {
            text.push_str(match loss {
                BoardLoss::Crash => "crashes",
                BoardLoss::PowerLoss => "loses power",
                BoardLoss::Ended => "ends its program",
                BoardLoss::ResetLine => "is reset",
                BoardLoss::ReceiveOverflow => "crashes, receive buffers full",
                BoardLoss::ResetGlitch => "is reset by its wire",
                BoardLoss::Hang => "hangs",
            });
            head(part(*board), '!')
        }
        Seen::BoardUp { part: board } => {
            text.push_str("starts");
            head(part(*board), '.')
        }
        Seen::FaultBegan { fault, .. } => {
            describe_fault(text, fault)?;
            head("fault", '!')
        }
        Seen::FaultBit { index } => {
            write!(text, "fault {index} bites")?;
            head("fault", '.')
        }
        Seen::FaultEnded { index } => {
            write!(text, "fault {index} is over")?;
            head("fault", '.')
        }
        Seen::Healed => {
            text.push_str("everything heals");
            head("world", '.')
        }
        Seen::Finished => {
            text.push_str("finished");
            head("world", '.')
        }
        _ => None,
    })
}

fn tell(text: &mut String, event: &Event<'_>) -> Result<Option<Head>, fmt::Error> {
    Ok(match event {
        Event::Connected { session_present } => {
            text.push_str("connected");
            text.push_str(if *session_present { ", session present" } else { ", new session" });
            head("app", '=')
        }
        Event::Disconnected { reason } => {
            write!(text, "disconnected: {}", Kebab(reason))?;
            head("app", '!')
        }
        Event::AttemptFailed { reason } => {
            write!(text, "attempt failed: {}", Kebab(reason))?;
            head("app", '!')
        }
        Event::CleanSlate => {
            text.push_str("session of an earlier life forgotten");
            head("app", '=')
        }
        Event::Message(Message { topic, payload, qos, retain, dup, .. }) => {
            let dup = if *dup { " dup" } else { "" };
            let retain = if *retain { " retain" } else { "" };
            write!(text, "message qos{}{dup}{retain} {topic} {} B", qos.as_u8(), payload.len())?;
            head("app", '=')
        }
        Event::MessageTooLarge { size_bytes, .. } => {
            write!(text, "message of {size_bytes} B is too large")?;
            head("app", '!')
        }
        Event::Acked(ticket) => outcome(text, ticket.get(), "acked")?,
        Event::Sent(ticket) => outcome(text, ticket.get(), "sent")?,
        Event::Unsubscribed(ticket) => outcome(text, ticket.get(), "unsubscribed")?,
        Event::Superseded(ticket) => outcome(text, ticket.get(), "superseded")?,
        Event::Subscribed { ticket, granted } => {
            write!(text, "ticket {} subscribed qos{}", ticket.get(), granted.as_u8())?;
            head("app", '=')
        }
        Event::SubscribeRefused(ticket) => {
            write!(text, "ticket {} subscription refused", ticket.get())?;
            head("app", '!')
        }
        Event::Refused { ticket, reason } => {
            write!(text, "ticket {} refused: {}", ticket.get(), Kebab(reason))?;
            head("app", '!')
        }
        Event::Abandoned { ticket, reason } => {
            write!(text, "ticket {} abandoned: {}", ticket.get(), Kebab(reason))?;
            head("app", '!')
        }
        Event::OutboxHasRoom => {
            text.push_str("the outbox has room");
            head("app", '=')
        }
        Event::Reason { ticket, reason_code } => {
            write!(text, "ticket {} {}", ticket.get(), Kebab(reason_code))?;
            head("app", if reason_code.is_failure() { '!' } else { '=' })
        }
        Event::BrokerSaid(properties) => {
            write!(text, "broker says {} properties", properties.count())?;
            head("app", '=')
        }
        _ => return tell_of_board(text, event),
    })
}

/// What happened to the board or to the one that serves it, and all that is not a matter of MQTT.
fn tell_of_board(text: &mut String, event: &Event<'_>) -> Result<Option<Head>, fmt::Error> {
    Ok(match event {
        Event::EspReset { cause } => {
            write!(text, "ESP8266 reset: {}", Kebab(cause))?;
            head("app", '!')
        }
        Event::EspReady { resumed } => {
            text.push_str(if *resumed { "ESP8266 ready, resumed" } else { "ESP8266 ready" });
            head("app", '=')
        }
        Event::EspUnsuited(unsuited) => {
            write!(text, "ESP8266 unsuited: {}", Kebab(unsuited))?;
            head("app", '!')
        }
        Event::Wifi(up) => {
            text.push_str(if *up { "network joined" } else { "network lost" });
            head("app", if *up { '=' } else { '!' })
        }
        Event::Stopped => {
            text.push_str("stopped");
            head("app", '=')
        }
        _ => {
            write!(text, "{event:?}")?;
            head("app", '=')
        }
    })
}

/// For how long a message is worth delivering, where it is not for ever.
fn expiry(text: &mut String, properties: Properties<'_>) -> fmt::Result {
    match properties.message_expiry_interval_s() {
        Some(seconds) => write!(text, " for {seconds} s"),
        None => Ok(()),
    }
}

fn stands(text: &mut String, standing: &Standing) -> Result<Option<Head>, fmt::Error> {
    let ready = if standing.is_ready { "ready" } else { "not ready" };
    write!(text, "looks: {ready}, {} unreleased", standing.unreleased)?;
    Ok(head("app", '.'))
}

fn outcome(text: &mut String, ticket: u32, outcome: &str) -> Result<Option<Head>, fmt::Error> {
    write!(text, "ticket {ticket} {outcome}")?;
    Ok(head("app", '='))
}

fn describe_fault(text: &mut String, fault: &Fault) -> fmt::Result {
    text.push_str(fault.kind.name());
    match fault.kind {
        FaultKind::Latency { extra_ms } => write!(text, " +{extra_ms} ms")?,
        FaultKind::ConnectDenied { code } => write!(text, " code {code}")?,
        FaultKind::BrokerDisconnects { code } | FaultKind::PublicationsRefused { code } => {
            write!(text, " with {code:#04x}")?;
        }
        FaultKind::Malformed { which } => write!(text, " no. {which}")?,
        FaultKind::Backlog { messages } | FaultKind::AppBurst { messages } => {
            write!(text, " of {messages}")?;
        }
        FaultKind::WireGlitch { wire, length_us } => {
            write!(text, " on {} for {length_us} µs", wire.name())?;
        }
        FaultKind::WireNoise { wire, every_us } => {
            write!(text, " on {} every {every_us} µs", wire.name())?;
        }
        FaultKind::WireCrosstalk { wire } | FaultKind::WireHolds { wire } => {
            write!(text, " {}", wire.name())?;
        }
        FaultKind::WireLag { wire, max_us } => write!(text, " {} by {max_us} µs", wire.name())?,
        FaultKind::WireStuck { wire, high } => {
            write!(text, " {} {}", wire.name(), if high { "high" } else { "low" })?;
        }
        FaultKind::EspFirmware { speaks } => write!(text, " that speaks {}", Kebab(speaks))?,
        _ => {}
    }
    if fault.duration_ms > 0 { write!(text, " for {} ms", fault.duration_ms) } else { Ok(()) }
}

const fn part(part: Part) -> &'static str {
    match part {
        Part::Host => "host",
        Part::Esp => "esp",
        Part::Broker => "broker",
    }
}

const fn ended(ending: Ending) -> &'static str {
    match ending {
        Ending::Closed => "closed",
        Ending::ClosedByPeer => "closed by peer",
        Ending::Reset => "reset",
        Ending::Aborted => "aborted",
        Ending::Vanished => "vanished",
    }
}

const fn client_state(state: State) -> &'static str {
    match state {
        State::Idle => "is idle",
        State::JoiningWifi => "is joining",
        State::WifiBackoff => "pauses before joining",
        State::OpeningTcp => "is opening",
        State::TcpBackoff => "pauses before opening",
        State::Connecting => "is connecting",
        State::Connected => "is connected",
        State::Disconnecting => "is disconnecting",
        State::Stopped => "is stopped",
        _ => "is in a new state",
    }
}

/// A name in a program as words: `WatchdogTimeout` becomes `watchdog-timeout`.
struct Kebab<T>(T);

impl<T: fmt::Debug> fmt::Display for Kebab<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(KebabWriter { f, inside: false }, "{:?}", self.0)
    }
}

struct KebabWriter<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    /// The last character belonged to a word.
    inside: bool,
}

impl Write for KebabWriter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if letter.is_ascii_uppercase() && self.inside {
                self.f.write_char('-')?;
            }
            self.f.write_char(letter.to_ascii_lowercase())?;
            self.inside = letter.is_alphanumeric();
        }
        Ok(())
    }
}
