//! Each planted bug is caught within a thousand seeds, by the promise it breaks.

#![allow(missing_docs, reason = "the name of a test is its claim")]

use std::ops::ControlFlow;

use fivewire_core::planted::{Bug, ENABLED};
use fivewire_planted::{Catch, SEEDS, broken, catch, catch_on_wires};
use fivewire_sim::oracle::Promise;
use fivewire_sim::shrink::shrink;

#[track_caller]
fn caught(found: Option<Catch>, bug: Bug, by: &[Promise]) {
    let Some(found) = found else { panic!("{bug:?} was not seen in {SEEDS} seeds") };
    println!("{bug:?}: seed {}, {}", found.seed, found.detail);
    assert!(by.contains(&found.promise), "{bug:?} was seen as {}", found.detail);
}

macro_rules! bugs {
    ($($name:ident: $bug:ident breaks $($promise:ident)or+;)*) => {$(
        #[test]
        fn $name() {
            caught(catch(Bug::$bug), Bug::$bug, &[$(Promise::$promise),+]);
        }
    )*};
}

bugs! {
    dup_that_is_not_set: DupNotSet breaks P3;
    a_fresh_identifier_on_redelivery: FreshIdentifier breaks P3;
    redelivery_on_the_same_connection: ResendOnSameConnection breaks P3;
    a_puback_before_the_host_has_the_message: PubackBeforeHost breaks P5;
    in_flight_called_acked_at_a_crash: InFlightLostAtCrash breaks P1;
    no_resubscription_to_a_lost_session: NoResubscription breaks P4 or P5;
    resubscription_doubled: ResubscribedTwice breaks P3 or P4;
    a_wildcard_matched_letter_by_letter: WildcardLiteral breaks P5 or P6;
    retain_always_set: RetainAlwaysSet breaks P1 or P3;
    a_puback_for_the_wrong_publication: AckMatchesOldest breaks P1 or P3;
    an_acknowledgement_that_stands_for_those_before_it: AnyAckIsProgress breaks P6;
    a_keep_alive_that_is_never_sent: KeepAliveNeverSent breaks P10 or P6;
    an_outbox_that_overflows_in_silence: OverflowSilent breaks P1 or P7;
    an_outbox_that_does_not_say_when_it_has_room: RoomUntold breaks P7;
    a_back_off_without_bound: BackoffUnbounded breaks P6;
    withheld_reading_counted_as_silence: HoldIsSilence breaks P9;
    a_refusal_that_is_not_taken: RefusalRetried breaks P4;
    a_clean_slate_at_each_boot: CleanSlateEachBoot breaks P5;
    a_watchdog_that_looks_at_the_clock_only: WatchdogSeesClockOnly breaks P8 or P6;
    a_silent_esp_that_is_reset_only_once: ResetOnce breaks P6 or P8;
    a_will_in_the_first_connect_only: WillOnFirstConnectOnly breaks P10;
    topics_named_as_to_an_esp_before_its_restart: TopicsKept breaks P1 or P6 or P7;
    new_publications_before_redelivered_ones: NewBeforeRedelivered breaks P1 or P2 or P3;
    a_deadline_that_is_forgotten: DeadlineForgotten breaks P7;
    a_network_that_is_left_too_early: NetworkLeftEarly breaks P6;
    a_host_that_never_stops: NeverStops breaks P7;
    a_time_that_is_told_twice: TimeToldTwice breaks P7;
    a_qos_2_message_that_is_never_completed: PubcompForgotten breaks P5 or P6;
    a_message_too_large_that_nobody_is_told_of: TooLargeUntold breaks P5;
    a_receive_maximum_of_the_broker_that_is_ignored: ReceiveMaximumIgnored breaks P9;
    a_topic_alias_that_is_kept_over_a_reconnect: AliasesKept breaks P1;
    a_message_expiry_interval_that_is_not_decremented: ExpiryNotDecremented breaks P1;
    a_refused_publication_that_is_sent_again_for_ever: PublicationRefusalRetried breaks P3 or P6;
    a_refusal_that_is_forgotten_at_the_esp: RefusalForgotten breaks P1;
    properties_that_are_lost_on_the_way_to_the_application: PropertiesLost breaks P5 or P7;
    a_disconnect_of_no_length_that_is_taken_for_half_a_packet: ZeroLengthDisconnect breaks P12;
}

/// Bugs of the link: seen at its own level, or by what they do to a promise.
macro_rules! link_bugs {
    ($($name:ident: $bug:ident breaks $($promise:ident)or+;)*) => {$(
        #[test]
        fn $name() {
            let found = catch_on_wires(Bug::$bug);
            caught(found, Bug::$bug, &[$(Promise::$promise),+]);
        }
    )*};
}

link_bugs! {
    a_checksum_that_is_ignored: LinkCrcIgnored breaks Link;
    a_sequence_number_that_is_not_looked_at: LinkSequenceUnchecked breaks Link;
    a_greeting_that_is_said_once: LinkHelloOnce breaks Link or P6;
    an_acknowledgement_of_a_damaged_frame: LinkAckWrong breaks Link or P6;
    credit_that_is_ignored: LinkCreditIgnored breaks Link or P6;
    a_payload_that_begins_one_bit_beside: LinkOffsetWrong breaks Link or P6;
    a_phase_that_is_kept_over_a_reset: LinkPhaseKept breaks Link or P6;
}

#[test]
fn a_schedule_that_shows_a_bug_shrinks_to_the_fault_that_matters() {
    let found = catch(Bug::InFlightLostAtCrash).expect("it is caught, as another test shows");
    assert!(found.schedule.faults.len() > 3, "there is something to shrink");
    let judge = |schedule: &_| broken(Bug::InFlightLostAtCrash, schedule);
    let go_on = |_| ControlFlow::Continue(());
    let shrunk = shrink(&found.schedule, 2_000, judge, Promise::eq, go_on).expect("it fails");
    assert_eq!(shrunk.failure, found.promise);
    assert!(shrunk.schedule.faults.len() <= 3, "{:?}", shrunk.schedule.faults);
}

#[test]
fn machines_that_could_have_a_bug_are_sound_without_one() {
    const { assert!(ENABLED) };
    assert!(broken_without_a_bug().is_none());
}

/// The same machines, with nothing planted.
fn broken_without_a_bug() -> Option<Promise> {
    let schedule = fivewire_sim::catalogue::default_for(0).schedule(0);
    fivewire_sim::run::Runner::new(&schedule).run(&schedule).breach.map(|breach| breach.promise)
}
