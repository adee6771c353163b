//! Schedules that once broke a promise, shrunk. Each is replayed on every run.

use fivewire_sim::trace::Blind;
use fivewire_sim::{corpus, run};

#[test]
fn no_stored_schedule_breaks_a_promise_again() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty(), "the corpus is in {folder}");
    for path in files {
        let schedule = corpus::read(&path).unwrap_or_else(|error| panic!("{error}"));
        let report = run::run(&schedule, &mut Blind);
        assert!(report.breach.is_none(), "{}: {}", path.display(), report.breach.unwrap());
    }
}
