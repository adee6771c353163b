//! Who this end is, who the other one is, and whether each knows the other.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::frame::Key;
use super::hello::Hello;
use crate::link::Role;

/// What a HELLO says to this end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Heard {
    /// It is this end's own, or that of another one of its role.
    Echo,
    /// The other end speaks this version.
    OtherVersion(u8),
    /// The other end does not know this one yet, or not any more.
    Stranger,
    /// The other end knows this one.
    Friend {
        /// It has another nonce than it had.
        is_new: bool,
    },
}

/// This end's part of the handshake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Greeting {
    role: Role,
    version: u8,
    memory_bytes: u16,
    seed: u64,
    /// Nonces drawn so far.
    drawn: u64,
    nonce: u32,
    /// The other end's, or 0.
    peer_nonce: u32,
    pub(super) peer_bytes: u16,
    /// This end said HELLO under this nonce.
    pub(super) was_said: bool,
}

impl Greeting {
    pub(super) const fn new(role: Role, version: u8, memory_bytes: u16, seed: u64) -> Self {
        Self {
            role,
            version,
            memory_bytes,
            seed,
            drawn: 0,
            nonce: 0,
            peer_nonce: 0,
            peer_bytes: 0,
            was_said: false,
        }
    }

    /// Begins again, under another nonce and with nobody known.
    pub(super) fn begin(&mut self) {
        // A generator has half a kilobyte of state; this is the only draw for a long time.
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.drawn);
        self.drawn += 1;
        self.nonce = rng.next_u32().max(1);
        self.peer_nonce = 0;
        self.was_said = false;
    }

    /// What this end says.
    pub(super) const fn hello(&self) -> Hello {
        Hello {
            version: self.version,
            role: self.role,
            memory_bytes: self.memory_bytes,
            nonce: self.nonce,
            heard: self.peer_nonce,
        }
    }

    /// What the other end says. It is remembered.
    pub(super) fn hear(&mut self, hello: &Hello) -> Heard {
        if hello.role == self.role {
            return Heard::Echo;
        }
        if hello.version != self.version {
            return Heard::OtherVersion(hello.version);
        }
        let is_new = hello.nonce != self.peer_nonce;
        self.peer_nonce = hello.nonce;
        self.peer_bytes = hello.memory_bytes;
        if hello.heard == self.nonce { Heard::Friend { is_new } } else { Heard::Stranger }
    }

    /// The key of what this end sends in a session of these two, and of what it hears.
    pub(super) fn keys(&self) -> (Key, Key) {
        let (initiator, passive, other) = match self.role {
            Role::Initiator => (self.nonce, self.peer_nonce, Role::Passive),
            Role::Passive => (self.peer_nonce, self.nonce, Role::Initiator),
        };
        (Key::new(self.role, initiator, passive), Key::new(other, initiator, passive))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_know_each_other_once_each_has_heard_its_own_nonce() {
        let mut host = Greeting::new(Role::Initiator, 1, 100, 1);
        let mut esp = Greeting::new(Role::Passive, 1, 200, 2);
        host.begin();
        esp.begin();
        assert_eq!(esp.hear(&host.hello()), Heard::Stranger);
        assert_eq!(host.hear(&esp.hello()), Heard::Friend { is_new: true });
        assert_eq!(host.hear(&esp.hello()), Heard::Friend { is_new: false });
        assert_eq!(esp.hear(&host.hello()), Heard::Friend { is_new: false });
        assert_eq!((host.peer_bytes, esp.peer_bytes), (200, 100));
        let (out, back) = host.keys();
        assert_eq!(esp.keys(), (back, out));
        assert_ne!(out, back);

        esp.begin();
        assert_eq!(host.hear(&esp.hello()), Heard::Stranger);
        assert_ne!(host.keys(), (out, back));
        assert_eq!(host.hear(&host.hello()), Heard::Echo);
        let newer = Greeting { version: 2, ..esp };
        assert_eq!(host.hear(&newer.hello()), Heard::OtherVersion(2));
    }

    #[test]
    fn nonces_differ_from_one_beginning_to_the_next() {
        let mut greeting = Greeting::new(Role::Passive, 1, 100, 7);
        let mut nonces = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            greeting.begin();
            nonces.insert(greeting.nonce);
        }
        assert_eq!(nonces.len(), 1_000);
    }
}
