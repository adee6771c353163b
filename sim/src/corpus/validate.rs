//! What a schedule may ask for.

use fivewire_core::mqtt::topic;
use fivewire_core::mqtt::v5::ReasonCode;

use super::ScheduleError;
use crate::fault::{Fault, FaultKind};
use crate::schedule::{
    CONNECT_BYTES, Habits, Schedule, Setup, Topology, VERSION, Workload, link_memory_min_bytes,
};
use crate::wires::Pace;

/// The longest run: a week. Far beyond it, the times of a run would no longer fit their field.
const DURATION_MAX_MS: i64 = 7 * 24 * 3_600_000;
/// The longest delay of anything in the world that is not a fault.
const DELAY_MAX_MS: i64 = 60_000;
/// The longest time the application keeps a message.
const RELEASE_MAX_MS: i64 = 600_000;
/// The shortest interval between two publications. Measured over outages and bursts of ten minutes: at 70 ms
/// one run in six ended owing more than it can say before it is judged, at 8 ms all did. That looks like a
/// broken promise and is overload.
const PUBLISH_MIN_MS: i64 = 100;
/// The shortest interval between two of the application's habits, where there is one at all.
const HABIT_MIN_MS: i64 = 100;
/// Ten times the error of a bad crystal.
const DRIFT_MAX_PPM: i64 = 10_000;
/// As many as a schedule can have and still be run in reasonable time.
const FAULTS_MAX: usize = 10_000;
/// As many subscriptions as the simulated device has memory for.
const FILTERS_MAX: usize = 16;
/// The longest time until a board looks at its pins.
const LOOK_MAX_US: i64 = 1_000_000;
/// As many topic aliases as the simulated device has memory for, with topics as short as those here.
const ALIASES_MAX: i64 = 10;
/// A publication is acknowledged so, and nobody gets it.
const NO_MATCHING_SUBSCRIBERS: u8 = ReasonCode::NoMatchingSubscribers.as_u8();
/// The largest burst of a fault.
const MESSAGES_MAX: i64 = 10_000;

/// Checks every field of a schedule.
///
/// # Errors
/// The first field that is wrong, its value, and what is allowed.
pub fn validate(schedule: &Schedule) -> Result<(), ScheduleError> {
    in_range("version", schedule.version, i64::from(VERSION), i64::from(VERSION))?;
    validate_name(&schedule.scenario)?;
    in_range("duration_ms", schedule.duration_ms, 1, DURATION_MAX_MS)?;
    validate_setup(&schedule.setup)?;
    validate_mqtt5(&schedule.setup)?;
    validate_wires(schedule)?;
    validate_workload(&schedule.workload, &schedule.setup.filters)?;
    validate_count("faults", schedule.faults.len(), 0, FAULTS_MAX)?;
    let mut earliest_ms = 0;
    for (index, fault) in schedule.faults.iter().enumerate() {
        validate_fault(schedule, index, fault, earliest_ms)?;
        earliest_ms = i64::from(fault.at_ms);
    }
    Ok(())
}

fn validate_name(name: &str) -> Result<(), ScheduleError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(ScheduleError::ScenarioName { value: name.to_owned() })
    }
}

fn validate_setup(setup: &Setup) -> Result<(), ScheduleError> {
    in_range("setup.window", setup.window, 1, 16)?;
    in_range("setup.inbound_bytes", setup.inbound_bytes.0, 256, 2_048)?;
    in_range("setup.release_after_ms", setup.release_after_ms.unwrap_or(0), 0, RELEASE_MAX_MS)?;
    in_range("setup.latency_min_ms", setup.latency_min_ms, 0, DELAY_MAX_MS)?;
    let latency_min_ms = i64::from(setup.latency_min_ms);
    in_range("setup.latency_max_ms", setup.latency_max_ms, latency_min_ms, DELAY_MAX_MS)?;
    in_range("setup.host_drift_ppm", setup.host_drift_ppm, -DRIFT_MAX_PPM, DRIFT_MAX_PPM)?;
    in_range("setup.esp_drift_ppm", setup.esp_drift_ppm, -DRIFT_MAX_PPM, DRIFT_MAX_PPM)?;
    in_range("setup.outbox_bytes", setup.outbox_bytes, 256, 1 << 20)?;
    validate_count("setup.filters", setup.filters.len(), 0, FILTERS_MAX)?;
    for (index, filter) in setup.filters.iter().enumerate() {
        validate_filter(&format!("setup.filters[{index}]"), filter)?;
    }
    setup
        .refused_filter
        .iter()
        .try_for_each(|filter| validate_filter("setup.refused_filter", filter))
}

