//! The two ends of the bridge, joined frame by frame, against a broker of hand-written bytes.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

#[cfg(feature = "mqtt5")]
mod mqtt5;
mod rig;
#[path = "../taped/mod.rs"]
mod taped;

use fivewire_core::bridge::{VERSION, esp, host};
use fivewire_core::client::{self, Action, Publication};
use fivewire_core::config::Config;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Instant;

use rig::{Bridge, CONFIG};

const PUBLISH: [u8; 8] = [0x32, 6, 0, 1, b'a', 0, 1, b'1'];
const PUBLISH_AGAIN: [u8; 8] = [0x3A, 6, 0, 1, b'a', 0, 1, b'1'];

fn publish(bridge: &mut Bridge) {
    let publication = Publication::new("a", b"1", QoS::AtLeastOnce);
    bridge.host.publish(bridge.now, &publication).unwrap();
    bridge.settle();
}

#[test]
fn a_publication_goes_all_the_way_and_its_acknowledgement_comes_back() {
    let mut bridge = Bridge::new();
    assert_eq!(bridge.resets, 1);
    bridge.esp_boots();
    bridge.connect(0);
    publish(&mut bridge);
    assert_eq!(bridge.sent, PUBLISH);
    assert_eq!(bridge.told("Acked"), 0);
    bridge.net(client::Input::Received(&[0x40, 2, 0, 1]));
    assert_eq!(bridge.told("Acked"), 1);
    assert_eq!(bridge.host.unacknowledged(), 0);
}

#[test]
fn what_was_in_flight_when_the_esp_crashed_is_sent_again_with_its_identifier_and_dup() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    publish(&mut bridge);
    bridge.esp_boots();
    assert_eq!(bridge.told("Disconnected"), 1);
    bridge.connect(1);
    assert_eq!(bridge.sent, PUBLISH_AGAIN);
    assert_eq!(bridge.told("Acked"), 0);
}

#[test]
fn a_link_that_comes_back_to_a_living_esp_neither_repeats_nor_loses_a_publication() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    publish(&mut bridge);
    bridge.host.handle(bridge.now, host::Input::LinkDown);
    bridge.esp.handle(bridge.now, esp::Input::LinkDown);
    bridge.net(client::Input::Received(&[0x40, 2, 0, 1]));
    assert_eq!(bridge.told("Acked"), 0, "the acknowledgement cannot get through");
    bridge.host.handle(bridge.now, host::Input::LinkUp { frame_max_bytes: usize::MAX });
    bridge.esp.handle(bridge.now, esp::Input::LinkUp { frame_max_bytes: usize::MAX });
    bridge.settle();
    assert_eq!(bridge.told("EspReady { resumed: true }"), 1);
    assert_eq!(bridge.told("Acked"), 1);
    assert_eq!(bridge.sent, PUBLISH, "nothing was sent twice");
}

#[test]
fn a_message_is_acknowledged_to_the_broker_only_after_the_application_released_it() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    bridge.net(client::Input::Received(&[0x32, 6, 0, 1, b'x', 0, 9, b'!']));
    assert_eq!(bridge.told("Message"), 1);
    assert_eq!(bridge.sent, []);
    let delivery = bridge.delivery.unwrap();
    assert!(bridge.host.release(bridge.now, delivery));
    bridge.settle();
    assert_eq!(bridge.sent, [0x40, 2, 0, 9]);
}

#[test]
fn subscriptions_are_given_to_every_esp_that_starts() {
    let mut bridge = Bridge::new();
    bridge.host.subscribe(bridge.now, "in/+", QoS::AtLeastOnce).unwrap();
    for _ in 0..2 {
        bridge.esp_boots();
        bridge.connect(1);
        let id = bridge.sent[3];
        assert_eq!(bridge.sent, [0x82, 9, 0x80, id, 0, 4, b'i', b'n', b'/', b'+', 1]);
        bridge.net(client::Input::Received(&[0x90, 3, 0x80, id, 1]));
    }
    assert_eq!(bridge.told("Subscribed"), 1, "a renewal is not told");
}

#[test]
fn a_silent_esp_is_reset_again_and_again() {
    let mut bridge = Bridge::new();
    for _ in 0..10 * 60 * 4 {
        bridge.now = bridge.now.plus_ms(250);
        bridge.host.handle(bridge.now, host::Input::Timeout);
        bridge.settle();
    }
    assert_eq!(bridge.resets, 1 + 60);
}

