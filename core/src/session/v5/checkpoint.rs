//! What a session keeps of MQTT 5, as a recording has it, and back.

use super::{Server, V5};
use crate::checkpoint::{Checkpoint, Pass};

impl V5 {
    /// Bytes of the topics that aliases stand for.
    pub(in crate::session) const fn alias_bytes(&self) -> usize {
        self.aliases.used()
    }
}

impl Checkpoint for V5 {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { server, aliases, alias_maximum, own_aliases, ping_interval_ms, said, farewell } =
            self;
        server.walk(pass)?;
        aliases.walk(pass)?;
        pass.field(alias_maximum)?;
        pass.field(own_aliases)?;
        pass.field(ping_interval_ms)?;
        pass.field(said)?;
        pass.field(farewell)
    }
}

impl Checkpoint for Server {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            receive_maximum,
            maximum_qos,
            retain_available,
            packet_max_bytes,
            keep_alive_s,
            topic_alias_maximum,
            wildcards,
            identifiers,
            shared,
        } = self;
        pass.field(receive_maximum)?;
        pass.field(maximum_qos)?;
        pass.field(retain_available)?;
        pass.limit(packet_max_bytes)?;
        pass.field(keep_alive_s)?;
        pass.field(topic_alias_maximum)?;
        for flag in [wildcards, identifiers, shared] {
            pass.field(flag)?;
        }
        Some(())
    }
}
