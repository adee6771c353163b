//! What is given up, what ends, and what the device says of itself.

use fivewire_core::bridge::host;
use fivewire_core::client::{Action, State};
use fivewire_core::event::{AbandonReason, Counters, Event};
use fivewire_core::mqtt::QoS;
use fivewire_core::sntp::Stamp;
use fivewire_core::time::Instant;
use fivewire_sim::observation::{
    BoardLoss, ClientStanding, EspStanding, Observation, Part, Standing,
};
use fivewire_sim::oracle::Promise::{P1, P4, P7, P10};
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, packet, schedule, setup, ticket};

fn connected() -> History {
    let mut history = History::of(setup());
    history.connect(false);
    history
}

/// Message 1 is published with a deadline a second later.
fn with_deadline(history: &mut History) -> &mut History {
    history.publish(1, "a");
    let deadline = Instant::from_millis(history.now_ms + 1_000);
    history.see_at_once(Observation::DeadlineSet { ticket: 1, deadline })
}

fn abandoned(reason: AbandonReason) -> Event<'static> {
    Event::Abandoned { ticket: ticket(1), reason }
}

#[test]
fn a_publication_may_be_given_up_once_its_deadline_has_come() {
    let mut history = connected();
    with_deadline(&mut history).wait_ms(1_000).told(abandoned(AbandonReason::Expired));
    history.settle().passes();
}

#[test]
fn a_publication_that_is_given_up_before_its_deadline_is_caught() {
    let mut history = connected();
    with_deadline(&mut history).wait_ms(500).told(abandoned(AbandonReason::Expired));
    history.breaks(P1, "against its application");
}

#[test]
fn a_publication_without_a_deadline_that_expires_is_caught() {
    let mut history = connected();
    history.publish(1, "a").wait_ms(30_000).told(abandoned(AbandonReason::Expired));
    history.breaks(P1, "against its application");
}

#[test]
fn a_deadline_that_nobody_acts_on_is_caught() {
    let mut history = connected();
    with_deadline(&mut history).wait_ms(31_100).told(Event::Wifi(true));
    history.breaks(P7, "has no outcome 30000 ms after its deadline");
}

#[test]
fn a_cancelled_publication_that_is_told_as_acknowledged_is_caught() {
    let mut history = connected();
    history.publish(1, "a").arrive(1, "a", 1, false).see(Observation::Cancelled { ticket: 1 });
    history.acknowledge(1, 1).breaks(P7, "was cancelled, and told as Acked");
}

#[test]
fn a_subscription_that_ends_with_the_session_is_told_as_ended() {
    let mut history = connected();
    history.subscribe(1, "side/#", 1).break_off();
    history.see(Observation::UnsubscribeAsked { ticket: 2, filter: "side/#" });
    history.connect(false).told(Event::Unsubscribed(ticket(2)));
    history.settle().passes();
}

#[test]
fn a_subscription_that_goes_on_and_is_told_as_ended_is_caught() {
    let mut history = connected();
    history.subscribe(1, "side/#", 1);
    history.see(Observation::UnsubscribeAsked { ticket: 2, filter: "side/#" });
    history.told(Event::Unsubscribed(ticket(2))).breaks(P4, "the broker confirmed nothing");
}

/// One connection and nothing else, but for this.
fn counted(change: impl FnOnce(&mut Counters)) -> Counters {
    let mut counters = Counters::default();
    counters.connections = 1;
    change(&mut counters);
    counters
}

fn says(history: &mut History, unacknowledged: usize, counters: &Counters) {
    history.see(Observation::SaidOfItself { unacknowledged, counters });
}

#[test]
fn a_device_that_counts_right_is_believed_and_one_that_does_not_is_caught() {
    let right = counted(|_| {});
    let mut history = connected();
    history.publish(1, "a");
    says(&mut history, 1, &right);
    history.arrive(1, "a", 1, false).acknowledge(1, 1);
    says(&mut history, 0, &right);
    history.passes();
    let wrong = [
        (counted(|counters| counters.connections = 2), "2 connections, not 1"),
        (counted(|counters| counters.failed_attempts = 1), "1 failed attempts, not 0"),
        (counted(|counters| counters.too_large_in = 3), "3 messages that were too large, not 0"),
        (counted(|counters| counters.esp_resets = 1), "1 resets of the ESP8266, not 0"),
        (counted(|counters| counters.dropped_qos0_out = 1), "1 dropped QoS 0 publications, not 0"),
        (counted(|counters| counters.dropped_qos1_out = 1), "1 dropped QoS 1 publications, not 0"),
        (counted(|counters| counters.wifi_rejoins = 1), "1 networks left, not 0"),
        (
            counted(|counters| counters.redelivered = 9),
            "9 redelivered publications, and not 0 to 8",
        ),
        (counted(|counters| counters.dropped_qos0_in = 1), "1 dropped QoS 0 messages, and not"),
        (counted(|counters| counters.shed_in = 1), "1 shed messages, and not 0 to 0"),
        (counted(|counters| counters.unknown_acks = 1), "1 unknown acknowledgements, and not"),
    ];
    for (counters, words) in wrong {
        let mut history = connected();
        says(&mut history, 0, &counters);
        history.breaks(P7, words);
    }
    let mut history = connected();
    says(&mut history, 1, &right);
    history.breaks(P7, "1 publications without an outcome, not 0");
}

