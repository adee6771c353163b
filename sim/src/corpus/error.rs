//! Why a schedule is refused.

use fivewire_core::error::TopicError;
use thiserror::Error;

/// What a schedule asks for and cannot have. Fields are written as in the file.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// A number is out of its range.
    #[error("{field} is {value}, but must be from {min} to {max}")]
    OutOfRange {
        /// The field, for example `faults[3].at_ms`.
        field: String,
        /// What it is.
        value: i64,
        /// The smallest value allowed.
        min: i64,
        /// The largest value allowed.
        max: i64,
    },
    /// A topic name or topic filter is malformed.
    #[error("{field} is {value:?}: {error}")]
    Topic {
        /// The field, for example `setup.filters[0]`.
        field: String,
        /// What it is.
        value: String,
        /// What is wrong with it.
        #[source]
        error: TopicError,
    },
    /// Nobody would receive what the witness publishes.
    #[error("{field} is {value:?}, but must match one of setup.filters ({filters})")]
    UnmatchedTopic {
        /// The field, for example `workload.inbound_topics[0]`.
        field: String,
        /// What it is.
        value: String,
        /// The filters there are.
        filters: String,
    },
    /// A list is too long, or empty where something must be in it.
    #[error("{field} has {count} entries, but must have from {min} to {max}")]
    Count {
        /// The list.
        field: &'static str,
        /// How many there are.
        count: usize,
        /// The fewest allowed.
        min: usize,
        /// The most allowed.
        max: usize,
    },
    /// A session is to last, and the name of the client does not.
    #[error(
        "setup.mqtt5.wishes.is_nameless needs setup.clean_session with a bridge: its ESP8266 forgets the name \
         that the broker gave"
    )]
    Nameless,
    /// A fault breaks what the simulated device does not have.
    #[error(
        "{field} is {fault}, which needs \"topology\": \"bridge\": \
         drop the fault or change setup.topology"
    )]
    NeedsBridge {
        /// The field, for example `faults[3].kind`.
        field: String,
        /// The fault.
        fault: &'static str,
    },
    /// A fault breaks wires where whole frames are simulated.
    #[error(
        "{field} is {fault}, which needs \"fidelity\": \"wire\": drop the fault or change \
         setup.fidelity"
    )]
    NeedsWires {
        /// The field, for example `faults[3].kind`.
        field: String,
        /// The fault.
        fault: &'static str,
    },
    /// A fault needs a word that only MQTT 5 has.
    #[error("{field} is {fault}, which needs setup.mqtt5: drop the fault or add that")]
    NeedsMqtt5 {
        /// The field, for example `faults[3].kind`.
        field: String,
        /// The fault.
        fault: &'static str,
    },
    /// A reason code is none, or not for the packet that would carry it.
    #[error("{field} is {value:#04x}, which is no failure that {packet} may carry")]
    ReasonCode {
        /// The field, for example `faults[3].kind.broker-disconnects.code`.
        field: String,
        /// What it is.
        value: u8,
        /// The packet.
        packet: &'static str,
    },
    /// The name cannot stand in a file name.
    #[error("scenario is {value:?}, but must have from 1 to 64 characters of a-z, 0-9 and '-'")]
    ScenarioName {
        /// What it is.
        value: String,
    },
}
