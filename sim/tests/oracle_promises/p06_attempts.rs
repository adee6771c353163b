//! After which pause a client tries again, and what it tries.

use fivewire_core::client::{Action, TcpFailure};
use fivewire_core::event::{DownReason, Event};
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::P6;

use crate::history::{History, packet, setup};

/// The network is joined, and the first attempt begins.
fn joined() -> History {
    let mut history = History::of(setup());
    asks(&mut history, Action::JoinWifi).told(Event::Wifi(true));
    asks(&mut history, Action::OpenTcp);
    history
}

fn asks(history: &mut History, action: Action) -> &mut History {
    history.see(Observation::Asked(action))
}

fn fails(history: &mut History, reason: DownReason) -> &mut History {
    let connection = history.connection;
    let failure = match reason {
        DownReason::TcpUnreachable => Some(TcpFailure::Unreachable),
        DownReason::TcpRefused => Some(TcpFailure::Refused),
        DownReason::ConnackOverdue => {
            history.see(Observation::Opened { connection }).wait_ms(5_990);
            None
        }
        _ => None,
    };
    history.wait_ms(10);
    if let Some(failure) = failure {
        history.see_at_once(Observation::OpenFailed { connection, failure });
    }
    history.see_at_once(Observation::Told(Event::AttemptFailed { reason }))
}

/// The attempt finds nobody, and after a pause another one begins.
fn tries_again(history: &mut History, reason: DownReason, after_ms: u64) -> &mut History {
    fails(history, reason).wait_ms(after_ms);
    asks(history, Action::OpenTcp)
}

#[test]
fn pauses_double_and_the_third_attempt_without_an_answer_leads_to_the_network() {
    let mut history = joined();
    tries_again(&mut history, DownReason::TcpUnreachable, 300);
    tries_again(&mut history, DownReason::ConnackOverdue, 900);
    fails(&mut history, DownReason::TcpUnreachable);
    asks(&mut history, Action::LeaveWifi).told(Event::Wifi(false)).wait_ms(450);
    asks(&mut history, Action::JoinWifi).wait_ms(12_000);
    asks(&mut history, Action::LeaveWifi);
    fails(&mut history, DownReason::JoinFailed).wait_ms(950);
    asks(&mut history, Action::JoinWifi).passes();
}

#[test]
fn a_pause_outside_its_stage_is_caught() {
    for (first_ms, second_ms) in [(100, 0), (700, 0), (400, 400), (400, 1_100)] {
        let mut history = joined();
        tries_again(&mut history, DownReason::TcpRefused, first_ms);
        if second_ms > 0 {
            tries_again(&mut history, DownReason::TcpRefused, second_ms);
        }
        history.breaks(P6, "the client paused");
    }
}

#[test]
fn no_pause_is_longer_than_the_last_stage() {
    let mut history = joined();
    for most_ms in [500, 1_000, 2_000, 4_000, 8_000, 8_000] {
        tries_again(&mut history, DownReason::TcpRefused, most_ms - 10);
    }
    tries_again(&mut history, DownReason::TcpRefused, 8_100);
    history.breaks(P6, "the client paused 81");
}

#[test]
fn a_connection_that_lasted_makes_the_next_pause_short_and_one_that_did_not_does_not() {
    let comes_back = |lasted_s: u64, after_ms| {
        let mut history = joined();
        tries_again(&mut history, DownReason::TcpRefused, 400);
        tries_again(&mut history, DownReason::TcpRefused, 900);
        let (connection, ending) = (history.connection, Ending::Reset);
        let bytes = &packet::connack(false, 0);
        history.see(Observation::Opened { connection });
        history.see(Observation::ToDevice { connection, bytes });
        history.see_at_once(Observation::Told(Event::Connected { session_present: false }));
        history.wait_ms(lasted_s * 1_000).see(Observation::EndedAtDevice { connection, ending });
        let lost = Event::Disconnected { reason: DownReason::TcpClosed };
        history.see_at_once(Observation::Told(lost)).wait_ms(after_ms);
        asks(&mut history, Action::OpenTcp);
        history
    };
    comes_back(9, 400).passes();
    comes_back(9, 1_500).breaks(P6, "the client paused 15");
    comes_back(5, 1_500).passes();
    comes_back(5, 400).breaks(P6, "the client paused 4");
}

#[test]
fn a_network_that_is_left_too_soon_is_caught() {
    let mut history = joined();
    tries_again(&mut history, DownReason::TcpUnreachable, 400);
    tries_again(&mut history, DownReason::TcpRefused, 900);
    fails(&mut history, DownReason::TcpUnreachable);
    asks(&mut history, Action::LeaveWifi).breaks(P6, "after 1 attempts without an answer");
}

#[test]
fn a_network_in_which_nobody_is_found_and_that_is_not_left_is_caught() {
    let mut history = joined();
    for after_ms in [400, 900, 1_900] {
        tries_again(&mut history, DownReason::TcpUnreachable, after_ms);
    }
    history.breaks(P6, "the network is not joined anew");
}

#[test]
fn a_client_that_joins_where_it_should_open_is_caught() {
    let mut history = joined();
    fails(&mut history, DownReason::TcpRefused).wait_ms(400);
    asks(&mut history, Action::JoinWifi).breaks(P6, "paused to Open, and then did Join");
}

#[test]
fn pauses_that_are_not_drawn_are_caught() {
    let mut history = joined();
    for least_ms in [250, 500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000] {
        tries_again(&mut history, DownReason::TcpRefused, least_ms + 30 - 10);
    }
    history.breaks(P6, "pauses in a row are 30 ms longer");
}

#[test]
fn a_refusal_that_lasts_is_followed_by_the_longest_pause() {
    use fivewire_core::mqtt::v5::ReasonCode;

    for (code, after_ms, is_kept) in [
        (ReasonCode::ServerBusy, 400, true),
        (ReasonCode::ServerBusy, 5_000, false),
        (ReasonCode::Banned, 5_000, true),
        (ReasonCode::Banned, 400, false),
    ] {
        let mut history = joined();
        let connection = history.connection;
        history.see(Observation::Opened { connection });
        let bytes = &packet::connack(false, code.as_u8());
        history.see(Observation::ToDevice { connection, bytes });
        let reason = DownReason::RefusedWith(code);
        history.see_at_once(Observation::Told(Event::AttemptFailed { reason })).wait_ms(after_ms);
        asks(&mut history, Action::OpenTcp);
        match is_kept {
            true => history.passes(),
            false => history.breaks(P6, "the client paused"),
        }
    }
}
