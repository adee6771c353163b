//! The models work together as the originals do, and fail as they do.

use fivewire_sim::original::Generation;
use fivewire_sim::original::host::{Config, Event};

use crate::boards::HostBoard;
use crate::rig::{Kind, Rig};

fn originals() -> Rig {
    Rig::new(Kind::Original, Kind::Original)
}

#[test]
fn they_start_in_the_recorded_order_and_times() {
    let mut rig = originals();
    rig.run_ms(12_000);
    let statuses: Vec<u32> = statuses(&rig);
    assert_eq!(statuses, [2, 1, 0, 5, 9]);
    assert!(rig.is_connected());
    assert_eq!(rig.resets, 1);
}

fn statuses(rig: &Rig) -> Vec<u32> {
    let HostBoard::Original(_, told) = &rig.host else { return Vec::new() };
    let number =
        |event: &Event| if let Event::Status(number) = event { Some(*number) } else { None };
    told.iter().filter_map(number).collect()
}

#[test]
fn a_publication_arrives_and_is_retained_though_nobody_asked_for_that() {
    for generation in [Generation::V022, Generation::V01] {
        let mut rig = Rig::of_generation(generation, Kind::Original, Kind::Original);
        rig.subscribe("a/b");
        rig.connect();
        rig.publish("a/b", "1");
        rig.run_until(3_000, |rig| rig.done() == 1);
        assert_eq!(rig.net.payloads(), ["1"]);
        assert!(rig.net.arrived[0].retain, "D-01");
        rig.run_until(3_000, |rig| rig.messages() == ["1"]);
    }
}

#[test]
fn a_subscription_before_the_start_is_made_twice() {
    let mut rig = originals();
    rig.subscribe("a");
    rig.connect();
    rig.run_ms(2_000);
    assert_eq!(rig.net.subscribed, 2, "D-25");
}

#[test]
fn a_crash_takes_what_is_under_way_for_done() {
    let mut rig = originals();
    rig.connect();
    rig.broker_listens(false);
    rig.publish("a", "lost");
    rig.run_ms(2_000);
    rig.crash_esp(300);
    rig.broker_listens(true);
    rig.run_ms(60_000);
    assert_eq!((rig.done(), rig.net.arrived.len()), (1, 0), "D-03");
}

#[test]
fn an_esp_that_comes_late_is_never_found() {
    let mut rig = Rig::with(Kind::Original, Kind::Original, Config::default(), 30_000);
    rig.run_ms(120_000);
    assert_eq!((rig.resets, rig.is_connected()), (1, false), "D-04");
}

#[test]
fn a_separator_in_a_topic_kills_the_command_task_and_nobody_notices() {
    let mut rig = originals();
    rig.connect();
    rig.subscribe("a\u{7f}b");
    rig.run_ms(1_000);
    rig.publish("a", "never");
    rig.run_ms(120_000);
    assert_eq!((rig.done(), rig.resets), (0, 1), "D-18, D-07");
    assert!(rig.is_connected(), "so it says");
}

#[test]
fn a_message_with_a_separator_kills_the_driver() {
    let mut rig = originals();
    rig.subscribe("a");
    rig.connect();
    rig.run_ms(2_000);
    rig.friend_publishes("a", b"x\x7fy");
    rig.run_ms(2_000);
    assert_eq!(rig.told().last().map(String::as_str), Some("Died"), "D-06, D-16");
}

#[test]
fn a_message_with_a_zero_resets_the_esp() {
    for (generation, payload) in
        [(Generation::V022, &b"x\0t\x7f6"[..]), (Generation::V01, b"x\x7fFalse\0t\x7f6")]
    {
        let mut rig = Rig::of_generation(generation, Kind::Original, Kind::Original);
        rig.subscribe("a");
        rig.connect();
        rig.run_ms(2_000);
        rig.friend_publishes("a", payload);
        rig.run_ms(3_000);
        assert_eq!(rig.resets, 2, "D-16");
    }
}
