//! One run is one run, whichever end is the predecessor's.

use crate::rig::{Kind, Rig};

#[test]
fn p11_the_same_troubles_make_the_same_run_with_either_end() {
    for (host, esp) in [(Kind::Ours, Kind::Original), (Kind::Original, Kind::Ours)] {
        let run = |seed| {
            let mut rig = Rig::new(host, esp);
            rig.subscribe("in");
            rig.connect();
            rig.suffer(seed);
            rig.run_ms(30_000);
            (rig.told(), rig.net.payloads(), rig.resets)
        };
        assert_eq!(run(1), run(1), "{host:?} and {esp:?}");
        assert_ne!(run(1).0, run(2).0, "{host:?} and {esp:?}: other troubles are another run");
    }
}
