//! The scenarios that `fivewire` knows by name, with the tokio adapter instead of a board: each
//! that is left with something to break when there is no bridge. Minutes full of trouble, and one
//! hour.

use fivewire_core::event::Event;
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::time::Instant;
use fivewire_scenarios::seeds;
use fivewire_sim::observation::{Observation, Observer};
use fivewire_sim::schedule::Mqtt5;
use fivewire_sim::{catalogue, corpus, tokio_world};

use super::tokio_adapter::both;

/// What is not run here, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("wires", "it simulates five wires edge by edge, and there are none"),
    ("esp-crash", "only an ESP8266 crashes like that, and there is none"),
    ("esp-boot", "only an ESP8266 boots like that, and there is none"),
    ("link", "it cuts a link that is not there"),
    ("canary", "it fails on purpose; `a_failure_is_replayed_in_the_engine_that_showed_it` runs it"),
];

#[track_caller]
fn survives(name: &str) {
    let scenario = catalogue::find(name).unwrap();
    for seed in seeds(4) {
        both(&tokio_world::draw_minute(scenario, seed).unwrap());
    }
    both(&tokio_world::draw(scenario, 1).unwrap());
}

macro_rules! scenarios {
    ($($claim:ident: $name:literal;)*) => {
        /// What is run here.
        const RUN: &[&str] = &[$($name),*];

        $(#[test]
        fn $claim() {
            survives($name);
        })*
    };
}

scenarios! {
    the_adapter_survives_everything_that_is_left_of_the_swarm: "swarm";
    the_adapter_survives_what_a_board_with_wifi_of_its_own_does: "client";
    the_adapter_is_calm_where_nothing_breaks: "calm";
    the_adapter_survives_outages_of_its_network: "wifi-outage";
    the_adapter_survives_brokers_that_stop_and_forget: "broker-restart";
    the_adapter_survives_brokers_in_bad_moods: "broker-moods";
    the_adapter_survives_connections_that_break_or_do_not_come: "tcp-faults";
    the_adapter_survives_connections_that_die_without_a_word: "half-open";
    the_adapter_subscribes_again_where_the_broker_has_forgotten: "subscriptions";
    the_adapter_survives_bytes_that_are_no_mqtt: "malformed";
    the_adapter_works_off_a_backlog: "backlog";
    the_adapter_holds_what_its_application_does_not_take: "hold";
    the_adapter_survives_lost_power_and_bursts: "host";
}

#[test]
fn every_named_scenario_runs_with_the_adapter_or_is_left_out_for_a_reason() {
    for scenario in catalogue::ALL {
        let name = scenario.name;
        let left_out = LEFT_OUT.iter().any(|(left_out, _)| *left_out == name);
        assert!(RUN.contains(&name) != left_out, "{name} must be run or be left out");
        let is_unfit = tokio_world::draw(scenario, 0).is_err();
        assert_eq!(left_out, is_unfit || scenario.is_canary(), "{name}");
    }
    let known = |name: &str| catalogue::find(name).is_ok();
    assert!(RUN.iter().chain(LEFT_OUT.iter().map(|(name, _)| name)).all(|name| known(name)));
}

#[test]
fn stored_schedules_without_a_bridge_are_kept_by_the_adapter_too() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|is| is == "json"));
    let schedules = files.map(|path| corpus::read(&path).unwrap_or_else(|error| panic!("{error}")));
    let fitting: Vec<_> = schedules.filter(|it| tokio_world::fits(it).is_ok()).collect();
    assert!(fitting.len() > 1, "the corpus is in {folder}");
    for schedule in fitting {
        both(&schedule);
    }
}

#[test]
fn every_second_run_of_the_adapter_speaks_mqtt_5_with_all_that_the_event_world_uses() {
    let runs = (0..40).map(tokio_world::default_for);
    let speaking: Vec<_> = runs.filter_map(|schedule| schedule.setup.mqtt5).collect();
    assert!((10..=30).contains(&speaking.len()), "{} of 40", speaking.len());
    let has = |is_so: fn(&Mqtt5) -> bool| assert!(speaking.iter().any(is_so));
    has(|mqtt5| !mqtt5.bare && mqtt5.expiring_percent > 0);
    has(|mqtt5| mqtt5.will_delay_s > 0);
    has(|mqtt5| mqtt5.aliases_from_broker > 0);
    has(|mqtt5| mqtt5.aliases_from_device > 0);
}

/// What was published by the application, and told to it, with properties.
#[derive(Default)]
struct Travelled([u32; 2]);

impl Observer for Travelled {
    fn observe(&mut self, _now: Instant, observation: &Observation<'_>) {
        let has_some = |properties: Properties<'_>| u32::from(!properties.is_empty());
        match *observation {
            Observation::Published { properties, .. } => self.0[0] += has_some(properties),
            Observation::Told(Event::Message(message)) => {
                self.0[1] += has_some(message.properties);
            }
            _ => {}
        }
    }
}

#[test]
fn messages_of_the_adapter_have_their_properties_both_ways() {
    let schedules = (0..).map(tokio_world::default_for);
    let has_some = |mqtt5: &Mqtt5| !mqtt5.bare;
    let speaking = schedules.filter(|it| it.setup.mqtt5.as_ref().is_some_and(has_some));
    let mut travelled = Travelled::default();
    for schedule in speaking.take(8) {
        assert_eq!(tokio_world::run(&schedule, &mut travelled).unwrap().breach, None);
    }
    let Travelled([published, told]) = travelled;
    assert!(published > 5 && told > 5, "{published} published and {told} told");
}
