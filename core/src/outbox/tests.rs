//! What the outbox promises, without a session around it.

use std::vec::Vec;

use super::*;
use crate::config::Overflow;

fn outbox(size_bytes: usize) -> Outbox<Vec<u8>> {
    Outbox::new(std::vec![0; size_bytes], Planted::NONE)
}

fn publish(payload: &[u8], qos: QoS) -> Publish<'_> {
    Publish { dup: false, qos, retain: false, topic: "t", packet_id: None, payload }
}

fn push(outbox: &mut Outbox<Vec<u8>>, ticket: u32, qos: QoS) -> Result<(), PublishError> {
    let payload = ticket.to_be_bytes();
    outbox.push(Ticket::new(ticket).unwrap(), &publish(&payload, qos), None)
}

/// Takes out everything the window allows, as (ticket, identifier, DUP).
fn send(outbox: &mut Outbox<Vec<u8>>, window: usize) -> Vec<(u32, u16, bool)> {
    core::iter::from_fn(|| {
        let sending = outbox.next_to_send(window)?;
        let packet = &outbox.bytes()[sending.packet];
        let Ok(Packet::Publish(publish)) = crate::mqtt::decode(packet) else {
            panic!("no PUBLISH")
        };
        assert_eq!(publish.dup, sending.again && publish.qos != QoS::AtMostOnce);
        Some((sending.ticket.get(), publish.packet_id.map_or(0, PacketId::get), publish.dup))
    })
    .collect()
}

fn id(id: u16) -> PacketId {
    PacketId::new(id).unwrap()
}

#[test]
fn the_window_limits_qos_1_and_an_acknowledgement_of_any_one_opens_it() {
    let mut outbox = outbox(1_000);
    for ticket in 1..=4 {
        push(&mut outbox, ticket, QoS::AtLeastOnce).unwrap();
    }
    assert_eq!(send(&mut outbox, 2), [(1, 1, false), (2, 2, false)]);
    assert_eq!(outbox.acknowledge(id(2)), Some(Ticket::new(2)));
    assert_eq!(send(&mut outbox, 2), [(3, 3, false)]);
    assert_eq!(outbox.acknowledge(id(2)), None, "once is enough");
    assert_eq!(outbox.acknowledge(id(4)), None, "it was not sent");
    assert_eq!((outbox.in_flight(), outbox.unacknowledged()), (2, 3));
}

#[test]
fn after_a_loss_everything_unacknowledged_comes_first_in_order_with_its_identifier_and_dup() {
    let mut outbox = outbox(1_000);
    for ticket in 1..=5 {
        push(&mut outbox, ticket, QoS::AtLeastOnce).unwrap();
    }
    send(&mut outbox, 4);
    outbox.acknowledge(id(2));
    outbox.connection_lost();
    assert_eq!(send(&mut outbox, 9), [(1, 1, true), (3, 3, true), (4, 4, true), (5, 5, false)]);
}

#[test]
fn qos_0_is_told_sent_or_lost_and_never_sent_again() {
    let mut outbox = outbox(1_000);
    push(&mut outbox, 1, QoS::AtMostOnce).unwrap();
    push(&mut outbox, 2, QoS::AtMostOnce).unwrap();
    assert_eq!(send(&mut outbox, 1).len(), 2);
    assert_eq!(outbox.take_sent(), Ticket::new(1));
    outbox.connection_lost();
    assert_eq!((outbox.take_sent(), outbox.take_lost()), (None, Ticket::new(2)));
    assert_eq!((outbox.take_lost(), send(&mut outbox, 1).len()), (None, 0));
    assert_eq!(outbox.head, outbox.tail);
}

#[test]
fn room_is_reclaimed_from_the_middle_and_the_identifiers_go_round() {
    let mut outbox = outbox(120);
    let mut given = 0;
    for round in 0..40_000_u32 {
        while push(&mut outbox, given + 1, QoS::AtLeastOnce).is_ok() {
            given += 1;
        }
        let sent = send(&mut outbox, 16);
        assert!(sent.iter().all(|(_, id, _)| (1..FIRST_SUBSCRIPTION_ID).contains(id)));
        let in_flight: Vec<_> = outbox.records(outbox.head).filter_map(|r| r.packet_id).collect();
        let acked = in_flight[round as usize % in_flight.len()];
        assert!(outbox.acknowledge(acked).is_some());
    }
    assert!(given > u32::from(FIRST_SUBSCRIPTION_ID), "the identifiers went round");
}

