//! Messages for the device that its memory hardly has room for, or none at all.

use fivewire_core::mqtt::QoS;

use crate::random::{Purpose, Random};
use crate::schedule::Schedule;

/// What a packet has at most besides its payload: header, topic and the properties of the workload.
const AROUND_PAYLOAD_BYTES: u32 = 192;

/// One large message of so many has QoS 0.
const QOS0_IN: u32 = 4;
/// Of 100 large messages, this many have QoS 1.
pub(crate) const LARGE_QOS1_PERCENT: u32 = 100 - 100 / QOS0_IN;

/// Which of the witness's messages are large, drawn from a stream of its own: the others are the same
/// without them.
#[derive(Clone, Debug)]
pub(crate) struct Large {
    random: Random,
    percent: u32,
    /// Which are as large as can be, and which of the others are QoS 0.
    limits: Random,
    qos0_percent: u32,
    /// The largest packet that the device takes.
    fits_bytes: u32,
    /// The board with the client can take no larger packet.
    memory_bytes: u32,
    /// The broker takes no larger payload.
    payload_max_bytes: u32,
}

impl Large {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let setup = &schedule.setup;
        let packet_max_bytes =
            setup.mqtt5.as_ref().map_or(u32::MAX, |mqtt5| mqtt5.packet_max_bytes);
        Self {
            random: Random::new(schedule.seed, Purpose::LargeMessages),
            percent: schedule.workload.large_percent.into(),
            limits: Random::new(schedule.seed, Purpose::Limits),
            qos0_percent: schedule.workload.inbound_qos0_percent.into(),
            fits_bytes: u32::from(setup.receive_bytes() - 32)
                .min(u32::from(setup.inbound_bytes.0 - 8)),
            memory_bytes: setup.message_max_bytes(),
            payload_max_bytes: packet_max_bytes - AROUND_PAYLOAD_BYTES,
        }
    }

    /// The size and the quality of service of the next payload, which has so many bytes and QoS 1 if it is
    /// not a large one.
    pub(crate) fn draw(&mut self, size_bytes: u32, topic: &str) -> (u32, QoS) {
        if self.percent == 0 || !self.random.chance(self.percent, 100) {
            let is_at_most_once =
                self.qos0_percent > 0 && self.limits.chance(self.qos0_percent, 100);
            return (size_bytes, if is_at_most_once { QoS::AtMostOnce } else { QoS::AtLeastOnce });
        }
        let memory = self.memory_bytes;
        // it may just fit; it does not; most of it has to be skipped
        let ranges = [(memory / 2, memory), (memory, 2 * memory), (8 * memory, 16 * memory)];
        let (min, max) = *self.random.pick(&ranges);
        let large = self.random.between(min, max);
        let is_at_most_once = self.random.chance(1, QOS0_IN);
        let qos = if is_at_most_once { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        (self.at_the_limit(qos, topic).unwrap_or(large).min(self.payload_max_bytes), qos)
    }

    /// The payload of every third large message makes a packet (MQTT 3.1.1) that just fits, or just does not.
    fn at_the_limit(&mut self, qos: QoS, topic: &str) -> Option<u32> {
        if !self.limits.chance(1, 3) {
            return None;
        }
        let packet_id_bytes = if qos == QoS::AtMostOnce { 0 } else { 2 };
        // a fixed header of three bytes, and the length of the topic
        let around_bytes = 3 + 2 + topic.len() as u32 + packet_id_bytes;
        let packet_bytes = self.fits_bytes + self.limits.between(0, 2) - 1;
        // the number of the message comes first
        packet_bytes.checked_sub(around_bytes).filter(|payload_bytes| *payload_bytes >= 8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    #[test]
    fn only_who_has_the_habit_gets_large_messages_and_of_every_size() {
        let mut schedule = catalogue::find("client").expect("it is known").schedule(1);
        schedule.workload.large_percent = 0;
        let mut none = Large::new(&schedule);
        assert!((0..1_000).all(|_| none.draw(20, "down/0") == (20, QoS::AtLeastOnce)));

        schedule.workload.large_percent = 50;
        let mut some = Large::new(&schedule);
        let drawn: Vec<_> = (0..1_000).map(|_| some.draw(20, "down/0")).collect();
        let memory = schedule.setup.message_max_bytes();
        let count = |is_wanted: &dyn Fn(u32) -> bool| {
            drawn.iter().filter(|&&(size, _)| is_wanted(size)).count()
        };
        assert!((400..600).contains(&count(&|size| size == 20)));
        assert!(count(&|size| size > 20 && size < memory) > 60);
        assert!(count(&|size| (memory..=2 * memory).contains(&size)) > 60);
        assert!(count(&|size| size >= 8 * memory) > 60);
        assert!(drawn.iter().any(|&(size, qos)| size > 20 && qos == QoS::AtMostOnce));
    }
}
