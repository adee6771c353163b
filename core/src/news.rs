//! Events that wait to be told, first in, first out.

mod checkpoint;

use crate::event::Event;

/// As many as one call can cause, and some more.
const CAPACITY: usize = 8;

/// The events.
pub(crate) struct News {
    events: [Option<Event<'static>>; CAPACITY],
    first: usize,
    count: usize,
}

impl News {
    pub(crate) const fn new() -> Self {
        Self { events: [None; CAPACITY], first: 0, count: 0 }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many more can wait.
    pub(crate) const fn free(&self) -> usize {
        CAPACITY - self.count
    }

    /// False if there is no room.
    pub(crate) const fn push(&mut self, event: Event<'static>) -> bool {
        let has_room = self.count < CAPACITY;
        if has_room {
            self.events[(self.first + self.count) % CAPACITY] = Some(event);
            self.count += 1;
        }
        has_room
    }

    pub(crate) const fn pop(&mut self) -> Option<Event<'static>> {
        let event = self.events[self.first % CAPACITY].take();
        if event.is_some() {
            self.first = (self.first + 1) % CAPACITY;
            self.count -= 1;
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_in_order_over_many_turns_of_the_memory() {
        let mut news = News::new();
        let (mut pushed, mut popped) = (0, 0);
        for turn in 0..100 {
            while news.push(Event::MessageTooLarge {
                qos: crate::mqtt::QoS::AtMostOnce,
                size_bytes: pushed,
            }) {
                pushed += 1;
            }
            assert_eq!((pushed - popped, news.free()), (CAPACITY, 0));
            for _ in 0..=turn % CAPACITY {
                let told = Some(Event::MessageTooLarge {
                    qos: crate::mqtt::QoS::AtMostOnce,
                    size_bytes: popped,
                });
                assert_eq!(news.pop(), told);
                popped += 1;
            }
        }
        while news.pop().is_some() {}
        assert!(news.is_empty());
    }
}
