//! MQTT 3.1.1 packets and topics, both directions, without copying and without a heap.

pub mod topic;