#[test]
fn an_esp_whose_command_task_is_silent_is_reset_after_the_timeout() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    while bridge.resets == 1 {
        bridge.now = bridge.now.plus_ms(100);
        bridge.host.handle(bridge.now, host::Input::Timeout);
        bridge.host_speaks();
    }
    assert_eq!(bridge.now, Instant::from_millis(10_000));
    assert_eq!(bridge.told("EspReset { cause: Watchdog }"), 1);
}

#[test]
fn a_shut_down_is_final_even_if_the_esp_dies_of_it() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    bridge.host.shut_down(bridge.now);
    bridge.host_speaks(); // and nothing is heard of the ESP8266 any more
    for _ in 0..200 {
        bridge.now = bridge.now.plus_ms(100);
        bridge.host.handle(bridge.now, host::Input::Timeout);
        bridge.host_speaks();
    }
    assert_eq!(bridge.told.last().map(String::as_str), Some("Stopped"));
    assert_eq!(bridge.resets, 1);
}

#[test]
fn a_shut_down_reaches_an_esp_whose_link_was_lost_meanwhile() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    bridge.host.handle(bridge.now, host::Input::LinkDown);
    bridge.esp.handle(bridge.now, esp::Input::LinkDown);
    bridge.host.shut_down(bridge.now);
    bridge.settle();
    bridge.host.handle(bridge.now, host::Input::LinkUp { frame_max_bytes: usize::MAX });
    bridge.esp.handle(bridge.now, esp::Input::LinkUp { frame_max_bytes: usize::MAX });
    bridge.settle();
    assert_eq!(bridge.sent, [0xE0, 0], "DISCONNECT");
    assert_eq!(bridge.told.last().map(String::as_str), Some("Stopped"));
}

#[test]
fn the_session_that_lasts_waits_until_the_host_has_noted_the_clean_slate() {
    let mut bridge = Bridge::with(Config { clean_init: true, ..CONFIG });
    bridge.esp_boots();
    bridge.net(client::Input::WifiUp);
    bridge.net(client::Input::TcpOpened);
    bridge.host.handle(bridge.now, host::Input::LinkDown);
    bridge.esp.handle(bridge.now, esp::Input::LinkDown);
    bridge.net(client::Input::Received(&[0x20, 2, 0, 0]));
    bridge.net(client::Input::WifiDown);
    bridge.asked.clear();
    for _ in 0..100 {
        bridge.now = bridge.now.plus_ms(100);
        bridge.net(client::Input::Timeout);
    }
    assert!(bridge.asked.contains(&Action::JoinWifi));
    bridge.net(client::Input::WifiUp);
    assert!(!bridge.asked.contains(&Action::OpenTcp), "the host does not know yet");
    bridge.host.handle(bridge.now, host::Input::LinkUp { frame_max_bytes: usize::MAX });
    bridge.esp.handle(bridge.now, esp::Input::LinkUp { frame_max_bytes: usize::MAX });
    bridge.settle();
    bridge.now = bridge.now.plus_ms(1_000);
    bridge.net(client::Input::Timeout);
    assert!(bridge.asked.contains(&Action::OpenTcp));
    assert_eq!(bridge.told("CleanSlate"), 1);
}

/// QoS 2, DUP with QoS 0, a foreign identifier, no identifier, no ticket; a topic that was never
/// told, none, and a wildcard.
#[test]
fn publications_that_no_host_makes_are_not_taken() {
    for frame in [
        &[0x34, 1, 0, 1, 0x80, 1, b'a', b'1'][..],
        &[0x38, 1, 0x80, 1, b'a', b'1'],
        &[0x32, 1, 0x80, 1, 0x80, 1, b'a', b'1'],
        &[0x32, 1, 0, 0, 0x80, 1, b'a', b'1'],
        &[0x32, 0, 0, 1, 0x80, 1, b'a', b'1'],
        &[0x32, 1, 0, 1, 0, b'1'],
        &[0x32, 1, 0, 1, 0x81, 1, b'a', b'1'],
        &[0x32, 1, 0, 1, 0x80, 0, b'1'],
        &[0x32, 1, 0, 1, 0x80, 1, b'#', b'1'],
    ] {
        let mut bridge = Bridge::new();
        bridge.esp_boots();
        bridge.connect(0);
        bridge.esp.handle(bridge.now, esp::Input::Frame(frame));
        bridge.settle();
        assert_eq!(bridge.told("EspReady"), 2, "{frame:?} started the protocol over");
        assert!(!bridge.sent.contains(&0x32), "{frame:?}");
        publish(&mut bridge);
        assert!(bridge.sent.ends_with(&PUBLISH), "{frame:?}");
    }
}

