//! P10: each CONNECT says what is configured. Of the will, of keep alive, of the session and of what
//! only MQTT 5 says judge others.

use super::DEVICE_ID;
use super::facts::Facts;
use super::promise::Promise::P10;
use super::reader::Connect;
use super::verdict::Verdict;

/// CONNECT came.
#[cold]
pub(super) fn connecting(facts: &Facts, verdict: &mut Verdict, got: &Connect<'_>) {
    if !facts.knows_configuration || !facts.has_joined {
        return;
    }
    let setup = &facts.setup;
    let level = if setup.is_v5() { 5 } else { 4 };
    verdict.require(P10, got.level == level, || {
        format!("CONNECT is of protocol level {}, not {level}", got.level)
    });
    verdict.require(P10, setup.is_v5() || got.client_id == DEVICE_ID.as_bytes(), || {
        format!("CONNECT came from \"{}\", not \"{DEVICE_ID}\"", got.client_id.escape_ascii())
    });
    let is_anonymous = got.username.is_none() && got.password.is_none();
    verdict.require(P10, is_anonymous, || "CONNECT came with a login".into());
}