fn validate_mqtt5(setup: &Setup) -> Result<(), ScheduleError> {
    let Some(mqtt5) = &setup.mqtt5 else { return Ok(()) };
    let max = i64::from(u16::MAX);
    in_range("setup.mqtt5.receive_maximum", mqtt5.receive_maximum, 1, max)?;
    in_range("setup.mqtt5.packet_max_bytes", mqtt5.packet_max_bytes, 256, 268_435_460)?;
    let keep_alive_s = mqtt5.keep_alive_max_s.unwrap_or(10);
    in_range("setup.mqtt5.keep_alive_max_s", keep_alive_s, 10, max)?;
    in_range("setup.mqtt5.aliases_from_broker", mqtt5.aliases_from_broker, 0, ALIASES_MAX)?;
    in_range("setup.mqtt5.aliases_from_device", mqtt5.aliases_from_device, 0, ALIASES_MAX)?;
    in_range("setup.mqtt5.will_delay_s", mqtt5.will_delay_s, 0, 86_400)?;
    in_range("setup.mqtt5.expiring_percent", mqtt5.expiring_percent, 0, 100)?;
    in_range("setup.mqtt5.expiry_max_s", mqtt5.expiry_max_s, 1, 86_400)?;
    let refused_with = mqtt5.limits.filter_refused_with;
    let allowed = refused_with == 0 || is_failure_in(refused_with, 9);
    let field = "setup.mqtt5.limits.filter_refused_with".to_owned();
    reason_code(allowed, field, refused_with, "SUBACK")?;
    let wishes = &mqtt5.wishes;
    if wishes.is_nameless && setup.topology == Topology::Bridge && !setup.clean_session {
        return Err(ScheduleError::Nameless);
    }
    if wishes.connect_bytes > 0 {
        let min_bytes = i64::from(CONNECT_BYTES) + i64::from(wishes.connect_property_bytes);
        in_range("setup.mqtt5.wishes.connect_bytes", wishes.connect_bytes, min_bytes, 512)?;
    }
    in_range("setup.mqtt5.wishes.connect_property_bytes", wishes.connect_property_bytes, 0, 128)
}

fn validate_wires(schedule: &Schedule) -> Result<(), ScheduleError> {
    let wires = &schedule.setup.wires;
    for (end, Pace { min_us, max_us, stall_max_us, .. }) in
        [("host", wires.host), ("esp", wires.esp)]
    {
        in_range(&format!("setup.wires.{end}.min_us"), min_us, 1, LOOK_MAX_US)?;
        let max = format!("setup.wires.{end}.max_us");
        in_range(&max, max_us, i64::from(min_us), LOOK_MAX_US)?;
        in_range(&format!("setup.wires.{end}.stall_max_us"), stall_max_us, 0, LOOK_MAX_US)?;
    }
    in_range("setup.wires.idle_step_us", wires.idle_step_us, 0, 100_000)?;
    for (field, size_bytes) in [
        ("setup.wires.host_memory_bytes", wires.host_memory_bytes),
        ("setup.wires.esp_memory_bytes", wires.esp_memory_bytes),
    ] {
        let min_bytes =
            if schedule.setup.has_wires() { link_memory_min_bytes(&schedule.workload) } else { 0 };
        in_range(field, size_bytes, min_bytes.into(), u16::MAX.into())?;
    }
    Ok(())
}

