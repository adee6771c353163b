//! P10, in MQTT 5: CONNECT asks for what the device was configured to ask for, each time.

use fivewire_core::event::DownReason;

use super::connections::Connection;
use super::facts::Facts;
use super::promise::Promise::P10;
use super::properties::Properties;
use super::reader::Connect;
use super::verdict::Verdict;

/// What an entry of the device's memory for aliases takes besides its topic.
const ALIAS_HEADER_BYTES: usize = 5;
/// How many publications with QoS 1 and 2 the device takes at once, if nothing else is configured.
const RECEIVE_MAXIMUM: u16 = 16;
/// The identifier that a client without one is given, and what its length may need more.
const ASSIGNED: &[u8] = b"device";
const ASSIGNED_MAX_BYTES: usize = ASSIGNED.len() + 1;

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct Asking {
    /// The client has an identifier: its connections after this one say so.
    named_since: Option<u32>,
    /// The device was told that aliases do not fit: the same of them.
    overflowed_since: Option<u32>,
    /// The smallest CONNECT, and the most that the broker's aliases have ever taken on a connection.
    connect_min_bytes: Option<usize>,
    aliases_max_bytes: usize,
}

impl Asking {
    /// The board with the client lost its memory.
    pub(super) const fn forget(&mut self) {
        (self.named_since, self.overflowed_since) = (None, None);
    }

    /// The application was told that it is connected.
    pub(super) const fn connected(&mut self, facts: &Facts) {
        if self.named_since.is_none() {
            self.named_since = Some(facts.connections.last_attempt());
        }
    }

    /// The broker gave topics aliases.
    pub(super) fn aliases_given(&mut self, connection: &Connection) {
        let topics = connection.aliases_of_broker.topics();
        let size_bytes = topics.map(|topic| ALIAS_HEADER_BYTES + topic.len()).sum();
        self.aliases_max_bytes = self.aliases_max_bytes.max(size_bytes);
    }

    /// The memory for aliases was too small for those of the broker on some connection.
    pub(super) fn may_overflow(&self, facts: &Facts) -> bool {
        let Some(travelled) = &facts.travelled else { return false };
        let memory_bytes = travelled.limits.wishes.memory_bytes();
        let connect_bytes = self.connect_min_bytes.unwrap_or(0);
        self.aliases_max_bytes + connect_bytes + 2 * ASSIGNED_MAX_BYTES > memory_bytes
    }

    /// The application was told that its connection is gone.
    pub(super) fn disconnected(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        reason: DownReason,
    ) {
        let Some(travelled) = &facts.travelled else { return };
        if reason == DownReason::TopicAliasesOverflow && travelled.is_known {
            verdict.require(P10, self.may_overflow(facts), || {
                "topic aliases did not fit into the memory for them, and are few".into()
            });
            self.overflowed_since = Some(facts.connections.last_attempt());
        }
    }

    /// CONNECT came.
    pub(super) fn connecting(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        got: &Connect<'_>,
    ) {
        let Some(travelled) = &facts.travelled else { return };
        if !travelled.is_known || got.level != 5 {
            return;
        }
        let (limits, wishes) = (&travelled.limits, &travelled.limits.wishes);
        let memory_bytes = wishes.memory_bytes();
        let least_bytes =
            self.connect_min_bytes.map_or(got.size_bytes, |it| it.min(got.size_bytes));
        self.connect_min_bytes = Some(least_bytes);
        let said = got.properties;
        let expiry_s = if facts.setup.clean_session { 0 } else { limits.session_expiry_s };
        verdict.require(P10, said.session_expiry_s() == expiry_s, || {
            format!("CONNECT asks for a session of {} s", said.session_expiry_s())
        });
        verdict.require(P10, said.two_bytes(0x21) == Some(RECEIVE_MAXIMUM), || {
            format!("CONNECT has receive maximum {:?}", said.two_bytes(0x21))
        });
        let aliases = said.two_bytes(0x22).unwrap_or(0);
        let is_after = |since: Option<u32>| since.is_some_and(|since| connection.id > since);
        let is_forbidden = is_after(self.overflowed_since);
        let is_right = match aliases {
            0 => limits.aliases_from_broker == 0 || self.may_overflow(facts),
            some => some == limits.aliases_from_broker && !is_forbidden,
        };
        verdict.require(P10, is_right, || {
            format!("CONNECT allows {aliases} aliases, of {}", limits.aliases_from_broker)
        });
        let user = user_property(said);
        let wanted = wishes.connect_property();
        let wanted = wanted.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        verdict.require(P10, user == wanted, || "CONNECT came with other user properties".into());
        let has_room = got.size_bytes + ASSIGNED_MAX_BYTES <= memory_bytes;
        let must_be_named = !wishes.is_nameless || is_after(self.named_since) && has_room;
        let is_named = got.client_id == ASSIGNED;
        let is_right = is_named || !must_be_named && got.client_id.is_empty();
        verdict.require(P10, is_right, || {
            format!("CONNECT came from \"{}\"", got.client_id.escape_ascii())
        });
    }
}

/// The first user property.
fn user_property(properties: Properties<'_>) -> Option<(&[u8], &[u8])> {
    let (_, both) = properties.iter().find(|&(id, _)| id == super::properties::USER_PROPERTY)?;
    let (name, value) = both.split_at_checked(super::properties::text(both)?)?;
    Some((name.get(2..)?, value.get(2..)?))
}
