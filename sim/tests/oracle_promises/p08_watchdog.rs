use fivewire_core::event::{Event, ResetCause};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::observation::{BoardLoss, Observation, Part};
use fivewire_sim::oracle::Promise::P8;
use fivewire_sim::schedule::{Setup, Topology};

use crate::history::{History, setup};

/// A bridge whose ESP8266 is up and has just sent a frame.
fn running(host_drift_ppm: i32) -> History {
    let mut history = History::of(Setup { topology: Topology::Bridge, host_drift_ppm, ..setup() });
    history.see(Observation::BoardUp { part: Part::Host });
    history.see(Observation::ResetLine { cause: ResetCause::PowerUp });
    history.see(Observation::BoardDown { part: Part::Esp, loss: BoardLoss::ResetLine });
    history.wait_ms(1_500).see(Observation::BoardUp { part: Part::Esp });
    history.see(Observation::Link { end: Part::Host, up: true });
    history.see(Observation::FrameToHost(b"hello")).told(Event::EspReady { resumed: false });
    history.see(Observation::FrameToHost(b"alive"));
    history
}

fn reset(cause: ResetCause) -> Observation<'static> {
    Observation::ResetLine { cause }
}

#[test]
fn a_dead_command_task_is_reset_after_the_timeout() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspCommandTaskDies).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).wait_ms(2_000).see(Observation::FrameToHost(b"hello"));
    history.passes();
}

#[test]
fn a_reset_too_early_is_caught() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(9_900).see(reset(ResetCause::Watchdog));
    history.breaks(P8, "ms of polled silence");
}

#[test]
fn a_reset_too_late_is_caught() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(10_300).see(reset(ResetCause::Watchdog));
    history.breaks(P8, "no reset after");
}

#[test]
fn silence_that_is_never_answered_is_caught() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(60_000).see(Observation::Holds(false));
    history.breaks(P8, "no reset after");
}

#[test]
fn a_board_that_stays_silent_after_a_reset_is_reset_again() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspSlowBoot).begin(1, FaultKind::EspHang).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).wait_ms(10_000);
    history.see(reset(ResetCause::StartUpOverdue)).wait_ms(10_000);
    history.see(reset(ResetCause::StartUpOverdue)).passes();
    history.wait_ms(11_000).see(Observation::Holds(false)).breaks(P8, "no reset after");
}

#[test]
fn a_start_up_that_is_cut_short_is_caught() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).wait_ms(5_000).see(reset(ResetCause::StartUpOverdue));
    history.breaks(P8, "StartUpOverdue");
}

#[test]
fn time_in_which_the_host_did_not_poll_does_not_count() {
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(4_970).begin(1, FaultKind::HostBusy);
    history.wait_ms(30_000).end(1).wait_ms(4_990).see(reset(ResetCause::Watchdog));
    history.passes();

    // it cannot know exactly when it was busy
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(4_970).begin(1, FaultKind::HostBusy);
    history.wait_ms(30_000).end(1).wait_ms(8_000).see(reset(ResetCause::Watchdog)).passes();

    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).wait_ms(4_970).begin(1, FaultKind::HostBusy);
    history.wait_ms(30_000).end(1).see(reset(ResetCause::Watchdog));
    history.breaks(P8, "reset (Watchdog)");
}

#[test]
fn the_hosts_own_clock_counts() {
    // 1 % fast: the host's ten seconds are 9.901 s of true time
    let mut history = running(10_000);
    history.begin(0, FaultKind::EspHang).wait_ms(9_890).see(reset(ResetCause::Watchdog));
    history.passes();

    let mut history = running(-10_000);
    history.begin(0, FaultKind::EspHang).wait_ms(9_980).see(reset(ResetCause::Watchdog));
    history.breaks(P8, "ms of polled silence");
}

#[test]
fn a_reset_while_nothing_is_wrong_is_caught() {
    let mut history = running(0);
    history.begin(0, FaultKind::WifiOutage).wait_ms(9_980).see(reset(ResetCause::Watchdog));
    history.breaks(P8, "nothing was wrong with ESP8266 and wires");
    let mut history = running(0);
    history.see(reset(ResetCause::Garbage)).breaks(P8, "nothing was wrong");
}

#[test]
fn word_that_left_before_a_board_fell_silent_does_not_make_it_well() {
    let ready = Event::EspReady { resumed: true };
    let mut history = running(0);
    history.begin(0, FaultKind::EspCommandTaskDies).see(Observation::FaultBit { index: 0 });
    history.see(Observation::FrameToHost(b"ready")).told(ready).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).passes();

    let restarted = Observation::BoardUp { part: Part::Esp };
    history.begin(1, FaultKind::WifiOutage).see(restarted);
    history.see(Observation::FrameToHost(b"ready")).told(ready).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).breaks(P8, "although nothing was wrong");
}

#[test]
fn a_board_that_hung_and_was_reset_is_well_again() {
    let lost = |loss| Observation::BoardDown { part: Part::Esp, loss };
    let mut history = running(0);
    history.begin(0, FaultKind::EspHang).see(lost(BoardLoss::Crash));
    history.see(Observation::FaultBit { index: 0 }).end(0).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).begin(1, FaultKind::WifiOutage).wait_ms(1_500);
    history.see(Observation::BoardUp { part: Part::Esp }).see(Observation::FrameToHost(b"hello"));
    history.told(Event::EspReady { resumed: false }).wait_ms(9_980);
    history.see(reset(ResetCause::Watchdog)).breaks(P8, "although nothing was wrong");
}

#[test]
fn a_client_without_a_bridge_has_no_watchdog() {
    let mut history = History::of(setup());
    history.connect(false).idle_s(60);
    history.passes();
    assert_eq!(history.oracle.checked()[P8.index()], 0);
}
