//! What becomes of the messages that reach a client without a bridge: handed out, kept, dropped or shed.

use fivewire_core::client::Action;
use fivewire_core::event::{Counters, DownReason, Event, Message};
use fivewire_core::mqtt::QoS;
use fivewire_core::time::Reason;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Observation, Part};
use fivewire_sim::oracle::Promise::{P5, P7, P9};

use crate::history::{History, packet, setup};

/// Four packets of this size fill the receive buffer: 2,048 B, of which 32 B are never filled.
const QUARTER_BYTES: usize = 504;

const PINGRESP: [u8; 2] = [0xD0, 0];

fn connected() -> History {
    let mut history = History::of(setup());
    history.join_and_connect(false);
    history
}

/// The payload of message `number` on topic "a"; the packet has so many bytes.
fn payload(number: u8, packet_bytes: usize) -> Vec<u8> {
    vec![number; packet_bytes - 8]
}

/// Message `number`, with QoS 1, reaches the client in a packet of so many bytes.
fn reaches(history: &mut History, number: u8, packet_bytes: usize) -> &mut History {
    let payload = payload(number, packet_bytes);
    history.hears(&packet::publish("a", &payload, number.into(), false, false))
}

fn told(history: &mut History, number: u8) -> &mut History {
    let payload = payload(number, QUARTER_BYTES);
    let message = Message::new("a", &payload, QoS::AtLeastOnce);
    history.see_at_once(Observation::Told(Event::Message(message)))
}

/// The application takes nothing, and messages 1 to 4 fill the buffer.
fn fills(history: &mut History) -> &mut History {
    history.see(Observation::Holds(true));
    for number in 1..=4 {
        reaches(history, number, QUARTER_BYTES);
    }
    history
}

/// It takes all that is kept.
fn takes_all(history: &mut History) -> &mut History {
    history.see(Observation::Holds(false));
    for number in 1..=4 {
        told(history, number);
    }
    history
}

fn leaves(history: &mut History, reason: DownReason) -> &mut History {
    history.see_at_once(Observation::Told(Event::Disconnected { reason }))
}

fn counts(history: &mut History, connections: u32, dropped: u32, shed: u32) -> &mut History {
    let mut counters = Counters::default();
    (counters.connections, counters.dropped_qos0_in, counters.shed_in) =
        (connections, dropped, shed);
    history.see(Observation::SaidOfItself { unacknowledged: 0, counters: &counters })
}

#[test]
fn messages_in_another_order_than_they_came_are_caught() {
    takes_all(fills(&mut connected())).passes();
    let mut history = connected();
    fills(&mut history).see(Observation::Holds(false));
    told(&mut history, 2).breaks(P5, "is the next that is kept");
}

#[test]
fn a_message_that_is_not_handed_out_at_once_is_caught() {
    let mut history = connected();
    reaches(&mut history, 1, QUARTER_BYTES).wait_ms(10).see(Observation::Holds(false));
    history.breaks(P7, "was not handed what is kept");
}

/// A message larger than the buffer comes to its end.
fn too_large(history: &mut History) -> Event<'static> {
    let bytes = packet::publish("a", &payload(1, 2_100), 1, false, false);
    history.broker_sends(&bytes);
    let (first, rest) = bytes.split_at(100);
    let connection = history.connection;
    for bytes in [first, rest] {
        history.see(Observation::ToDevice { connection, bytes });
    }
    Event::MessageTooLarge { qos: QoS::AtLeastOnce, size_bytes: bytes.len() }
}

#[test]
fn a_message_too_large_that_is_told_otherwise_or_not_at_all_is_caught() {
    let mut history = connected();
    let event = too_large(&mut history);
    history.see_at_once(Observation::Told(event)).wait_ms(10).see(Observation::Holds(true));
    history.passes();

    let mut history = connected();
    too_large(&mut history);
    let wrong = Event::MessageTooLarge { qos: QoS::AtLeastOnce, size_bytes: 2_099 };
    history.see_at_once(Observation::Told(wrong)).breaks(P7, "was told to be too large, and not");

    let mut history = connected();
    too_large(&mut history);
    history.wait_ms(10).see(Observation::Holds(true)).breaks(P7, "and was not told");
}

#[test]
fn messages_that_are_shed_before_it_is_time_are_caught() {
    let mut history = connected();
    reaches(fills(&mut history).wait_ms(6_000), 5, QUARTER_BYTES).passes();
    let mut history = connected();
    reaches(fills(&mut history).wait_ms(3_000), 5, QUARTER_BYTES).breaks(P9, "are shed");

    let woken = Observation::Woken { part: Part::Host, reason: Reason::ShedDue };
    let mut history = connected();
    fills(&mut history).wait_ms(6_000).see(woken).passes();
    let mut history = connected();
    fills(&mut history).wait_ms(3_000).see(woken).breaks(P9, "are shed");
}

