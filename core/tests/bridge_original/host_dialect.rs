//! Between fivewire's host and an original ESP8266.

use fivewire_core::bridge::Network;
use fivewire_core::bridge::host::{Firmware, Settings};
use fivewire_core::bridge::original::{Generation, HostDialect, host as host_dialect};
use fivewire_core::client::Publication;
use fivewire_core::error::{ConfigError, PublishError, SubscribeError};
use fivewire_core::link::{self, DownReason};
use fivewire_core::mqtt::QoS;

use proptest::prelude::*;

use crate::any_record;
use crate::host_side::{HostSide, settings};

#[test]
fn the_start_up_dialogue_is_the_one_that_was_recorded() {
    let mut side = HostSide::new();
    side.publish(b"early", false);
    assert_eq!((side.resets, &side.sent), (1, &vec![]), "nothing precedes the will (D-03)");
    side.link_up();
    assert_eq!(side.sent, ["w|gone|pump||1"], "an empty text is the only false (D-02)");
    side.says("t|7");
    let init = "init|home|secret|10.0.0.2|||{}|1|1883|0|1|60|0|0|4|6|0|pool.ntp.org";
    assert_eq!(side.sent[1..], [init]);
    for record in ["t|2", "t|1", "t|0"] {
        side.says(record);
        assert_eq!((side.told("EspReady"), side.sent.len()), (0, 2));
    }
    side.says("t|5");
    side.says("t|9");
    assert_eq!(side.told("EspReady { resumed: false }"), 1);
    assert_eq!(side.told("Connected"), 1);
    assert_eq!(side.sent[2..], ["p|a/b|early||1"]);
}

#[test]
fn the_older_generation_is_told_no_time_server() {
    let config =
        host_dialect::Config { generation: Generation::V022, ..host_dialect::Config::DEFAULT };
    let mut side = HostSide::with(&settings(), &config);
    side.link_up();
    side.says("t|7");
    assert!(side.sent[1].ends_with("|4|6|0"));
    for record in ["t|5", "t|9", "u|x|42"] {
        side.says(record);
    }
    side.host.subscribe(side.now, "x", QoS::AtMostOnce).unwrap();
    side.settle();
    side.says("u|x|43");
    assert_eq!(side.told("retain: false"), 1, "nobody had asked for the first");
}

#[test]
fn a_publication_is_acknowledged_by_status_4_and_only_one_is_under_way() {
    let mut side = HostSide::running();
    side.publish(b"1", true);
    side.publish(b"2", false);
    assert_eq!(side.sent, ["p|a/b|1|1|1"]);
    assert_eq!(side.told("Acked"), 0);
    side.says("t|4");
    assert_eq!(side.told("Acked"), 1);
    assert_eq!(side.sent, ["p|a/b|1|1|1", "p|a/b|2||1"], "the empty text is the only false (D-01)");
    side.says("t|4");
    assert_eq!((side.told("Acked"), side.host.unacknowledged()), (2, 0));
    side.says("t|4");
    assert_eq!((side.told("Acked"), side.resets), (2, 1), "a stray one finishes nothing");
}

#[test]
fn what_was_under_way_when_the_esp_crashed_is_given_to_the_next_one() {
    let mut side = HostSide::running();
    side.publish(b"1", false);
    let reason = DownReason::PeerRestarted;
    side.handle(host_dialect::Input::Link(link::Event::Down { reason }));
    assert_eq!(side.resets, 2);
    assert_eq!(side.told("EspReset { cause: GaveUp }"), 1);
    side.sent.clear();
    side.link_up();
    for record in ["t|7", "t|1", "t|0", "t|5", "t|9"] {
        side.says(record);
    }
    assert_eq!(side.sent.last().unwrap(), "p|a/b|1||1");
    side.says("t|4");
    assert_eq!(side.told("Acked"), 1);
}

