//! What time it is, asked of a server over the bridge.

use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_core::sntp::{Config, Epoch, Input, Output, Resync, Timekeeper};
use fivewire_core::time::{Instant, Wait};
use fivewire_scenarios::{mins, secs};
use fivewire_sim::app::{Application, Commands};
use fivewire_sim::fault::{FaultKind, Memory};
use fivewire_sim::harness::Sim;
use fivewire_sim::world::TimeServer;

/// 28 November 2026, 23:30:00 UTC.
const START_S: u64 = 1_795_908_600;
const NEARBY: TimeServer =
    TimeServer { start_unix_s: START_S, delay_min_ms: 5, delay_max_ms: 40, loss_percent: 0 };
const HOURLY: Config = Config {
    resync: Resync::Every { interval_s: 3_600 },
    response_timeout_ms: 5_000,
    retry_ms: 60_000,
    offset_min: 60,
};

/// An application that wants to know the time, and nothing else.
struct Clock {
    keeper: Timekeeper,
    question: Option<u64>,
    wake: Option<Instant>,
    synchronised: usize,
    error_ms: u32,
}

impl Clock {
    fn drain(&mut self) {
        self.wake = loop {
            match self.keeper.poll() {
                Output::Ask { cookie } => self.question = Some(cookie),
                Output::Synchronised { error_ms } => {
                    self.synchronised += 1;
                    self.error_ms = error_ms;
                }
                Output::Wait(Wait::Until(at, _)) => break Some(at),
                Output::Wait(Wait::ForInput) => break None,
            }
        };
    }
}

impl Application for Clock {
    fn started(&mut self, now: Instant) {
        self.keeper.start(now);
        self.drain();
    }

    fn told(&mut self, now: Instant, event: &Event<'_>) {
        match *event {
            Event::TimeTold { cookie, stamp } => {
                self.keeper.handle(now, Input::Answer { cookie, stamp });
            }
            Event::Wifi(true) => self.keeper.handle(now, Input::Ready),
            _ => return,
        }
        self.drain();
    }

    fn next_action(&self) -> Option<Instant> {
        self.question.map(|_| Instant::ZERO).or(self.wake)
    }

    fn act(&mut self, commands: &mut Commands<'_>) {
        self.keeper.handle(commands.now(), Input::Timeout);
        self.drain();
        if let Some(cookie) = self.question.take() {
            commands.ask_time(cookie);
        }
    }
}

fn clock(seed: u64, config: Config, server: Option<TimeServer>) -> Sim<Clock> {
    let keeper = Timekeeper::new(&config, seed).unwrap();
    let clock = Clock { keeper, question: None, wake: None, synchronised: 0, error_ms: 0 };
    let mut sim = Sim::with_application(Sim::bridge(seed).world().schedule().clone(), clock);
    sim.time_server(server);
    sim
}

/// How far the clock is from the time that the server has, in milliseconds.
fn off_ms(sim: &Sim<Clock>, start_s: u64) -> u64 {
    let now = sim.world().now();
    let known_us = sim.world().application().keeper.unix_us(now).unwrap();
    known_us.abs_diff(start_s * 1_000_000 + now.as_micros()) / 1_000
}

#[test]
fn the_time_is_asked_for_once_and_known_from_then_on() {
    let config = Config { resync: Resync::Once, ..HOURLY };
    let mut sim = clock(1, config, Some(NEARBY));
    assert!(!sim.world().application().keeper.is_synchronised());
    sim.run_for(mins(24 * 60));
    assert!(sim.world().application().keeper.is_synchronised());
    assert_eq!(sim.world().time_questions(), 1);
    assert!(off_ms(&sim, START_S) <= u64::from(sim.world().application().error_ms) + 1);
}

#[test]
fn the_time_is_asked_for_again_after_each_interval() {
    let mut sim = clock(2, HOURLY, Some(NEARBY));
    sim.run_for(mins(24 * 60));
    assert_eq!(sim.world().time_questions(), 24);
    assert_eq!(sim.world().application().synchronised, 24);
    assert!(off_ms(&sim, START_S) <= u64::from(sim.world().application().error_ms) + 1);
}

