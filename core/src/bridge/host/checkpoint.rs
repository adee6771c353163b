//! The host's state, as a recording has it, and back.

use core::ops::Range;

use super::{Due, Firmware, Host, Stage};
use crate::bridge::secrets::Direction;
use crate::checkpoint::{Checkpoint, Field, Fields, Out, Pass, codes};
use crate::recorder::Subject;
use crate::storage::Storage;

impl<S: Storage> Host<S> {
    /// Bytes of the buffers: outbox, subscriptions, inbound, frame, topics of publications and of
    /// messages, settings.
    pub(crate) fn memory_sizes(&self) -> [usize; 7] {
        [
            self.desk.outbox.size_bytes(),
            self.desk.subscriptions.size_bytes(),
            self.inbound.capacity(),
            self.frame.capacity(),
            self.publication_topics.capacity(),
            self.message_topics.capacity(),
            self.settings.as_ref().len(),
        ]
    }

    /// Writes the state of this host, nothing of it left out: see
    /// [`Client::checkpoint`](crate::client::Client::checkpoint).
    pub fn checkpoint(&mut self, mut out: impl FnMut(&[u8])) {
        self.save(None, &mut out);
    }

    pub(crate) const fn now(&self) -> crate::time::Instant {
        self.now
    }

    /// No output takes more bytes than this.
    pub(crate) fn output_max_bytes(&self) -> usize {
        self.inbound.capacity().max(self.frame.capacity()).saturating_add(64)
    }
}

impl<S: Storage> Checkpoint for Host<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            now,
            stage,
            desk,
            inbound,
            frame,
            publication_topics,
            message_topics,
            settings,
            settings_size,
            watchdog,
            watchdog_timeout_ms,
            startup_timeout_ms,
            window,
            release,
            firmware,
            epoch,
            clean_init_due,
            link_up,
            connected,
            wifi,
            errands,
            due,
            reset_due,
            esp_outbox_bytes,
            frame_max_bytes,
            deliveries,
            hold,
            handed,
            stop_told,
            freed_bytes,
            told_freed_bytes,
            tally_base,
            #[cfg(feature = "mqtt5")]
            said,
            planted: _,
        } = self;
        pass.field(now)?;
        pass.field(stage)?;
        desk.walk(pass)?;
        inbound.walk(pass, walk_message)?;
        frame.walk_frames(pass, Direction::ToEsp)?;
        publication_topics.walk(pass)?;
        message_topics.walk(pass)?;
        pass.field(settings_size)?;
        pass.frame(settings.as_mut(), 0, *settings_size, Direction::ToEsp)?;
        pass.field(watchdog)?;
        [watchdog_timeout_ms, startup_timeout_ms].into_iter().try_for_each(|ms| pass.field(ms))?;
        pass.field(window)?;
        pass.field(release)?;
        pass.field(firmware)?;
        pass.field(epoch)?;
        errands.walk(pass)?;
        [clean_init_due, link_up, connected, wifi]
            .into_iter()
            .try_for_each(|flag| pass.field(flag))?;
        due.walk(pass)?;
        pass.field(reset_due)?;
        [esp_outbox_bytes, frame_max_bytes].into_iter().try_for_each(|limit| pass.limit(limit))?;
        deliveries.walk(pass)?;
        [hold, handed, stop_told].into_iter().try_for_each(|flag| pass.field(flag))?;
        [freed_bytes, told_freed_bytes].into_iter().try_for_each(|bytes| pass.field(bytes))?;
        pass.field(tally_base)?;
        #[cfg(feature = "mqtt5")]
        if desk.version() == crate::mqtt::ProtocolVersion::V5 {
            said.walk(pass, settings.as_mut().get_mut(*settings_size..)?)?;
        }
        Some(())
    }
}

impl Checkpoint for Due {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { init, slate_noted, shut_down, refusals } = self;
        [init, slate_noted, shut_down, refusals].into_iter().try_for_each(|flag| pass.field(flag))
    }
}

/// A message that the application has not taken: four bytes of ours, then a PUBLISH.
fn walk_message(pass: &mut Pass<'_>, bytes: &mut [u8], record: Range<usize>) -> Option<()> {
    let packet = record.start + 4;
    pass.agrees(packet <= record.end)?;
    pass.plain(bytes, record.start, packet)?;
    pass.packets(bytes, packet, record.end)
}

impl Field for Stage {
    fn put(&self, out: &mut Out<'_>) {
        let code: u8 = match self {
            Self::Idle => 1,
            Self::AwaitingEsp => 2,
            Self::Configuring => 3,
            Self::Running => 4,
            Self::Stopping { .. } => 5,
            Self::Stopped => 6,
        };
        code.put(out);
        if let Self::Stopping { until } = self {
            until.put(out);
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(match u8::get(from)? {
            1 => Self::Idle,
            2 => Self::AwaitingEsp,
            3 => Self::Configuring,
            4 => Self::Running,
            5 => Self::Stopping { until: Field::get(from)? },
            6 => Self::Stopped,
            _ => return None,
        })
    }
}

codes! {
    Firmware {
        1 Fivewire,
        2 Original,
    }
}