#[test]
fn a_packet_larger_than_the_transmit_buffer_leaves_in_pieces_and_nothing_comes_between() {
    let mut outbox = outbox(1_000);
    let payload: Vec<u8> = (0..200).collect();
    outbox.push(Ticket::FIRST, &publish(&payload, QoS::AtLeastOnce), None).unwrap();
    push(&mut outbox, 2, QoS::AtLeastOnce).unwrap();
    let (mut stream, mut again) = (Vec::new(), 0);
    loop {
        let mut piece = [0; 33];
        let filled = outbox.fill(&mut piece, 2, &mut again);
        stream.extend_from_slice(&piece[..filled]);
        if filled == 0 {
            break;
        }
        if outbox.is_mid_packet() && stream.len() < 200 {
            assert_eq!(outbox.acknowledge(id(1)), None, "it has not even left");
        }
    }
    let first = 1 + 2 + 2 + 1 + 2 + 200;
    assert_eq!(stream.len(), first + 11);
    assert!(crate::mqtt::decode(&stream[..first]).is_ok());
    assert!(crate::mqtt::decode(&stream[first..]).is_ok());
    assert_eq!(again, 0);
}

#[test]
fn compaction_does_not_lose_the_rest_of_a_packet_that_is_leaving() {
    let mut outbox = outbox(330);
    push(&mut outbox, 1, QoS::AtLeastOnce).unwrap();
    let payload: Vec<u8> = (0..200).collect();
    outbox.push(Ticket::new(2).unwrap(), &publish(&payload, QoS::AtLeastOnce), None).unwrap();
    let (mut piece, mut again) = ([0; 50], 0);
    let mut stream = Vec::new();
    let filled = outbox.fill(&mut piece, 2, &mut again);
    stream.extend_from_slice(&piece[..filled]);
    assert!(outbox.acknowledge(id(1)).is_some());
    for ticket in 3..=5 {
        push(&mut outbox, ticket, QoS::AtLeastOnce).unwrap();
    }
    assert_eq!(outbox.head, 0, "it was compacted");
    let mut rest = [0; 500];
    let filled = outbox.copy_rest(&mut rest);
    stream.extend_from_slice(&rest[..filled]);
    let Ok(Packet::Publish(second)) = crate::mqtt::decode(&stream[11..]) else { panic!("damaged") };
    assert_eq!(second.payload, payload);
}

#[test]
fn what_is_given_up_while_under_way_keeps_its_identifier_until_the_answer_or_the_end() {
    let mut outbox = outbox(1_000);
    push(&mut outbox, 1, QoS::AtLeastOnce).unwrap();
    push(&mut outbox, 2, QoS::AtLeastOnce).unwrap();
    send(&mut outbox, 9);
    assert!(outbox.cancel(Ticket::FIRST));
    assert!(!outbox.cancel(Ticket::FIRST), "once is enough");
    assert_eq!((outbox.unacknowledged(), outbox.in_flight()), (1, 2));
    assert_eq!(outbox.acknowledge(id(1)), Some(None), "silently");
    assert!(outbox.cancel(Ticket::new(2).unwrap()));
    outbox.connection_lost();
    assert_eq!(send(&mut outbox, 9), []);
}

#[test]
fn room_that_no_outcome_tells_of_is_told_once_to_who_was_refused() {
    let mut outbox = outbox(64);
    let push = |outbox: &mut _, ticket| push(outbox, ticket, QoS::AtLeastOnce);
    push(&mut outbox, 1).unwrap();
    push(&mut outbox, 2).unwrap();
    assert_eq!(push(&mut outbox, 3), Err(PublishError::OutboxFull));
    send(&mut outbox, 2);
    for ticket in [1, 2] {
        assert!(outbox.cancel(Ticket::new(ticket).unwrap()));
        assert!(!outbox.has_room_news(), "it still takes its room");
    }
    assert_eq!(outbox.acknowledge(id(2)), Some(None));
    assert!(outbox.take_room());
    assert_eq!(outbox.acknowledge(id(1)), Some(None));
    assert!(!outbox.has_room_news(), "nobody was refused since");
}