fn validate_filter(field: &str, filter: &str) -> Result<(), ScheduleError> {
    topic::validate_filter(filter).map_err(|error| ScheduleError::Topic {
        field: field.to_owned(),
        value: filter.to_owned(),
        error,
    })
}

fn validate_workload(workload: &Workload, filters: &[String]) -> Result<(), ScheduleError> {
    in_range("workload.qos0_percent", workload.qos0_percent, 0, 100)?;
    if workload.publish_every_ms > 0 {
        let max = u32::MAX.into();
        in_range("workload.publish_every_ms", workload.publish_every_ms, PUBLISH_MIN_MS, max)?;
    }
    in_range("workload.topics", workload.topics, 1, 255)?;
    in_range("workload.payload_min_bytes", workload.payload_min_bytes, 8, 4_096)?;
    let payload_min_bytes = i64::from(workload.payload_min_bytes);
    in_range("workload.payload_max_bytes", workload.payload_max_bytes, payload_min_bytes, 4_096)?;
    let topics_min = usize::from(workload.inbound_every_ms > 0);
    validate_count("workload.inbound_topics", workload.inbound_topics.len(), topics_min, 256)?;
    for (index, name) in workload.inbound_topics.iter().enumerate() {
        let field = format!("workload.inbound_topics[{index}]");
        if let Err(error) = topic::validate_name(name) {
            return Err(ScheduleError::Topic { field, value: name.clone(), error });
        }
        if !filters.iter().any(|filter| topic::matches(filter, name)) {
            let filters = filters.join(", ");
            return Err(ScheduleError::UnmatchedTopic { field, value: name.clone(), filters });
        }
    }
    in_range("workload.large_percent", workload.large_percent, 0, 100)?;
    in_range("workload.inbound_qos0_percent", workload.inbound_qos0_percent, 0, 100)?;
    validate_habits(&workload.habits)
}

fn validate_habits(habits: &Habits) -> Result<(), ScheduleError> {
    in_range("workload.habits.cancelled_percent", habits.cancelled_percent, 0, 100)?;
    in_range("workload.habits.deadline_percent", habits.deadline_percent, 0, 100)?;
    in_range("workload.habits.retained_percent", habits.retained_percent, 0, 100)?;
    let intervals = [
        ("workload.habits.resubscribes_every_ms", habits.resubscribes_every_ms),
        ("workload.habits.asks_every_ms", habits.asks_every_ms),
        ("workload.habits.restarts_every_ms", habits.restarts_every_ms),
    ];
    for (field, every_ms) in intervals.into_iter().filter(|(_, every_ms)| *every_ms > 0) {
        in_range(field, every_ms, HABIT_MIN_MS, DURATION_MAX_MS)?;
    }
    in_range("workload.habits.patience_max_ms", habits.patience_max_ms, 0, RELEASE_MAX_MS)
}

