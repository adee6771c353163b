//! The worlds that a schedule can be run in.

use clap::ValueEnum;
use fivewire_core::recorder::{Machine, Payloads};
use fivewire_sim::catalogue::{self, Scenario};
use fivewire_sim::observation::Observer;
use fivewire_sim::run::Report;
use fivewire_sim::schedule::Schedule;
use fivewire_sim::sweep::Reach;
#[cfg(feature = "turmoil")]
use fivewire_sim::tokio_world;
#[cfg(feature = "turmoil")]
use fivewire_sim::trace::Blind;
use serde::Serialize;

use crate::cli::Fidelity;
use crate::{Refusal, world};

/// Which world a schedule is run in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Engine {
    /// The machines themselves, in a world that jumps from event to event: an hour in milliseconds
    #[default]
    Events,
    /// The tokio adapter over turmoil's network, without a bridge; `sweep` compares each run with the event world's
    #[cfg(feature = "turmoil")]
    Turmoil,
}

impl Engine {
    /// The run of this seed of a scenario.
    pub(crate) fn schedule(
        self,
        scenario: &'static Scenario,
        seed: u64,
    ) -> Result<Schedule, Refusal> {
        match self {
            Self::Events => Ok(scenario.schedule(seed)),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => Ok(tokio_world::draw(scenario, seed)?),
        }
    }

    /// The run of this seed where no scenario is asked for.
    pub(crate) fn default_for(self, seed: u64) -> Schedule {
        match self {
            Self::Events => catalogue::default_for(seed).schedule(seed),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => tokio_world::default_for(seed),
        }
    }

    /// What runs of a scenario may reach, with the link simulated as somebody asks for.
    pub(crate) fn reach(self, scenario: &'static Scenario, asked: Option<Fidelity>) -> Reach {
        match self {
            Self::Events => {
                let fidelity = asked.map_or(scenario.fidelity, Into::into);
                Reach::of(&scenario.draw(), fidelity)
            }
            #[cfg(feature = "turmoil")]
            Self::Turmoil => tokio_world::reach(scenario),
        }
    }

    /// The scenarios that are run where none is asked for.
    pub(crate) fn default_scenarios(self) -> Vec<&'static Scenario> {
        match self {
            Self::Events => catalogue::DEFAULT.to_vec(),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => vec![tokio_world::default_scenario()],
        }
    }

    /// Seeds that are run where none are asked for: a minute's work.
    pub(crate) const fn default_seeds(self) -> u64 {
        match self {
            Self::Events => 10_000,
            #[cfg(feature = "turmoil")]
            Self::Turmoil => 100,
        }
    }

    /// How many runs a shrink may take at most.
    pub(crate) fn shrink_runs_max(self, asked: u32) -> u32 {
        match self {
            Self::Events => asked,
            // each costs as much as a hundred of the others
            #[cfg(feature = "turmoil")]
            Self::Turmoil => asked.min(200),
        }
    }

    /// Whether it can run the schedule.
    #[cfg_attr(
        not(feature = "turmoil"),
        expect(unused_variables, reason = "the event world runs all")
    )]
    pub(crate) fn fits(self, schedule: &Schedule) -> Result<(), Refusal> {
        match self {
            Self::Events => Ok(()),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => Ok(tokio_world::fits(schedule)?),
        }
    }

    /// Runs a schedule that fits, with nobody watching but the oracle.
    pub(crate) fn judge(self, schedule: &Schedule) -> Report {
        match self {
            Self::Events => world::judge(schedule),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => self.watched(schedule, &mut Blind),
        }
    }

    /// Runs a schedule that fits, watched.
    pub(crate) fn watched<O: Observer>(self, schedule: &Schedule, observer: &mut O) -> Report {
        let report = match self {
            Self::Events => fivewire_sim::run::run(schedule, observer),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => tokio_world::run(schedule, observer)
                .unwrap_or_else(|unfit| panic!("it should have been asked: {unfit}")),
        };
        world::with_canary(schedule, report)
    }

    /// What a machine of a run was told and said; `None` where there is no such machine.
    pub(crate) fn record(self, schedule: &Schedule, machine: Machine) -> Option<Vec<u8>> {
        match self {
            Self::Events => fivewire_sim::run::record(schedule, machine, Payloads::Kept),
            #[cfg(feature = "turmoil")]
            Self::Turmoil if machine == Machine::Client => tokio_world::record(schedule).ok(),
            #[cfg(feature = "turmoil")]
            Self::Turmoil => None,
        }
    }

    /// What to do for a run that has a link.
    pub(crate) const fn where_links_are(self) -> &'static str {
        match self {
            Self::Events => "choose a scenario with a bridge, such as `swarm`",
            #[cfg(feature = "turmoil")]
            Self::Turmoil => {
                "run it with --engine events and a scenario with a bridge, such as `swarm`"
            }
        }
    }

    /// What is to be added to a command that runs something in this engine again.
    pub(crate) const fn option(self) -> &'static str {
        match self {
            Self::Events => "",
            #[cfg(feature = "turmoil")]
            Self::Turmoil => " --engine turmoil",
        }
    }
}
