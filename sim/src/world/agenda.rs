//! What happens next: a fixed table of due times, one for each source of events.

pub(super) use crate::clock::NEVER;

/// A source of events. Where several are due at the same instant, the first in this list goes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(super) enum Slot {
    /// A fault of the schedule begins.
    FaultBegins,
    /// A fault that lasts ends.
    FaultEnds,
    /// Everything heals.
    Heals,
    /// The radio has joined the network, or has failed to.
    Wifi,
    /// Something arrives over TCP, or is retried.
    Tcp,
    /// A frame arrives over the link, or the link comes up.
    Link,
    /// The broker's own deadline.
    Broker,
    /// The ESP8266 is booted.
    EspBoots,
    /// The supply of the ESP8266 fails once more.
    EspBrownOut,
    /// The deadline of the machine at the ESP8266.
    Esp,
    /// The host is booted.
    HostBoots,
    /// The deadline of the machine at the host.
    Host,
    /// The application wants to act.
    Application,
    /// The witness publishes.
    Witness,
    /// Look whether everything has settled.
    Settled,
    /// An answer of the time server arrives.
    TimeServer,
}

const SLOTS: [Slot; 16] = [
    Slot::FaultBegins,
    Slot::FaultEnds,
    Slot::Heals,
    Slot::Wifi,
    Slot::Tcp,
    Slot::Link,
    Slot::Broker,
    Slot::EspBoots,
    Slot::EspBrownOut,
    Slot::Esp,
    Slot::HostBoots,
    Slot::Host,
    Slot::Application,
    Slot::Witness,
    Slot::Settled,
    Slot::TimeServer,
];

/// Bits of a key that name the slot; 500,000 years of µs fit into the rest.
const SLOT_BITS: u32 = 4;

impl Slot {
    /// Almost all events come from these sources.
    const BUSY: [Self; 7] = [
        Self::Tcp,
        Self::Link,
        Self::Broker,
        Self::Esp,
        Self::Host,
        Self::Application,
        Self::Witness,
    ];

    const fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Tcp
                | Self::Link
                | Self::Broker
                | Self::Esp
                | Self::Host
                | Self::Application
                | Self::Witness
        )
    }
}

/// Due times in µs of world time. At this size the smallest of all is found faster than any heap
/// is kept in order, and nothing is left open about the order of things that tie.
#[derive(Clone, Debug)]
pub(super) struct Agenda {
    /// The due time, and below it the slot, so that the smallest key is the next event.
    keys: [u64; SLOTS.len()],
    /// The smallest key of the slots that are not busy.
    quiet: u64,
}

impl Agenda {
    pub(super) const fn new() -> Self {
        Self { keys: [NEVER; SLOTS.len()], quiet: NEVER }
    }

    /// Makes `slot` due at `at`, instead of whenever it was.
    #[inline]
    pub(super) fn set(&mut self, slot: Slot, at: u64) {
        let key = if at == NEVER { NEVER } else { (at << SLOT_BITS) | slot as u64 };
        self.keys[slot as usize] = key;
        if !slot.is_busy() {
            let quiet = SLOTS.into_iter().filter(|slot| !slot.is_busy());
            self.quiet = quiet.map(|slot| self.keys[slot as usize]).min().unwrap_or(NEVER);
        }
    }

    pub(super) fn clear(&mut self, slot: Slot) {
        self.set(slot, NEVER);
    }

    pub(super) const fn is_due(&self, slot: Slot) -> bool {
        self.keys[slot as usize] != NEVER
    }

    /// The next source of events and its due time.
    #[inline]
    pub(super) fn next(&self) -> Option<(Slot, u64)> {
        let busy = Slot::BUSY.into_iter().map(|slot| self.keys[slot as usize]);
        let key = busy.fold(self.quiet, u64::min);
        if key == NEVER {
            return None;
        }
        let slot = (key & ((1 << SLOT_BITS) - 1)) as usize;
        Some((SLOTS[slot], key >> SLOT_BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_is_at_its_own_place() {
        for (index, slot) in SLOTS.into_iter().enumerate() {
            assert_eq!(slot as usize, index);
            assert_eq!(slot.is_busy(), Slot::BUSY.contains(&slot));
        }
    }

    #[test]
    fn the_soonest_goes_first_and_ties_go_by_slot() {
        let mut agenda = Agenda::new();
        assert_eq!(agenda.next(), None);
        agenda.set(Slot::Witness, 5);
        agenda.set(Slot::Host, 7);
        assert_eq!(agenda.next(), Some((Slot::Witness, 5)));
        agenda.set(Slot::Tcp, 5);
        assert_eq!(agenda.next(), Some((Slot::Tcp, 5)));
        agenda.clear(Slot::Tcp);
        agenda.clear(Slot::Witness);
        assert_eq!(agenda.next(), Some((Slot::Host, 7)));
    }
}
