//! What the application was told, as a test wants to see it.

use std::cell::RefCell;
use std::rc::Rc;

use fivewire_core::event::Event;
use fivewire_core::time::Instant;
use fivewire_sim::app::Application;
use fivewire_sim::harness::Sim;
use fivewire_sim::observation::{Observation, Observer};

/// What was made of the events so far, each with its time in milliseconds.
#[derive(Debug)]
pub struct Heard<T>(Rc<RefCell<Vec<(u64, T)>>>);

impl<T: Clone + 'static> Heard<T> {
    /// Makes something of each event from now on.
    #[must_use]
    pub fn on<A: Application, I>(
        sim: Sim<A>,
        hear: impl FnMut(&Event<'_>) -> I + 'static,
    ) -> (Sim<A>, Self)
    where
        I: IntoIterator<Item = T>,
    {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let ear = Ear { heard: Rc::clone(&heard), hear };
        (sim.watched_by(Box::new(ear)), Self(heard))
    }

    /// All of it.
    #[must_use]
    pub fn all(&self) -> Vec<T> {
        self.0.borrow().iter().map(|(_, it)| it.clone()).collect()
    }

    /// All of it, with its times.
    #[must_use]
    pub fn timed(&self) -> Vec<(u64, T)> {
        self.0.borrow().clone()
    }

    /// All of it since this was last called.
    #[must_use]
    pub fn take(&self) -> Vec<T> {
        self.0.borrow_mut().drain(..).map(|(_, it)| it).collect()
    }
}

struct Ear<T, F> {
    heard: Rc<RefCell<Vec<(u64, T)>>>,
    hear: F,
}

impl<T, I: IntoIterator<Item = T>, F: FnMut(&Event<'_>) -> I> Observer for Ear<T, F> {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        if let Observation::Told(event) = observation {
            let made = (self.hear)(event).into_iter().map(|it| (now.as_millis(), it));
            self.heard.borrow_mut().extend(made);
        }
    }
}
