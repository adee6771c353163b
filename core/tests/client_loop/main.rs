//! The client against a broker made of a few hand-written bytes.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

mod qos2;

use fivewire_core::client::{Action, Client, Input, Memory, Output, Publication};
use fivewire_core::config::Config;
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_core::time::{Instant, Wait};

/// Drains the client: what it asked for and told, as text, and what it sent.
fn drain(client: &mut Client<Vec<u8>>, now: Instant) -> (String, Vec<u8>) {
    drain_slowly(client, now, usize::MAX)
}

/// The same with a transport that takes `count` bytes and then is full.
fn drain_slowly(client: &mut Client<Vec<u8>>, now: Instant, count: usize) -> (String, Vec<u8>) {
    let (mut told, mut sent) = (String::new(), Vec::new());
    client.handle(now, Input::Writable);
    loop {
        let taken = match client.poll() {
            Output::Action(action) => {
                told += &format!("{action:?} ");
                continue;
            }
            Output::Event(event) => {
                told += &format!("{event:?} ");
                continue;
            }
            Output::Transmit(bytes) => {
                let taken = bytes.len().min(count - sent.len());
                sent.extend_from_slice(&bytes[..taken]);
                taken
            }
            Output::Wait(_) => return (told, sent),
        };
        client.handle(now, Input::Sent(taken));
    }
}

/// A connected client whose transmit buffer and outbox have these sizes.
fn connected_with(
    config: &Config<'_>,
    transmit_bytes: usize,
    outbox_bytes: usize,
) -> Client<Vec<u8>> {
    let memory = Memory {
        receive: vec![0; 512],
        transmit: vec![0; transmit_bytes],
        outbox: vec![0; outbox_bytes],
        subscriptions: vec![0; 256],
        connect: vec![0; 128],
    };
    let mut client = Client::new(config, memory, 7).unwrap();
    let now = Instant::ZERO;
    client.start(now);
    assert_eq!(drain(&mut client, now).0, "OpenTcp ");
    client.handle(now, Input::TcpOpened);
    let (_, sent) = drain(&mut client, now);
    assert_eq!(sent[0], 0x10);
    client.handle(now, Input::Received(&[0x20, 2, 0, 0]));
    assert_eq!(drain(&mut client, now).0, "Connected { session_present: false } ");
    client
}

fn connected(config: &Config<'_>) -> Client<Vec<u8>> {
    connected_with(config, 512, 1_024)
}

fn connected_narrow(config: &Config<'_>) -> Client<Vec<u8>> {
    connected_with(config, 64, 8_192)
}

const CONFIG: Config<'_> = Config { clean_init: false, manages_wifi: false, ..Config::new("c") };

