//! How the two ends find each other, and how one notices that the other has started over.
//!
//! SYN is sent once, with nothing to confirm it (PREDECESSORS.md §1.5). What one end can tell alone:
//!
//! * *Every clean start takes exactly eight steps.* An initiator that finds SYN after any other
//!   number has made a step that the other end knows nothing of, or missed one: the two are out of
//!   step (D-05).
//! * *Both directions are framed by the passive end's SYN*: the initiator's first character follows
//!   the filler bit that it sends when it has heard SYN, and by then has sent its own long ago. So
//!   a passive end that hears SYN and then silence, while it was not looking for it, knows that the
//!   initiator has started over and waits; it sends SYN again, and the two are in step, without a
//!   reset line (D-32). The predecessor's initiator waits for SYN however late it comes; ours knows
//!   in which step such an answer comes, and takes it for no misalignment.
//! * *An initiator that makes edges and says nothing* either waits for SYN, and its own was
//!   damaged, or believes in a session with a passive end that has restarted since. A passive end
//!   says SYN to it: the predecessor's driver then tells its settings at once. If it does not, it
//!   is the other case.

/// Eight bits, least significant first: 1 0 1 1 1 0 0 1.
pub(super) const SYN: u8 = 0x9D;
/// Steps of an initiator until SYN, on a clean start.
const CLEAN_STEPS: u16 = 8;
/// Zeros after SYN that make sure it is no part of a string: any seven zeros would end one.
const QUIET_BITS: u8 = 6;
/// Steps of an initiator until SYN, if a passive end that was running answers it: the seven bits of
/// SYN after the first, the quiet bits, and the answer.
const ANSWERED_STEPS: u16 = 7 + QUIET_BITS as u16 + CLEAN_STEPS;
/// SYN, least significant bit first, and the quiet bits, as they stand in a register of fourteen
/// bits.
const SYN_THEN_QUIET: u16 = SYN as u16;
/// The same without the first bit, which is on the wires before the initiator's pause.
const TAIL_THEN_QUIET: u16 = SYN_THEN_QUIET >> 1;
/// Enough steps to tell a peer of another kind.
const STEPS_MAX: u16 = 256;
/// A native end has said so much by then.
const NATIVE_ONES: u16 = 24;
/// Zeros after which a passive end knows that no SYN will come.
const IDLE_STEPS: u16 = 512;
/// Bits after three ones in a row in which SYN would have ended.
const FOREIGN_BITS: u8 = 32;

/// What a step of looking for the other end came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// Nothing yet.
    Nothing,
    /// The other end, in step.
    Peer,
    /// The other end, or something, out of step.
    OutOfStep,
    /// The predecessor's initiator, or ours, has begun anew and waits for SYN.
    Caller,
    /// An initiator that makes edges and says nothing, not even SYN.
    Mute,
    /// An end that speaks `native`.
    Native,
}

/// Bits heard while looking for the other end.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Search {
    /// This end says SYN meanwhile.
    fresh: bool,
    steps: u16,
    /// The last fourteen bits.
    register: u16,
    ones: u16,
    /// Ones in a row.
    run: u8,
    /// Zeros in a row.
    zeros: u16,
    /// Bits since three ones in a row, which `native` never has.
    since_three: Option<u8>,
    native: bool,
}

impl Search {
    pub(super) fn new(fresh: bool) -> Self {
        Self { fresh, ..Self::default() }
    }

    /// This end has still all of SYN to say.
    pub(super) const fn is_untouched(&self) -> bool {
        self.fresh && self.steps == 0
    }

    /// Hears a bit at the initiator.
    pub(super) fn hear_as_initiator(&mut self, bit: bool) -> Found {
        self.hear(bit);
        if self.last_eight() == SYN {
            let in_step = matches!(self.steps, CLEAN_STEPS | ANSWERED_STEPS);
            return if in_step { Found::Peer } else { Found::OutOfStep };
        }
        if self.is_native() {
            return Found::Native;
        }
        if self.steps == STEPS_MAX && !self.native { Found::OutOfStep } else { Found::Nothing }
    }

    /// Hears a bit at a passive end.
    pub(super) fn hear_as_passive(&mut self, bit: bool) -> Found {
        self.hear(bit);
        if self.fresh && self.steps == CLEAN_STEPS && self.last_eight() == SYN {
            return Found::Peer;
        }
        if self.register == SYN_THEN_QUIET {
            return Found::Caller;
        }
        if self.is_native() {
            return Found::Native;
        }
        if self.since_three.is_some_and(|bits| bits >= FOREIGN_BITS) {
            return Found::OutOfStep;
        }
        let mute = self.zeros >= IDLE_STEPS && !self.native;
        if mute { Found::Mute } else { Found::Nothing }
    }

