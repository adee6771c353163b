//! Memory for the machines. It is the caller's, as everywhere: a whole world of it would not fit a
//! small stack.

use fivewire_core::bridge::{esp, host};
use fivewire_core::client;
use fivewire_core::link::native;

/// The largest frame on the link.
const FRAME_BYTES: usize = 640;

/// Everything that a schedule needs.
#[derive(Debug)]
pub struct Memory {
    pub(crate) host: HostMemory,
    pub(crate) esp: EspMemory,
}

impl Memory {
    /// All zero.
    #[must_use]
    pub const fn new() -> Self {
        Self { host: HostMemory::new(), esp: EspMemory::new() }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// Of a link.
#[derive(Debug)]
pub(crate) struct LinkMemory {
    transmit: [u8; 1_024],
    receive: [u8; 1_024],
}

impl LinkMemory {
    const fn new() -> Self {
        Self { transmit: [0; 1_024], receive: [0; 1_024] }
    }

    pub(crate) const fn lend(&mut self) -> native::Memory<&mut [u8]> {
        native::Memory { transmit: &mut self.transmit, receive: &mut self.receive }
    }
}

/// Of the end with the application.
#[derive(Debug)]
pub(crate) struct HostMemory {
    outbox: [u8; 1_024],
    subscriptions: [u8; 128],
    inbound: [u8; 512],
    frame: [u8; FRAME_BYTES],
    topics: [[u8; 64]; 2],
    settings: [u8; 256],
    link: LinkMemory,
}

impl HostMemory {
    const fn new() -> Self {
        Self {
            outbox: [0; 1_024],
            subscriptions: [0; 128],
            inbound: [0; 512],
            frame: [0; FRAME_BYTES],
            topics: [[0; 64]; 2],
            settings: [0; 256],
            link: LinkMemory::new(),
        }
    }

    pub(crate) const fn lend(&mut self) -> (host::Memory<&mut [u8]>, &mut LinkMemory) {
        let [publication_topics, message_topics] = &mut self.topics;
        let memory = host::Memory {
            outbox: &mut self.outbox as &mut [u8],
            subscriptions: &mut self.subscriptions,
            inbound: &mut self.inbound,
            frame: &mut self.frame,
            publication_topics,
            message_topics,
            settings: &mut self.settings,
        };
        (memory, &mut self.link)
    }
}

/// Of a client.
#[derive(Debug)]
pub(crate) struct ClientMemory {
    receive: [u8; 256],
    transmit: [u8; 256],
    outbox: [u8; 768],
    subscriptions: [u8; 128],
    connect: [u8; 128],
}

impl ClientMemory {
    const fn new() -> Self {
        Self {
            receive: [0; 256],
            transmit: [0; 256],
            outbox: [0; 768],
            subscriptions: [0; 128],
            connect: [0; 128],
        }
    }

    pub(crate) const fn lend(&mut self) -> client::Memory<&mut [u8]> {
        client::Memory {
            receive: &mut self.receive as &mut [u8],
            transmit: &mut self.transmit,
            outbox: &mut self.outbox,
            subscriptions: &mut self.subscriptions,
            connect: &mut self.connect,
        }
    }
}

/// Of the end with the radio.
#[derive(Debug)]
pub(crate) struct EspMemory {
    pub(crate) client: ClientMemory,
    frames: [u8; FRAME_BYTES],
    topics: [[u8; 64]; 2],
    settings: [u8; 256],
    link: LinkMemory,
}

impl EspMemory {
    const fn new() -> Self {
        Self {
            client: ClientMemory::new(),
            frames: [0; FRAME_BYTES],
            topics: [[0; 64]; 2],
            settings: [0; 256],
            link: LinkMemory::new(),
        }
    }

    pub(crate) const fn lend(&mut self) -> (esp::Memory<&mut [u8]>, &mut LinkMemory) {
        let [publication_topics, message_topics] = &mut self.topics;
        let memory = esp::Memory {
            client: self.client.lend(),
            frames: &mut self.frames as &mut [u8],
            publication_topics,
            message_topics,
            settings: &mut self.settings,
        };
        (memory, &mut self.link)
    }
}
