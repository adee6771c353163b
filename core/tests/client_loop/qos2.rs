//! Messages with QoS 2, which a broker sends though it granted less. What the client promises of them is in
//! the documentation of [`Client`].

use fivewire_core::config::Release;
use fivewire_core::event::Delivery;

use super::*;

const DUP: u8 = 0b1000;

/// A PUBLISH with QoS 2 whose payload is a letter.
fn publish(id: u8, payload: u8, flags: u8) -> [u8; 8] {
    [0x34 | flags, 6, 0, 1, b'a', 0, id, payload]
}

fn pubrec(id: u8) -> [u8; 4] {
    [0x50, 2, 0, id]
}

fn pubrel(id: u8) -> [u8; 4] {
    [0x62, 2, 0, id]
}

fn pubcomp(id: u8) -> [u8; 4] {
    [0x70, 2, 0, id]
}

/// A connected client, and what time it is.
struct Rig {
    client: Client<Vec<u8>>,
    now: Instant,
}

impl Rig {
    fn new(release: Release) -> Self {
        let client = connected(&Config { release, ..CONFIG });
        Self { client, now: Instant::from_millis(1_000) }
    }

    /// What the client does with these bytes: the payloads it tells, what it sends.
    fn receive(&mut self, bytes: &[u8]) -> (String, Vec<u8>) {
        self.client.handle(self.now, Input::Received(bytes));
        let (told, sent) = drain(&mut self.client, self.now);
        let payloads = told.split("payload: [").skip(1);
        let payload =
            |rest: &str| char::from(rest.split(']').next().unwrap().parse::<u8>().unwrap());
        (payloads.map(payload).collect(), sent)
    }

    /// The application owns a message, by its number: what is sent then.
    fn release(&mut self, number: u32) -> Vec<u8> {
        assert!(self.client.release(self.now, Delivery::new(number).unwrap()));
        drain(&mut self.client, self.now).1
    }

    /// The connection is lost, and a new one is opened.
    fn open_again(&mut self) {
        self.client.handle(self.now, Input::TcpClosed);
        drain(&mut self.client, self.now);
        self.now = self.now.plus_ms(5_000);
        self.client.handle(self.now, Input::Timeout);
        assert_eq!(drain(&mut self.client, self.now).0, "OpenTcp ");
        self.client.handle(self.now, Input::TcpOpened);
        drain(&mut self.client, self.now);
    }

    /// The same, and it is accepted.
    fn reconnect(&mut self, session_present: bool) {
        self.open_again();
        assert_eq!(self.receive(&[0x20, 2, session_present.into(), 0]), (String::new(), vec![]));
    }
}

#[test]
fn one_that_is_repeated_before_its_pubrec_is_told_once() {
    let mut rig = Rig::new(Release::Explicit);
    assert_eq!(rig.receive(&publish(1, b'x', 0)), ("x".into(), vec![]));
    assert_eq!(rig.receive(&publish(1, b'x', DUP)), (String::new(), vec![]));
    assert_eq!(rig.release(1), [pubrec(1), pubrec(1)].concat());
}

#[test]
fn one_that_is_repeated_after_its_pubrec_is_answered_and_not_told() {
    let mut rig = Rig::new(Release::AtHandOut);
    assert_eq!(rig.receive(&publish(1, b'x', 0)), ("x".into(), pubrec(1).into()));
    assert_eq!(rig.receive(&publish(1, b'x', DUP)), (String::new(), pubrec(1).into()));
    rig.reconnect(true);
    assert_eq!(rig.receive(&publish(1, b'x', DUP)), (String::new(), pubrec(1).into()));
}

#[test]
fn one_that_the_application_did_not_own_when_its_connection_ended_is_told_again() {
    let mut rig = Rig::new(Release::Explicit);
    assert_eq!(rig.receive(&publish(1, b'x', 0)).0, "x");
    rig.reconnect(true);
    assert_eq!(rig.receive(&publish(1, b'x', DUP)), ("x".into(), vec![]));
    assert_eq!(rig.release(2), pubrec(1));
}

#[test]
fn one_that_the_application_owned_when_its_connection_ended_is_answered_and_not_told() {
    let mut rig = Rig::new(Release::Explicit);
    assert_eq!(rig.receive(&publish(1, b'x', 0)).0, "x");
    assert_eq!(rig.receive(&publish(2, b'y', 0)).0, "y");
    // its answer waits for that of `x`
    assert_eq!(rig.release(2), []);
    rig.reconnect(true);
    assert_eq!(rig.receive(&publish(1, b'x', DUP)), ("x".into(), vec![]));
    assert_eq!(rig.receive(&publish(2, b'y', DUP)), (String::new(), vec![]));
    assert_eq!(rig.release(3), [pubrec(1), pubrec(2)].concat());
}

