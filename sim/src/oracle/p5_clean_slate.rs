//! P5: the session of an earlier life is wiped once per power-up of the host, never per boot of the
//! ESP8266.

use super::connections::Connection;
use super::facts::Facts;
use super::promise::Promise::P5;
use super::verdict::Verdict;

/// How far the wiping has come in a life of the device.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Progress {
    /// No clean session was accepted.
    #[default]
    Dirty,
    /// One was accepted, though the device may not know.
    Wiped,
    /// It does: the session that is meant to last was accepted after it.
    Done,
}

/// The state of this judgement.
#[derive(Default, Debug)]
pub(super) struct CleanSlate {
    life: u32,
    progress: Progress,
}

impl CleanSlate {
    /// CONNECT came.
    pub(super) fn connecting(
        &mut self,
        facts: &Facts,
        verdict: &mut Verdict,
        connection: &Connection,
        is_clean: bool,
    ) {
        let setup = &facts.setup;
        if setup.clean_session || !setup.clean_init {
            verdict.require(P5, is_clean == setup.clean_session, || {
                format!("CONNECT asked for clean session {is_clean}, against the configuration")
            });
            return;
        }
        if !self.concerns(facts, connection) {
            return;
        }
        if is_clean {
            verdict.require(P5, self.progress != Progress::Done, || {
                "the session was wiped again, without a power-up of the host".into()
            });
        } else {
            verdict.require(P5, self.progress != Progress::Dirty, || {
                "the session of an earlier life was not wiped first, against clean_init".into()
            });
        }
    }

    /// The broker accepted a CONNECT.
    pub(super) fn accepted(&mut self, facts: &Facts, connection: &Connection) {
        if !self.concerns(facts, connection) {
            return;
        }
        self.progress = match (connection.connect == Some(true), self.progress) {
            (true, Progress::Dirty) => Progress::Wiped,
            (false, Progress::Wiped) => Progress::Done,
            (_, progress) => progress,
        };
    }

    /// Whether the connection is one that the device has in its present life. The late bytes of
    /// another do not count.
    fn concerns(&mut self, facts: &Facts, connection: &Connection) -> bool {
        if self.life != facts.device_life {
            self.life = facts.device_life;
            self.progress = Progress::Dirty;
        }
        connection.life == self.life && !connection.is_left
    }
}
