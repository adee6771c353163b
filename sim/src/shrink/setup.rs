//! A plainer device: every setting that does not matter goes to the value nobody wonders about.

use super::{Fails, attempt_with};
use crate::schedule::{Schedule, Setup, Topology};

/// A plain setting.
type Plain = fn(&mut Setup);

/// In this order: what removes most from the picture comes first.
const PLAIN: [Plain; 13] = [
    |setup| setup.mqtt5 = None,
    |setup| setup.topology = Topology::Client,
    |setup| setup.chops_segments = false,
    |setup| (setup.latency_min_ms, setup.latency_max_ms) = (10, 10),
    |setup| setup.latency_max_ms = setup.latency_min_ms,
    |setup| setup.host_drift_ppm = 0,
    |setup| setup.esp_drift_ppm = 0,
    |setup| setup.will = false,
    |setup| setup.release_after_ms = None,
    |setup| setup.clean_session = false,
    |setup| setup.clean_init = true,
    |setup| setup.keep_alive_s = 60,
    |setup| setup.window = 1,
];

/// Makes the setup plain, setting by setting.
pub(super) fn simplify(best: &mut Schedule, fails: &mut Fails<'_>) {
    for plain in PLAIN {
        attempt_with(best, fails, |candidate| plain(&mut candidate.setup));
    }
}
