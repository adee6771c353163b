//! What happens in one step: a bit is heard, and a bit is said.

use super::end::{Native, Stage};
use super::greeting::Heard;
use super::hello::Hello;
use super::receiver::Arrival;
use crate::link::{DownReason, Peer};
use crate::planted::Bug;
use crate::storage::Storage;

impl<S: Storage> Native<S> {
    /// One step, whatever the bit begins or ends: hears what the other end shows, and says what to
    /// show to it.
    pub(super) fn step(&mut self, heard: bool) -> bool {
        self.counters.bits += 1;
        let spilled = self.register.window.push(heard);
        if let Some(hello) = self.listener.hear(self.register.window.recent) {
            self.hear_hello(&hello);
        }
        match self.stage {
            Stage::Joining { .. } | Stage::Up => self.hear_frame(spilled),
            _ => self.hear_foreign(),
        }
        if heard {
            self.quiet = 0;
        }
        let is_silent = self.register.is_silent() && !self.receiver.is_quiet();
        let bit = !is_silent && self.next_bit();
        self.begin_middle();
        bit
    }

    /// The next bit to say.
    pub(super) fn next_bit(&mut self) -> bool {
        if self.register.line.is_empty() {
            self.load();
        }
        self.register.line.take()
    }

    /// Nothing is left to say of the last byte: here is the next one, if there is any.
    fn load(&mut self) {
        if let Some(chunk) = self.speaker.next() {
            self.register.line.load(chunk, 16);
            return;
        }
        let byte = match self.stage {
            Stage::Joining { greeted } => self.join(greeted),
            Stage::Up => match self.sender.next_byte(&mut self.reply, &mut self.counters) {
                Ok(byte) => byte,
                Err(_) => {
                    self.fall(DownReason::Damaged);
                    None
                }
            },
            _ => {
                self.say_hello();
                None
            }
        };
        if let Some(byte) = byte {
            self.register.line.load(u16::from(byte), 8);
            self.quiet = 0;
        } else if self.receiver.is_quiet() {
            self.quiet = self.quiet.saturating_add(1);
        } else {
            self.quiet = 0;
        }
        self.register.line.rest();
        // The end of a frame may make room for another one.
        self.has_news |= self.is_writable();
    }

    fn say_hello(&mut self) {
        if self.greeting.was_said && self.planted.has(Bug::LinkHelloOnce) {
            return;
        }
        self.greeting.was_said = true;
        let first = self.speaker.begin(&self.greeting.hello());
        self.register.line.load(first, 16);
    }

    /// HELLOs for an end that does not know yet that it is known, frames for one that does.
    fn join(&mut self, greeted: bool) -> Option<u8> {
        if let Some(byte) = self.sender.go_on(&mut self.reply, &self.counters) {
            return Some(byte);
        }
        self.stage = Stage::Joining { greeted: !greeted };
        if greeted {
            return Some(self.sender.greet());
        }
        self.say_hello();
        None
    }

    fn hear_hello(&mut self, hello: &Hello) {
        let heard = self.greeting.hear(hello);
        match heard {
            Heard::Echo => {}
            Heard::OtherVersion(version) => self.tell(Peer::OtherVersion(version)),
            Heard::Stranger | Heard::Friend { is_new: true } if self.stage == Stage::Up => {
                self.fall(DownReason::PeerRestarted);
                // Under its new nonce this end answers at once.
                self.greeting.hear(hello);
            }
            // It still waits for the first frame.
            Heard::Friend { .. } if self.stage == Stage::Up => self.reply.ask(),
            Heard::Stranger => self.stage = Stage::Greeting,
            Heard::Friend { is_new } => {
                if is_new || self.stage == Stage::Greeting {
                    self.meet();
                }
            }
        }
        if matches!(heard, Heard::Stranger | Heard::Friend { .. }) {
            self.told = None;
        }
    }

    /// Each end knows the other: here is what a session of these two needs.
    fn meet(&mut self) {
        let (outgoing, incoming) = self.greeting.keys();
        self.sender.begin(outgoing, usize::from(self.greeting.peer_bytes));
        self.reply = self.receiver.begin(incoming);
        self.stage = Stage::Joining { greeted: false };
    }

    fn hear_frame(&mut self, spilled: bool) {
        let heard = self.receiver.hear(
            &mut self.register.window,
            spilled,
            &mut self.reply,
            &mut self.counters,
        );
        let Some(arrival) = heard else { return };
        self.has_news = true;
        if self.stage != Stage::Up {
            self.rise();
        }
        let step = self.counters.bits as u32;
        let goes_on = match arrival {
            Arrival::Whole(report) => self.sender.hear(report, step).is_ok(),
            Arrival::Breach => false,
        };
        if !goes_on {
            self.fall(DownReason::Damaged);
        }
    }

    fn hear_foreign(&mut self) {
        if self.foreign.hear(self.register.window.byte()) {
            self.tell(Peer::Syncom);
        }
    }

    /// Tells once what was found.
    fn tell(&mut self, peer: Peer) {
        if self.told != Some(peer) {
            self.told = Some(peer);
            self.due.unsuited = Some(peer);
            self.has_news = true;
        }
    }
}
