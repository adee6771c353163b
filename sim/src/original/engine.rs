//! The bit engine of both ends (PREDECESSORS.md §1.2 to §1.7).

use std::collections::VecDeque;

use fivewire_core::link::{Levels, Role};

const SYN: u32 = 0x9D;

/// One end's bit engine, and its two queues of strings.
#[derive(Debug)]
pub(super) struct Engine {
    role: Role,
    /// What this end last put on its clock wire.
    phase: bool,
    outgoing: u32,
    incoming: u32,
    synchronised: bool,
    /// Steps in this frame of seven.
    at: u32,
    /// The character that the passive end completed in the first step of its frame.
    completed: u32,
    transmit: VecDeque<VecDeque<char>>,
    partial: String,
    pub(super) received: VecDeque<String>,
}

impl Engine {
    /// The engine, and what it drives first.
    pub(super) fn start(role: Role) -> (Self, Levels) {
        let initiator = role == Role::Initiator;
        let engine = Self {
            role,
            phase: initiator,
            outgoing: if initiator { SYN >> 1 } else { SYN },
            incoming: 0,
            synchronised: false,
            at: 0,
            completed: 0,
            transmit: VecDeque::new(),
            partial: String::new(),
            received: VecDeque::new(),
        };
        (engine, Levels { clock: initiator, data: initiator })
    }

    pub(super) fn is_synchronised(&self) -> bool {
        self.synchronised
    }

    /// Never refuses, never blocks. What a character's high bits are is lost on the wires.
    pub(super) fn send(&mut self, string: &str) {
        self.transmit.push_back(string.chars().collect());
    }

    /// One bit step, if it is this end's turn.
    pub(super) fn step(&mut self, heard: Levels) -> Option<Levels> {
        let ready = (heard.clock == self.phase) == (self.role == Role::Initiator);
        if !ready {
            return None;
        }
        let bit = u32::from(heard.data);
        if self.synchronised && self.at == 0 {
            self.outgoing = self.next_character();
        }
        let data = self.outgoing & 1 == 1;
        self.outgoing >>= 1;
        if self.synchronised {
            self.hear(bit);
        } else {
            self.incoming = (self.incoming | bit << 8) >> 1;
            if self.incoming == SYN {
                self.synchronised = true;
                self.incoming = 0;
            }
        }
        self.phase = !self.phase;
        Some(Levels { clock: self.phase, data })
    }

    fn hear(&mut self, bit: u32) {
        self.incoming = (self.incoming | bit << 7) >> 1;
        self.at += 1;
        let last = self.at == 7;
        if (self.role == Role::Passive && self.at == 1) || (self.role == Role::Initiator && last) {
            self.completed = self.incoming;
        }
        if last {
            self.at = 0;
            self.take(self.completed);
        }
    }

    fn take(&mut self, character: u32) {
        match char::from_u32(character) {
            Some('\0') | None => {
                if !self.partial.is_empty() {
                    self.received.push_back(std::mem::take(&mut self.partial));
                }
            }
            Some(character) => self.partial.push(character),
        }
    }

    fn next_character(&mut self) -> u32 {
        let Some(string) = self.transmit.front_mut() else { return 0 };
        if let Some(character) = string.pop_front() {
            return u32::from(character) & 0x7F;
        }
        self.transmit.pop_front();
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vector {
        host_sends: Vec<String>,
        passive_sends: Vec<String>,
        initiator_ck_d: String,
        passive_ck_d: String,
        host_receives: Vec<(String, usize)>,
        passive_receives: Vec<(String, usize)>,
    }

    #[derive(serde::Deserialize)]
    struct File {
        vectors: Vec<Vector>,
    }

    fn shown(levels: &[Levels]) -> String {
        let pair = |l: &Levels| format!("{}{}", u8::from(l.clock), u8::from(l.data));
        levels.iter().map(pair).collect::<Vec<_>>().join(" ")
    }

    fn step(
        engine: &mut Engine,
        heard: Levels,
        writes: &mut Vec<Levels>,
        got: &mut Vec<(String, usize)>,
    ) {
        writes.extend(engine.step(heard));
        got.extend(engine.received.drain(..).map(|string| (string, writes.len() - 1)));
    }

    #[test]
    fn what_was_recorded_from_the_originals_is_reproduced() {
        let file = include_str!("../../../core/tests/syncom_vectors.json");
        let file: File = serde_json::from_str(file).expect("it is well-formed");
        for vector in file.vectors {
            let (mut host, first) = Engine::start(Role::Initiator);
            let (mut esp, idle) = Engine::start(Role::Passive);
            vector.host_sends.iter().for_each(|string| host.send(string));
            vector.passive_sends.iter().for_each(|string| esp.send(string));
            let (mut host_writes, mut esp_writes) = (vec![first], vec![idle]);
            let (mut host_got, mut esp_got) = (Vec::new(), Vec::new());
            for _ in 0..vector.initiator_ck_d.len() / 3 {
                let heard = host_writes[host_writes.len() - 1];
                step(&mut esp, heard, &mut esp_writes, &mut esp_got);
                let heard = esp_writes[esp_writes.len() - 1];
                step(&mut host, heard, &mut host_writes, &mut host_got);
            }
            assert_eq!(shown(&host_writes), vector.initiator_ck_d);
            assert_eq!(shown(&esp_writes), vector.passive_ck_d);
            assert_eq!((host_got, esp_got), (vector.host_receives, vector.passive_receives));
        }
    }
}
