//! fivewire's host and an ESP8266 that runs the original firmware.

use fivewire_core::bridge::original::host as host_dialect;
use fivewire_core::client::Publication;
use fivewire_core::link::Link;
use fivewire_core::mqtt::QoS;
use fivewire_sim::broker::Misbehaviour;
use fivewire_sim::original::Generation;
use fivewire_sim::original::host::Config;

use crate::boards::{HostBoard, settings};
use crate::rig::{Kind, Rig};

fn rig() -> Rig {
    Rig::new(Kind::Ours, Kind::Original)
}

/// A rig that is connected and has a subscription.
fn running() -> Rig {
    let mut rig = rig();
    rig.subscribe("in/+");
    rig.connect();
    rig.run_until(5_000, |rig| rig.told().iter().any(|told| told.contains("Subscribed")));
    rig
}

#[test]
fn p1_a_publication_is_acknowledged_only_after_the_broker_did() {
    let mut rig = running();
    rig.broker_listens(false);
    rig.publish("a", "1");
    rig.run_ms(20_000);
    assert_eq!((rig.done(), rig.net.arrived.len()), (0, 0));
    rig.broker_listens(true);
    rig.run_until(20_000, |rig| rig.done() == 1);
    assert_eq!(rig.net.payloads(), ["1"]);
    assert_eq!(rig.resets, 1);
}

#[test]
fn p1_p2_nothing_is_lost_and_all_is_in_order_wherever_the_esp_crashes() {
    for crash_after_ms in (0..1_500).step_by(100) {
        let mut rig = running();
        for payload in ["1", "2", "3"] {
            rig.publish("a", payload);
        }
        rig.run_ms(crash_after_ms);
        rig.crash_esp(300);
        rig.run_until(30_000, |rig| rig.done() == 3);
        let mut first = rig.net.payloads();
        first.dedup();
        let mut seen = Vec::new();
        first.retain(|payload| {
            !seen.contains(payload) && {
                seen.push(payload.clone());
                true
            }
        });
        assert_eq!(first, ["1", "2", "3"], "crash after {crash_after_ms} ms");
        assert!(rig.net.arrived.len() <= 4, "one connection ended: {:?}", rig.net.arrived);
    }
}

#[test]
fn d01_the_original_retains_what_is_to_be_retained_and_nothing_else() {
    for generation in [Generation::V022, Generation::V01] {
        let mut rig = Rig::of_generation(generation, Kind::Ours, Kind::Original);
        rig.connect();
        let HostBoard::Ours(ours) = &mut rig.host else { unreachable!("it is ours") };
        for (retain, payload) in [(false, b"0"), (true, b"1")] {
            let publication =
                Publication { retain, ..Publication::new("a", payload, QoS::AtLeastOnce) };
            ours.host.publish(rig.now, &publication).expect("there is room");
        }
        rig.run_until(10_000, |rig| rig.done() == 2);
        let retained: Vec<bool> = rig.net.arrived.iter().map(|arrived| arrived.retain).collect();
        assert_eq!(retained, [false, true]);
    }
}

#[test]
fn p4_subscriptions_come_back_after_crash_outage_and_lost_session() {
    let mut rig = running();
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
        rig.run_ms(30_000);
        rig.friend_publishes("in/7", format!("{round}").as_bytes());
        rig.run_ms(2_000);
    }
    assert_eq!(rig.messages(), ["0", "1", "2"]);
    let told = rig.told();
    assert_eq!(told.iter().filter(|told| told.contains("Subscribed")).count(), 1);
}

#[test]
fn p4_a_refused_subscription_is_told_once_and_the_others_work() {
    let mut rig = rig();
    let refuse_filter = Some("forbidden".to_owned());
    rig.net.broker.set_misbehaviour(Misbehaviour { refuse_filter, ..Misbehaviour::default() });
    rig.subscribe("forbidden");
    rig.connect();
    let refused = |rig: &Rig| rig.told().iter().filter(|told| told.contains("Refused")).count();
    rig.run_until(120_000, |rig| refused(rig) == 1);
    rig.publish("a", "on");
    rig.run_until(60_000, |rig| rig.done() == 1);
    assert_eq!(refused(&rig), 1, "D-38");
}

#[test]
fn p6_any_start_order_leads_to_a_connection() {
    for first_boot_ms in [0, 50, 300, 1_000, 1_200, 5_000, 30_000, 60_000] {
        let mut rig = Rig::with(Kind::Ours, Kind::Original, Config::default(), first_boot_ms);
        let took_ms = rig.run_until(first_boot_ms + 25_000, Rig::is_connected);
        assert!(took_ms < u64::from(first_boot_ms) + 25_000, "D-04: {took_ms}");
    }
}