#[test]
fn both_epochs_and_the_local_date_are_right() {
    let mut sim = clock(3, HOURLY, Some(NEARBY));
    sim.run_for(mins(29));
    let (now, keeper) = (sim.world().now(), &sim.world().application().keeper);
    let since_1970 = keeper.seconds(now, Epoch::Y1970).unwrap();
    let since_2000 = keeper.seconds(now, Epoch::Y2000).unwrap();
    assert_eq!(since_1970 - since_2000, 946_684_800);
    assert!(since_1970.abs_diff(START_S + 29 * 60) <= 1);
    let date = keeper.local_date(now).unwrap();
    assert_eq!(
        (date.month, date.day, date.hour),
        (11, 29, 0),
        "an hour east it is tomorrow (D-35d)"
    );
}

#[test]
fn the_clock_goes_on_when_the_seconds_come_round_in_2036() {
    let before_s = 2_085_978_496 - 1_800;
    let mut sim = clock(4, HOURLY, Some(TimeServer { start_unix_s: before_s, ..NEARBY }));
    for _ in 0..3 {
        sim.run_for(mins(60));
        assert!(off_ms(&sim, before_s) <= 100);
    }
}

#[test]
fn d23_an_answer_that_is_late_is_not_taken_for_fresh() {
    let slow = TimeServer { delay_min_ms: 3_000, delay_max_ms: 90_000, ..NEARBY };
    let mut sim = clock(5, HOURLY, Some(slow));
    sim.run_for(mins(60));
    assert!(
        sim.world().time_questions() > 30,
        "it is asked again, but not more than once a minute"
    );
    assert!(!sim.world().application().keeper.is_synchronised(), "what came was minutes old");
    sim.time_server(Some(NEARBY));
    sim.run_for(mins(3));
    assert!(off_ms(&sim, START_S) < 3_700_000);
}

#[test]
fn lost_datagrams_cost_a_question_more() {
    let lossy = TimeServer { loss_percent: 40, ..NEARBY };
    let mut sim = clock(6, HOURLY, Some(lossy));
    sim.run_for(mins(24 * 60));
    let synchronised = sim.world().application().synchronised as u64;
    assert!(sim.world().time_questions() > synchronised && synchronised > 20);
    assert!(off_ms(&sim, START_S) <= 100);
}

#[test]
fn d24_a_server_that_is_not_there_costs_no_reset_and_no_message() {
    let mut sim = clock(7, HOURLY, None);
    sim.run_until_connected();
    for _ in 0..20 {
        let opened = sim.publish("door/open", b"1", QoS::AtLeastOnce);
        sim.run_for(secs(90));
        sim.assert_acked(opened);
    }
    assert_eq!(sim.counters().esp_resets, 1, "at power-up only");
}

#[test]
fn d24_a_server_in_the_own_network_is_enough_where_there_is_no_broker() {
    let mut sim = clock(8, HOURLY, Some(NEARBY));
    sim.at_for(0, mins(10), FaultKind::BrokerCrash { memory: Memory::Kept });
    sim.run_for(mins(3));
    assert!(sim.world().application().keeper.is_synchronised());
    assert!(off_ms(&sim, START_S) <= 100);
}

#[test]
fn a_crash_between_question_and_answer_costs_a_question_more() {
    let far = TimeServer { delay_min_ms: 1_500, delay_max_ms: 1_500, ..NEARBY };
    let mut sim = clock(9, HOURLY, Some(far));
    sim.run_until(secs(60), |sim| sim.world().time_questions() == 1);
    sim.at(secs(1), FaultKind::EspCrash);
    sim.run_for(mins(2));
    assert_eq!(sim.world().time_questions(), 2);
    assert!(off_ms(&sim, START_S) <= 1_600);
}
