//! Schedules as text: one line to paste into a shell, or a file to keep as a regression.
//!
//! What is read is either right or refused with the place and what was expected there; a schedule
//! that came through [`parse`] can be run.

mod error;
mod validate;

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

use crate::schedule::{Schedule, VERSION};

pub use error::ScheduleError;
pub use validate::validate;

/// Why a schedule could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The operating system refused.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        error: io::Error,
    },
    /// The text is not a schedule.
    #[error("{name}:{line}:{column}: {problem}")]
    Syntax {
        /// The file, or what stands for it.
        name: String,
        /// Line of the problem, from 1.
        line: usize,
        /// Column of the problem, from 1.
        column: usize,
        /// What was found and what was expected.
        problem: String,
    },
    /// The text is a schedule of another format.
    #[error(
        "{name}: the schedule has format version {found}, this program reads version {expected}: \
         replay it with the release that wrote it, or draw it anew with \
         `fivewire run --scenario NAME --seed N` (the same seed may draw other faults)",
        expected = VERSION
    )]
    Version {
        /// The file, or what stands for it.
        name: String,
        /// The version it names.
        found: u64,
    },
    /// The schedule asks for what cannot be run.
    #[error("{name}: {error}")]
    Invalid {
        /// The file, or what stands for it.
        name: String,
        /// The field, its value and what is allowed.
        #[source]
        error: ScheduleError,
    },
}

/// The part of a schedule that every version has.
#[derive(Deserialize)]
struct Head {
    version: u64,
}

/// Reads a schedule, on one line or on many. `name` stands for the text in errors.
///
/// # Errors
/// [`CorpusError::Syntax`], [`CorpusError::Version`] or [`CorpusError::Invalid`].
pub fn parse(name: &str, text: &str) -> Result<Schedule, CorpusError> {
    let syntax = |error: &serde_json::Error| syntax_error(name, error);
    let head: Head = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    if head.version != u64::from(VERSION) {
        return Err(CorpusError::Version { name: name.to_owned(), found: head.version });
    }
    let schedule: Schedule = serde_json::from_str(text).map_err(|error| syntax(&error))?;
    validate(&schedule).map_err(|error| CorpusError::Invalid { name: name.to_owned(), error })?;
    Ok(schedule)
}

fn syntax_error(name: &str, error: &serde_json::Error) -> CorpusError {
    let (line, column) = (error.line(), error.column());
    // serde_json appends the place to its sentence; ours stands in front of it, where editors look.
    let sentence = error.to_string();
    let place = format!(" at line {line} column {column}");
    let problem = sentence.strip_suffix(&place).unwrap_or(&sentence).to_owned();
    CorpusError::Syntax { name: name.to_owned(), line, column, problem }
}

/// Reads a schedule from a file.
///
/// # Errors
/// [`CorpusError::File`], and those of [`parse`].
pub fn read(path: &Path) -> Result<Schedule, CorpusError> {
    let text = fs::read_to_string(path)
        .map_err(|error| CorpusError::File { path: path.to_owned(), error })?;
    parse(&path.display().to_string(), &text)
}

/// Writes a schedule to a file, in the form of [`pretty`].
///
/// # Errors
/// [`CorpusError::File`].
pub fn write(path: &Path, schedule: &Schedule) -> Result<(), CorpusError> {
    fs::write(path, pretty(schedule))
        .map_err(|error| CorpusError::File { path: path.to_owned(), error })
}

/// The schedule on one line, for a shell or a log.
#[must_use]
pub fn line(schedule: &Schedule) -> String {
    serde_json::to_string(schedule).expect("a schedule has only text keys and finite numbers")
}

