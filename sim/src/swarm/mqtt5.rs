//! Which runs speak MQTT 5, and what is different then. Drawn from a stream of its own, so that the
//! same seed has the same troubles in both versions.

use fivewire_core::mqtt::v5::ReasonCode;

use super::Draw;
use crate::fault::{Fault, FaultKind};
use crate::random::{Purpose, Random};
use crate::schedule::{CONNECT_BYTES, Limits, Mqtt5, Schedule, Topology, Wishes};

/// The packets that may say why something failed, by their type.
const CONNACK: u8 = 2;
const PUBACK: u8 = 4;
const SUBACK: u8 = 9;
const DISCONNECT: u8 = 14;

/// All that a broker may say in such a packet when it refuses something or ends a connection.
fn failures(packet_type: u8) -> Vec<u8> {
    let said = |code: &ReasonCode| code.is_failure() && code.is_allowed_in(packet_type);
    ReasonCode::all().filter(said).map(ReasonCode::as_u8).collect()
}

/// No link is reset on top of more faults than this.
const FAULTS_MAX: usize = 29;

/// Runs of a scenario that can break what only MQTT 5 has may speak it.
pub(super) fn is_possible(draw: &Draw<'_>) -> bool {
    draw.kinds.iter().any(|kind| kind.needs_mqtt5())
}

/// Without a bridge every second run that may speak MQTT 5 does. With one it is every fourth: such a
/// run takes a third longer than one in 3.1.1.
pub(super) fn draw(draw: &Draw<'_>, schedule: &mut Schedule) {
    if !is_possible(draw) {
        return;
    }
    let one_of = match draw.topology {
        Topology::Client => 2,
        Topology::Bridge => 4,
    };
    let mut random = Random::new(schedule.seed, Purpose::Mqtt5);
    if !random.chance(1, one_of) {
        return;
    }
    schedule.setup.mqtt5 = Some(Mqtt5 {
        session_expiry_s: *random.pick(&[5, 20, 60, 300, 7_200, u32::MAX]),
        receive_maximum: *random.pick(&[1, 2, 3, 5, 10, u16::MAX]),
        packet_max_bytes: *random.pick(&[256, 512, 4_096, 1 << 20]),
        aliases_from_broker: *random.pick(&[0, 1, 2, 10]),
        aliases_from_device: *random.pick(&[0, 1, 3, 10]),
        keep_alive_max_s: *random.pick(&[None, None, Some(15), Some(40)]),
        will_delay_s: *random.pick(&[0, 0, 5, 60]),
        expiring_percent: *random.pick(&[0, 20, 50, 100]),
        expiry_max_s: *random.pick(&[2, 20, 120]),
        bare: false,
        limits: Limits::default(),
        wishes: Wishes::default(),
    });
    let duration_ms = schedule.duration_ms.saturating_sub(15_000);
    let times = Times {
        messages_ms: super::message_times_ms(schedule),
        round_trip_ms: 2 * schedule.setup.latency_max_ms + 30,
        end_ms: duration_ms,
    };
    let resets_links =
        draw.topology == Topology::Bridge && draw.kinds.contains(&FaultKind::LinkReset);
    for kind in draw.kinds.iter().filter(|kind| kind.needs_mqtt5()) {
        if random.chance(1, 2) {
            for _ in 0..random.between(1, 4) {
                let fault = times.fault(&mut random, *kind);
                if resets_links && schedule.faults.len() < FAULTS_MAX {
                    schedule.faults.extend(times.link_lost_during(&mut random, &fault));
                }
                schedule.faults.push(fault);
            }
        }
    }
    schedule.faults.sort_by_key(|fault| fault.at_ms);
    draw_limits(schedule);
}

