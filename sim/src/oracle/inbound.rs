//! What the broker has for the device, and how far each message came.

use super::messages::{Messages, TextId};

/// All messages of one text. Those of the workload are all different.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct InboundMessage {
    /// PUBLISH packets the broker wrote, of any kind.
    pub(super) copies_any: u32,
    /// The qualities of service they had, as bits.
    pub(super) qos_sent: u8,
    /// The retain and DUP flags they had together, as bits; see [`flags_bit`].
    pub(super) flags_sent: u8,
    /// Those with QoS 1 or 2 that are not retained.
    pub(super) copies: u32,
    /// How often the application was told, with QoS 1 and not retained.
    pub(super) told: u32,
    /// Link losses there had been when the broker wrote the first copy.
    pub(super) link_losses_before: u32,
    /// The life of the device in which it was last told, and in which its release was asked for.
    pub(super) told_in_life: Option<u32>,
    pub(super) released_in_life: Option<u32>,
    /// Owed to the application: how many were published for it in the epoch, how many told since.
    pub(super) owed: u32,
    pub(super) owed_epoch: u32,
    pub(super) told_of_owed: u32,
}

/// One bit for each way in which a PUBLISH may have its retain flag and DUP.
pub(super) const fn flags_bit(retain: bool, dup: bool) -> u8 {
    1 << (retain as u8 * 2 + dup as u8)
}

/// A message that the application has.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    number: u32,
    text: TextId,
    /// So many disruptions there had been.
    disruptions: u32,
}

/// The ledger of inbound messages.
#[derive(Default, Debug)]
pub(super) struct Inbound {
    pub(super) messages: Messages,
    entries: Vec<InboundMessage>,
    /// Deliveries that were told and not released, with their messages.
    deliveries: Vec<Delivery>,
    /// What was published before the session or the host's memory was lost is not owed any more.
    epoch: u32,
    /// Where messages begin that are of the present epoch.
    pub(super) is_anything_owed: bool,
}

impl Inbound {
    /// The message with this text, noted now if it is new.
    pub(super) fn note(&mut self, topic: &[u8], payload: &[u8]) -> TextId {
        let (text, is_new) = self.messages.find_or_add(topic, payload);
        if is_new {
            self.entries.push(InboundMessage::default());
        }
        text
    }

    pub(super) fn get(&self, text: TextId) -> &InboundMessage {
        &self.entries[text.0 as usize]
    }

    pub(super) fn get_mut(&mut self, text: TextId) -> &mut InboundMessage {
        &mut self.entries[text.0 as usize]
    }

    /// From now on the application must be told of one more such message.
    pub(super) fn owe(&mut self, text: TextId) {
        let epoch = self.epoch;
        self.is_anything_owed = true;
        let entry = self.get_mut(text);
        if entry.owed_epoch != epoch || entry.owed == 0 {
            (entry.owed, entry.owed_epoch, entry.told_of_owed) = (0, epoch, 0);
        }
        entry.owed += 1;
    }

    /// What was owed may be lost: the session ended, or the host's memory.
    pub(super) fn forgive(&mut self) {
        self.epoch += u32::from(self.is_anything_owed);
        self.is_anything_owed = false;
    }

    /// The messages that the application should have been told of and was not.
    pub(super) fn unpaid(&self) -> impl Iterator<Item = TextId> {
        let is_unpaid = |entry: &InboundMessage| {
            entry.owed_epoch == self.epoch && entry.told_of_owed < entry.owed
        };
        let ids = (0..).map(TextId);
        ids.zip(&self.entries).filter(move |(_, entry)| is_unpaid(entry)).map(|(id, _)| id)
    }

    /// A delivery was handed out with its message.
    pub(super) fn hand_out(&mut self, number: u32, text: TextId, disruptions: u32) {
        self.deliveries.push(Delivery { number, text, disruptions });
    }

    /// Messages that the application has and has not released: those since so many disruptions, and all.
    pub(super) fn handed_out(&self, disruptions: u32) -> (usize, usize) {
        let since = self.deliveries.iter().filter(|delivery| delivery.disruptions == disruptions);
        (since.count(), self.deliveries.len())
    }

    /// Messages that the application has and has not released.
    pub(super) const fn handed_out_any(&self) -> usize {
        self.deliveries.len()
    }

    /// A delivery was released: its message, if it is known.
    pub(super) fn take_back(&mut self, delivery: u32) -> Option<TextId> {
        let place = self.deliveries.iter().position(|given| given.number == delivery)?;
        Some(self.deliveries.remove(place).text)
    }

    /// The host lost its memory: deliveries count from the start.
    pub(super) fn forget(&mut self) {
        self.deliveries.clear();
        self.forgive();
    }

    /// How failure messages name a message.
    pub(super) fn show(&self, text: TextId) -> String {
        format!(
            "{} ({})",
            String::from_utf8_lossy(self.messages.topic(text)),
            super::messages::show(self.messages.payload(text))
        )
    }
}