    fn hear(&mut self, bit: bool) {
        self.steps = self.steps.saturating_add(1).min(STEPS_MAX + 1);
        self.register = (self.register | u16::from(bit) << 14) >> 1;
        self.ones = self.ones.saturating_add(u16::from(bit));
        self.run = if bit { self.run.saturating_add(1) } else { 0 };
        self.zeros = if bit { 0 } else { self.zeros.saturating_add(1) };
        self.since_three = match self.since_three {
            None if self.run >= 3 => Some(0),
            since => since.map(|bits| bits.saturating_add(1)),
        };
    }

    const fn last_eight(&self) -> u8 {
        (self.register >> 6) as u8
    }

    /// True once.
    fn is_native(&mut self) -> bool {
        let native = self.since_three.is_none() && self.ones >= NATIVE_ONES;
        native && !core::mem::replace(&mut self.native, true)
    }
}

/// Looks, in a session, for an end that has started over: it was silent, then says SYN, then
/// nothing.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Relapse {
    /// Bits since the silence, while they are counted.
    bits: Option<u8>,
    register: u16,
}

impl Relapse {
    /// Hears a bit; `after_silence`: nothing came for a while before it. `whole`: SYN comes with
    /// its first bit, as from a passive end that was reset; an initiator puts that on the wires
    /// before its pause. True if that is it.
    pub(super) fn hear(&mut self, bit: bool, after_silence: bool, whole: bool) -> bool {
        if after_silence {
            *self = Self { bits: Some(0), register: 0 };
        }
        let Some(bits) = self.bits.as_mut() else { return false };
        self.register |= u16::from(bit) << *bits;
        *bits += 1;
        let (wanted, size) = if whole {
            (SYN_THEN_QUIET, 8 + QUIET_BITS)
        } else {
            (TAIL_THEN_QUIET, 7 + QUIET_BITS)
        };
        if *bits < size {
            return false;
        }
        self.bits = None;
        self.register == wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(text: &str) -> impl Iterator<Item = bool> {
        text.bytes().filter(|byte| *byte != b' ').map(|byte| byte == b'1')
    }

    fn initiator_hears(text: &str) -> Option<(usize, Found)> {
        let mut search = Search::new(true);
        bits(text)
            .map(|bit| search.hear_as_initiator(bit))
            .enumerate()
            .find(|(_, f)| *f != Found::Nothing)
    }

    fn passive_hears(text: &str) -> Option<(usize, Found)> {
        let mut search = Search::new(true);
        bits(text)
            .map(|bit| search.hear_as_passive(bit))
            .enumerate()
            .find(|(_, f)| *f != Found::Nothing)
    }

    #[test]
    fn a_clean_start_takes_eight_steps_at_either_end() {
        assert_eq!(initiator_hears("10111001"), Some((7, Found::Peer)));
        assert_eq!(passive_hears("10111001"), Some((7, Found::Peer)));
    }

    #[test]
    fn an_initiator_that_finds_syn_in_another_step_is_out_of_step() {
        assert_eq!(initiator_hears("00 10111001"), Some((9, Found::OutOfStep)));
        assert_eq!(initiator_hears("0 10111001"), Some((8, Found::OutOfStep)));
        let nothing: std::string::String = core::iter::repeat_n('0', 300).collect();
        assert_eq!(initiator_hears(&nothing), Some((255, Found::OutOfStep)));
    }

    #[test]
    fn a_passive_end_that_was_running_is_found_where_its_answer_must_come() {
        assert_eq!(initiator_hears("0000000000000 10111001"), Some((20, Found::Peer)));
    }

    #[test]
    fn a_caller_is_recognised_by_syn_and_silence_and_not_by_a_string() {
        assert_eq!(passive_hears("01 10111001 000000"), Some((15, Found::Caller)));
        let string = "01 10111001 000001 0000111 1111111 0000111 0000000 0000000";
        assert!(matches!(passive_hears(string), Some((_, Found::OutOfStep))));
    }

    #[test]
    fn an_initiator_that_says_nothing_for_long_is_mute() {
        let nothing: std::string::String = core::iter::repeat_n('0', 600).collect();
        assert_eq!(passive_hears(&nothing), Some((511, Found::Mute)));
    }

    #[test]
    fn many_ones_of_which_no_three_stand_together_are_a_native_end() {
        let native = "110".repeat(40);
        assert!(matches!(initiator_hears(&native), Some((_, Found::Native))));
        assert!(matches!(passive_hears(&native), Some((_, Found::Native))));
    }

    #[test]
    fn an_end_that_started_over_is_heard_only_after_a_silence() {
        for silence in [true, false] {
            let mut relapse = Relapse::default();
            let heard = bits("10111001 000000").enumerate();
            let last = heard.map(|(at, bit)| relapse.hear(bit, silence && at == 0, true)).last();
            assert_eq!(last, Some(silence));
        }
        let mut relapse = Relapse::default();
        let heard = bits("0111001 000000").enumerate();
        assert_eq!(heard.map(|(at, bit)| relapse.hear(bit, at == 0, false)).last(), Some(true));
    }
}