/// The schedule on many lines, for a file that people read and compare.
#[must_use]
pub fn pretty(schedule: &Schedule) -> String {
    let mut text = serde_json::to_string_pretty(schedule)
        .expect("a schedule has only text keys and finite numbers");
    text.push('\n');
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::fault::{Fault, FaultKind};
    use crate::schedule::{Fidelity, InboundBytes, Setup, TopicBytes, Topology, Wires, Workload};

    /// A small valid schedule on a bridge with one fault of each given kind, a minute apart.
    pub(crate) fn sample(kinds: &[FaultKind]) -> Schedule {
        let faults = (1..).zip(kinds).map(|(minute, &kind)| Fault {
            at_ms: minute * 60_000,
            duration_ms: if kind.is_instant() { 0 } else { 7_777 },
            kind,
        });
        Schedule {
            version: VERSION,
            scenario: "sample".to_owned(),
            seed: 42,
            duration_ms: 3_600_000,
            setup: Setup {
                topology: Topology::Bridge,
                window: 8,
                keep_alive_s: 60,
                clean_session: false,
                clean_init: true,
                release_after_ms: Some(1_500),
                will: true,
                latency_min_ms: 7,
                latency_max_ms: 93,
                host_drift_ppm: 120,
                esp_drift_ppm: -80,
                chops_segments: true,
                outbox_bytes: 8_192,
                filters: vec!["down/#".to_owned(), "all/+/x".to_owned()],
                refused_filter: None,
                topic_bytes: TopicBytes::default(),
                inbound_bytes: InboundBytes::default(),
                fidelity: Fidelity::Frame,
                wires: Wires::default(),
                mqtt5: None,
            },
            workload: Workload {
                publish_every_ms: 3_000,
                qos0_percent: 10,
                topics: 3,
                payload_min_bytes: 8,
                payload_max_bytes: 64,
                inbound_every_ms: 5_000,
                inbound_topics: vec!["down/a".to_owned(), "all/1/x".to_owned()],
                large_percent: 0,
                inbound_qos0_percent: 0,
                habits: crate::schedule::Habits::default(),
            },
            faults: faults.collect(),
        }
    }

    fn refusal(text: &str) -> String {
        parse("x.json", text).expect_err("this text must be refused").to_string()
    }

    #[test]
    fn both_forms_come_back_equal() {
        let schedule = sample(&[FaultKind::WifiOutage, FaultKind::ConnectDenied { code: 5 }]);
        assert_eq!(parse("line", &line(&schedule)).unwrap(), schedule);
        assert_eq!(parse("file", &pretty(&schedule)).unwrap(), schedule);
        assert!(!line(&schedule).contains('\n'));
    }

    #[test]
    fn an_unknown_fault_is_refused_with_its_place_and_the_known_ones() {
        let text = pretty(&sample(&[FaultKind::WifiOutage])).replace("wifi-outage", "wifi-outrage");
        let refusal = refusal(&text);
        let line = 1 + text.lines().position(|line| line.contains("wifi-outrage")).unwrap();
        assert!(refusal.starts_with(&format!("x.json:{line}:")), "{refusal}");
        assert!(refusal.contains("unknown variant `wifi-outrage`, expected one of `wifi-outage`"));
        assert!(!refusal.contains("at line"), "{refusal}");
    }

    #[test]
    fn a_misspelt_field_is_refused_with_the_known_ones() {
        let text = line(&sample(&[])).replace("keep_alive_s", "keepalive");
        assert!(refusal(&text).contains("unknown field `keepalive`, expected one of `topology`"));
    }

    #[test]
    fn a_cut_file_is_refused_at_its_end() {
        let text = pretty(&sample(&[]));
        let refusal = refusal(&text[..text.len() / 2]);
        assert!(refusal.contains("EOF while parsing"), "{refusal}");
    }

    #[test]
    fn another_version_is_refused_before_anything_else_is_looked_at() {
        let refusal = refusal(r#"{"version":99,"new_field":true}"#);
        assert!(refusal.contains("format version 99, this program reads version 1: replay it"));
    }

    #[test]
    fn what_cannot_be_run_is_refused_by_field() {
        let text = line(&sample(&[])).replace(r#""window":8"#, r#""window":17"#);
        assert_eq!(refusal(&text), "x.json: setup.window is 17, but must be from 1 to 16");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read(Path::new("no/such/file.json")).expect_err("there is no such file");
        assert!(error.to_string().starts_with("no/such/file.json: "), "{error}");
    }
}
