//! Levels and calls that make no sense.

use fivewire_core::link::native::{Config, Memory, Native};
use fivewire_core::link::{Input, Levels, Link, Output, Role};
use fivewire_core::time::Instant;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    /// Levels that answer the end's clock, with these data bits.
    Answers(Vec<u8>),
    Levels(bool, bool),
    Later(u32),
    Earlier,
    Send(usize),
    Hold(bool),
    Start,
    Restart,
    PollOnce,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => proptest::collection::vec(any::<u8>(), 1..80).prop_map(Step::Answers),
        8 => any::<(bool, bool)>().prop_map(|(clock, data)| Step::Levels(clock, data)),
        3 => (0_u32..12_000_000).prop_map(Step::Later),
        1 => Just(Step::Earlier),
        3 => (0_usize..200).prop_map(Step::Send),
        2 => any::<bool>().prop_map(Step::Hold),
        1 => Just(Step::Start),
        1 => Just(Step::Restart),
        2 => Just(Step::PollOnce),
    ]
}

struct Bench {
    link: Native<Vec<u8>>,
    clock: bool,
    now: Instant,
}

impl Bench {
    fn drain(&mut self) {
        for _ in 0..100 {
            match self.link.poll() {
                Output::Drive(levels) => self.clock = levels.clock,
                Output::Wait(_) => return,
                _ => {}
            }
        }
        panic!("a drain ends");
    }

    fn tell(&mut self, levels: Levels) {
        self.link.handle(self.now, Input::Levels(levels));
        self.drain();
    }

    fn take(&mut self, step: &Step, role: Role) {
        match step {
            Step::Answers(bytes) => {
                for at in 0..bytes.len() * 8 {
                    let data = bytes[at / 8] >> (at % 8) & 1 == 1;
                    self.tell(Levels { clock: self.clock == (role == Role::Initiator), data });
                }
            }
            Step::Levels(clock, data) => self.tell(Levels { clock: *clock, data: *data }),
            Step::Later(micros) => {
                self.now = Instant::from_micros(self.now.as_micros() + u64::from(*micros));
                self.link.handle(self.now, Input::Timeout);
                self.drain();
            }
            Step::Earlier => {
                self.link.handle(Instant::ZERO, Input::Timeout);
                self.drain();
            }
            Step::Send(size) => {
                let _ = self.link.send(&vec![7; *size]);
                self.drain();
            }
            Step::Hold(hold) => {
                self.link.hold(*hold);
                self.drain();
            }
            Step::Start => self.link.start(self.now),
            Step::Restart => self.link.restart(self.now),
            Step::PollOnce => drop(self.link.poll()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_levels_and_no_calls_make_it_panic_or_talk_without_end(
        initiator in any::<bool>(),
        seed in any::<u64>(),
        sizes in (64_usize..300, 64_usize..300),
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let role = if initiator { Role::Initiator } else { Role::Passive };
        let memory = Memory { transmit: vec![0; sizes.0], receive: vec![0; sizes.1] };
        let link = Native::new(&Config::new(role), memory, seed).expect("it is valid");
        let mut bench = Bench { link, clock: false, now: Instant::ZERO };
        for step in &steps {
            bench.take(step, role);
        }
    }
}