fn validate_fault(
    schedule: &Schedule,
    index: usize,
    fault: &Fault,
    earliest_ms: i64,
) -> Result<(), ScheduleError> {
    let field = |name: &str| format!("faults[{index}].{name}");
    if fault.kind.needs_bridge() && schedule.setup.topology != Topology::Bridge {
        let fault = fault.kind.name();
        return Err(ScheduleError::NeedsBridge { field: field("kind"), fault });
    }
    if fault.kind.needs_wires() && !schedule.setup.has_wires() {
        let fault = fault.kind.name();
        return Err(ScheduleError::NeedsWires { field: field("kind"), fault });
    }
    if fault.kind.needs_mqtt5() && !schedule.setup.is_v5() {
        let fault = fault.kind.name();
        return Err(ScheduleError::NeedsMqtt5 { field: field("kind"), fault });
    }
    let run_ms = i64::from(schedule.duration_ms);
    in_range(&field("at_ms"), fault.at_ms, earliest_ms, run_ms)?;
    // it may outlast the run: at the end of that everything heals
    let (min_ms, max_ms) = if fault.kind.is_instant() { (0, 0) } else { (1, DURATION_MAX_MS) };
    in_range(&field("duration_ms"), fault.duration_ms, min_ms, max_ms)?;
    match fault.kind {
        FaultKind::Latency { extra_ms } => {
            in_range(&field("kind.latency.extra_ms"), extra_ms, 0, DELAY_MAX_MS)
        }
        FaultKind::ConnectDenied { code } if code >= 0x80 && schedule.setup.is_v5() => {
            let field = field("kind.connect-denied.code");
            reason_code(is_failure_in(code, 2), field, code, "CONNACK")
        }
        FaultKind::ConnectDenied { code } => {
            in_range(&field("kind.connect-denied.code"), code, 1, 5)
        }
        FaultKind::Backlog { messages } => {
            in_range(&field("kind.backlog.messages"), messages, 1, MESSAGES_MAX)
        }
        FaultKind::AppBurst { messages } => {
            in_range(&field("kind.app-burst.messages"), messages, 1, MESSAGES_MAX)
        }
        FaultKind::WireGlitch { length_us, .. } => {
            in_range(&field("kind.wire-glitch.length_us"), length_us, 1, 1_000_000)
        }
        FaultKind::WireNoise { every_us, .. } => {
            in_range(&field("kind.wire-noise.every_us"), every_us, 50, 10_000_000)
        }
        FaultKind::WireLag { max_us, .. } => {
            in_range(&field("kind.wire-lag.max_us"), max_us, 1, 100_000)
        }
        FaultKind::BrokerDisconnects { code } => {
            let allowed = code == 0 || is_failure_in(code, 14);
            let (field, packet) = (field("kind.broker-disconnects.code"), "DISCONNECT");
            reason_code(allowed, field, code, packet)
        }
        FaultKind::PublicationsRefused { code } => {
            let field = field("kind.publications-refused.code");
            let allowed = code == NO_MATCHING_SUBSCRIBERS || is_failure_in(code, 4);
            reason_code(allowed, field, code, "PUBACK")
        }
        _ => Ok(()),
    }
}

/// Whether a packet of this type may say that something failed with this code.
fn is_failure_in(code: u8, packet_type: u8) -> bool {
    let reason_code = ReasonCode::from_u8(code);
    reason_code.is_some_and(|code| code.is_failure() && code.is_allowed_in(packet_type))
}

fn reason_code(
    allowed: bool,
    field: String,
    value: u8,
    packet: &'static str,
) -> Result<(), ScheduleError> {
    if allowed { Ok(()) } else { Err(ScheduleError::ReasonCode { field, value, packet }) }
}

fn in_range(field: &str, value: impl Into<i64>, min: i64, max: i64) -> Result<(), ScheduleError> {
    let value = value.into();
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ScheduleError::OutOfRange { field: field.to_owned(), value, min, max })
    }
}

