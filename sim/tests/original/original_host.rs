//! A host with the original driver and an ESP8266 that runs fivewire.

use fivewire_sim::original::Generation;
use fivewire_sim::original::host::Config;

use crate::boards::EspBoard;
use crate::rig::{Kind, Rig};

fn rig() -> Rig {
    Rig::new(Kind::Original, Kind::Ours)
}

fn running() -> Rig {
    let mut rig = rig();
    rig.subscribe("in");
    rig.connect();
    rig.run_ms(2_000);
    rig
}

#[test]
fn p1_a_publication_is_done_only_after_the_broker_has_it() {
    for generation in [Generation::V022, Generation::V01] {
        let mut rig = Rig::of_generation(generation, Kind::Original, Kind::Ours);
        rig.connect();
        rig.broker_listens(false);
        rig.publish("a", "1");
        rig.run_ms(20_000);
        assert_eq!((rig.done(), rig.net.arrived.len()), (0, 0));
        rig.broker_listens(true);
        rig.run_until(30_000, |rig| rig.done() == 1);
        assert_eq!(rig.net.payloads(), ["1"]);
        assert!(!rig.net.arrived[0].retain, "D-01");
        assert_eq!(rig.resets, 1);
    }
}

#[test]
fn p2_publications_arrive_in_order() {
    let mut rig = running();
    for payload in ["1", "2", "3", "4"] {
        rig.publish("a", payload);
    }
    rig.run_until(20_000, |rig| rig.done() == 4);
    assert_eq!(rig.net.payloads(), ["1", "2", "3", "4"]);
}

#[test]
fn p4_subscriptions_come_back_after_crash_and_outage_and_each_is_made_once() {
    let mut rig = running();
    assert_eq!(rig.net.subscribed, 1, "D-25");
    for round in 0..3 {
        match round {
            0 => rig.crash_esp(300),
            1 => {
                rig.access_point(false);
                rig.run_ms(5_000);
                rig.access_point(true);
            }
            _ => {
                rig.broker_listens(false);
                rig.run_ms(5_000);
                rig.broker_listens(true);
            }
        }
        rig.run_ms(40_000);
        rig.friend_publishes("in", format!("{round}").as_bytes());
        rig.run_ms(2_000);
    }
    assert_eq!(rig.messages(), ["0", "1", "2"]);
}

#[test]
fn p6_an_esp_that_crashes_is_running_again_soon() {
    let mut rig = running();
    rig.crash_esp(300);
    rig.run_ms(3_000);
    let took_ms = rig.run_until(15_000, Rig::is_connected);
    assert!(took_ms < 12_000, "{took_ms}");
    assert!(rig.resets >= 2);
}

#[test]
fn p6_an_esp_that_is_there_within_the_hosts_timeout_is_found() {
    for first_boot_ms in [0, 50, 300, 1_000, 1_200, 5_000, 9_000] {
        let mut rig = Rig::with(Kind::Original, Kind::Ours, Config::default(), first_boot_ms);
        rig.run_until(first_boot_ms + 25_000, Rig::is_connected);
    }
}

#[test]
fn d03_a_publication_that_comes_before_init_is_carried() {
    let will = Some(("gone".to_owned(), "pump".to_owned(), false, 1));
    let config = Config { will, ..Config::default() };
    let mut rig = Rig::with(Kind::Original, Kind::Ours, config, 300);
    rig.connect();
    rig.broker_listens(false);
    for payload in ["under way", "next", "last"] {
        rig.publish("a", payload);
    }
    rig.run_ms(2_000);
    rig.crash_esp(300);
    rig.broker_listens(true);
    rig.run_until(60_000, |rig| rig.done() == 3);
    assert_eq!(rig.net.payloads(), ["next", "last"], "only the first was given up by the host");
    assert_eq!(rig.resets, 2, "no extra reset");
}

#[test]
fn d02_the_will_is_retained_only_if_the_host_says_so_and_told_when_the_esp_dies() {
    for retain in [false, true] {
        let will = Some(("gone".to_owned(), "pump".to_owned(), retain, 1));
        let config = Config { will, keepalive_s: 10, ..Config::default() };
        let mut rig = Rig::with(Kind::Original, Kind::Ours, config, 300);
        rig.connect();
        rig.crash_esp(3_600_000);
        rig.run_until(16_000, |rig| rig.net.wills == ["gone"]);
        assert_eq!(rig.net.broker.retained("gone").is_some(), retain, "P10");
    }
}

#[test]
fn d16_d17_messages_that_the_host_cannot_read_neither_kill_nor_reset_anything() {
    let mut rig = running();
    for payload in [&b"x\x7fy"[..], b"x\0t\x7f6", b"\xFF\xFE", "\u{e9}".as_bytes(), b"fine"] {
        rig.friend_publishes("in", payload);
        rig.run_ms(1_000);
    }
    assert_eq!((rig.messages(), rig.resets), (vec!["fine".to_owned()], 1));
    let EspBoard::Ours(ours) = &rig.esp else { unreachable!("it is ours") };
    assert_eq!(ours.dialect.counters().dropped_in, 4);
}

#[test]
fn d14_messages_for_a_session_that_lasts_survive_a_crash_of_the_esp() {
    let config = Config { clean_session: false, ..Config::default() };
    let mut rig = Rig::with(Kind::Original, Kind::Ours, config, 300);
    rig.subscribe("in");
    rig.connect();
    rig.run_ms(2_000);
    rig.crash_esp(300);
    rig.run_ms(200);
    rig.friend_publishes("in", b"meanwhile");
    rig.run_until(40_000, |rig| rig.messages() == ["meanwhile"]);
}

#[test]
fn p8_a_working_esp_is_never_reset_whatever_network_and_broker_do() {
    let mut rig = running();
    for _ in 0..4 {
        rig.publish("a", "1");
        rig.access_point(false);
        rig.run_ms(40_000);
        rig.access_point(true);
        rig.run_ms(20_000);
        rig.broker_listens(false);
        rig.run_ms(40_000);
        rig.broker_listens(true);
        rig.run_ms(20_000);
    }
    assert_eq!((rig.resets, rig.done()), (1, 4));
}

#[test]
fn p9_a_flood_neither_resets_the_board_nor_stops_its_publications() {
    let mut rig = running();
    for count in 0..200_u32 {
        rig.friend_publishes("in", format!("{count}").as_bytes());
    }
    rig.publish("a", "1");
    rig.run_until(60_000, |rig| rig.messages().len() == 200 && rig.done() == 1);
    assert_eq!(rig.resets, 1);
}

#[test]
fn p12_noise_and_crashes_lead_back_to_a_running_host() {
    for seed in 0..6 {
        let mut rig = running();
        rig.suffer(seed);
        rig.run_ms(90_000);
        rig.publish("a", "after");
        rig.run_until(20_000, |rig| rig.net.payloads().contains(&"after".to_owned()));
        assert!(rig.resets > 1, "the noise did hurt");
    }
}

#[test]
fn d05_d07_an_esp_that_crashes_while_the_host_starts_is_reset_in_the_end() {
    let mut rig = rig();
    rig.run_until(5_000, |rig| rig.told().contains(&"Status(2)".to_owned()));
    rig.crash_esp(300);
    rig.run_until(40_000, Rig::is_connected);
    assert_eq!(rig.resets, 2, "the host itself noticed nothing");
    let mut originals = Rig::new(Kind::Original, Kind::Original);
    originals.run_until(5_000, |rig| rig.told().contains(&"Status(2)".to_owned()));
    originals.crash_esp(300);
    originals.run_ms(300_000);
    assert!(!originals.is_connected(), "two originals never get out of it");
}