#[test]
fn p6_a_chip_without_a_network_of_its_own_is_given_ours_each_time() {
    let mut rig = rig().without_stored_network();
    rig.run_until(40_000, Rig::is_connected);
    rig.crash_esp(300);
    rig.run_ms(2_000);
    rig.run_until(40_000, Rig::is_connected);
}

#[test]
fn p6_an_access_point_that_is_away_for_long_is_found_again() {
    let mut rig = rig();
    rig.access_point(false);
    rig.run_ms(300_000);
    rig.access_point(true);
    rig.run_until(60_000, Rig::is_connected);
}

#[test]
fn p8_a_dead_command_task_is_noticed_and_what_waits_is_carried() {
    let mut rig = running();
    rig.raise();
    rig.publish("a", "1");
    rig.run_until(120_000, |rig| rig.done() == 1);
    assert_eq!(rig.resets, 2, "D-07");
    rig.raise();
    let reset_after_ms = rig.run_until(15_000, |rig| rig.resets == 3);
    assert!(reset_after_ms < 10_500, "with nothing under way: {reset_after_ms}");
}

#[test]
fn p8_a_working_esp_is_never_reset_whatever_network_and_broker_do() {
    let mut rig = running();
    for round in 0..6 {
        rig.publish("a", "1");
        rig.run_ms(300 * round);
        rig.access_point(false);
        rig.run_ms(40_000);
        rig.access_point(true);
        rig.run_ms(15_000);
        rig.broker_listens(false);
        rig.run_ms(40_000);
        rig.broker_listens(true);
        rig.run_ms(15_000);
    }
    assert_eq!((rig.resets, rig.done()), (1, 6));
}

#[test]
fn p1_p6_p12_noise_and_crashes_lead_back_within_the_bound_and_lose_no_publication() {
    for seed in 0..6 {
        let mut rig = running();
        rig.suffer(seed);
        rig.publish("a", "after");
        let bound_ms = host_dialect::Config::DEFAULT.recovery_bound_ms(&settings());
        rig.run_until(bound_ms, |rig| rig.done() == 10);
        let mut arrived = rig.net.payloads();
        arrived.sort_unstable();
        arrived.dedup();
        assert_eq!(arrived.len(), 10, "seed {seed}: {arrived:?}");
        let HostBoard::Ours(ours) = &rig.host else { unreachable!("it is ours") };
        assert!(ours.link.counters().sessions > 2, "the noise did hurt");
    }
}

#[test]
fn d16_a_message_that_would_reset_an_original_host_does_nothing() {
    let mut rig = running();
    rig.friend_publishes("in/7", b"x\0t\x7f6");
    rig.friend_publishes("in/7", b"fine");
    rig.friend_publishes("in/7", b"a\x7fb");
    rig.run_ms(5_000);
    assert_eq!((rig.messages(), rig.resets), (vec!["fine".to_owned(), "a\u{7f}b".to_owned()], 1));
}

#[test]
fn d17_a_message_that_ends_the_originals_reader_does_not_end_the_bridge() {
    let mut rig = running();
    rig.friend_publishes("in/7", b"\xFF\xFE");
    rig.run_ms(2_000);
    rig.publish("a", "on");
    rig.run_until(300_000, |rig| rig.done() == 1);
}

/// What the original keeps the bridge from: these are no wishes, but facts to know.
#[test]
fn p3_p5_the_original_repeats_under_a_fresh_identifier_and_acknowledges_early() {
    let mut rig = running();
    rig.friend_publishes("in/7", b"gone");
    rig.run_until(2_000, |rig| rig.net.broker.in_flight("a1b2c3") == 0);
    assert_eq!(rig.messages(), [""; 0], "acknowledged before the host has it (D-13)");
    rig.crash_esp(300);
    rig.run_ms(30_000);
    assert_eq!(rig.messages(), [""; 0], "and lost");
}

/// The broker is never told to wait, so what the link is too slow for piles up in a queue without
/// bound, and goes with the chip (D-15).
#[test]
fn p9_a_flood_piles_up_in_the_original_and_goes_with_it() {
    let mut rig = running();
    for count in 0..100_u32 {
        rig.friend_publishes("in/7", format!("{count}").as_bytes());
    }
    rig.run_until(10_000, |rig| rig.net.broker.in_flight("a1b2c3") == 0);
    let had = rig.messages().len();
    assert!(had < 50, "all is acknowledged, and the host has {had}");
    rig.crash_esp(300);
    rig.publish("a", "1");
    rig.run_until(60_000, |rig| rig.done() == 1);
    rig.run_ms(20_000);
    assert!(rig.messages().len() < had + 10, "the rest is gone");
}