fn validate_count(
    field: &'static str,
    count: usize,
    min: usize,
    max: usize,
) -> Result<(), ScheduleError> {
    if (min..=max).contains(&count) {
        Ok(())
    } else {
        Err(ScheduleError::Count { field, count, min, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::tests::sample;

    fn refusal(change: impl FnOnce(&mut Schedule)) -> String {
        let mut schedule = sample(&[FaultKind::WifiOutage, FaultKind::EspCrash]);
        validate(&schedule).expect("the sample is valid");
        change(&mut schedule);
        validate(&schedule).expect_err("this change must be refused").to_string()
    }

    #[test]
    fn each_refusal_names_field_value_and_range() {
        assert_eq!(
            refusal(|schedule| schedule.faults[1].at_ms = 59_000),
            "faults[1].at_ms is 59000, but must be from 60000 to 3600000"
        );
        assert_eq!(
            refusal(|schedule| schedule.faults[0].duration_ms = 0),
            "faults[0].duration_ms is 0, but must be from 1 to 604800000"
        );
        assert_eq!(
            refusal(|schedule| schedule.faults[1].duration_ms = 1),
            "faults[1].duration_ms is 1, but must be from 0 to 0"
        );
        assert_eq!(
            refusal(|schedule| schedule.faults[1].kind = FaultKind::ConnectDenied { code: 6 }),
            "faults[1].duration_ms is 0, but must be from 1 to 604800000"
        );
        assert_eq!(
            refusal(|schedule| schedule.faults[0].kind = FaultKind::ConnectDenied { code: 6 }),
            "faults[0].kind.connect-denied.code is 6, but must be from 1 to 5"
        );
        assert_eq!(
            refusal(|schedule| schedule.setup.latency_min_ms = 94),
            "setup.latency_max_ms is 93, but must be from 94 to 60000"
        );
        assert_eq!(
            refusal(|schedule| schedule.duration_ms = 0),
            "duration_ms is 0, but must be from 1 to 604800000"
        );
        assert_eq!(
            refusal(|schedule| schedule.workload.inbound_topics.clear()),
            "workload.inbound_topics has 0 entries, but must have from 1 to 256"
        );
    }

    #[test]
    fn more_publications_than_the_chain_carries_are_refused_and_none_at_all_are_not() {
        assert_eq!(
            refusal(|schedule| schedule.workload.publish_every_ms = 2),
            "workload.publish_every_ms is 2, but must be from 100 to 4294967295"
        );
        let mut schedule = sample(&[]);
        schedule.workload.publish_every_ms = 0;
        assert_eq!(validate(&schedule), Ok(()));
    }

    #[test]
    fn a_bridge_fault_needs_a_bridge() {
        assert_eq!(
            refusal(|schedule| schedule.setup.topology = Topology::Client),
            "faults[1].kind is esp-crash, which needs \"topology\": \"bridge\": drop the fault or \
             change setup.topology"
        );
    }

    #[test]
    fn what_only_mqtt_5_has_needs_mqtt_5() {
        let kind = FaultKind::PublicationsRefused { code: 0x97 };
        assert_eq!(
            refusal(|schedule| schedule.faults[0].kind = kind),
            "faults[0].kind is publications-refused, which needs setup.mqtt5: drop the fault or \
             add that"
        );
        let with_code = |code| {
            let mut schedule = crate::catalogue::find("client").expect("known").schedule(0);
            let mqtt5 =
                (0..).map(|seed| crate::catalogue::find("client").expect("known").schedule(seed));
            schedule.setup.mqtt5 = mqtt5.filter_map(|schedule| schedule.setup.mqtt5).next();
            let kind = FaultKind::PublicationsRefused { code };
            schedule.faults = vec![Fault { at_ms: 1, duration_ms: 1, kind }];
            validate(&schedule).map_err(|error| error.to_string())
        };
        assert_eq!(with_code(0x97), Ok(()));
        assert_eq!(
            with_code(0x8E),
            Err("faults[0].kind.publications-refused.code is 0x8e, which is no failure that PUBACK \
                 may carry"
                .to_owned())
        );
    }

    #[test]
    fn topics_must_be_well_formed_and_matched() {
        let refused = refusal(|schedule| schedule.setup.filters[1] = "a/#/b".to_owned());
        assert!(refused.starts_with("setup.filters[1] is \"a/#/b\": "), "{refused}");
        assert_eq!(
            refusal(|schedule| schedule.workload.inbound_topics[0] = "up/1".to_owned()),
            "workload.inbound_topics[0] is \"up/1\", but must match one of setup.filters \
             (down/#, all/+/x)"
        );
    }

    #[test]
    fn a_scenario_name_cannot_leave_its_directory() {
        let refused = refusal(|schedule| schedule.scenario = "../x".to_owned());
        assert!(refused.contains("must have from 1 to 64 characters"), "{refused}");
    }
}
