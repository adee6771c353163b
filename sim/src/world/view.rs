//! What anybody may know of a world while it runs.

use fivewire_core::event::Counters;
use fivewire_core::time::Instant;

use super::device::HostMachine;
use super::{Messages, World};
use crate::app::Application;
use crate::broker::Broker;
use crate::fault::FaultKind;
use crate::schedule::Schedule;

impl<A: Application> World<A> {
    /// The world's time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    /// Events so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Messages so far.
    #[must_use]
    pub const fn messages(&self) -> Messages {
        Messages {
            published: self.published,
            witnessed: self.witness.published(),
            told: self.summary.messages,
        }
    }

    /// True once the run is over.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.finished
    }

    /// True while the device has told its application that it is connected.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.summary.connected
    }

    /// The schedule, with all faults that were added.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Each fault of the schedule: how often it began, how often it bit.
    pub fn faults(&self) -> impl Iterator<Item = (FaultKind, u64, u64)> {
        self.schedule.faults.iter().enumerate().map(|(index, fault)| {
            let began = u64::from(index < self.next_fault);
            (fault.kind, began, u64::from(self.faults.has_bitten(index)))
        })
    }

    /// The application.
    #[must_use]
    pub const fn application(&self) -> &A {
        self.application.get()
    }

    /// The broker, to look at.
    #[must_use]
    pub const fn broker(&self) -> &Broker {
        self.server.broker()
    }

    /// The broker, to misbehave. What a fault switches on or off is switched over this.
    pub const fn broker_mut(&mut self) -> &mut Broker {
        self.server.broker_mut()
    }

    /// What the device has counted since it started; zero while it is without power.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.host.machine().map_or_else(Counters::default, HostMachine::counters)
    }
}
