//! What passed through the proxy and what the client reported, in one order, and the judgement.
//!
//! The packets are read by a foreign codec.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use mqttbytes::v4::{Packet, read};

/// Which message: publications are numbered over all topics.
pub(crate) type Number = u32;

#[derive(Clone, PartialEq, Debug)]
enum Entry {
    /// The client sent a message.
    Published { connection: usize, id: u16, dup: bool, topic: String, number: Number },
    /// The broker acknowledged one.
    Acknowledged { connection: usize, id: u16 },
    /// The client reported one as acknowledged.
    Reported(Number),
}

/// The journal. Clones write into the same one.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<Entry>>>);

/// Reads one direction of a connection.
pub(crate) struct Reader {
    journal: Journal,
    connection: usize,
    buffer: BytesMut,
}

impl Reader {
    /// Takes the bytes that are about to be passed on.
    pub(crate) fn see(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        let connection = self.connection;
        loop {
            match read(&mut self.buffer, usize::MAX) {
                Ok(Packet::Publish(publish)) => self.journal.write(Entry::Published {
                    connection,
                    id: publish.pkid,
                    dup: publish.dup,
                    number: std::str::from_utf8(&publish.payload).unwrap().parse().unwrap(),
                    topic: publish.topic,
                }),
                Ok(Packet::PubAck(puback)) => {
                    self.journal.write(Entry::Acknowledged { connection, id: puback.pkid });
                }
                Ok(_) => {}
                Err(mqttbytes::Error::InsufficientBytes(_)) => break,
                Err(error) => panic!("connection {connection} carries nonsense: {error:?}"),
            }
        }
    }
}

/// What a run came to, once it was judged.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Verdict {
    pub(crate) reported: usize,
    pub(crate) copies: usize,
    pub(crate) connections: usize,
}

/// What is known of a message while the journal is read.
#[derive(Default)]
struct Known {
    last_connection: Option<usize>,
    acknowledged: bool,
    reported: bool,
}

impl Journal {
    pub(crate) fn reader(&self, connection: usize) -> Reader {
        Reader { journal: self.clone(), connection, buffer: BytesMut::new() }
    }

    pub(crate) fn report(&self, number: Number) {
        self.write(Entry::Reported(number));
    }

    fn write(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }

    /// Judges the whole journal, and panics where a promise was broken.
    pub(crate) fn judge(&self) -> Verdict {
        let entries = self.0.lock().unwrap();
        let mut messages = BTreeMap::<Number, Known>::new();
        let mut newest = BTreeMap::<&str, Number>::new();
        let mut under_way = BTreeMap::<(usize, u16), Number>::new();
        let mut verdict = Verdict::default();
        for entry in &*entries {
            match entry {
                Entry::Published { connection, id, dup, topic, number } => {
                    let known = messages.entry(*number).or_default();
                    assert!(!known.reported, "P3: {number} was sent after it was reported");
                    match known.last_connection.replace(*connection) {
                        // A connection carries it once, so copies are at most 1 + connections that
                        // ended while it was unacknowledged.
                        Some(last) => {
                            assert!(last < *connection, "P3: {number} twice on one connection");
                            assert!(dup, "P3: {number} was sent again without DUP");
                            verdict.copies += 1;
                        }
                        None => {
                            let before = newest.insert(topic, *number);
                            assert!(before < Some(*number), "P2: {number} after {before:?}");
                        }
                    }
                    verdict.connections = verdict.connections.max(connection + 1);
                    under_way.insert((*connection, *id), *number);
                }
                Entry::Acknowledged { connection, id } => {
                    let number = under_way.remove(&(*connection, *id));
                    let number = number.expect("the broker acknowledges only what was sent");
                    messages.entry(number).or_default().acknowledged = true;
                }
                Entry::Reported(number) => {
                    let known = messages.entry(*number).or_default();
                    assert!(known.acknowledged, "P1: {number} was reported before its PUBACK");
                    assert!(!known.reported, "P1: {number} was reported twice");
                    known.reported = true;
                    verdict.reported += 1;
                }
            }
        }
        verdict
    }
}
