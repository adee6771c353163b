//! The short way for most bits changes nothing but the time that they take.

use proptest::prelude::*;

use crate::noise::{plan, run_with};
use crate::rig::{ESP, HOST, Rig};

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn ends_that_answer_the_short_way_do_the_same_at_every_instant(plan in plan()) {
        let finish = |is_quick| {
            let mut rig = run_with(&plan, is_quick);
            rig.run_until(20_000, |rig| rig.both_up() && rig.all_arrived());
            rig.run_for(20_000);
            rig
        };
        let (long, short) = (finish(false), finish(true));
        let both = long.seen.iter().zip(&short.seen);
        let difference = both.enumerate().find(|(_, (long, short))| long != short);
        prop_assert!(difference.is_none(), "{difference:?}");
        prop_assert_eq!(long.seen.len(), short.seen.len());
        for which in [HOST, ESP] {
            let (long, short) = (&long.ends[which], &short.ends[which]);
            prop_assert_eq!(&long.told, &short.told);
            prop_assert_eq!((long.arrived, long.taken), (short.arrived, short.taken));
            prop_assert_eq!(long.counters(), short.counters());
        }
    }
}

#[test]
fn most_bits_of_a_busy_link_go_the_short_way_at_both_ends() {
    let mut rig = Rig::new(7, 1_200);
    for end in &mut rig.ends {
        end.is_quick = true;
        end.to_send.extend([64; 50]);
    }
    rig.start_both();
    assert!(rig.run_until(400_000, |rig| rig.both_up() && rig.all_arrived()));
    rig.assert_faithful();
    for end in &rig.ends {
        let bits = end.counters().bits;
        assert!(end.answers * 10 > bits * 9, "{} of {bits} bits", end.answers);
    }
}
