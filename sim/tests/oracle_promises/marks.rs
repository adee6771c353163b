use fivewire_core::client::{Action, State};
use fivewire_core::error::PublishError;
use fivewire_core::event::{DownReason, Event, ResetCause};
use fivewire_core::mqtt::v5::Properties;
use fivewire_core::mqtt::{Breach, QoS};
use fivewire_core::time::Instant;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::marks::{Column, FaultRow, Mark, Marks, Matrix, Situation};
use fivewire_sim::observation::{BoardLoss, ConnectionId, Observation, Observer, Part};
use fivewire_sim::oracle::{WILL_PAYLOAD, WILL_TOPIC};
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{fault, packet, schedule, setup, ticket};

const CONNECTION: ConnectionId = ConnectionId(1);

struct Run(Marks, u64);

impl Run {
    fn of(setup: Setup) -> Self {
        let mut run = Self(Marks::new(&schedule(setup)), 0);
        run.see(Observation::Opening { connection: CONNECTION });
        run
    }

    fn bridge() -> Self {
        Self::of(Setup { topology: Topology::Bridge, ..setup() })
    }

    fn see(&mut self, observation: Observation<'_>) -> &mut Self {
        self.1 += 10;
        self.0.observe(Instant::from_millis(self.1), &observation);
        self
    }

    fn told(&mut self, event: Event<'_>) -> &mut Self {
        self.see(Observation::Told(event))
    }

    fn device_sends(&mut self, bytes: &[u8]) -> &mut Self {
        self.see(Observation::ToBroker { connection: CONNECTION, bytes })
    }

    fn device_gets(&mut self, bytes: &[u8]) -> &mut Self {
        self.see(Observation::ToDevice { connection: CONNECTION, bytes })
    }

    fn publish(&mut self, number: u32) -> &mut Self {
        let (topic, payload, qos) = ("a", &b"x"[..], QoS::AtLeastOnce);
        self.see(Observation::Published {
            ticket: number,
            topic,
            payload,
            qos,
            retain: false,
            properties: Properties::NONE,
        });
        self.device_sends(&packet::publish("a", b"x", number as u16, false, false))
    }

    fn count(&self, situation: Situation) -> u32 {
        self.0.count(Mark::Reached(situation))
    }
}

#[test]
fn every_mark_has_its_own_place_and_name() {
    for (place, mark) in Mark::ALL.into_iter().enumerate() {
        assert_eq!(mark.index(), place);
        assert!(Mark::ALL[..place].iter().all(|other| other.name() != mark.name()));
    }
    for row in FaultRow::ALL {
        assert_eq!(FaultRow::of(row.kind()), row);
    }
    assert_eq!(FaultRow::of(FaultKind::Backlog { messages: 9 }).name(), "backlog");
}

#[test]
fn a_crash_before_puback_is_marked_and_one_after_it_is_not() {
    let crash = Observation::BoardDown { part: Part::Esp, loss: BoardLoss::Crash };
    let mut run = Run::bridge();
    run.publish(1).see(crash);
    assert_eq!(run.count(Situation::CrashBeforePuback), 1);
    let mut run = Run::bridge();
    run.publish(1).device_gets(&packet::puback(1)).see(crash);
    assert_eq!(run.count(Situation::CrashBeforePuback), 0);
}

#[test]
fn a_crash_with_unreleased_messages_is_marked_until_their_puback_has_arrived() {
    let crash = Observation::BoardDown { part: Part::Esp, loss: BoardLoss::Crash };
    let mut run = Run::bridge();
    run.device_gets(&packet::publish("in", b"x", 7, false, false)).see(crash);
    run.device_sends(&packet::puback(7)).see(crash);
    assert_eq!(run.count(Situation::CrashWithUnreleased), 1);
}

#[test]
fn what_packets_show_is_marked() {
    let mut run = Run::of(Setup { window: 2, ..setup() });
    run.publish(1).device_sends(&packet::publish("a", b"x", 2, true, false));
    run.device_gets(&packet::puback(1)).device_gets(&packet::puback(1));
    run.device_sends(&packet::subscribe(3, &["f"]));
    assert_eq!(run.count(Situation::Redelivered), 1);
    assert_eq!(run.count(Situation::WindowFull), 1);
    assert_eq!(run.count(Situation::PubackDoubled), 1);
    run.device_sends(&packet::pubcomp(4));
    assert_eq!(run.count(Situation::SubscriptionRenewed), 1);
    assert_eq!(run.count(Situation::Qos2Completed), 1);
}