#[test]
fn one_that_is_too_large_each_time_takes_one_place_of_eight() {
    let mut rig = Rig::new(Release::Explicit);
    // 12,802 bytes after the fixed header
    let mut too_large = vec![0x34, 0x82, 100, 0, 1, b'a', 0, 99];
    too_large.resize(12_805, b'.');
    // its answer waits for that of the first message, each time
    for (number, dup) in [(1, 0), (2, DUP), (3, DUP)] {
        assert_eq!(rig.receive(&publish(1, b'x', dup)).0, "x", "{number}");
        too_large.chunks(64).for_each(|piece| drop(rig.receive(piece)));
        rig.reconnect(true);
    }
    rig.receive(&publish(1, b'x', DUP));
    let names = (2..9).map(|id| rig.receive(&publish(id, b'a' + id, 0)).0).collect::<String>();
    assert_eq!(names, "cdefghi");
    for number in 7..15 {
        rig.release(number);
    }
    rig.reconnect(true);
    let again = (1..9).map(|id| rig.receive(&publish(id, b'a' + id, DUP)).0).collect::<String>();
    assert_eq!(again, "i", "the places are taken by the one too large and the seven before");
}

#[test]
fn in_doubt_about_the_session_one_is_told_again_rather_than_taken_for_another() {
    let mut rig = Rig::new(Release::AtHandOut);
    assert_eq!(rig.receive(&publish(1, b'x', 0)).0, "x");
    // CONNECT was sent, and what the broker made of it was never heard
    rig.open_again();
    rig.reconnect(true);
    assert_eq!(rig.receive(&publish(1, b'y', 0)), ("y".into(), pubrec(1).into()));
}

#[test]
fn another_message_may_have_the_identifier_once_the_broker_has_forgotten_the_session() {
    let mut rig = Rig::new(Release::AtHandOut);
    rig.receive(&publish(1, b'x', 0));
    rig.reconnect(false);
    assert_eq!(rig.receive(&publish(1, b'y', 0)), ("y".into(), pubrec(1).into()));
}

#[test]
fn a_pubrel_is_answered_as_often_as_it_comes_and_frees_the_identifier() {
    let mut rig = Rig::new(Release::AtHandOut);
    rig.receive(&publish(1, b'x', 0));
    assert_eq!(rig.receive(&pubrel(1)).1, pubcomp(1));
    assert_eq!(rig.receive(&pubrel(1)).1, pubcomp(1));
    rig.reconnect(true);
    assert_eq!(rig.receive(&pubrel(1)).1, pubcomp(1));
    assert_eq!(rig.receive(&publish(1, b'y', 0)), ("y".into(), pubrec(1).into()));
}

#[test]
fn a_pubrel_frees_the_identifier_also_where_a_repeat_is_not_answered_yet() {
    let mut rig = Rig::new(Release::Explicit);
    rig.receive(&publish(1, b'x', 0));
    assert_eq!(rig.release(1), pubrec(1));
    rig.receive(&publish(2, b'y', 0));
    // its answer waits for that of `y`
    assert_eq!(rig.receive(&publish(1, b'x', DUP)), (String::new(), vec![]));
    assert_eq!(rig.receive(&pubrel(1)).1, pubcomp(1));
    assert_eq!(rig.release(2), [pubrec(2), pubrec(1)].concat());
    assert_eq!(rig.receive(&publish(1, b'z', 0)).0, "z");
}

#[test]
fn answers_of_both_qualities_leave_in_the_order_of_the_messages() {
    let mut rig = Rig::new(Release::Explicit);
    let at_least_once = [0x32, 6, 0, 1, b'a', 0, 2, b'y'];
    let all = [publish(1, b'x', 0), at_least_once, publish(3, b'z', 0)].concat();
    assert_eq!(rig.receive(&all), ("xyz".into(), vec![]));
    assert_eq!(rig.release(3), []);
    assert_eq!(rig.release(2), []);
    let answers = [pubrec(1), [0x40, 2, 0, 2], pubrec(3)];
    assert_eq!(rig.release(1), answers.concat());
}

#[test]
fn of_more_than_eight_at_once_the_further_ones_are_told_again_if_the_connection_ends() {
    let mut rig = Rig::new(Release::AtHandOut);
    let letters = "abcdefghi";
    let all = |flags: u8| -> Vec<u8> {
        letters.bytes().zip(1..).flat_map(|(letter, id)| publish(id, letter, flags)).collect()
    };
    let answers: Vec<u8> = (1..=9).flat_map(pubrec).collect();
    assert_eq!(rig.receive(&all(0)), (letters.into(), answers.clone()));
    rig.reconnect(true);
    assert_eq!(rig.receive(&all(DUP)), ("i".into(), answers));
}
