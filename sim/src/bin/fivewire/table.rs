//! A summary as a table.

use std::fmt;

use crate::Verdict;
use crate::engine::Engine;
use crate::format::{Columns, Side, count, counted, span};
use crate::summary::{FULL_SEEDS, Summary, WIRES_FULL_SEEDS};

/// What stands below the marks where one of them has no number.
const OUT_OF_REACH: &str =
    "  -: nothing in these runs can hit it (`--scenario wires` has the wires, `client` MQTT 5)\n";

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.scenario_table())?;
        write!(f, "\n{}", self.fault_table())?;
        write!(f, "\n{}", self.promise_table())?;
        write!(f, "\n{}", self.mark_table())?;
        if !self.out_of_reach.is_empty() {
            f.write_str(OUT_OF_REACH)?;
        }
        write!(f, "\n{}", indented(&self.matrix_table))?;
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
            table.row([(*name).to_owned(), count(row.begun), count(row.bit)]);
        }
        table
    }

    fn promise_table(&self) -> impl fmt::Display {
        let mut table = Columns::new([Side::Left, Side::Right, Side::Right, Side::Left]);
        table.row(["promise", "judgements", "broken", ""]);
        for row in &self.promises {
            let (judgements, broken) = (count(row.judgements), count(row.broken));
            table.row([row.id.to_owned(), judgements, broken, row.sentence.to_owned()]);
        }
        table
    }

    fn mark_table(&self) -> impl fmt::Display {
        let mut table = Columns::new([Side::Left, Side::Right]);
        table.row(["mark", "hits"]);
        for (name, hits) in &self.marks {
            let is_out = *hits == 0 && self.out_of_reach.contains(name);
            table.row([(*name).to_owned(), if is_out { "-".to_owned() } else { count(*hits) }]);
        }
        table
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
                "{} never reached, as is usual for less than a full sweep (the default mixture with {} or more, or `wires` with {})\n",
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

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
