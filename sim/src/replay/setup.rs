//! What the oracle has to know of the client in a recording.

use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_core::recorder::{Item, Records, Said};

use crate::oracle::reader::{Packet, Reader};
use crate::schedule::{
    Fidelity, Habits, InboundBytes, Schedule, Setup, TopicBytes, Topology, VERSION, Wires, Workload,
};

/// A schedule with the setup of the client in a recording, as far as the client shows it: from its
/// CONNECTs, and from how it hands out messages.
pub(super) fn of(recording: &[u8]) -> Schedule {
    let mut setup = Setup {
        topology: Topology::Client,
        window: 16,
        keep_alive_s: 0,
        clean_session: true,
        clean_init: false,
        release_after_ms: None,
        will: false,
        latency_min_ms: 0,
        latency_max_ms: 0,
        host_drift_ppm: 0,
        esp_drift_ppm: 0,
        chops_segments: false,
        outbox_bytes: 0,
        refused_filter: None,
        topic_bytes: TopicBytes::default(),
        inbound_bytes: InboundBytes::default(),
        fidelity: Fidelity::Frame,
        wires: Wires::default(),
        mqtt5: None,
        filters: Vec::new(),
    };
    let mut connects = 0;
    for record in Records::new(recording).map_while(Result::ok) {
        match record.item {
            Item::Said(Said::Transmit(mut bytes)) if bytes.first() == Some(&0x10) => {
                let mut reader = Reader::default();
                if let Some(Packet::Connect(connect)) = reader.next(&mut bytes) {
                    connects += 1;
                    setup.keep_alive_s = connect.keep_alive_s;
                    setup.clean_init |= connects == 1 && connect.clean_session;
                    setup.clean_session &= connect.clean_session;
                }
            }
            Item::Said(Said::Event(Event::Message(message)))
                if message.qos == QoS::AtLeastOnce && message.delivery.is_some() =>
            {
                setup.release_after_ms = Some(0);
            }
            _ => {}
        }
    }
    // A single CONNECT does not show which of the two it is.
    setup.clean_session &= connects != 1;
    setup.clean_init &= !setup.clean_session;
    Schedule {
        version: VERSION,
        scenario: "recording".to_owned(),
        seed: 0,
        duration_ms: 0,
        setup,
        workload: Workload {
            publish_every_ms: 0,
            qos0_percent: 0,
            topics: 0,
            payload_min_bytes: 0,
            payload_max_bytes: 0,
            inbound_every_ms: 0,
            inbound_topics: Vec::new(),
            large_percent: 0,
            inbound_qos0_percent: 0,
            habits: Habits::default(),
        },
        faults: Vec::new(),
    }
}
