//! What a client hears it tells at once and as it was said, and what it gives for a reason has happened.

use fivewire_core::client::{Action, TcpFailure};
use fivewire_core::event::{DownReason, Event};
use fivewire_core::mqtt::ConnectReturnCode;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{Ending, Observation};
use fivewire_sim::oracle::Promise::{P6, P7};

use crate::history::{History, packet, setup};

/// CONNECT is on its way.
fn greeting() -> History {
    let mut history = History::of(setup());
    history.see(Observation::Asked(Action::JoinWifi)).told(Event::Wifi(true));
    history.see(Observation::Asked(Action::OpenTcp)).open();
    history.device_sends(&packet::connect(false, 60, None));
    history
}

fn connected() -> History {
    let mut history = greeting();
    hears(&mut history, &packet::connack(true, 0));
    tells(&mut history, Event::Connected { session_present: true });
    history
}

/// These bytes reach the device.
fn hears<'a>(history: &'a mut History, bytes: &[u8]) -> &'a mut History {
    let connection = history.connection;
    history.broker_sends(bytes).see(Observation::ToDevice { connection, bytes })
}

fn tells<'a>(history: &'a mut History, event: Event<'_>) -> &'a mut History {
    history.see_at_once(Observation::Told(event))
}

fn ends(history: &mut History, ending: Ending) -> &mut History {
    let connection = history.connection;
    history.see(Observation::EndedAtDevice { connection, ending })
}

fn goes_down(history: &mut History, reason: DownReason) -> &mut History {
    history.see_at_once(Observation::Asked(Action::CloseTcp));
    tells(history, Event::Disconnected { reason })
}

#[test]
fn what_is_told_at_once_and_as_it_was_said_keeps_the_promise() {
    let mut history = connected();
    history.begin(0, FaultKind::TcpReset);
    ends(&mut history, Ending::Reset);
    goes_down(&mut history, DownReason::TcpClosed).wait_ms(10).passes();
}

#[test]
fn an_answer_that_is_told_late_or_otherwise_is_caught() {
    let mut history = greeting();
    hears(&mut history, &packet::connack(true, 0)).wait_ms(10);
    history.told(Event::Connected { session_present: true });
    history.breaks(P7, "the client heard of it and did not tell");

    let mut history = greeting();
    hears(&mut history, &packet::connack(false, 0));
    tells(&mut history, Event::Connected { session_present: true });
    history.breaks(P7, "by what the client heard");

    let mut history = greeting();
    hears(&mut history, &packet::connack(false, 3));
    let reason = DownReason::Refused(ConnectReturnCode::NotAuthorized);
    tells(&mut history, Event::AttemptFailed { reason });
    history.breaks(P7, "by what the client heard");

    let mut history = greeting();
    history.told(Event::Connected { session_present: true });
    history.breaks(P7, "by what the client heard");
}

#[test]
fn an_end_that_is_not_told_is_caught() {
    let mut history = connected();
    ends(&mut history, Ending::ClosedByPeer).wait_ms(10).device_sends(&packet::PINGREQ);
    history.breaks(P7, "the client heard of it and did not tell: Gone");

    let mut history = connected();
    history.see(Observation::Wifi(false)).wait_ms(10).device_sends(&packet::PINGREQ);
    history.breaks(P7, "the client heard of it and did not tell: Gone");
}

#[test]
fn a_board_that_is_busy_may_tell_later() {
    let mut history = connected();
    history.begin(0, FaultKind::HostBusy);
    ends(&mut history, Ending::ClosedByPeer).wait_ms(5_000);
    goes_down(&mut history, DownReason::TcpClosed).passes();
}

#[test]
fn a_reason_that_is_none_is_caught() {
    for reason in [
        DownReason::TcpClosed,
        DownReason::WifiLost,
        DownReason::PingrespOverdue,
        DownReason::AckOverdue,
        DownReason::LinkLost,
        DownReason::TopicAliasesOverflow,
    ] {
        let mut history = connected();
        history.begin(0, FaultKind::TcpHalfOpen).wait_ms(5_000);
        goes_down(&mut history, reason);
        assert_eq!(history.breach().promise, P6, "{reason:?}");
    }
    let mut history = greeting();
    history.begin(0, FaultKind::TcpHalfOpen).wait_ms(5_000);
    history.see_at_once(Observation::Asked(Action::CloseTcp));
    tells(&mut history, Event::AttemptFailed { reason: DownReason::ConnackOverdue });
    history.breaks(P6, "that had not happened");
}

#[test]
fn a_client_that_waits_for_too_long_is_caught() {
    let mut history = greeting();
    history.begin(0, FaultKind::TcpHalfOpen).wait_ms(6_100).device_sends(&packet::PINGREQ);
    history.breaks(P6, "the client waits for");

    let mut history = connected();
    history.begin(0, FaultKind::TcpHalfOpen).wait_ms(28_000).told(Event::Wifi(true));
    history.breaks(P6, "the client waits for");

    let mut history = History::of(setup());
    history.see(Observation::Asked(Action::JoinWifi)).told(Event::Wifi(true));
    history.see(Observation::Asked(Action::OpenTcp)).wait_ms(6_100);
    history.see(Observation::Healed).breaks(P6, "the client waits for");
}

#[test]
fn an_attempt_that_fails_as_it_is_told_keeps_the_promise() {
    let mut history = greeting();
    let connection = history.connection;
    history.see(Observation::Asked(Action::CloseTcp)).wait_ms(300);
    history.see(Observation::Asked(Action::OpenTcp));
    let failure = TcpFailure::Refused;
    history.see(Observation::OpenFailed { connection, failure });
    tells(&mut history, Event::AttemptFailed { reason: DownReason::TcpRefused });
    history.passes();
}