/// What the broker does not have, what it answers, and what the device asks for besides. Drawn from a
/// stream of its own, so that a run is otherwise the same.
fn draw_limits(schedule: &mut Schedule) {
    // the name that a broker gives is lost with each restart of an ESP8266, and a session with it
    let may_be_nameless = match schedule.setup.topology {
        Topology::Client => 4,
        Topology::Bridge if schedule.setup.clean_session => 2,
        Topology::Bridge => u32::MAX,
    };
    let mut random = Random::new(schedule.seed, Purpose::Mqtt5Limits);
    let qos0_only = random.chance(1, 16);
    let limits = Limits {
        qos0_only,
        no_retain: random.chance(1, 3),
        no_wildcards: random.chance(1, 8),
        no_identifiers: random.chance(1, 4),
        session_expiry_max_s: *random.pick(&[None, None, None, Some(10), Some(600)]),
        renames_aliases: random.chance(1, 2),
        is_talkative: random.chance(1, 2),
        filter_refused_with: *random.pick(&failures(SUBACK)),
    };
    let connect_property_bytes = if random.chance(1, 2) { random.between(1, 128) as u8 } else { 0 };
    // room for all aliases, or for few, or for none
    let spare_bytes = *random.pick(&[None, None, None, Some(0), Some(10), Some(30), Some(60)]);
    let least_bytes = CONNECT_BYTES + u16::from(connect_property_bytes);
    let wishes = Wishes {
        is_nameless: random.chance(1, may_be_nameless),
        connect_bytes: spare_bytes.map_or(0, |spare_bytes| least_bytes + spare_bytes),
        connect_property_bytes,
        has_identifiers: random.chance(1, 2),
    };
    let setup = &mut schedule.setup;
    // a will that the broker does not take is a reason to refuse the client
    setup.will &= !qos0_only;
    if setup.refused_filter.is_some() && random.chance(1, 3) {
        setup.refused_filter = Some("$share/refused/refused/#".to_owned());
    }
    if let Some(mqtt5) = &mut setup.mqtt5 {
        (mqtt5.limits, mqtt5.wishes) = (limits, wishes);
    }
    for fault in &mut schedule.faults {
        if let FaultKind::ConnectDenied { code } = &mut fault.kind
            && random.chance(3, 4)
        {
            *code = *random.pick(&failures(CONNACK));
        }
    }
}

/// Where such faults are worth while.
struct Times {
    messages_ms: Vec<u32>,
    /// How long one is under way, there and back.
    round_trip_ms: u32,
    end_ms: u32,
}

impl Times {
    /// While the broker refuses publications an answer may find the link to the host lost.
    fn link_lost_during(&self, random: &mut Random, refusing: &Fault) -> Option<Fault> {
        let during = refusing.at_ms..refusing.at_ms + refusing.duration_ms;
        let messages = self.messages_ms.iter().copied();
        let within: Vec<u32> = messages.filter(|at_ms| during.contains(at_ms)).collect();
        if within.is_empty() {
            return None;
        }
        let at_ms = *random.pick(&within) + random.between(0, self.round_trip_ms);
        let at_ms = at_ms.min(self.end_ms);
        Some(Fault { at_ms, duration_ms: 0, kind: FaultKind::LinkReset })
    }

    /// Three of four begin while a message is under way.
    fn fault(&self, random: &mut Random, kind: FaultKind) -> Fault {
        let at_ms = if self.messages_ms.is_empty() || random.chance(1, 4) {
            random.between(1_000, self.end_ms.max(1_000))
        } else {
            *random.pick(&self.messages_ms) + random.between(0, 100)
        };
        let at_ms = at_ms.min(self.end_ms);
        match kind {
            FaultKind::BrokerDisconnects { .. } => {
                // 0 takes no byte on the wire
                let codes = [vec![0], failures(DISCONNECT)].concat();
                let kind = FaultKind::BrokerDisconnects { code: *random.pick(&codes) };
                Fault { at_ms, duration_ms: 0, kind }
            }
            _ => {
                let nobody = ReasonCode::NoMatchingSubscribers.as_u8();
                let codes = [vec![nobody], failures(PUBACK)].concat();
                let kind = FaultKind::PublicationsRefused { code: *random.pick(&codes) };
                Fault { at_ms, duration_ms: random.between(1_000, 60_000), kind }
            }
        }
    }
}
