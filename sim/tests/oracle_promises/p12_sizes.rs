use fivewire_core::mqtt::QoS;
use fivewire_sim::observation::{Observation, Offered};
use fivewire_sim::oracle::Promise::P12;
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, setup};

fn tried(offered: Offered, refused: Option<(usize, usize)>) -> History {
    let mut history = History::of(Setup { topology: Topology::Bridge, ..setup() });
    history.see(Observation::SizeTried { offered, refused });
    history
}

#[test]
fn what_just_fits_is_taken_and_one_byte_more_is_refused() {
    let filter = |size_bytes| Offered::Filter { size_bytes };
    tried(filter(2_042), None).passes();
    tried(filter(2_043), Some((2_043, 2_042))).passes();
    tried(filter(2_042), Some((2_042, 2_041))).breaks(P12, "was refused with");
    tried(filter(2_043), None).breaks(P12, "was refused with None");
    let publication = |payload_bytes, qos| Offered::Publication { payload_bytes, qos };
    // around the payload: 6 B of the frame, 3 B of the header, 6 B of the topic
    tried(publication(2_033, QoS::AtMostOnce), None).passes();
    tried(publication(2_034, QoS::AtMostOnce), Some((2_049, 2_048))).passes();
    tried(publication(2_033, QoS::AtLeastOnce), None).breaks(P12, "was refused with None");
}
