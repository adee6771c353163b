use fivewire_core::bridge::notice::Notice;
use fivewire_core::bridge::status::Status;
use fivewire_core::event::{Event, ResetCause};
use fivewire_sim::observation::Observation;
use fivewire_sim::oracle::Promise::P7;

use crate::history::{History, setup};

const WATCHDOG: Event<'static> = Event::EspReset { cause: ResetCause::Watchdog };

fn handled(
    event: Event<'static>,
    notices: &[Notice],
    statuses: [Option<Status>; 2],
) -> Observation<'static> {
    let notice = |index: usize| notices.get(index).copied();
    Observation::Handled { event, notices: [notice(0), notice(1), notice(2)], statuses }
}

/// The ESP8266 has its settings and a network.
fn running() -> History {
    let mut history = History::of(setup());
    history.see(handled(
        Event::EspReady { resumed: false },
        &[Notice::Started],
        [None, Some(Status::Running)],
    ));
    history.see(handled(Event::Wifi(true), &[Notice::Wifi(true)], [None, Some(Status::WifiUp)]));
    history
}

#[test]
fn a_crash_takes_the_network_away_and_is_shown_as_such() {
    let mut history = running();
    let crashed = [Notice::Crashed(ResetCause::Watchdog), Notice::Wifi(false)];
    history.see(handled(WATCHDOG, &crashed, [None, Some(Status::NoNet)])).passes();
}

#[test]
fn a_handler_that_is_not_called_or_called_for_nothing_is_caught() {
    let mut history = running();
    let crashed = [Notice::Crashed(ResetCause::Watchdog)];
    history.see(handled(WATCHDOG, &crashed, [None, Some(Status::NoNet)]));
    history.breaks(P7, "handlers are called for");
    let mut history = running();
    history.see(handled(Event::Wifi(true), &[Notice::Wifi(true)], [None, Some(Status::WifiUp)]));
    history.breaks(P7, "handlers are called for");
}

#[test]
fn another_number_on_a_display_is_caught() {
    let mut history = running();
    history.see(handled(Event::Wifi(true), &[], [None, Some(Status::WifiDown)]));
    history.breaks(P7, "a display shows");
}
