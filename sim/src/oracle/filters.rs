//! The application's topic filters, and what the broker's session holds of them.

use super::matcher::matches;
use super::said::Codes;
use super::tickets::Tickets;

/// The options of a subscription for which none were asked.
const AT_LEAST_ONCE: u8 = 1;

/// What the application was told of a filter last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// It wants messages; the outcome may be pending.
    Wanted,
    /// The broker refused it and the application knows.
    Refused,
    /// The application does not want it any more.
    Unwanted,
    /// The host lost its memory: what the device does with it until it is asked again is past.
    Forgotten,
}

/// One topic filter.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) text: Box<[u8]>,
    pub(super) wish: Wish,
    /// How often the application asked for anything about it.
    pub(super) asks: u32,
    /// The ticket of the last ask.
    pub(super) ticket: u32,
    /// The application changed its mind in this host life: an earlier request may have no answer any more.
    pub(super) is_changed: bool,
    /// The broker granted it since the application first asked in this host life.
    pub(super) was_granted: bool,
    /// With which quality of service it was asked for last.
    pub(super) qos: u8,
    /// With which it was granted last.
    pub(super) granted: Option<u8>,
    /// On which connection, by the how manieth SUBACK, and whether that reached a client without a bridge
    /// since the application asked.
    granted_by: (u32, u32),
    pub(super) is_heard: bool,
    /// The broker refused it, and this was not told.
    pub(super) was_refused: bool,
    /// The broker confirmed its end since the last ask.
    pub(super) was_ended: bool,
    /// What the broker ever answered about it (MQTT 5), and about its end.
    pub(super) codes: Codes,
    pub(super) ended_with: Codes,
    /// The connection on which it confirmed the end last.
    pub(super) ended_on: u32,
    /// The options and the identifier that the application asked for last (MQTT 5); 0: none.
    pub(super) options: u8,
    pub(super) identifier: u32,
    /// In which session it is active, with which QoS.
    active: Option<(u32, u8)>,
    /// The connection of the last SUBSCRIBE, and the asks there had been.
    pub(super) subscribed_on: u32,
    pub(super) subscribed_asks: u32,
    /// How often the link had come or gone by then: for the first one, by the attempt at its connection.
    pub(super) subscribed_changes: u32,
}

impl Filter {
    /// The QoS with which it is active in this session.
    pub(super) fn active_in(&self, session: u32) -> Option<u8> {
        self.active.filter(|&(active, _)| active == session).map(|(_, qos)| qos)
    }

    /// The SUBACK that grants it is this one of that connection.
    pub(super) const fn grant_by(&mut self, connection: u32, number: u32) {
        self.granted_by = (connection, number);
        self.is_heard = false;
    }

    pub(super) fn grant(&mut self, session: u32, qos: u8) {
        self.active = Some((session, qos));
        self.granted = Some(qos);
        self.was_granted = true;
        self.was_refused = false;
    }

    /// The broker confirmed its end on this connection, with this code in MQTT 5.
    pub(super) fn end(&mut self, connection: u32, code: u8) {
        self.active = None;
        self.was_ended = true;
        self.codes.note(code);
        self.ended_with.note(code);
        self.ended_on = connection;
    }
}

/// All filters that were ever asked for. There are few: they are searched one by one.
#[derive(Default, Debug)]
pub(super) struct Filters {
    pub(super) list: Vec<Filter>,
}

impl Filters {
    pub(super) fn find(&self, text: &[u8]) -> Option<u32> {
        let place = self.list.iter().position(|filter| *filter.text == *text)?;
        u32::try_from(place).ok()
    }

    pub(super) fn get(&self, filter: u32) -> &Filter {
        &self.list[filter as usize]
    }

    pub(super) fn get_mut(&mut self, filter: u32) -> &mut Filter {
        &mut self.list[filter as usize]
    }

    /// The outcome of something that the application asked for has not been told.
    pub(super) fn is_anything_awaited(&self, tickets: &Tickets) -> bool {
        let is_open = |filter: &Filter| {
            let ticket = tickets.get(filter.ticket);
            filter.wish != Wish::Forgotten && ticket.is_some_and(|ticket| !ticket.is_ended)
        };
        self.list.iter().any(is_open)
    }

    /// The application asks for it, or for its end.
    pub(super) fn ask(&mut self, text: &[u8], ticket: u32, wish: Wish, qos: u8) -> u32 {
        let place = self.find(text).unwrap_or_else(|| {
            self.list.push(Filter {
                text: text.into(),
                wish: Wish::Forgotten,
                asks: 0,
                ticket: 0,
                is_changed: false,
                was_granted: false,
                qos,
                granted: None,
                granted_by: (0, 0),
                is_heard: false,
                was_refused: false,
                was_ended: false,
                codes: Codes::default(),
                ended_with: Codes::default(),
                ended_on: 0,
                options: 0,
                identifier: 0,
                active: None,
                subscribed_on: 0,
                subscribed_asks: 0,
                subscribed_changes: 0,
            });
            u32::try_from(self.list.len() - 1).expect("an application has fewer filters")
        });
        let filter = self.get_mut(place);
        if filter.wish != Wish::Wanted {
            filter.was_granted = false;
        }
        filter.is_changed |= filter.wish != Wish::Forgotten;
        filter.wish = wish;
        (filter.options, filter.identifier) = (AT_LEAST_ONCE, 0);
        filter.asks += 1;
        filter.qos = qos;
        (filter.granted_by, filter.is_heard) = ((0, 0), false);
        filter.ticket = ticket;
        filter.was_refused = false;
        filter.was_ended = false;
        place
    }

    /// So many SUBACKs of a connection reached the client.
    pub(super) fn heard(&mut self, (connection, count): (u32, u32)) {
        for filter in &mut self.list {
            let (granted_on, number) = filter.granted_by;
            filter.is_heard |= granted_on == connection && number > 0 && number <= count;
        }
    }

    /// The client stopped listening to that connection before its end: nobody knows at which SUBACK.
    pub(super) fn left_unheard(&mut self, connection: u32) {
        for filter in &mut self.list {
            filter.is_heard &= filter.granted_by.0 != connection;
        }
    }

    /// The host lost its memory.
    pub(super) fn forget(&mut self) {
        for filter in &mut self.list {
            filter.wish = Wish::Forgotten;
            filter.is_changed = false;
            (filter.granted_by, filter.is_heard) = ((0, 0), false);
            filter.was_granted = false;
            filter.was_refused = false;
        }
    }

    /// The best QoS with which this session gets messages of a topic.
    pub(super) fn best_qos(&self, session: u32, topic: &[u8]) -> Option<u8> {
        let active =
            self.list.iter().filter_map(|filter| Some((filter, filter.active_in(session)?)));
        active.filter(|(filter, _)| matches(&filter.text, topic)).map(|(_, qos)| qos).max()
    }
}
