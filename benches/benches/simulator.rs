//! What a virtual hour costs: the first seeds of the default sweep (faults, oracle, hash, marks and
//! keep alive on), and the same chain without faults. Criterion's "elements" are virtual seconds,
//! so its "elem/s" is the ratio of virtual to real time.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fivewire_sim::catalogue;
use fivewire_sim::run::Runner;
use fivewire_sim::schedule::Schedule;

/// Enough seeds to average over schedules that are quick and schedules that are not.
const SEEDS: u64 = 20;

fn hours(schedules: &[Schedule]) -> u64 {
    schedules.iter().map(|schedule| u64::from(schedule.duration_ms) / 1_000).sum()
}

fn sweep(criterion: &mut Criterion) {
    let scenario = catalogue::find("swarm").expect("the default scenario exists");
    let faulty: Vec<Schedule> = (0..SEEDS).map(|seed| scenario.schedule(seed)).collect();
    let calm: Vec<Schedule> =
        faulty.iter().map(|schedule| Schedule { faults: Vec::new(), ..schedule.clone() }).collect();
    let mut group = criterion.benchmark_group("one-hour seeds of the full chain");
    group.sample_size(10);
    for (name, schedules) in [("with faults", &faulty), ("without faults", &calm)] {
        group.throughput(Throughput::Elements(hours(schedules)));
        let mut runner = Runner::new(&schedules[0]);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                schedules.iter().map(|one| runner.run(black_box(one)).events).sum::<u64>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sweep);
criterion_main!(benches);
