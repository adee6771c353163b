//! The supervisor's state, as a recording has it, and back.

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::{Duty, Stage, Supervisor};
use crate::checkpoint::{Checkpoint, Field, Fields, Out, Pass};

impl Checkpoint for Supervisor {
    fn walk(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        let Self {
            stage,
            duties,
            rng,
            join_backoff,
            open_backoff,
            unanswered,
            connected_since,
            greeted,
            shut_down,
            gated,
            slate_unnoted,
            wifi_gone,
            manages_wifi,
            attempts_before_wifi,
            join_timeout_ms,
            open_timeout_ms,
            backoff_first_ms,
            backoff_last_ms,
        } = self;
        pass.field(stage)?;
        pass.fields(duties)?;
        pass_rng(rng, pass)?;
        join_backoff.walk(pass)?;
        open_backoff.walk(pass)?;
        pass.field(unanswered)?;
        pass.field(connected_since)?;
        for flag in [greeted, shut_down, gated, slate_unnoted, wifi_gone, manages_wifi] {
            pass.field(flag)?;
        }
        pass.field(attempts_before_wifi)?;
        for setting in [join_timeout_ms, open_timeout_ms, backoff_first_ms, backoff_last_ms] {
            pass.field(setting)?;
        }
        Some(())
    }
}

/// The seed and how many words were drawn. Nobody draws more than fit into 64 bits.
fn pass_rng(rng: &mut ChaCha8Rng, pass: &mut Pass<'_>) -> Option<()> {
    let mut seed = rng.get_seed();
    let mut drawn = u64::try_from(rng.get_word_pos()).unwrap_or(u64::MAX);
    let len = seed.len();
    pass.plain(&mut seed, 0, len)?;
    pass.field(&mut drawn)?;
    if pass.is_loading() {
        *rng = ChaCha8Rng::from_seed(seed);
        rng.set_word_pos(drawn.into());
    }
    Some(())
}

impl Field for Stage {
    fn put(&self, out: &mut Out<'_>) {
        let (code, until): (u8, _) = match *self {
            Self::Idle => (1, None),
            Self::Joining { until } => (2, Some(until)),
            Self::JoinPause { until } => (3, Some(until)),
            Self::Opening { until } => (4, Some(until)),
            Self::OpenPause { until } => (5, Some(until)),
            Self::Online => (6, None),
            Self::Gated => (7, None),
            Self::Stopping => (8, None),
            Self::Stopped => (9, None),
        };
        code.put(out);
        if let Some(until) = until {
            until.put(out);
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(match u8::get(from)? {
            1 => Self::Idle,
            2 => Self::Joining { until: Field::get(from)? },
            3 => Self::JoinPause { until: Field::get(from)? },
            4 => Self::Opening { until: Field::get(from)? },
            5 => Self::OpenPause { until: Field::get(from)? },
            6 => Self::Online,
            7 => Self::Gated,
            8 => Self::Stopping,
            9 => Self::Stopped,
            _ => return None,
        })
    }
}

impl Field for Duty {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::Action(action) => {
                1_u8.put(out);
                action.put(out);
            }
            Self::Event(event) => {
                2_u8.put(out);
                event.put(out);
            }
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        match u8::get(from)? {
            1 => Field::get(from).map(Self::Action),
            2 => Field::get(from).map(Self::Event),
            _ => None,
        }
    }
}
