//! A broker of a few lines: it says yes, and now and then something that no broker should.

use crate::hash::Hash;
use crate::random::Random;

const BUFFER_BYTES: usize = 640;

/// The broker's side of one connection at a time.
pub(crate) struct Broker {
    speaks_v5: bool,
    heard: [u8; BUFFER_BYTES],
    heard_bytes: usize,
    said: [u8; BUFFER_BYTES],
    said_bytes: usize,
    has_session: bool,
}

impl Broker {
    pub(crate) const fn new(speaks_v5: bool) -> Self {
        Self {
            speaks_v5,
            heard: [0; BUFFER_BYTES],
            heard_bytes: 0,
            said: [0; BUFFER_BYTES],
            said_bytes: 0,
            has_session: false,
        }
    }

    /// A connection begins, or the last one is over.
    pub(crate) const fn forget_connection(&mut self) {
        (self.heard_bytes, self.said_bytes) = (0, 0);
    }

    /// It forgets everything.
    pub(crate) const fn forget_session(&mut self) {
        self.has_session = false;
    }

    /// Takes as many bytes as it has room for.
    #[inline(never)]
    pub(crate) fn take(&mut self, bytes: &[u8], random: &mut Random, hash: &mut Hash) -> usize {
        let room = BUFFER_BYTES - self.heard_bytes;
        let taken = bytes.len().min(room);
        hash.bytes(&bytes[..taken]);
        self.heard[self.heard_bytes..self.heard_bytes + taken].copy_from_slice(&bytes[..taken]);
        self.heard_bytes += taken;
        while let Some(size) = packet_size(&self.heard[..self.heard_bytes]) {
            self.answer(random);
            self.heard.copy_within(size..self.heard_bytes, 0);
            self.heard_bytes -= size;
        }
        taken
    }

    /// The next bytes for the client, at most `room`.
    pub(crate) fn say(&mut self, room: usize) -> Option<([u8; 64], usize)> {
        let count = self.said_bytes.min(room).min(64);
        if count == 0 {
            return None;
        }
        let mut bytes = [0; 64];
        bytes[..count].copy_from_slice(&self.said[..count]);
        self.said.copy_within(count..self.said_bytes, 0);
        self.said_bytes -= count;
        Some((bytes, count))
    }

    /// Answers the first packet that was heard.
    #[inline(never)]
    fn answer(&mut self, random: &mut Random) {
        let kind = self.heard[0] >> 4;
        let is_acknowledged = self.heard[0] & 0b0110 == 0b0010;
        let body = body_at(&self.heard);
        match kind {
            1 => self.connack(random),
            3 => {
                let topic_bytes =
                    usize::from(u16::from_be_bytes([self.heard[body], self.heard[body + 1]]));
                let pid = [self.heard[body + 2 + topic_bytes], self.heard[body + 3 + topic_bytes]];
                // The application loses nothing by an acknowledgement that never comes.
                if is_acknowledged && !random.once_in(16) {
                    self.queue(&[0x40, 2, pid[0], pid[1]]);
                }
                if random.once_in(2) {
                    self.deliver(random);
                }
            }
            8 => {
                let code = if random.once_in(8) { 0x80 } else { random.below(2) as u8 };
                self.acknowledge(0x90, body, code);
            }
            10 => self.unsuback(body),
            12 => self.queue(&[0xD0, 0]),
            _ => {}
        }
        if random.once_in(64) {
            let garbage = [random.next() as u8, random.below(8) as u8, random.next() as u8];
            self.queue(&garbage);
        }
    }

    fn connack(&mut self, random: &mut Random) {
        let refuses = random.once_in(12);
        let present = u8::from(self.has_session && !refuses);
        let code = match (refuses, self.speaks_v5) {
            (false, _) => 0,
            (true, false) => 3,
            (true, true) => 0x88,
        };
        self.has_session |= !refuses;
        if self.speaks_v5 {
            // Receive maximum 4, topic alias maximum 2.
            self.queue(&[0x20, 9, present, code, 6, 0x21, 0, 4, 0x22, 0, 2]);
        } else {
            self.queue(&[0x20, 2, present, code]);
        }
    }

    fn acknowledge(&mut self, kind: u8, body: usize, code: u8) {
        let pid = [self.heard[body], self.heard[body + 1]];
        if self.speaks_v5 {
            self.queue(&[kind, 4, pid[0], pid[1], 0, code]);
        } else {
            self.queue(&[kind, 3, pid[0], pid[1], code]);
        }
    }

    fn unsuback(&mut self, body: usize) {
        if self.speaks_v5 {
            self.acknowledge(0xB0, body, 0);
        } else {
            let pid = [self.heard[body], self.heard[body + 1]];
            self.queue(&[0xB0, 2, pid[0], pid[1]]);
        }
    }

    /// A message to `a/b`, of either quality of service.
    fn deliver(&mut self, random: &mut Random) {
        let size = random.below(40) as usize;
        let payload = [b'm'; 40];
        // Their length, and a content type.
        let properties: &[u8] = match self.speaks_v5 {
            false => &[],
            true if random.once_in(2) => &[0],
            true => &[4, 3, 0, 1, b't'],
        };
        let remaining = 5 + properties.len() + size;
        if random.once_in(2) {
            self.queue(&[0x30, remaining as u8, 0, 3, b'a', b'/', b'b']);
        } else {
            let (remaining, pid) = (remaining + 2, 1 + random.below(5) as u8);
            self.queue(&[0x32, remaining as u8, 0, 3, b'a', b'/', b'b', 0, pid]);
        }
        self.queue(properties);
        self.queue(&payload[..size]);
    }

    /// Where there is no room nothing is said: the packets behind it are then broken, which the
    /// client must bear.
    fn queue(&mut self, bytes: &[u8]) {
        let end = self.said_bytes + bytes.len();
        if let Some(room) = self.said.get_mut(self.said_bytes..end) {
            room.copy_from_slice(bytes);
            self.said_bytes = end;
        }
    }
}

/// Bytes of the first packet, if it is whole. The client's packets are short here: two bytes of
/// size at most.
fn packet_size(bytes: &[u8]) -> Option<usize> {
    let remaining = match bytes {
        [_, size, ..] if *size < 128 => usize::from(*size),
        [_, low, high, ..] => usize::from(low & 0x7F) | usize::from(*high) << 7,
        _ => return None,
    };
    let size = body_at(bytes) + remaining;
    (bytes.len() >= size).then_some(size)
}

/// Where the first packet's variable header begins.
fn body_at(bytes: &[u8]) -> usize {
    if bytes[1] < 128 { 2 } else { 3 }
}
