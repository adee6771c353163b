//! MQTT 5: what the broker allows, what expires, and what has to start over with each connection. The
//! same claims for a board with WiFi and over the bridge.

use fivewire_sim::catalogue;
use fivewire_sim::fault::{Fault, FaultKind};
use fivewire_sim::run::{Report, Runner};
use fivewire_sim::schedule::{Limits, Mqtt5, Schedule, Topology, Wishes};

/// Two minutes of a board, with WiFi and without, whose application and witness publish every second.
fn schedules(mqtt5: &Mqtt5, faults: &[(u32, u32, FaultKind)]) -> [Schedule; 2] {
    [Topology::Client, Topology::Bridge].map(|topology| schedule(topology, mqtt5, faults))
}

fn schedule(topology: Topology, mqtt5: &Mqtt5, faults: &[(u32, u32, FaultKind)]) -> Schedule {
    let mut schedule = catalogue::find("client").unwrap().schedule(0);
    schedule.setup.topology = topology;
    schedule.duration_ms = 120_000;
    schedule.setup.mqtt5 = Some(mqtt5.clone());
    schedule.setup.window = 8;
    schedule.setup.clean_session = false;
    schedule.workload.publish_every_ms = 1_000;
    schedule.workload.inbound_every_ms = 1_000;
    schedule.workload.qos0_percent = 0;
    let fault =
        |&(at_s, lasts_s, kind)| Fault { at_ms: at_s * 1_000, duration_ms: lasts_s * 1_000, kind };
    schedule.faults = faults.iter().map(fault).collect();
    schedule
}

/// A broker that allows everything, and messages that never expire.
fn plain() -> Mqtt5 {
    Mqtt5 {
        session_expiry_s: u32::MAX,
        receive_maximum: 20,
        packet_max_bytes: 4_096,
        aliases_from_broker: 4,
        aliases_from_device: 4,
        keep_alive_max_s: None,
        will_delay_s: 0,
        expiring_percent: 0,
        bare: false,
        expiry_max_s: 1,
        limits: Limits::default(),
        wishes: Wishes::default(),
    }
}

/// Runs it; every promise is kept.
#[track_caller]
fn kept(schedule: &Schedule) -> Report {
    let report = Runner::new(schedule).run(schedule);
    assert_eq!(report.breach, None);
    report
}

/// The same, and the situation came about.
#[track_caller]
fn reached(schedule: &Schedule, situation: &str) -> Report {
    let report = kept(schedule);
    let found = report.marks.iter().find(|(name, _)| *name == situation);
    assert!(found.is_some_and(|(_, count)| *count > 0), "{situation} was not reached");
    report
}

#[test]
fn a_session_that_expired_is_made_again_with_its_subscriptions() {
    let mqtt5 = Mqtt5 { session_expiry_s: 10, ..plain() };
    for schedule in schedules(&mqtt5, &[(40, 90, FaultKind::WifiOutage)]) {
        let report = reached(&schedule, "session-expired");
        // of what was published while there was a session, all: before the outage and after it
        assert!(report.messages.told > 30, "{:?}", report.messages);
    }
}

#[test]
fn a_disconnect_of_the_broker_costs_a_connection_and_no_message() {
    for code in [0, 0x80, 0x89, 0x8B, 0x9D, 0xA0] {
        let faults: Vec<_> = (20..110)
            .step_by(20)
            .map(|at| (at, 0, FaultKind::BrokerDisconnects { code }))
            .collect();
        for mut schedule in schedules(&plain(), &faults) {
            schedule.workload.publish_every_ms = 60;
            let report = reached(&schedule, "disconnect-in-flight");
            assert!(report.faults.iter().all(|(_, _, bit)| *bit == 1), "{code:#04x}");
        }
    }
}

#[test]
fn a_burst_waits_for_the_receive_maximum_of_the_broker() {
    let mqtt5 = Mqtt5 { receive_maximum: 2, ..plain() };
    for schedule in schedules(&mqtt5, &[(30, 0, FaultKind::AppBurst { messages: 60 })]) {
        reached(&schedule, "receive-maximum-reached");
    }
}

#[test]
fn topic_aliases_start_over_with_each_connection() {
    for schedule in schedules(&plain(), &[(30, 0, FaultKind::TcpReset)]) {
        reached(&schedule, "alias-after-reconnect");
    }
}

#[test]
fn a_message_that_expires_while_the_network_is_gone_is_told_and_not_sent() {
    let mqtt5 = Mqtt5 { expiring_percent: 100, expiry_max_s: 3, ..plain() };
    for schedule in schedules(&mqtt5, &[(40, 30, FaultKind::WifiOutage)]) {
        let report = reached(&schedule, "expiry-during-outage");
        assert!(report.messages.published > 100, "{:?}", report.messages);
    }
}

#[test]
fn a_refused_publication_ends_and_the_others_go_on() {
    let refused = FaultKind::PublicationsRefused { code: 0x87 };
    for schedule in schedules(&plain(), &[(30, 60, refused)]) {
        assert_eq!(kept(&schedule).faults, [(refused, 1, 1)]);
    }
}

/// The ESP8266 hears the refusal, and the host only asks for it when the link is there again.
#[test]
fn what_is_refused_while_the_link_is_lost_is_not_taken_for_acknowledged() {
    let mut faults = vec![(10, 100, FaultKind::PublicationsRefused { code: 0x97 })];
    faults.extend((12..108).step_by(4).map(|at| (at, 0, FaultKind::LinkReset)));
    let mut schedule = schedule(Topology::Bridge, &plain(), &faults);
    schedule.workload.publish_every_ms = 100;
    kept(&schedule);
}

#[test]
fn properties_reasons_and_limits_survive_an_esp_that_crashes_again_and_again() {
    let mqtt5 = Mqtt5 { expiring_percent: 50, expiry_max_s: 60, receive_maximum: 2, ..plain() };
    let faults: Vec<_> = (10..110).step_by(15).map(|at| (at, 0, FaultKind::EspCrash)).collect();
    let report = reached(&schedule(Topology::Bridge, &mqtt5, &faults), "alias-after-reconnect");
    assert!(report.messages.told > 30, "{:?}", report.messages);
}
