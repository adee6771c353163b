//! What the application published, and how far each publication came.

use super::messages::{Messages, TextId};

/// How a publication ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Acked,
    Sent,
    Refused,
    Abandoned,
    /// The host lost its memory before an outcome was told.
    Forgotten,
}

/// A place in [`Outbound::publications`]: the order of publishing, over all host lives.
pub(super) type Index = u32;

/// One publication.
#[derive(Clone, Copy, Debug)]
pub(super) struct Publication {
    pub(super) text: TextId,
    pub(super) topic: u32,
    pub(super) ticket: u32,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) outcome: Option<Outcome>,
    /// The application cancelled it.
    pub(super) is_cancelled: bool,
    /// Copies that arrived at the broker's socket.
    pub(super) copies: u32,
    /// The connection on which the last copy arrived, its packet identifier and session.
    pub(super) connection: u32,
    pub(super) packet_id: u16,
    pub(super) session: u32,
    /// Its place among first arrivals, from 1; 0 before it arrived.
    pub(super) first_arrival: u32,
    /// The broker answered a copy with PUBACK.
    pub(super) has_puback: bool,
    /// Connections that had ended, and disruptions there had been, when it was published.
    pub(super) endings_before: u32,
    pub(super) disruptions_before: u32,
    /// The last connection the device had attempted by then.
    pub(super) attempt_before: u32,
    /// Disruptions there had been when its outcome was told.
    pub(super) disruptions_at_outcome: u32,
    /// The next publication with the same topic and payload.
    twin: Option<Index>,
}

/// What a PUBLISH at the broker's socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Identity {
    Published(Index),
    /// It carries the number of this publication and is not the same.
    Changed(Index),
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Chain {
    first: Index,
    last: Index,
}

/// The ledger of publications.
#[derive(Default, Debug)]
pub(super) struct Outbound {
    pub(super) publications: Vec<Publication>,
    pub(super) messages: Messages,
    /// Publications of the same text, by text.
    chains: Vec<Chain>,
    topics: Vec<Box<[u8]>>,
    /// QoS 1 publications of this host life without an outcome.
    pub(super) unresolved: u32,
    /// Publications of any QoS of this host life without an outcome.
    pub(super) unresolved_any: u32,
    /// QoS 1 publications that arrived and have neither PUBACK nor outcome.
    pub(super) in_flight: Vec<Index>,
    /// The last publication was refused because the outbox was full, and that there is room was not told since.
    was_full: bool,
    /// Nor was anything else that says when to try again.
    pub(super) awaits_room: bool,
    /// Where the present host life begins.
    pub(super) life_start: Index,
    arrivals: u32,
}

/// A new entry of the ledger, as the application published it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) ticket: u32,
    pub(super) topic: &'a [u8],
    pub(super) payload: &'a [u8],
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) endings_before: u32,
    pub(super) disruptions_before: u32,
    pub(super) attempt_before: u32,
}

impl Outbound {
    pub(super) fn publish(&mut self, entry: &Entry<'_>) -> Index {
        let index = Index::try_from(self.publications.len()).expect("a run has fewer publications");
        let (text, is_new) = self.messages.find_or_add(entry.topic, entry.payload);
        if is_new {
            self.chains.push(Chain { first: index, last: index });
        } else {
            let chain = &mut self.chains[text.0 as usize];
            self.publications[chain.last as usize].twin = Some(index);
            chain.last = index;
        }
        let topic = self.topic(entry.topic);
        self.unresolved += u32::from(entry.qos == 1);
        self.unresolved_any += 1;
        self.note_room();
        self.publications.push(Publication {
            text,
            topic,
            ticket: entry.ticket,
            qos: entry.qos,
            retain: entry.retain,
            outcome: None,
            is_cancelled: false,
            copies: 0,
            connection: 0,
            packet_id: 0,
            session: 0,
            first_arrival: 0,
            has_puback: false,
            endings_before: entry.endings_before,
            disruptions_before: entry.disruptions_before,
            attempt_before: entry.attempt_before,
            disruptions_at_outcome: 0,
            twin: None,
        });
        index
    }

    /// A publication was refused because the outbox was full.
    pub(super) const fn note_full(&mut self) {
        (self.was_full, self.awaits_room) = (true, true);
    }

    /// There is room, or nobody asks for it. True if there is somebody to be told of it: who was refused, where
    /// something was given up.
    pub(super) fn note_room(&mut self) -> bool {
        self.awaits_room = false;
        std::mem::take(&mut self.was_full) && self.has_given_up()
    }