/// One message was shed, and the application may take the others.
fn shed() -> History {
    let mut history = connected();
    reaches(fills(&mut history).wait_ms(6_000), 5, QUARTER_BYTES);
    history
}

#[test]
fn who_sheds_leaves_once_the_application_has_all_and_no_sooner() {
    let mut history = shed();
    leaves(takes_all(&mut history), DownReason::Shed).passes();
    leaves(&mut shed(), DownReason::Shed).breaks(P9, "and the connection ended, while 4 were kept");

    let mut history = shed();
    takes_all(&mut history);
    for id in 1..=4 {
        history.device_sends(&packet::puback(id));
    }
    history.wait_ms(10).see(Observation::Holds(false)).breaks(P9, "and the connection did not end");
}

#[test]
fn a_wrong_count_of_what_was_dropped_or_shed_is_caught() {
    counts(&mut shed(), 1, 0, 1).passes();
    counts(&mut shed(), 1, 0, 0).breaks(P7, "0 shed messages");

    let dropped = || {
        let mut history = connected();
        history.see(Observation::Holds(true));
        let payload = payload(9, QUARTER_BYTES + 2);
        history.hears(&packet::publish("a", &payload, 0, false, false));
        for number in 1..=3 {
            reaches(&mut history, number, QUARTER_BYTES);
        }
        history
    };
    counts(&mut dropped(), 1, 1, 0).passes();
    counts(&mut dropped(), 1, 0, 0).breaks(P7, "0 dropped QoS 0 messages");
}

#[test]
fn what_was_counted_unseen_stays_counted() {
    let unseen = || {
        let mut history = connected();
        history.begin(0, FaultKind::HostBusy).end(0);
        for number in 1..=9 {
            history.broker_sends(&packet::publish("a", b"m", number, false, false));
        }
        counts(&mut history, 1, 0, 8).passes();
        history
    };
    counts(&mut unseen(), 1, 0, 9).passes();
    counts(&mut unseen(), 1, 0, 1).breaks(P7, "1 shed messages");
    let again = |shed| {
        let mut history = unseen();
        history.break_off().wait_ms(400).connect_again(true);
        counts(&mut history, 2, 0, 8).passes();
        counts(&mut history, 2, 0, shed);
        history
    };
    again(8).passes();
    again(9).breaks(P7, "9 shed messages");
}

#[test]
fn a_connection_that_begins_while_the_board_is_busy_is_not_judged() {
    let mut history = History::of(setup());
    history.join().see(Observation::Asked(Action::OpenTcp)).open();
    history.device_sends(&packet::connect(false, 60, None)).begin(0, FaultKind::HostBusy);
    reaches(history.hears(&packet::connack(false, 0)), 1, QUARTER_BYTES).wait_ms(100);
    history.see(Observation::Holds(false)).passes();
}

/// A publication is not answered; 20 s later messages have filled the buffer for so long, and were taken.
fn withheld(millis: u64) -> History {
    let mut history = connected();
    history.publish(1, "b").arrive(1, "b", 1, false);
    history.wait_ms(14_900).device_sends(&packet::PINGREQ).hears(&PINGRESP).wait_ms(5_000);
    history.begin(0, FaultKind::BrokerHang).end(0);
    fills(&mut history).wait_ms(millis);
    history
}

#[test]
fn an_answer_that_is_given_up_while_or_soon_after_nothing_was_read_is_caught() {
    let overdue = DownReason::AckOverdue;
    leaves(&mut withheld(4_000), overdue).breaks(P9, "while nothing was read");
    let mut history = withheld(4_000);
    leaves(takes_all(&mut history).wait_ms(5_000), overdue).passes();
    let mut history = withheld(4_000);
    leaves(takes_all(&mut history).wait_ms(1_000), overdue);
    history.breaks(P9, "ms after nothing was read for");
}

#[test]
fn whoever_sheds_reads_and_may_give_up_an_answer_after_as_long() {
    let woken = Observation::Woken { part: Part::Host, reason: Reason::ShedDue };
    let mut history = withheld(6_000);
    leaves(history.see(woken).wait_ms(7_000), DownReason::AckOverdue).passes();
    let mut history = withheld(6_000);
    leaves(history.see(woken).wait_ms(3_000), DownReason::AckOverdue);
    history.breaks(P9, "ms after nothing was read for");
}