#[test]
fn a_publication_is_acked_and_redelivered_with_dup_after_a_loss() {
    let mut client = connected(&CONFIG);
    let now = Instant::from_millis(1_000);
    let first = client.publish(now, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    let second = client.publish(now, &Publication::new("a", b"2", QoS::AtLeastOnce)).unwrap();
    assert_eq!(
        drain(&mut client, now).1,
        [0x32, 6, 0, 1, b'a', 0, 1, b'1', 0x32, 6, 0, 1, b'a', 0, 2, b'2']
    );
    client.handle(now, Input::Received(&[0x40, 2, 0, 1]));
    assert_eq!(drain(&mut client, now).0, format!("{:?} ", Event::Acked(first)));

    client.handle(now, Input::TcpClosed);
    assert_eq!(drain(&mut client, now).0, "CloseTcp Disconnected { reason: TcpClosed } ");
    let later = Instant::from_millis(2_000);
    client.handle(later, Input::Timeout);
    assert_eq!(drain(&mut client, later).0, format!("{:?} ", Action::OpenTcp));
    client.handle(later, Input::TcpOpened);
    drain(&mut client, later);
    client.handle(later, Input::Received(&[0x20, 2, 1, 0]));
    let (told, sent) = drain(&mut client, later);
    assert_eq!(told, "Connected { session_present: true } ");
    assert_eq!(sent, [0x3A, 6, 0, 1, b'a', 0, 2, b'2']);
    client.handle(later, Input::Received(&[0x40, 2, 0, 2]));
    assert_eq!(drain(&mut client, later).0, format!("{:?} ", Event::Acked(second)));
    assert_eq!(client.unacknowledged(), 0);
}

#[test]
fn held_messages_do_not_keep_acknowledgements_from_coming_through() {
    let mut client = connected(&CONFIG);
    let now = Instant::from_millis(1_000);
    client.hold(now, true);
    let ticket = client.publish(now, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    drain(&mut client, now);
    client.handle(now, Input::Received(&[0x32, 6, 0, 1, b'x', 0, 9, b'!', 0x40, 2, 0, 1]));
    assert_eq!(drain(&mut client, now).0, format!("{:?} ", Event::Acked(ticket)));
    client.hold(now, false);
    let (told, _) = drain(&mut client, now);
    assert!(told.contains("Message"), "{told}");
    assert_eq!(client.unreleased(), 0);
}

#[test]
fn a_purposeful_end_says_disconnect_and_abandons_what_is_left() {
    let mut client = connected(&CONFIG);
    let now = Instant::from_millis(1_000);
    client.publish(now, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    drain(&mut client, now);
    client.shut_down(now);
    let (told, sent) = drain(&mut client, now);
    assert_eq!(sent, [0xE0, 0]);
    assert!(told.starts_with("CloseTcp Abandoned"), "{told}");
    assert!(told.ends_with("Stopped "), "{told}");
}

#[test]
fn a_client_that_was_shut_down_starts_again() {
    let mut client = connected(&CONFIG);
    let now = Instant::from_millis(1_000);
    client.shut_down(now);
    assert!(drain(&mut client, now).0.ends_with("Stopped "));
    let refused = client.publish(now, &Publication::new("a", b"1", QoS::AtLeastOnce));
    assert!(refused.is_err(), "nothing is kept for a client that is off");
    client.start(now);
    assert_eq!(drain(&mut client, now).0, "OpenTcp ");
    client.handle(now, Input::TcpOpened);
    assert_eq!(drain(&mut client, now).1[0], 0x10);
    client.handle(now, Input::Received(&[0x20, 2, 1, 0]));
    assert_eq!(drain(&mut client, now).0, "Connected { session_present: true } ");
    client.publish(now, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    assert_eq!(drain(&mut client, now).1[0], 0x32);
}

#[test]
fn a_publication_after_a_long_silence_has_all_the_time_for_its_acknowledgement() {
    let mut client = connected(&CONFIG);
    let mut now = Instant::from_millis(14_000);
    client.handle(now, Input::Received(&[0xD0, 0]));
    drain(&mut client, now);
    now = Instant::from_millis(27_000);
    client.publish(now, &Publication::new("a", b"1", QoS::AtLeastOnce)).unwrap();
    drain(&mut client, now);
    now = Instant::from_millis(29_500);
    client.handle(now, Input::Received(&[0xD0, 0]));
    drain(&mut client, now);
    now = Instant::from_millis(27_000 + 19_999 - 10_000);
    client.handle(now, Input::Received(&[0xD0, 0]));
    now = Instant::from_millis(27_000 + 19_999);
    client.handle(now, Input::Timeout);
    assert_eq!(drain(&mut client, now).0, "");
    now = Instant::from_millis(27_000 + 20_000);
    client.handle(now, Input::Timeout);
    assert!(drain(&mut client, now).0.contains("AckOverdue"));
}

#[test]
fn a_backlog_keeps_neither_pings_nor_acknowledgements_waiting() {
    let mut client = connected_narrow(&CONFIG);
    let mut stream = Vec::new();
    for second in 1..60 {
        let now = Instant::from_millis(second * 1_000);
        while client.publish(now, &Publication::new("a", &[7; 50], QoS::AtMostOnce)).is_ok() {}
        if second == 30 {
            client.handle(now, Input::Received(&[0x32, 6, 0, 1, b'x', 0, 9, b'!']));
        }
        let (told, sent) = drain_slowly(&mut client, now, 100);
        stream.extend_from_slice(&sent);
        assert!(!told.contains("Disconnected"), "{told}");
        if sent.windows(2).any(|bytes| bytes == [0xC0, 0]) {
            client.handle(now, Input::Received(&[0xD0, 0]));
        }
    }
    assert!(stream.windows(4).any(|bytes| bytes == [0x40, 2, 0, 9]), "the PUBACK left");
}

#[test]
fn a_publication_may_take_minutes_to_leave() {
    let mut client = connected_narrow(&CONFIG);
    let payload = vec![7; 6_000];
    let ticket =
        client.publish(Instant::ZERO, &Publication::new("a", &payload, QoS::AtLeastOnce)).unwrap();
    let mut sent = 0;
    for second in 1..=61 {
        let now = Instant::from_millis(second * 1_000);
        client.handle(now, Input::Timeout);
        let (told, bytes) = drain_slowly(&mut client, now, 100);
        assert_eq!(told, "", "after {second} s");
        sent += bytes.len();
    }
    assert!(sent > 6_000);
    let now = Instant::from_millis(62_000);
    client.handle(now, Input::Received(&[0x40, 2, 0, 1]));
    assert!(drain(&mut client, now).0.contains(&format!("{:?}", Event::Acked(ticket))));
}

#[test]
fn every_pubrel_is_answered_however_many_come_at_once() {
    let mut client = connected(&CONFIG);
    let now = Instant::from_millis(1_000);
    let pubrels: Vec<u8> = (1..=10).flat_map(|id| [0x62, 2, 0, id]).collect();
    client.handle(now, Input::Received(&pubrels));
    let pubcomps: Vec<u8> = (1..=10).flat_map(|id| [0x70, 2, 0, id]).collect();
    assert_eq!(drain(&mut client, now).1, pubcomps);
}

#[test]
fn a_shut_down_in_the_middle_of_a_loss_is_final() {
    let mut client = connected(&CONFIG);
    let now = Instant::from_millis(1_000);
    client.handle(now, Input::TcpClosed);
    client.shut_down(now);
    let (told, _) = drain(&mut client, now);
    assert!(told.ends_with("Stopped ") && !told.contains("OpenTcp"), "{told}");
}

#[test]
fn a_deadline_that_passes_while_its_packet_leaves_does_not_wake_the_client_over_and_over() {
    let mut client = connected_narrow(&CONFIG);
    let deadline = Some(Instant::from_millis(2_000));
    let publication = Publication { deadline, ..Publication::new("a", &[7; 300], QoS::AtMostOnce) };
    client.publish(Instant::ZERO, &publication).unwrap();
    drain_slowly(&mut client, Instant::from_millis(1), 10);
    let now = Instant::from_millis(3_000);
    client.handle(now, Input::Timeout);
    match client.poll() {
        Output::Wait(Wait::Until(at, _)) => assert!(at > now, "it waits for the past"),
        Output::Wait(Wait::ForInput) => {}
        other => panic!("{other:?}"),
    }
}