#[test]
fn a_subscription_is_confirmed_by_the_answer_to_the_question_behind_it() {
    let mut side = HostSide::running();
    side.host.subscribe(side.now, "in/+", QoS::AtLeastOnce).unwrap();
    side.host.subscribe(side.now, "out", QoS::AtMostOnce).unwrap();
    side.settle();
    assert_eq!(side.sent, ["s|in/+|1", "m"]);
    assert_eq!(side.told("Subscribed"), 0);
    side.says("m|20000|10000");
    assert_eq!(side.told("granted: AtLeastOnce"), 1);
    assert_eq!(side.sent[2..], ["s|out|0", "m"]);
    side.says("m|20000|10000");
    assert_eq!(side.told("granted: AtMostOnce"), 1);
    side.says("u|in/7|on|True");
    assert_eq!(
        side.told(r#"topic: "in/7", payload: [111, 110], qos: AtMostOnce, retain: true"#),
        1
    );
    side.host.unsubscribe(side.now, "in/+").unwrap();
    side.settle();
    assert_eq!(side.told("Unsubscribed"), 1);
    side.says("u|in/7|off|False");
    side.says("u|out|off|False");
    assert_eq!(side.told("Message"), 2, "what nobody wants any more is dropped");
}

#[test]
fn what_is_given_while_a_question_is_open_waits_for_its_answer_and_is_then_sent() {
    let mut side = HostSide::running();
    side.pass_ms(2_500);
    assert_eq!(side.sent, ["m"]);
    side.publish(b"1", false);
    assert_eq!(side.sent, ["m"]);
    side.says("m|20000|10000");
    assert_eq!((&side.sent[1..], side.told("Acked")), (&["p|a/b|1||1".to_owned()][..], 0));
    side.says("t|4");
    assert_eq!(side.told("Acked"), 1);
}

#[test]
fn a_subscription_that_the_broker_refuses_is_told_once_and_the_esp_forgets_it() {
    let mut side = HostSide::running();
    side.host.subscribe(side.now, "forbidden", QoS::AtLeastOnce).unwrap();
    side.settle();
    for _ in 0..4 {
        assert_eq!(side.told("SubscribeRefused"), 0);
        side.says("t|10");
        side.pass_ms(5_000);
        side.says("t|9");
        side.pass_ms(100);
    }
    assert_eq!((side.told("SubscribeRefused"), side.resets), (1, 2));
    side.sent.clear();
    side.link_up();
    for record in ["t|7", "t|5", "t|9"] {
        side.says(record);
    }
    side.pass_ms(1_000);
    assert!(side.sent.iter().all(|record| !record.starts_with('s')));
}

#[test]
fn a_command_task_that_is_silent_is_noticed_though_messages_keep_coming() {
    let mut side = HostSide::running();
    side.host.subscribe(side.now, "x", QoS::AtMostOnce).unwrap();
    side.settle();
    side.says("m|1|1");
    side.pass_answering_ms(120_000);
    assert_eq!(side.resets, 1, "it answers");
    let silent_since = side.now;
    while side.resets == 1 {
        side.pass_ms(100);
        side.says("u|x|1|False");
    }
    let millis = side.now.micros_since(silent_since) / 1_000;
    assert!((7_400..=10_200).contains(&millis), "D-07: noticed after {millis} ms");
    assert_eq!(side.told("EspReset { cause: Watchdog }"), 1);
}

#[test]
fn a_publication_may_wait_for_the_broker_for_ever_but_not_for_itself() {
    let mut side = HostSide::running();
    side.publish(b"1", false);
    side.pass_ms(30_000);
    side.says("t|10");
    assert_eq!(side.told("Disconnected"), 1);
    side.pass_ms(3_600_000);
    assert_eq!(side.resets, 1, "an hour's outage is no reason");
    side.says("t|9");
    side.pass_ms(29_000);
    assert_eq!(side.resets, 1);
    side.pass_ms(2_000);
    assert_eq!(side.resets, 2, "60 s with a connection are");
}

#[test]
fn nothing_is_given_without_a_connection_so_the_command_task_can_be_watched() {
    let mut side = HostSide::running();
    side.says("t|10");
    side.publish(b"1", false);
    side.pass_answering_ms(60_000);
    assert_eq!((side.resets, &side.sent), (1, &vec![]));
    side.says("t|9");
    assert_eq!(side.sent, ["p|a/b|1||1"]);
}

#[test]
fn permission_to_join_is_given_or_the_esp_is_reset() {
    let mut side = HostSide::initialised();
    side.says("t|3");
    assert_eq!(side.sent, ["1"]);
    let config = host_dialect::Config {
        specified_network: host_dialect::SpecifiedNetwork::Refuse,
        ..host_dialect::Config::DEFAULT
    };
    let mut side = HostSide::with(&settings(), &config);
    side.link_up();
    side.says("t|7");
    side.says("t|3");
    assert_eq!((side.resets, side.told("JoinFailed")), (2, 1));
}

#[test]
fn a_start_up_that_goes_on_for_ever_is_noticed() {
    let mut side = HostSide::initialised();
    side.says("t|3");
    side.pass_ms(59_900);
    assert_eq!(side.resets, 1, "the original may take its time to join");
    side.pass_ms(300);
    assert_eq!(side.resets, 2, "D-11");
}

#[test]
fn statuses_that_mean_a_reset_are_followed_by_one() {
    for (record, cause) in
        [("t|6|what", "Garbage"), ("t|8", "GaveUp"), ("t|x", "Garbage"), ("?", "Garbage")]
    {
        for mut side in [HostSide::initialised(), HostSide::running()] {
            side.says(record);
            assert_eq!((side.resets, side.told(&format!("cause: {cause}"))), (2, 1), "{record}");
        }
    }
    let mut side = HostSide::initialised();
    side.says("t|10");
    assert_eq!(side.resets, 2, "before it runs");
}

#[test]
fn a_host_without_room_holds_the_link_and_loses_nothing() {
    let mut side = HostSide::running();
    side.host.subscribe(side.now, "x", QoS::AtMostOnce).unwrap();
    side.settle();
    side.says("m|1|1");
    side.host.hold(side.now, true);
    let mut given = 0;
    while !side.held {
        side.says("u|x|0123456789|False");
        given += 1;
    }
    side.pass_ms(60_000);
    assert_eq!((side.resets, side.told("Message")), (1, 0), "it is not the ESP8266's fault");
    side.host.hold(side.now, false);
    side.settle();
    assert_eq!((side.told("Message"), side.held), (given, false));
    side.pass_answering_ms(30_000);
    assert_eq!(side.resets, 1);
}

#[test]
fn a_message_that_was_cut_by_a_zero_injects_no_record() {
    let mut side = HostSide::running();
    side.host.subscribe(side.now, "x", QoS::AtMostOnce).unwrap();
    side.settle();
    side.says("m|1|1");
    for record in ["u|x|harmless", "t|6", "t|8|False", "u|x|next|False"] {
        side.says(record);
    }
    assert_eq!((side.resets, side.told("Message"), side.dialect.dropped_in()), (1, 1, 1), "D-16");
    side.says("u|x|a|b|c|True");
    assert_eq!(side.told("payload: [97, 127, 98, 127, 99], qos: AtMostOnce, retain: true"), 1);
}

#[test]
fn what_the_original_cannot_be_told_is_refused_before_anything_is_queued() {
    let mut side = HostSide::new();
    let publish = |side: &mut HostSide, topic: &str, payload: &[u8]| {
        side.host.publish(side.now, &Publication::new(topic, payload, QoS::AtLeastOnce))
    };
    let bad = |code, at| Err(PublishError::Character { code, at });
    assert_eq!(publish(&mut side, "a", b"x\x7f"), bad(127, 1));
    assert_eq!(publish(&mut side, "a", b"\0"), bad(0, 0));
    assert_eq!(publish(&mut side, "caf\u{e9}", b""), bad(0xC3, 3));
    assert_eq!(
        side.host.subscribe(side.now, "a\x7f1", QoS::AtMostOnce),
        Err(SubscribeError::Character { code: 127, at: 1 }),
        "D-18"
    );
    assert_eq!(side.host.unacknowledged(), 0);
}

#[test]
fn settings_that_the_original_cannot_be_told_are_refused() {
    let refused = |settings: &Settings<'_>| {
        let memory = host_dialect::Memory {
            settings: vec![0; 256],
            record: vec![0; 64],
            message: vec![0; 64],
        };
        HostDialect::new(settings, &host_dialect::Config::DEFAULT, memory).err().unwrap()
    };
    let network = Network { ssid: "caf\u{e9}", ..settings().network };
    let error = refused(&Settings { network, ..settings() });
    assert_eq!(error, ConfigError::Character { field: "network.ssid", code: 0xC3, at: 3 });
    let native = Settings { firmware: Firmware::Fivewire, ..settings() };
    assert!(matches!(refused(&native), ConfigError::Contradiction { .. }));
}