#[test]
fn a_subscription_that_was_asked_for_is_no_renewal() {
    let mut run = Run::of(setup());
    let qos = QoS::AtLeastOnce;
    run.see(Observation::SubscribeAsked { ticket: 1, filter: "f", qos });
    run.device_sends(&packet::subscribe(3, &["f"])).told(Event::SubscribeRefused(ticket(1)));
    assert_eq!(run.count(Situation::SubscriptionRenewed), 0);
    assert_eq!(run.count(Situation::SubscriptionRefused), 1);
}

#[test]
fn what_becomes_of_sessions_is_marked() {
    let mut run = Run::of(setup());
    run.told(Event::Connected { session_present: false }).publish(1);
    run.told(Event::Disconnected { reason: DownReason::Breach(Breach::QosThree) });
    run.see(Observation::BrokerDown(true)).told(Event::Connected { session_present: true });
    assert_eq!(run.count(Situation::MalformedThenConnected), 1);
    assert_eq!(run.count(Situation::SessionSurvivedBroker), 1);
    assert_eq!(run.count(Situation::SessionOfUnansweredConnect), 0);
    run.told(Event::Connected { session_present: false });
    assert_eq!(run.count(Situation::SessionLostWithUnacknowledged), 1);
    run.device_sends(&packet::connect(false, 60, None));
    run.see(Observation::Opening { connection: ConnectionId(2) });
    run.told(Event::Connected { session_present: true });
    assert_eq!(run.count(Situation::SessionOfUnansweredConnect), 1);
}

#[test]
fn what_the_device_tells_is_marked() {
    let mut run = Run::bridge();
    let qos = QoS::AtMostOnce;
    run.told(Event::MessageTooLarge { qos, size_bytes: 2_000 });
    assert_eq!(run.count(Situation::TooLargeTold), 1);
    for reason in [DownReason::PingrespOverdue, DownReason::AckOverdue, DownReason::Shed] {
        run.told(Event::Disconnected { reason });
    }
    run.told(Event::CleanSlate).told(Event::EspReady { resumed: true });
    run.told(Event::EspReady { resumed: false });
    run.see(Observation::PublishRefused { topic: "a", error: PublishError::OutboxFull });
    run.see(Observation::FrameLost { to: Part::Esp, size_bytes: 9, partly_sent: true });
    run.see(Observation::FrameLost { to: Part::Esp, size_bytes: 9, partly_sent: false });
    run.see(Observation::ResetLine { cause: ResetCause::PowerUp });
    run.see(Observation::ResetLine { cause: ResetCause::Watchdog });
    run.see(Observation::ResetLine { cause: ResetCause::StartUpOverdue });
    run.see(Observation::WitnessReceived {
        topic: WILL_TOPIC,
        payload: WILL_PAYLOAD,
        qos: QoS::AtLeastOnce,
        retain: false,
    });
    for situation in [
        Situation::SilenceDetected,
        Situation::AcknowledgementsOverdue,
        Situation::Shed,
        Situation::CleanSlate,
        Situation::LinkResumed,
        Situation::OutboxFull,
        Situation::FrameCut,
        Situation::WatchdogReset,
        Situation::StartUpReset,
        Situation::WillPublished,
    ] {
        assert_eq!(run.count(situation), 1, "{situation:?}");
    }
}

#[test]
fn a_hold_counts_only_if_it_outlasts_keep_alive() {
    let mut run = Run::of(setup());
    run.see(Observation::Holds(true)).see(Observation::Holds(false));
    assert_eq!(run.count(Situation::HeldBeyondKeepAlive), 0);
    run.see(Observation::Holds(true)).1 += 60_000;
    run.see(Observation::Holds(false));
    assert_eq!(run.count(Situation::HeldBeyondKeepAlive), 1);
}

#[test]
fn leaving_a_network_one_is_in_counts_once_it_is_joined_again() {
    let mut run = Run::of(setup());
    run.see(Observation::Asked(Action::LeaveWifi)).see(Observation::Wifi(true));
    assert_eq!(run.count(Situation::WifiRejoined), 0);
    run.see(Observation::Asked(Action::LeaveWifi)).see(Observation::Wifi(false));
    run.see(Observation::Wifi(true));
    assert_eq!(run.count(Situation::WifiRejoined), 1);
}

