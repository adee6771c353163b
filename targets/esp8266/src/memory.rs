//! All memory that the machines live on. The only numbers to change for larger messages.

use fivewire_core::bridge::esp::Memory;
use fivewire_core::client;

use crate::local::Local;

struct Buffers {
    /// The largest message that can be received, with its topic.
    receive: [u8; 1_024],
    transmit: [u8; 1_024],
    /// Publications under way.
    outbox: [u8; 4_096],
    subscriptions: [u8; 1_024],
    connect: [u8; 512],
    frames: [u8; 1_536],
    /// Topics that cost a byte each on the link.
    publication_topics: [u8; 256],
    message_topics: [u8; 256],
    settings: [u8; 512],
}

static BUFFERS: Local<Buffers> = Local::new(Buffers {
    receive: [0; 1_024],
    transmit: [0; 1_024],
    outbox: [0; 4_096],
    subscriptions: [0; 1_024],
    connect: [0; 512],
    frames: [0; 1_536],
    publication_topics: [0; 256],
    message_topics: [0; 256],
    settings: [0; 512],
});

/// The memory of the bridge's end and of its client. Once.
pub(crate) fn take() -> Memory<&'static mut [u8]> {
    let buffers = BUFFERS.take();
    Memory {
        client: client::Memory {
            receive: &mut buffers.receive,
            transmit: &mut buffers.transmit,
            outbox: &mut buffers.outbox,
            subscriptions: &mut buffers.subscriptions,
            connect: &mut buffers.connect,
        },
        frames: &mut buffers.frames,
        publication_topics: &mut buffers.publication_topics,
        message_topics: &mut buffers.message_topics,
        settings: &mut buffers.settings,
    }
}