#[test]
fn who_was_refused_for_want_of_an_identifier_waits_for_room_too() {
    let mut outbox = outbox(1_000);
    push(&mut outbox, 1, QoS::AtLeastOnce).unwrap();
    send(&mut outbox, 1);
    assert!(outbox.cancel(Ticket::FIRST));
    // the turn has come round to what is still under way
    outbox.last_packet_id = FIRST_SUBSCRIPTION_ID - 1;
    assert_eq!(push(&mut outbox, 2, QoS::AtLeastOnce), Err(PublishError::OutboxFull));
    assert_eq!(outbox.room, Room::Awaited);
    #[cfg(feature = "mqtt5")]
    {
        use crate::mqtt::v5;
        let publish = v5::Publish::new("t", b"", QoS::AtLeastOnce);
        let bytes =
            v5::Packet::Publish(v5::Publish { packet_id: Some(id(1)), ..publish }).encoded_len();
        outbox.room = Room::NobodyWaits;
        let refused = outbox.push_v5(Ticket::FIRST, &publish, bytes, None, None);
        assert_eq!(refused, Err(PublishError::OutboxFull));
    }
    outbox.connection_lost();
    assert!(outbox.take_room());
}

#[test]
fn nobody_waits_for_room_once_a_publication_was_taken() {
    let mut outbox = outbox(64);
    push(&mut outbox, 1, QoS::AtLeastOnce).unwrap();
    let large = outbox.push(Ticket::FIRST, &publish(&[0; 30], QoS::AtLeastOnce), None);
    assert_eq!(large, Err(PublishError::OutboxFull));
    push(&mut outbox, 2, QoS::AtLeastOnce).unwrap();
    send(&mut outbox, 2);
    assert!(outbox.cancel(Ticket::FIRST));
    assert_eq!(outbox.acknowledge(id(1)), Some(None));
    assert!(!outbox.has_room_news());
}

#[test]
fn deadlines_are_found_in_whatever_order_they_were_set() {
    let mut outbox = outbox(1_000);
    for (ticket, ms) in [(1, 500), (2, 100), (3, 300)] {
        let deadline = Some(Instant::from_millis(ms));
        let publish = publish(b"x", QoS::AtLeastOnce);
        outbox.push(Ticket::new(ticket).unwrap(), &publish, deadline).unwrap();
    }
    assert_eq!(outbox.next_deadline(), Some(Instant::from_millis(100)));
    assert_eq!(outbox.expire(Instant::from_millis(99)), None);
    assert_eq!(outbox.expire(Instant::from_millis(300)), Ticket::new(2));
    assert_eq!(outbox.expire(Instant::from_millis(300)), Ticket::new(3));
    assert_eq!(outbox.expire(Instant::from_millis(300)), None);
    assert_eq!(outbox.next_deadline(), Some(Instant::from_millis(500)));
    assert_eq!(outbox.expire(Instant::from_millis(500)), Ticket::new(1));
    assert_eq!(outbox.next_deadline(), None);
}

#[test]
fn drop_oldest_takes_qos_0_first_and_never_what_was_sent() {
    let mut outbox = outbox(1_000);
    push(&mut outbox, 1, QoS::AtLeastOnce).unwrap();
    send(&mut outbox, 1);
    push(&mut outbox, 2, QoS::AtLeastOnce).unwrap();
    push(&mut outbox, 3, QoS::AtMostOnce).unwrap();
    assert_eq!(
        outbox.make_room(Overflow::Refuse),
        Some((Ticket::new(3).unwrap(), QoS::AtMostOnce))
    );
    assert_eq!(outbox.make_room(Overflow::Refuse), None);
    let oldest = outbox.make_room(Overflow::DropOldest);
    assert_eq!(oldest, Some((Ticket::new(2).unwrap(), QoS::AtLeastOnce)));
    assert_eq!(outbox.make_room(Overflow::DropOldest), None);
    assert_eq!(outbox.unacknowledged(), 1);
}

#[test]
fn what_can_never_fit_is_told_with_its_size() {
    let mut outbox = outbox(64);
    let payload = [0; 100];
    let too_large = outbox.push(Ticket::FIRST, &publish(&payload, QoS::AtLeastOnce), None);
    assert_eq!(too_large, Err(PublishError::TooLarge { size_bytes: 127, max_bytes: 64 }));
    assert!(outbox.could_ever_fit(44));
    assert!(!outbox.could_ever_fit(45));
}