#[test]
fn a_backlog_is_drained_when_all_its_messages_are_told() {
    let message = fivewire_core::event::Message::new("in", b"x", QoS::AtLeastOnce);
    let mut run = Run::of(setup());
    let backlog = fault(FaultKind::Backlog { messages: 2 });
    run.see(Observation::FaultBegan { index: 0, fault: &backlog });
    run.told(Event::Message(message));
    assert_eq!(run.count(Situation::BacklogDrained), 0);
    run.told(Event::Message(message));
    assert_eq!(run.count(Situation::BacklogDrained), 1);
}

#[test]
fn the_matrix_counts_the_state_in_which_a_fault_began_once_it_bites() {
    let crash = fault(FaultKind::EspCrash);
    let row = FaultRow::of(FaultKind::EspCrash);
    let mut run = Run::bridge();
    run.see(Observation::ClientState(State::JoiningWifi));
    run.see(Observation::FaultBegan { index: 0, fault: &crash });
    run.see(Observation::ClientState(State::Connected));
    assert_eq!(run.0.matrix().count(row, Column::Wifi), 0, "it has not bitten");
    run.see(Observation::FaultBit { index: 0 });
    assert_eq!(run.0.matrix().count(row, Column::Wifi), 1);
    assert_eq!(run.0.count(Mark::Bit(row)), 1);
    run.see(Observation::FaultBegan { index: 1, fault: &crash });
    run.see(Observation::FaultBit { index: 1 });
    assert_eq!(run.0.matrix().count(row, Column::Idle), 1);
    run.publish(1).device_gets(&packet::publish("in", b"x", 7, false, false));
    run.device_sends(&packet::subscribe(3, &["f"]));
    run.see(Observation::FaultBegan { index: 2, fault: &crash });
    run.see(Observation::FaultBit { index: 2 }).see(Observation::FaultBit { index: 2 });
    for column in [
        Column::PublishUnacknowledged,
        Column::SubscribeUnacknowledged,
        Column::InboundUnreleased,
        Column::Idle,
    ] {
        assert_eq!(run.0.matrix().count(row, column), 1, "{column:?}");
    }
}

#[test]
fn runs_add_up() {
    let mut run = Run::bridge();
    run.see(Observation::ClientState(State::OpeningTcp));
    run.see(Observation::FaultBegan { index: 0, fault: &fault(FaultKind::LinkReset) });
    run.see(Observation::FaultBit { index: 0 }).told(Event::CleanSlate);
    let mut sum = Marks::default();
    sum += &run.0;
    sum += &run.0;
    assert_eq!(sum.count(Mark::Reached(Situation::CleanSlate)), 2);
    let row = FaultRow::of(FaultKind::LinkReset);
    assert_eq!(sum.matrix().count(row, Column::TcpWait), 2);
    assert_eq!(sum.iter().filter(|&(_, count)| count > 0).count(), 2);
    let row = |kind, can_begin: bool| {
        let table = sum.matrix().table(|_| can_begin).to_string();
        let line = table.lines().find(|line| line.starts_with(kind)).expect("it has a row");
        line.split_whitespace().skip(1).take(3).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("link-reset", true), "0 2 0");
    assert_eq!(row("link-reset", false), "- 2 -", "what happened nevertheless is shown");
    assert_eq!(row("link-dead", false), "- - -");
    assert_eq!(row("tcp-reset", true), "- - 0");
}

#[test]
fn what_cannot_be_reached_is_not_missed() {
    let matrix = Matrix::default();
    let without_bridge = |row: FaultRow| !row.kind().needs_bridge();
    for &(row, column, reason) in Matrix::unreachable() {
        assert!(!reason.is_empty());
        assert!(!matrix.missed(|_| true).any(|pair| pair == (row, column)));
    }
    let is_rare = |row: &FaultRow| row.kind().needs_wires() || row.kind().needs_mqtt5();
    let rows = FaultRow::ALL.into_iter().filter(|row| !is_rare(row));
    let all = rows.count() * Column::COUNT;
    let listed = Matrix::unreachable().iter().filter(|(row, ..)| !is_rare(row));
    assert_eq!(matrix.missed(|_| true).count(), all - listed.count());
    assert!(matrix.missed(without_bridge).all(|(row, _)| !row.kind().needs_bridge()));
    let reset = FaultRow::of(FaultKind::TcpReset);
    assert!(!matrix.missed(without_bridge).any(|pair| pair == (reset, Column::Wifi)));
}
