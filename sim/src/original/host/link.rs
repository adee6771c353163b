//! The initiator's link: reset, settling, synchronisation, watchdog (PREDECESSORS.md §1.9, §1.10).

use std::collections::VecDeque;

use fivewire_core::link::{Levels, Role};
use fivewire_core::time::Instant;

use super::Output;
use crate::original::engine::Engine;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Resetting {
        until: Instant,
    },
    Settling {
        until: Instant,
    },
    /// The bit engine runs, synchronised or not.
    Running,
    /// The bit engine has ended.
    Ended,
}

#[derive(Debug)]
pub(super) struct Link {
    phase: Phase,
    engine: Engine,
    pub(super) heard: Levels,
    last_step_at: Instant,
    timeout_ms: u32,
    /// `start` looks each 100 ms whether the two are synchronised, and starts the driver.
    look_at: Instant,
    user_task: bool,
    pub(super) resets: u32,
    pub(super) outputs: VecDeque<Output>,
}

impl Link {
    pub(super) fn start(now: Instant, timeout_ms: u32) -> Self {
        let (engine, _) = Engine::start(Role::Initiator);
        let mut link = Self {
            phase: Phase::Ended,
            engine,
            heard: Levels::default(),
            last_step_at: now,
            timeout_ms,
            look_at: now,
            user_task: false,
            resets: 0,
            outputs: VecDeque::new(),
        };
        link.begin(now);
        link
    }

    /// Both queues are cleared, and the ESP8266 is reset.
    fn begin(&mut self, now: Instant) {
        let (engine, levels) = Engine::start(Role::Initiator);
        self.engine = engine;
        self.outputs.push_back(Output::Drive(levels));
        self.outputs.push_back(Output::Reset { asserted: true });
        self.resets += 1;
        self.phase = Phase::Resetting { until: now.plus_ms(100) };
        self.user_task = false;
        self.look_at = now.plus_ms(100);
    }

    /// The driver returned: both outputs low, and from the start.
    pub(super) fn restart(&mut self, now: Instant) {
        self.outputs.push_back(Output::Drive(Levels::default()));
        self.begin(now);
    }

    pub(super) fn run(&mut self, now: Instant) {
        match self.phase {
            Phase::Resetting { until } if until <= now => {
                self.outputs.push_back(Output::Reset { asserted: false });
                self.phase = Phase::Settling { until: now.plus_ms(1_000) };
            }
            Phase::Settling { until } if until <= now => {
                self.phase = Phase::Running;
                self.last_step_at = now;
            }
            // `elapsed > timeout`. If it ends before the two are synchronised, `start` goes on
            // polling for ever (D-04).
            Phase::Running if self.last_step_at.plus_ms(self.timeout_ms) < now => {
                self.phase = Phase::Ended;
                self.outputs.push_back(Output::Drive(Levels::default()));
            }
            _ => {}
        }
        if self.look_at <= now {
            self.look_at = now.plus_ms(100);
            self.user_task |= self.engine.is_synchronised();
        }
    }

    pub(super) fn step(&mut self, now: Instant) -> Option<Levels> {
        if self.phase != Phase::Running {
            return None;
        }
        let levels = self.engine.step(self.heard)?;
        self.last_step_at = now;
        Some(levels)
    }

    /// The driver may run.
    pub(super) fn has_user_task(&self) -> bool {
        self.user_task
    }

    pub(super) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    pub(super) fn send(&mut self, record: &str) {
        self.engine.send(record);
    }

    pub(super) fn receive(&mut self) -> Option<String> {
        self.engine.received.pop_front()
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Resetting { until } | Phase::Settling { until } => Some(until),
            Phase::Running => Some(Instant::from_micros(
                self.last_step_at.plus_ms(self.timeout_ms).as_micros() + 1,
            )),
            Phase::Ended => None,
        };
        let look = (!self.user_task && self.phase != Phase::Ended).then_some(self.look_at);
        phase.into_iter().chain(look).min()
    }
}