    /// Something was given up in this life. What was under way then keeps its place until it is answered.
    pub(super) fn has_given_up(&self) -> bool {
        let is_given_up =
            |it: &Publication| it.is_cancelled || it.outcome == Some(Outcome::Abandoned);
        self.publications[self.life_start as usize..].iter().any(is_given_up)
    }

    pub(super) fn get(&self, index: Index) -> &Publication {
        &self.publications[index as usize]
    }

    pub(super) fn get_mut(&mut self, index: Index) -> &mut Publication {
        &mut self.publications[index as usize]
    }

    /// The topic's place in the order of first use.
    fn topic(&mut self, name: &[u8]) -> u32 {
        let place = self.topics.iter().position(|topic| **topic == *name).unwrap_or_else(|| {
            self.topics.push(name.into());
            self.topics.len() - 1
        });
        u32::try_from(place).expect("a run has fewer topics")
    }

    /// Which publication a PUBLISH with this text is.
    pub(super) fn identify(
        &self,
        topic: &[u8],
        payload: &[u8],
        connection: u32,
        packet_id: u16,
    ) -> Identity {
        let Some(text) = self.messages.find(topic, payload) else {
            let changed = self.messages.numbered(payload);
            return changed.map_or(Identity::Unknown, |text| {
                Identity::Changed(self.chains[text.0 as usize].first)
            });
        };
        let chain = self.chains[text.0 as usize];
        if chain.first == chain.last {
            return Identity::Published(chain.first);
        }
        Identity::Published(self.choose(chain.first, connection, packet_id))
    }

    /// Of publications with the same text: the one under this identifier, else the first that
    /// is expected, else the first that this connection has not seen.
    #[cold]
    fn choose(&self, first: Index, connection: u32, packet_id: u16) -> Index {
        let twins = || {
            std::iter::successors(Some(first), |&index| self.get(index).twin)
                .map(|index| (index, self.get(index)))
        };
        let is_repeated = |publication: &Publication| {
            publication.copies > 0
                && publication.packet_id == packet_id
                && publication.qos == 1
                && publication.outcome.is_none()
                && publication.connection != connection
        };
        let has_not_come = |publication: &Publication| publication.copies == 0;
        let mut chosen = twins().find(|(_, twin)| is_repeated(twin));
        chosen = chosen
            .or_else(|| twins().find(|(_, twin)| has_not_come(twin) && twin.outcome.is_none()));
        chosen = chosen.or_else(|| twins().find(|(_, twin)| has_not_come(twin)));
        chosen = chosen.or_else(|| twins().find(|(_, twin)| twin.connection != connection));
        chosen.map_or(first, |(index, _)| index)
    }

    /// A copy arrived.
    pub(super) fn arrive(&mut self, index: Index, connection: u32, session: u32, packet_id: u16) {
        let publication = &mut self.publications[index as usize];
        publication.copies += 1;
        publication.connection = connection;
        publication.session = session;
        publication.packet_id = packet_id;
        if publication.first_arrival == 0 {
            self.arrivals += 1;
            publication.first_arrival = self.arrivals;
            if publication.qos == 1 && publication.outcome.is_none() {
                self.in_flight.push(index);
            }
        }
    }

    /// The broker wrote PUBACK for it.
    pub(super) fn acknowledge(&mut self, index: Index) {
        self.get_mut(index).has_puback = true;
        self.land(index);
    }

    /// The application was told how it ended.
    pub(super) fn end(&mut self, index: Index, outcome: Outcome, disruptions: u32) {
        let publication = &mut self.publications[index as usize];
        publication.outcome = Some(outcome);
        publication.disruptions_at_outcome = disruptions;
        self.unresolved -= u32::from(publication.qos == 1);
        self.unresolved_any -= 1;
        self.awaits_room = false;
        self.land(index);
    }

    /// The host lost its memory.
    pub(super) fn forget(&mut self) {
        for publication in &mut self.publications[self.life_start as usize..] {
            publication.outcome.get_or_insert(Outcome::Forgotten);
        }
        self.unresolved = 0;
        self.unresolved_any = 0;
        self.note_room();
        self.in_flight.clear();
        self.life_start = self.publications.len() as Index;
    }

    /// Nothing more is to come for a publication from the broker.
    pub(super) fn land(&mut self, index: Index) {
        if let Some(place) = self.in_flight.iter().position(|&open| open == index) {
            self.in_flight.swap_remove(place);
        }
    }

    /// How failure messages name a publication.
    pub(super) fn show(&self, index: Index) -> String {
        let publication = self.get(index);
        format!(
            "publication #{} ({}, {})",
            publication.ticket,
            String::from_utf8_lossy(self.messages.topic(publication.text)),
            super::messages::show(self.messages.payload(publication.text))
        )
    }
}
