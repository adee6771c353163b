//! What this end owes the other: an acknowledgement, a hint that something was lost, credit.

use super::frame::{HEADER_BYTES, Report, next};

/// Bits of a header: a frame whose header is complete began this long ago.
const HEADER_BITS: u32 = HEADER_BYTES as u32 * 8;

/// Where the hint that something was lost stands. It is given once, and again only when a frame
/// that the other end began after it still is not the one that was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hint {
    /// Nothing is lost.
    None,
    /// To be told with the next report.
    Due,
    /// In the frame that is being sent.
    OnTheWay,
    /// The frame with it left at this step.
    Told { at_step: u32 },
    /// The frame that is being heard began after that.
    Heeded,
}

/// The reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    /// The number of the frame that is expected next.
    pub(super) expected: u8,
    /// The other end is waiting for a report.
    due: bool,
    hint: Hint,
    /// Units of free memory now, and when they were last told.
    credit: u8,
    told_credit: u8,
    credit_max: u8,
    /// A frame is being heard: what it says is worth waiting for.
    pub(super) hears_frame: bool,
}

impl Reply {
    /// At the beginning of a session; the receive memory is empty and has so many units.
    pub(super) const fn new(credit_max: u8) -> Self {
        Self {
            expected: 0,
            due: false,
            hint: Hint::None,
            credit: credit_max,
            told_credit: credit_max,
            credit_max,
            hears_frame: false,
        }
    }

    /// The other end is to be told soon.
    pub(super) const fn ask(&mut self) {
        self.due = true;
    }

    pub(super) fn is_due(&self) -> bool {
        self.due || self.hint == Hint::Due
    }

    /// A header was heard, in this step.
    pub(super) const fn frame_begins(&mut self, step: u32) {
        self.hears_frame = true;
        if let Hint::Told { at_step } = self.hint
            && step.wrapping_sub(at_step) > HEADER_BITS + 2
        {
            self.hint = Hint::Heeded;
        }
    }

    /// The frame that was expected arrived.
    pub(super) const fn accept(&mut self) {
        self.expected = next(self.expected);
        self.hint = Hint::None;
        self.due = true;
    }

    /// Nothing is missing after all.
    pub(super) const fn nothing_lost(&mut self) {
        self.hint = Hint::None;
    }

    /// Something was lost.
    pub(super) const fn lost(&mut self) {
        if matches!(self.hint, Hint::None | Hint::Heeded) {
            self.hint = Hint::Due;
        }
    }

    /// So many units of memory are free now. They are told at once where it matters: where a
    /// quarter of them came back, or the last.
    pub(super) const fn set_credit(&mut self, units: u8) {
        self.credit = units;
        let regained = units.saturating_sub(self.told_credit);
        if regained > self.credit_max / 4 || (regained > 0 && units == self.credit_max) {
            self.due = true;
        }
    }

    /// The report for the frame that is being sent.
    pub(super) fn take(&mut self) -> Report {
        let lost = self.hint == Hint::Due;
        if lost {
            self.hint = Hint::OnTheWay;
        }
        self.due = false;
        self.told_credit = self.credit;
        Report { expected: self.expected, lost, credit: self.credit }
    }

    /// The last bit of the frame with the report was sent, in this step.
    pub(super) fn frame_left(&mut self, step: u32) {
        if self.hint == Hint::OnTheWay {
            self.hint = Hint::Told { at_step: step };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_hinted_at_once_and_again_if_the_hint_was_not_heeded() {
        let mut reply = Reply::new(200);
        reply.lost();
        assert!(reply.is_due() && reply.take().lost);
        reply.frame_left(1_000);
        reply.frame_begins(1_041);
        reply.lost();
        assert!(!reply.is_due(), "this frame began before the hint was out");
        reply.frame_begins(1_043);
        assert!(!reply.is_due());
        reply.lost();
        assert!(reply.take().lost, "this one began after it");
        reply.accept();
        let report = reply.take();
        assert_eq!((report.expected, report.lost), (1, false));
    }

    #[test]
    fn credit_is_told_where_much_came_back_or_the_last() {
        let mut reply = Reply::new(200);
        reply.set_credit(10);
        assert_eq!(reply.take().credit, 10);
        reply.set_credit(60);
        assert!(!reply.is_due());
        reply.set_credit(61);
        assert_eq!((reply.is_due(), reply.take().credit), (true, 61));
        reply.set_credit(180);
        reply.take();
        reply.set_credit(199);
        assert!(!reply.is_due());
        reply.set_credit(200);
        assert!(reply.is_due());
    }
}