#[test]
fn redelivered_publications_that_are_not_counted_are_caught() {
    let mut history = connected();
    history.publish(1, "a").arrive(1, "a", 1, false).break_off().connect(true);
    history.arrive(1, "a", 1, true);
    let counters = counted(|counters| counters.connections = 2);
    says(&mut history, 1, &counters);
    history.breaks(P7, "0 redelivered publications, and not 1 to 17");
}

#[test]
fn a_goodbye_may_arrive_when_its_sender_has_started_anew_and_one_that_nobody_asked_for_may_not() {
    let mut history = connected();
    history.see(Observation::ShutDownAsked).told(Event::Stopped);
    history.see(Observation::BoardDown { part: Part::Host, loss: BoardLoss::Ended });
    history.device_sends(&[0xE0, 0]).passes();
    let mut history = connected();
    history.device_sends(&[0xE0, 0]).breaks(P10, "which nobody asked for");
}

#[test]
fn a_device_that_is_asked_to_shut_down_and_does_not_stop_is_caught() {
    let mut history = connected();
    history.see(Observation::ShutDownAsked).wait_ms(20_000).told(Event::Stopped);
    history.wait_ms(20_000).see(Observation::Wifi(false)).passes();
    let mut history = connected();
    history.see(Observation::ShutDownAsked).wait_ms(31_000).see(Observation::Wifi(false));
    history.breaks(P7, "has not stopped 30000 ms after it was asked to");
}

/// The time server said so many seconds since its clock came round.
fn time_told(cookie: u64, seconds: i32) -> Event<'static> {
    Event::TimeTold { cookie, stamp: Stamp { seconds: seconds.cast_unsigned(), fraction: 0 } }
}

/// Asked twice, half a minute apart; the server's clock comes round in between.
fn asked_twice(second_s: i32) -> History {
    let mut history = connected();
    history.see(Observation::TimeAsked { cookie: 1 }).wait_ms(500).told(time_told(1, -20));
    history.wait_ms(30_000);
    history.see(Observation::TimeAsked { cookie: 2 }).wait_ms(500).told(time_told(2, second_s));
    history
}

#[test]
fn times_that_agree_with_one_another_are_believed_and_others_are_caught() {
    asked_twice(10).passes();
    asked_twice(11).passes();
    asked_twice(12).breaks(P7, "the time of cookie 2 is 32000000 us after the first");
    asked_twice(8).breaks(P7, "the time of cookie 2 is 28000000 us after the first");
}

#[test]
fn a_time_that_answers_nothing_is_caught() {
    let mut history = connected();
    history.told(time_told(7, 0)).breaks(P7, "the time was told for cookie 7");
    let mut history = connected();
    history.see(Observation::TimeAsked { cookie: 1 }).told(time_told(1, 0)).passes();
    history.told(time_told(1, 0)).breaks(P7, "the time was told for cookie 1");
}

#[test]
fn a_time_that_is_never_told_is_caught() {
    let asks = |times| {
        let mut schedule = schedule(setup());
        schedule.workload.habits.asks_every_ms = 10_000;
        let mut history = History::of_schedule(&schedule);
        history.connect(false);
        for cookie in 1..=times {
            history.see(Observation::TimeAsked { cookie });
        }
        history
    };
    asks(20).passes();
    asks(21).breaks(P7, "the time was asked for 20 times, and never told");
}

/// The device has been told of its ESP8266 and of a network, and is connected.
fn standing() -> Standing {
    let client = client_in(State::Connected, false);
    Standing { is_ready: true, unreleased: 0, client: Some(client), esp: None }
}

const fn client_in(state: State, awaits_suback: bool) -> ClientStanding {
    ClientStanding { state, silent_for_us: None, awaits_suback }
}