#[test]
fn the_recordings_of_both_ends_show_no_password_and_no_payload() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    publish(&mut bridge);
    bridge.net(client::Input::Received(&[0x32, 6, 0, 1, b'x', 0, 9, b'!']));
    let host = bridge.host.recorder_mut().unwrap().sink().bytes.clone();
    let esp = bridge.esp.recorder_mut().unwrap().sink().bytes.clone();
    for (recording, shown) in [(host, PUBLISH), (esp, PUBLISH)] {
        let shows = |text: &[u8]| recording.windows(text.len()).any(|part| part == text);
        assert!(!shows(b"secret"), "the password of the network");
        assert!(shows(&shown[..7]), "the publication");
        assert!(!shows(&shown), "its payload");
        assert!(shows(b"home") && shows(b"broker"), "where to connect to");
    }
}

#[test]
fn a_message_with_a_topic_that_was_never_told_means_a_reset_and_says_so() {
    for (frame, cause) in [
        (&[0xB0, 0, 0, b'1'][..], "UnknownTopic"),
        (&[0xB0, 0, 0x81, 1, b'x', b'1'], "UnknownTopic"),
        (&[0xB0, 0, 0x80, 1, b'+', b'1'], "Garbage"),
        (&[0xB6, 1, 0x80, 1, b'x', b'1'], "Garbage"),
        (&[0xB8, 0, 0x80, 1, b'x', b'1'], "Garbage"),
        (&[0x95, 1], "Garbage"),
    ] {
        let mut bridge = Bridge::new();
        bridge.esp_boots();
        bridge.host.handle(bridge.now, host::Input::Frame(frame));
        bridge.settle();
        assert_eq!(bridge.told(&format!("EspReset {{ cause: {cause} }}")), 1, "{frame:?}");
        assert_eq!((bridge.resets, bridge.told("Message")), (2, 0));
    }
}

/// A broker may send it although less was granted.
#[test]
fn a_message_with_qos_2_is_told_like_any_other() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.host.handle(bridge.now, host::Input::Frame(&[0xB4, 1, 0x80, 1, b'x', b'1']));
    bridge.settle();
    assert_eq!((bridge.resets, bridge.told("qos: ExactlyOnce")), (1, 1));
}

/// Sizes of the frames that carry a topic of 16 bytes and a payload of 8.
#[test]
fn a_topic_costs_a_byte_once_it_was_told_and_is_told_anew_to_an_esp_that_starts() {
    let mut bridge = Bridge::new();
    bridge.esp_boots();
    bridge.connect(0);
    let sizes = |bridge: &mut Bridge, topics: &[&str]| {
        let sizes = topics.iter().map(|topic| {
            let publication = Publication::new(topic, b"12345678", QoS::AtLeastOnce);
            bridge.host.publish(bridge.now, &publication).unwrap();
            let host::Output::Frame(frame) = bridge.host.poll() else { panic!("a frame is due") };
            let frame = frame.to_vec();
            bridge.host.handle(bridge.now, host::Input::Sent(frame.len()));
            bridge.esp.handle(bridge.now, esp::Input::Frame(&frame));
            bridge.esp_speaks();
            frame.len()
        });
        sizes.collect::<Vec<_>>()
    };
    let topics = ["house/room/temp1", "house/room/humid", "house/room/temp1"];
    assert_eq!(sizes(&mut bridge, &topics), [30, 19, 13]);
    bridge.esp_boots();
    bridge.connect(0);
    assert_eq!(sizes(&mut bridge, &topics[..2]), [13, 13], "what was sent again told them anew");
    let sent = String::from_utf8_lossy(&bridge.sent);
    assert_eq!(topics.map(|topic| sent.matches(topic).count()), [3, 2, 3], "whole to the broker");
}

#[test]
fn an_esp_of_another_version_is_told_of_and_given_the_time_of_a_start() {
    let mut bridge = Bridge::new();
    bridge.host.handle(bridge.now, host::Input::LinkUp { frame_max_bytes: usize::MAX });
    let hello = [0x81, VERSION + 1, 0, 0, 4, 0, 0, 0, 0, 0];
    bridge.host.handle(bridge.now, host::Input::Frame(&hello));
    bridge.host_speaks();
    assert_eq!(bridge.told(&format!("EspUnsuited(BridgeVersion({}))", VERSION + 1)), 1);
    assert_eq!(bridge.resets, 1);
    while bridge.resets == 1 {
        bridge.now = bridge.now.plus_ms(100);
        bridge.host.handle(bridge.now, host::Input::Timeout);
        bridge.host_speaks();
    }
    assert_eq!(bridge.now, Instant::from_millis(10_000));
    assert_eq!(bridge.told("EspReset { cause: StartUpOverdue }"), 1);
    bridge.esp_boots();
    assert_eq!(bridge.told("EspReady"), 1);
}
