//! The state of the ESP8266's end, as a recording has it, and back.

use super::{Esp, Room};
use crate::bridge::secrets::Direction;
use crate::bridge::topics::Topics;
use crate::checkpoint::{Checkpoint, Pass};
use crate::client::{self, Client};
use crate::config::Config;
use crate::mqtt::ProtocolVersion;
use crate::recorder::Subject;
use crate::storage::Storage;
use crate::time::Instant;

/// The client's memory waits for one.
const WAITING: u8 = 0;
/// There is a client.
const CLIENT: u8 = 1;
/// The client's memory went with one that was unfit.
const GONE: u8 = 2;
/// There is a client, and it speaks MQTT 5.
const CLIENT_V5: u8 = 3;

impl<S: Storage> Esp<S> {
    /// Bytes of the buffers: those of the client (receive, transmit, outbox, subscriptions,
    /// connect), frames, topics of publications and of messages, settings. Those of a client that
    /// could not be made are 0.
    pub(crate) fn memory_sizes(&self) -> [usize; 9] {
        let waiting = self.memory.as_ref().map(|memory| {
            [
                &memory.receive,
                &memory.transmit,
                &memory.outbox,
                &memory.subscriptions,
                &memory.connect,
            ]
            .map(|buffer| buffer.as_ref().len())
        });
        let in_use = self.client.as_ref().map(Client::memory_sizes);
        let [receive, transmit, outbox, subscriptions, connect] =
            in_use.or(waiting).unwrap_or_default();
        let (frames, settings) = (self.frames.capacity(), self.settings.as_ref().len());
        let [publications, messages] =
            [&self.publication_topics, &self.message_topics].map(Topics::capacity);
        [
            receive,
            transmit,
            outbox,
            subscriptions,
            connect,
            frames,
            publications,
            messages,
            settings,
        ]
    }

    /// Writes the state of this end, nothing of it left out: see
    /// [`Client::checkpoint`](crate::client::Client::checkpoint).
    pub fn checkpoint(&mut self, mut out: impl FnMut(&[u8])) {
        self.save(None, &mut out);
    }

    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// No output takes more bytes than this.
    pub(crate) fn output_max_bytes(&self) -> usize {
        let client = self.client.as_ref().map_or(0, Client::output_max_bytes);
        let settings = self.settings.as_ref().len();
        client.max(self.frames.capacity()).max(settings).saturating_add(64)
    }
}

impl<S: Storage> Checkpoint for Esp<S> {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            now,
            seed,
            client,
            memory,
            frames,
            publication_topics,
            message_topics,
            frame_offered,
            frame_blocked,
            frame_max_bytes,
            settings,
            settings_size,
            configure_due,
            close_due,
            link_up,
            configured,
            hello_due,
            hello_at,
            epoch,
            room,
            last_frame_at,
            errands,
            received_up_to,
            outbox_bytes,
            #[cfg(feature = "mqtt5")]
            endings,
            planted: _,
        } = self;
        pass.field(now)?;
        pass.field(seed)?;
        let speaks_v5 = walk_client(pass, client, memory)?;
        frames.walk(pass, |pass, bytes, record| {
            pass.frame(bytes, record.start, record.end, Direction::ToHost)
        })?;
        publication_topics.walk(pass)?;
        message_topics.walk(pass)?;
        for flag in [frame_offered, frame_blocked, configure_due, link_up, configured, hello_due] {
            pass.field(flag)?;
        }
        pass.limit(frame_max_bytes)?;
        pass.field(settings_size)?;
        pass.frame(settings.as_mut(), 0, *settings_size, Direction::ToEsp)?;
        pass.fields(close_due)?;
        pass.field(hello_at)?;
        pass.field(epoch)?;
        room.walk(pass)?;
        errands.walk(pass)?;
        pass.field(last_frame_at)?;
        pass.field(received_up_to)?;
        pass.field(outbox_bytes)?;
        if speaks_v5 {
            #[cfg(feature = "mqtt5")]
            endings.walk(pass)?;
        }
        Some(())
    }
}

/// Passes over the client, if there is one. True if it speaks MQTT 5.
fn walk_client<S: Storage>(
    pass: &mut Pass<'_>,
    client: &mut Option<Client<S>>,
    memory: &mut Option<client::Memory<S>>,
) -> Option<bool> {
    let mut standing = match (&client, &memory) {
        (Some(client), _) if client.session().version() == ProtocolVersion::V3_1_1 => CLIENT,
        (Some(_), _) => CLIENT_V5,
        (None, Some(_)) => WAITING,
        (None, None) => GONE,
    };
    pass.field(&mut standing)?;
    pass.agrees(standing <= CLIENT_V5)?;
    if pass.is_loading() && standing != WAITING {
        // Its own configuration is in the state; this one fits wherever that did.
        let config = Config::smallest(standing == CLIENT_V5)?;
        let made = memory.take().map(|memory| Client::new(&config, memory, 0));
        *client = made.filter(|_| standing != GONE).and_then(Result::ok);
    }
    match client {
        Some(client) => client.walk(pass)?,
        None => pass.agrees(matches!(standing, WAITING | GONE))?,
    }
    Some(standing == CLIENT_V5)
}

impl Checkpoint for Room {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self { initial_bytes, freed_bytes, sent_bytes, capacity_bytes } = self;
        for bytes in [initial_bytes, freed_bytes, sent_bytes] {
            pass.field(bytes)?;
        }
        pass.limit(capacity_bytes)
    }
}