#[test]
fn a_shut_down_is_confirmed_though_the_original_knows_none() {
    let mut side = HostSide::running();
    side.host.shut_down(side.now);
    side.settle();
    assert_eq!(side.told.last().map(String::as_str), Some("Stopped"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// P12: whatever the ESP8266 says, it is at worst reset, and a publication is carried by one
    /// that makes sense again.
    #[test]
    fn any_records_lead_to_a_reset_at_worst(
        records in proptest::collection::vec((any_record(), 0..3_000_u32, 0..10_u8), 1..60),
    ) {
        let mut side = HostSide::running();
        side.host.subscribe(side.now, "x", QoS::AtLeastOnce).unwrap();
        side.publish(b"1", false);
        for (record, pause_ms, what) in records {
            match what {
                0 => side.link_up(),
                1 => {
                    let reason = DownReason::Damaged;
                    side.handle(host_dialect::Input::Link(link::Event::Down { reason }));
                }
                _ => side.says(&record),
            }
            side.pass_ms(pause_ms / 100 * 100);
        }
        side.host.hold(side.now, false);
        let reason = DownReason::Damaged;
        side.handle(host_dialect::Input::Link(link::Event::Down { reason }));
        side.link_up();
        for record in ["t|7", "t|5", "t|9"] {
            side.says(record);
        }
        for _ in 0..4 {
            side.says("m|1|1");
            side.says("t|4");
        }
        prop_assert_eq!(side.host.unacknowledged(), 0);
    }
}