/// In these histories the broker has said nothing that reached the device.
fn stands(history: &mut History, mut standing: Standing) -> &mut History {
    if let Some(client) = &mut standing.client
        && client.state == State::Connected
    {
        client.silent_for_us = Some((history.now_ms + 10 - history.opened_ms) * 1_000);
    }
    history.see(Observation::SaidToStand(standing))
}

#[test]
fn a_device_that_is_where_it_says_is_believed_and_one_that_is_not_is_caught() {
    let mut history = connected();
    stands(&mut history, standing()).passes();
    history.break_off();
    let down = client_in(State::TcpBackoff, false);
    let down = Standing { is_ready: false, client: Some(down), ..standing() };
    stands(&mut history, down).passes();
    stands(&mut history, standing()).breaks(P7, "says that it is ready: true, and told: false");
    let mut history = connected();
    stands(&mut history, Standing { unreleased: 1, ..standing() });
    history.breaks(P7, "says 1 messages are not released, and not 0 to 0");
}

#[test]
fn a_host_that_is_wrong_about_its_esp8266_is_caught() {
    let of = |is_running, is_wifi_up| {
        let state = match is_running {
            true => host::State::Running { connected: false },
            false => host::State::Configuring,
        };
        let (has_waiting_messages, inbound_room_bytes) = (false, 4_096);
        let esp =
            EspStanding { is_running, is_wifi_up, state, has_waiting_messages, inbound_room_bytes };
        Standing { is_ready: false, client: None, esp: Some(esp), ..standing() }
    };
    let running = || {
        let mut history = History::of(Setup { topology: Topology::Bridge, ..setup() });
        history.told(Event::EspReady { resumed: false }).told(Event::Wifi(true));
        history
    };
    stands(&mut running(), of(true, true)).passes();
    stands(&mut running(), of(false, true)).breaks(P7, "the ESP8266 is running: false");
    stands(&mut running(), of(true, false)).breaks(P7, "the network is there: false");
    let mut lost = running();
    lost.see(Observation::Link { end: Part::Host, up: false });
    stands(&mut lost, of(false, false)).passes();
    stands(&mut lost, of(false, true)).breaks(P7, "the network is there: true");
    let but = |change: fn(&mut EspStanding)| {
        let mut wrong = of(true, true);
        change(wrong.esp.as_mut().expect("it has one"));
        wrong
    };
    for state in [host::State::AwaitingEsp, host::State::Running { connected: true }] {
        let mut wrong = of(true, true);
        wrong.esp.as_mut().expect("it has one").state = state;
        stands(&mut running(), wrong).breaks(P7, "and told otherwise");
    }
    let waits = but(|esp| esp.has_waiting_messages = true);
    stands(&mut running(), waits).breaks(P7, "which takes them");
    let mut held = running();
    stands(held.see(Observation::Holds(true)), waits).passes();
}

#[test]
fn a_client_that_is_wrong_about_its_way_is_caught() {
    let of = |state, awaits_suback| {
        let client = Some(client_in(state, awaits_suback));
        Standing { is_ready: state == State::Connected, client, ..standing() }
    };
    let mut history = connected();
    stands(&mut history, of(State::Connected, false)).break_off();
    stands(&mut history, of(State::TcpBackoff, false)).told(Event::Wifi(false));
    stands(&mut history, of(State::WifiBackoff, false)).wait_ms(400);
    history.see(Observation::Asked(Action::JoinWifi));
    stands(&mut history, of(State::JoiningWifi, false)).see(Observation::Asked(Action::OpenTcp));
    stands(&mut history, of(State::OpeningTcp, false)).open();
    stands(&mut history, of(State::Connecting, false)).passes();
    stands(&mut history, of(State::TcpBackoff, false)).breaks(P7, "says that it is TcpBackoff");

    let asked = || {
        let mut history = connected();
        let (filter, qos) = ("in/#", QoS::AtLeastOnce);
        history.see(Observation::SubscribeAsked { ticket: 1, filter, qos });
        history.device_sends(&packet::subscribe(1, &[filter]));
        history
    };
    stands(&mut asked(), of(State::Connected, true)).passes();
    stands(&mut asked(), of(State::Connected, false)).breaks(P7, "no SUBACK is missing");
}

#[test]
fn a_client_that_is_wrong_about_its_brokers_silence_is_caught() {
    for silent_for_us in [None, Some(0), Some(90_000_000)] {
        let mut history = connected();
        history.wait_ms(30_000);
        let client = ClientStanding { silent_for_us, ..client_in(State::Connected, false) };
        history.see(Observation::SaidToStand(Standing { client: Some(client), ..standing() }));
        history.breaks(P7, "the client says that the broker is silent for");
    }
}
