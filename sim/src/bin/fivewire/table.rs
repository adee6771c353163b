//! A summary as a table.

use std::fmt;

use fivewire_sim::marks::{FaultRow, Mark};
use fivewire_sim::oracle::Promise;

use crate::Verdict;
use crate::engine::Engine;
use crate::format::{Columns, Side, count, counted, span};
use crate::summary::{FULL_SEEDS, Summary, WIRES_FULL_SEEDS};

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scenario_table())?;
        write!(f, "\n{}", self.fault_table())?;
        write!(f, "\n{}", self.promise_table())?;
        write!(f, "\n{}", self.mark_table())?;
        write!(f, "\n{}", indented(&self.matrix_table))?;
        write!(f, "\n{}", self.legend())?;
        write!(f, "\n{}", self.figures())?;
        #[cfg(feature = "turmoil")]
        if let Some(cross_check) = &self.cross_check {
            write!(f, "\n{cross_check}")?;
        }
        write!(f, "\n{}", self.conclusion())
    }
}

impl Summary {
    fn scenario_table(&self) -> impl fmt::Display {
        let mut table = Columns::new([Side::Left, Side::Right, Side::Right, Side::Right]);
        table.row(["scenario", "seeds", "failed", "virtual time"]);
        for (name, row) in &self.scenarios {
            table.row([name.clone(), count(row.seeds), count(row.failed), span(row.virtual_us)]);
        }
        table
    }

    fn fault_table(&self) -> impl fmt::Display {
        let mut table = Columns::new([Side::Left, Side::Right, Side::Right]);
        table.row(["fault", "begun", "with effect"]);
        for (name, row) in &self.faults {
            let mut rows = FaultRow::ALL.into_iter();
            let kind = rows.find(|kind| kind.name() == *name);
            let can_be = kind.is_none_or(|kind| self.reach.can_begin(kind));
            let cell = |number| count_or_dash(number, can_be);
            table.row([(*name).to_owned(), cell(row.begun), cell(row.bit)]);
        }
        table
    }

    fn promise_table(&self) -> impl fmt::Display {
        let mut table = Columns::new([Side::Left, Side::Right, Side::Right, Side::Left]);
        table.row(["promise", "judgements", "broken", ""]);
        for row in &self.promises {
            let promise = Promise::ALL.into_iter().find(|promise| promise.id() == row.id);
            let can_be = promise.is_none_or(|promise| self.reach.can_judge(promise));
            let [judgements, broken] =
                [row.judgements, row.broken].map(|number| count_or_dash(number, can_be));
            table.row([row.id.to_owned(), judgements, broken, row.sentence.to_owned()]);
        }
        table
    }

    fn mark_table(&self) -> impl fmt::Display {
        let mut table = Columns::new([Side::Left, Side::Right]);
        table.row(["mark", "hits"]);
        for (name, hits) in &self.marks {
            let can_be = Mark::named(name).is_none_or(|mark| self.reach.can_hit(mark));
            table.row([(*name).to_owned(), count_or_dash(*hits, can_be)]);
        }
        table
    }

    /// What a dash in the tables means, and where that is which these runs do not have.
    fn legend(&self) -> String {
        let elsewhere = match self.engine {
            Engine::Events => [
                (self.reach.has_bridge(), "a bridge: `--scenario swarm`"),
                (self.reach.has_wires(), "the wires: `--scenario wires`"),
                (self.reach.has_mqtt5(), "MQTT 5: `--scenario client`"),
            ],
            #[cfg(feature = "turmoil")]
            Engine::Turmoil => [
                (false, "a bridge: `--engine events`"),
                (false, "the wires: `--engine events --scenario wires`"),
                (self.reach.has_mqtt5(), "MQTT 5: `--scenario client`"),
            ],
        };
        let places = elsewhere.iter().filter(|(is_here, _)| !is_here).map(|(_, place)| *place);
        let other = self.is_chosen.then_some("other faults: without `--scenario`");
        let places: Vec<_> = places.chain(other).collect();
        let mut text = "  -: cannot be in these runs, however many there are".to_owned();
        if !places.is_empty() {
            text += &format!(" ({})", places.join("; "));
        }
        text + "\n"
    }

    fn figures(&self) -> impl fmt::Display {
        let (seeds, speed) = (&self.seeds, &self.speed);
        let shard =
            if seeds.shard == "1/1" { String::new() } else { format!(", shard {}", seeds.shard) };
        let mut table = Columns::new([Side::Left, Side::Left]);
        table.row([
            "seeds".to_owned(),
            format!(
                "{}..{}{shard}: {} run, {} of them twice",
                seeds.first,
                seeds.end,
                count(seeds.run),
                count(seeds.run_twice)
            ),
        ]);
        table.row([
            "faults".to_owned(),
            format!("{} or more with effect in half of the runs", self.median_faults_with_effect),
        ]);
        table.row(["virtual time".to_owned(), span(speed.virtual_us)]);
        let ratio = |ratio: f64| format!("{} : 1", count(ratio as u64));
        table.row([
            "wall time".to_owned(),
            format!(
                "{}, {}, {}",
                span(speed.wall_us),
                ratio(speed.virtual_per_wall),
                counted(seeds.jobs as u64, "thread")
            ),
        ]);
        // a platform that does not tell its CPU time gets no figures made up from it
        if speed.cpu_us > 0 {
            let cpu = format!("{}, {}", span(speed.cpu_us), ratio(speed.virtual_per_cpu));
            table.row(["CPU time".to_owned(), cpu]);
            let speed = format!(
                "{:.0} seeds/s/core, {} per CPU second",
                speed.seeds_per_second_and_core,
                counted((u128::from(speed.events) * 1_000_000 / speed.cpu_us) as u64, "event"),
            );
            table.row(["speed".to_owned(), speed]);
        }
        table.row(["sweep hash", &self.hash]);
        table
    }

    fn conclusion(&self) -> String {
        let mut text = String::new();
        let is_measured = self.engine == Engine::Events;
        if self.full && !self.never_reached.is_empty() {
            text += &format!("never reached:\n{}\n", indented(&self.never_reached.join("\n")));
        } else if is_measured && !self.never_reached.is_empty() {
            text += &format!(
                "{} never reached, and need not be in less than a full sweep (the default mixture with {} or more, or `wires` with {}); `--json FILE` names each\n",
                counted(self.never_reached.len() as u64, "thing"),
                counted(FULL_SEEDS, "seed"),
                count(WIRES_FULL_SEEDS),
            );
        }
        let failed = counted(self.seeds.failed, "seed");
        text += &match self.verdict {
            Verdict::Kept => "every promise kept\n".to_owned(),
            Verdict::Broken if self.seeds.failed > 0 => format!("PROMISE BROKEN by {failed}\n"),
            Verdict::Broken if self.full => "NOT EVERYTHING WAS REACHED\n".to_owned(),
            Verdict::Broken => "THE ENGINES DISAGREE\n".to_owned(),
            Verdict::Interrupted => format!(
                "interrupted after {} of {}, {failed} broke a promise so far\n",
                count(self.seeds.run),
                counted(self.seeds.planned, "seed"),
            ),
        };
        text
    }
}

/// A number, or a dash for 0 where it cannot be another.
fn count_or_dash(number: u64, can_be: bool) -> String {
    if number == 0 && !can_be { "-".to_owned() } else { count(number) }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
