//! What goes wrong, drawn from a seed.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use tokio::time::sleep;

use super::broker::Mosquitto;
use super::proxy::{Mode, Proxy};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// All connections are closed.
    Close,
    /// All connections are reset.
    Reset,
    /// Nothing passes for a while, then everything does.
    Stall,
    /// Nothing passes for a while, and what was sent is lost.
    Blackhole,
    /// All connections are closed, and none is accepted for a while.
    Refuse,
    /// The broker gets SIGTERM, and is started again after a while.
    Terminate,
    /// The broker gets SIGKILL, and is started again after a while.
    Kill,
}

impl Kind {
    /// How long it lasts, in milliseconds: from and to.
    const fn duration_ms(self) -> (u32, u32) {
        match self {
            Self::Close | Self::Reset => (0, 0),
            Self::Stall => (100, 900),
            Self::Blackhole => (1_500, 3_000),
            Self::Refuse => (100, 900),
            Self::Terminate | Self::Kill => (0, 500),
        }
    }
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The pause before it.
    pause_ms: u32,
    kind: Kind,
    duration_ms: u32,
}

/// Draws a schedule with that many faults of each kind.
pub(crate) fn draw(seed: u64, kinds: &[(Kind, usize)]) -> Vec<Fault> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pick = |from: u32, to: u32| {
        from + ((u64::from(rng.next_u32()) * u64::from(to - from + 1)) >> 32) as u32
    };
    let each = kinds.iter().flat_map(|&(kind, count)| std::iter::repeat_n(kind, count));
    let mut schedule = Vec::new();
    for kind in each {
        let (from, to) = kind.duration_ms();
        let at = pick(0, schedule.len() as u32) as usize;
        schedule.insert(at, Fault { pause_ms: pick(50, 700), kind, duration_ms: pick(from, to) });
    }
    schedule
}

/// Lets everything go wrong, one after the other. Afterwards nothing is wrong.
pub(crate) async fn play(schedule: &[Fault], proxy: &Proxy, broker: &mut Mosquitto) {
    for fault in schedule {
        sleep(Duration::from_millis(fault.pause_ms.into())).await;
        let lasting = sleep(Duration::from_millis(fault.duration_ms.into()));
        match fault.kind {
            Kind::Close => proxy.cut(false),
            Kind::Reset => proxy.cut(true),
            Kind::Stall => {
                proxy.set(Mode::Stall);
                lasting.await;
                proxy.set(Mode::Pass);
            }
            Kind::Blackhole => {
                proxy.set(Mode::Stall);
                lasting.await;
                proxy.cut(true);
                proxy.set(Mode::Pass);
            }
            Kind::Refuse => {
                proxy.set(Mode::Refuse);
                proxy.cut(false);
                lasting.await;
                proxy.set(Mode::Pass);
            }
            Kind::Terminate => {
                broker.terminate().await;
                lasting.await;
                broker.launch().await;
            }
            Kind::Kill => {
                broker.kill();
                lasting.await;
                broker.launch().await;
            }
        }
    }
}
