//! P10: each CONNECT says what is configured. Of the will, of keep alive, of the session and of the largest
//! packet judge others.

use super::DEVICE_ID;
use super::facts::Facts;
use super::promise::Promise::P10;
use super::reader::Connect;
use super::verdict::Verdict;

/// Messages that a client of the simulator takes before it has released one (MQTT 5 §3.1.2.11.3).
const RECEIVE_MAXIMUM: u16 = 16;

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
    verdict.require(P10, got.client_id == DEVICE_ID.as_bytes(), || {
        format!("CONNECT came from \"{}\", not \"{DEVICE_ID}\"", got.client_id.escape_ascii())
    });
    let is_anonymous = got.username.is_none() && got.password.is_none();
    verdict.require(P10, is_anonymous, || "CONNECT came with a login".into());
    let Some(mqtt5) = &setup.mqtt5 else { return };
    let properties = got.properties;
    let lasts_s = if setup.clean_session { 0 } else { mqtt5.session_expiry_s };
    let says_s = properties.session_expiry_s();
    verdict.require(P10, says_s == lasts_s, || {
        format!("CONNECT wants a session for {says_s} s, not {lasts_s}")
    });
    let receive_maximum = properties.receive_maximum();
    verdict.require(P10, receive_maximum == RECEIVE_MAXIMUM, || {
        format!("CONNECT allows {receive_maximum} messages at once, not {RECEIVE_MAXIMUM}")
    });
    // none any more after they did not fit
    let (aliases, configured) = (properties.alias_maximum(), mqtt5.aliases_from_broker);
    verdict.require(P10, aliases == configured || aliases == 0 && configured > 0, || {
        format!("CONNECT allows {aliases} topic aliases, not {configured}")
    });
}
