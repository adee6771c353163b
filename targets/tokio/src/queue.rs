//! Messages for programs that would rather lose old ones than hold the broker up, and callbacks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::event::Event;
use crate::subscription::{Message, Subscription};

/// The messages of one or more subscriptions in one queue, which drops the oldest when it is full, and
/// counts them. Clones share it: each message goes to one of them.
///
/// Unlike a [`Subscription`] it never keeps the client from reading, so what is dropped is dropped for
/// good: QoS 1 messages were acknowledged when they were queued, or are released as they are dropped.
#[derive(Clone, Debug)]
pub struct Queue {
    shared: Arc<Shared>,
    /// Gone with the last consumer.
    alive: Arc<watch::Sender<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    len_max: usize,
    /// A message came, or nothing more will.
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    discards: u64,
    /// Subscriptions that still feed it.
    sources: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, message: Message) {
        let mut state = self.lock();
        if state.messages.len() == self.len_max {
            state.discards += 1;
            if let Some(mut oldest) = state.messages.pop_front() {
                oldest.release();
            }
        }
        state.messages.push_back(message);
        drop(state);
        self.news.notify_one();
    }
}

impl Queue {
    /// A queue of so many messages, at least 1, that nothing feeds yet.
    #[must_use]
    pub fn new(len_max: usize) -> Self {
        let len_max = len_max.max(1);
        let shared = Shared { state: Mutex::default(), len_max, news: Notify::new() };
        Self { shared: Arc::new(shared), alive: Arc::new(watch::Sender::new(())) }
    }

    /// Puts the messages of this subscription into the queue from now on, until it ends or the last
    /// consumer is dropped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn feed(&self, mut subscription: Subscription) {
        self.shared.lock().sources += 1;
        let (shared, mut alive) = (Arc::clone(&self.shared), self.alive.subscribe());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    message = subscription.recv() => match message {
                        Some(message) => shared.push(message),
                        None => break,
                    },
                    // Nothing is ever said there: it ends with the last consumer.
                    _ = alive.changed() => break,
                }
            }
            shared.lock().sources -= 1;
            shared.news.notify_waiters();
        });
    }

    /// The next message; `None` once the queue is empty and nothing feeds it any more. Cancel-safe: a
    /// dropped future takes no message with it.
    pub async fn recv(&self) -> Option<Message> {
        loop {
            let mut news = std::pin::pin!(self.shared.news.notified());
            // Whoever looks from here on in vain is told of what comes next.
            news.as_mut().enable();
            {
                let mut state = self.shared.lock();
                if let Some(message) = state.messages.pop_front() {
                    if !state.messages.is_empty() {
                        // One call may have stood for several messages.
                        self.shared.news.notify_one();
                    }
                    return Some(message);
                }
                if state.sources == 0 {
                    return None;
                }
            }
            news.await;
        }
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().messages.len()
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages were dropped because the queue was full.
    #[must_use]
    pub fn discards(&self) -> u64 {
        self.shared.lock().discards
    }
}

impl Client {
    /// Calls `tell` with each [`Event`] from now on, in a task of its own, until the client is shut
    /// down or the task is aborted. What a slow one misses is missed, as with [`Client::events`].
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn on_event(&self, mut tell: impl FnMut(Event) + Send + 'static) -> JoinHandle<()> {
        let mut events = self.events();
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                tell(event);
            }
        })
    }
}

impl Subscription {
    /// Calls `tell` with each message, in a task of its own, until the subscription ends or the task is
    /// aborted. While it runs, further messages wait.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn on_message(mut self, mut tell: impl FnMut(Message) + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(async move {
            while let Some(message) = self.recv().await {
                tell(message);
            }
        })
    }
}
