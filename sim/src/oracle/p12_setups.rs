//! P12: a setup that cannot work is refused before anything runs, by the name of what is wrong; one
//! that just can is taken.

use fivewire_core::error::ConfigError;

use crate::observation::Trial;
use crate::schedule::{ESP_RECEIVE_BYTES, Topology};

use super::promise::Promise::P12;
use super::verdict::Verdict;

/// What the smallest size of the buffer was said to be that was tried last.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Setups {
    min_bytes: usize,
}

impl Setups {
    /// A setup was tried.
    pub(super) fn tried(
        &mut self,
        verdict: &mut Verdict,
        topology: Topology,
        trial: Trial,
        refusal: Option<&ConfigError>,
    ) {
        let is_right = match trial {
            Trial::Buffer { buffer, size_bytes } => {
                self.buffer(topology, buffer, size_bytes, refusal)
            }
            Trial::Text { field, size_bytes } => text(field, size_bytes, refusal),
            Trial::Number { field, value } => number(field, value, refusal),
            // the name that a broker gives does not outlive a restart
            Trial::Nameless { lasting: contradicts } | Trial::Predecessor { v5: contradicts } => {
                matches!(refusal, Some(ConfigError::Contradiction { .. })) == contradicts
                    && refusal.is_some() == contradicts
            }
        };
        verdict.require(P12, is_right, || format!("{trial:?} was answered by {refusal:?}"));
    }

    /// Too small is refused, and the size that is said to do does, to the byte.
    fn buffer(
        &mut self,
        topology: Topology,
        tried: &str,
        tried_bytes: usize,
        refusal: Option<&ConfigError>,
    ) -> bool {
        let Some(refusal) = refusal else { return tried_bytes >= self.min_bytes };
        let ConfigError::MemoryTooSmall { buffer, size_bytes, min_bytes } = *refusal else {
            return false;
        };
        let is_first = tried_bytes != self.min_bytes.saturating_sub(1);
        let is_smallest = is_first || min_bytes == self.min_bytes;
        self.min_bytes = min_bytes;
        let documented = match (topology, buffer) {
            (Topology::Client, "receive") | (_, "outbox") => min_bytes == 64,
            (_, "inbound") => min_bytes == 128,
            (_, "frames") => min_bytes == usize::from(ESP_RECEIVE_BYTES) + 320,
            // these hold what is made of the setup
            (_, "settings" | "connect") => min_bytes > 16,
            _ => min_bytes >= 64,
        };
        buffer == tried
            && size_bytes == tried_bytes
            && tried_bytes < min_bytes
            && is_smallest
            && documented
    }
}

fn text(tried: &str, tried_bytes: usize, refusal: Option<&ConfigError>) -> bool {
    let most = match tried {
        "network.ssid" => 32,
        "network.password" => 64,
        _ => 255,
    };
    match refusal {
        None => tried_bytes <= most && (tried_bytes > 0 || tried != "broker.host"),
        Some(ConfigError::TooLong { field, size_bytes, max_bytes }) => {
            *field == tried
                && *size_bytes == tried_bytes
                && *max_bytes == most
                && tried_bytes > most
        }
        Some(ConfigError::OutOfRange { field, .. }) => field.starts_with(tried) && tried_bytes == 0,
        Some(_) => false,
    }
}

fn number(tried: &str, tried_value: u32, refusal: Option<&ConfigError>) -> bool {
    let (least, most) = match tried {
        "watchdog_timeout_ms" => (4_000, 600_000),
        "startup_timeout_ms" => (2_000, 600_000),
        _ => (1, 65_535),
    };
    let is_allowed = least <= tried_value && tried_value <= most;
    match refusal {
        None => is_allowed,
        Some(ConfigError::OutOfRange { field, value, min, max }) => {
            !is_allowed && (*field, *value, *min, *max) == (tried, tried_value, least, most)
        }
        Some(_) => false,
    }
}
