//! `fivewire run --vcd` writes what the run did, and what reads such files reads it back.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use assert_cmd::Command;
use fivewire_core::time::Instant;
use fivewire_sim::catalogue;
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::run;
use fivewire_sim::wires::Wire;
use vcd::{Command as Item, Parser, Value};

/// Time in µs, wire, level.
type Edge = (u64, Wire, bool);

#[derive(Default)]
struct Edges(Vec<Edge>);

impl Observer for Edges {
    fn observe(&mut self, now: Instant, observation: &Observation<'_>) {
        if let Observation::Edge { wire, level } = *observation {
            self.0.push((now.as_micros(), wire, level));
        }
    }
}

/// The edges of a file, after the levels at its beginning.
fn read_back(path: &Path) -> (Vec<(Wire, bool)>, Vec<Edge>) {
    let mut parser = Parser::new(BufReader::new(File::open(path).unwrap()));
    let header = parser.parse_header().unwrap();
    assert_eq!(header.timescale, Some((1, vcd::TimescaleUnit::US)));
    let codes = Wire::ALL.map(|wire| {
        let name = wire.name().replace('-', "_");
        header.find_var(&["wires", &name]).expect("each wire has its line").code
    });
    let (mut first, mut edges, mut now) = (Vec::new(), Vec::new(), None);
    for item in parser {
        match item.unwrap() {
            Item::Timestamp(at_us) => now = Some(at_us),
            Item::ChangeScalar(code, value) => {
                let place = codes.iter().position(|other| *other == code).unwrap();
                let wire = Wire::ALL[place];
                match now {
                    Some(at_us) => edges.push((at_us, wire, value == Value::V1)),
                    None => first.push((wire, value == Value::V1)),
                }
            }
            _ => {}
        }
    }
    (first, edges)
}

#[test]
fn the_file_has_each_edge_of_the_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wires.vcd");
    Command::new(env!("CARGO_BIN_EXE_fivewire"))
        .args(["run", "--scenario", "wires", "--seed", "3", "--last", "0", "--vcd"])
        .arg(&path)
        .assert()
        .success();
    let mut seen = Edges::default();
    let report = run::run(&catalogue::find("wires").unwrap().schedule(3), &mut seen);
    assert!(report.breach.is_none());
    let (first, edges) = read_back(&path);
    assert!(edges.len() > 10_000);
    assert_eq!(edges, seen.0);
    let mut levels = Wire::ALL.map(Wire::rests_at);
    assert_eq!(first, Wire::ALL.map(|wire| (wire, wire.rests_at())));
    for (at_us, wire, level) in edges {
        assert_ne!(levels[wire.index()], level, "no edge at {at_us} on {wire:?}");
        levels[wire.index()] = level;
    }
}

#[test]
fn a_run_without_wires_has_no_such_file() {
    let output = Command::new(env!("CARGO_BIN_EXE_fivewire"))
        .args(["run", "--scenario", "calm", "--seed", "3", "--vcd", "never.vcd"])
        .args(["--record", "never.fwrec"])
        .assert()
        .code(2)
        .get_output()
        .clone();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("this run has no wires; add --fidelity wire"), "{complaint}");
    assert!(!Path::new("never.vcd").exists() && !Path::new("never.fwrec").exists());
}
