//! Recognises the predecessor's end: it says SYN once, and then nothing until it hears SYN (PREDECESSORS.md
//! §1.5).

/// The predecessor's SYN, 0x9D, without its first bit: where an initiator starts over, that one may
/// make no edge.
const SYN: u8 = 0x9D >> 1;
/// Zeros behind SYN that settle it. A fivewire end that is in a session of its own may fall silent
/// behind such bits too, but has heard a HELLO within fewer steps, and says one.
const SILENCE_BITS: u16 = 1_024;

/// What was heard so far.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Foreign {
    /// Zeros since SYN, and one more; 0 before SYN.
    zeros: u16,
}

impl Foreign {
    /// One more bit came, the highest of `last`. True if this settles it.
    pub(super) const fn hear(&mut self, last: u8) -> bool {
        if last >> 1 == SYN {
            self.zeros = 1;
        } else if last & 0x80 != 0 {
            self.zeros = 0;
        } else if self.zeros > 0 && self.zeros <= SILENCE_BITS {
            self.zeros += 1;
            return self.zeros > SILENCE_BITS;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(bits: impl Iterator<Item = bool>) -> usize {
        let (mut foreign, mut last) = (Foreign::default(), 0_u8);
        bits.filter(|bit| {
            last = last >> 1 | u8::from(*bit) << 7;
            foreign.hear(last)
        })
        .count()
    }

    #[test]
    fn syn_and_a_long_silence_is_the_predecessor() {
        let syn = [true, false, true, true, true, false, false, true];
        let silence = core::iter::repeat_n(false, 3_000);
        assert_eq!(settled(syn.into_iter().chain(silence.clone())), 1);
        assert_eq!(settled(syn.into_iter().chain(silence.clone().take(1_023))), 0);
        assert_eq!(settled(silence), 0);
    }
}
