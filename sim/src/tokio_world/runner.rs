//! Runs a schedule to its end, shows everybody what happened, and judges what only this engine sees.

use fivewire_core::client::State;
use fivewire_core::time::Instant;
use fivewire_tokio::planted::Planted;

use super::answers::Answers;
use super::claims::Claims;
use super::device::Holdings;
use super::director::Director;
use super::draw::{Unfit, fits};
use super::plain::Identity;
use super::seen::{Seen, Stage as Way};
use crate::observation::{Observation, Observer};
use crate::oracle::{Breach, Promise, settle_bound_ms};
use crate::run::{Report, Watch, situations};
use crate::schedule::Schedule;
use crate::trace::Blind;
use crate::world::{DEVICE_ID, Messages, SETTLE_LIMIT_MS, WITNESS_ID};

/// It must stay settled this long, in milliseconds, as in the event world.
const QUIET_MS: u32 = 5_000;
/// A shutdown takes at most the default `response_timeout_ms` and a second, and the way there and back.
const GOODBYE_MS: u32 = 7_500;

/// What the oracle does not judge in this engine, and why.
pub const NOT_JUDGED: &[(Promise, &str)] = &[
    (Promise::P8, "there is no ESP8266 to watch over"),
    (
        Promise::P9,
        "that no backlog resets a board: there is no board; what the client owes under pressure is judged",
    ),
    (
        Promise::P5,
        "that a message is told before its acknowledgement is written, with release at hand-out: the \
         queue that owns it is inside the adapter; that it comes out of it is judged instead",
    ),
    (
        Promise::P7,
        "that what the broker said is told with MQTT 5: the adapter tells it in its errors and by a channel of its own",
    ),
    (
        Promise::P3,
        "that DUP is unset without a lost link: there is no link; lost connections are judged",
    ),
];

/// Runs `schedule` to its end, or to the first breach. `extra` watches too.
///
/// # Errors
/// It does not [fit](super::fits): it has a bridge or a habit that only an application with a bridge has.
pub fn run<O: Observer + ?Sized>(schedule: &Schedule, extra: &mut O) -> Result<Report, Unfit> {
    run_planted(schedule, Planted::NONE, extra)
}

/// The same with a bug in the adapter, for those that are built with bugs.
///
/// # Errors
/// It does not [fit](super::fits): it has a bridge or a habit that only an application with a bridge has.
pub fn run_planted<O: Observer + ?Sized>(
    schedule: &Schedule,
    planted: Planted,
    extra: &mut O,
) -> Result<Report, Unfit> {
    fits(schedule)?;
    let mut run = Run::new(schedule, planted, extra);
    run.play(schedule);
    Ok(run.report(schedule))
}

/// Runs `schedule`, and returns what the adapter's core was told and said, for
/// [`replay`](crate::replay::replay). Each life of the device is a beginning in it.
///
/// # Errors
/// It does not [fit](super::fits): it has a bridge or a habit that only an application with a bridge has.
pub fn record(schedule: &Schedule) -> Result<Vec<u8>, Unfit> {
    fits(schedule)?;
    let mut blind = Blind;
    let mut run = Run::new(schedule, Planted::NONE, &mut blind);
    run.director.stage.lock().device.recordings.are_wanted = true;
    run.play(schedule);
    let stage = run.director.stage.clone();
    // whatever still runs writes what it has left
    drop(run);
    let recording = stage.lock().device.recordings.bytes();
    Ok(recording)
}

struct Run<'a, O: ?Sized> {
    director: Director<'a>,
    watch: Watch<'a, O>,
    claims: Claims,
    answers: Answers,
    state: State,
    /// What only this engine can see.
    breach: Option<Breach>,
    /// Messages that the witness and somebody else heard.
    heard_by_both: usize,
    events: u64,
}

impl<'a, O: Observer + ?Sized> Run<'a, O> {
    fn new(schedule: &Schedule, planted: Planted, extra: &'a mut O) -> Self {
        let mut watch = Watch::new(schedule, extra);
        watch.oracle.ignore_what_the_broker_said();
        Self {
            director: Director::new(schedule, planted),
            watch,
            claims: Claims::new(schedule.setup.release_after_ms.is_some()),
            answers: Answers::default(),
            state: State::Idle,
            breach: None,
            heard_by_both: 0,
            events: 0,
        }
    }

    fn play(&mut self, schedule: &Schedule) {
        self.settle(schedule);
        if self.breach().is_none() {
            self.say_goodbye(schedule);
        }
    }

    /// Runs until everything has healed and come to rest, and has been judged.
    fn settle(&mut self, schedule: &Schedule) {
        let limit_ms = settle_bound_ms(schedule).max(SETTLE_LIMIT_MS);
        let mut quiet_since: Option<Instant> = None;
        while self.breach().is_none() {
            self.step();
            let Some(healed_at) = self.director.healed_at else { continue };
            let now = self.director.now();
            let is_over = now >= healed_at.plus_ms(limit_ms);
            if !self.is_settled() && !is_over {
                quiet_since = None;
                continue;
            }
            let since = *quiet_since.get_or_insert(now);
            if is_over || now >= since.plus_ms(QUIET_MS) {
                let unfetched = self.claims.unfetched();
                self.require(Promise::P5, unfetched.is_none(), || {
                    format!(
                        "a message of {} was acknowledged and never came out of its subscription",
                        unfetched.unwrap_or_default()
                    )
                });
                self.compare_hearings();
                self.see(now, &Observation::Finished);
                return;
            }
        }
    }

    /// All who hear the device through the broker have heard the same.
    fn compare_hearings(&mut self) {
        let parts = self.director.stage.clone();
        let parts = parts.lock();
        for listener in &parts.listeners {
            let Identity { client_id, filter, .. } = listener.identity;
            let of_witness = &parts.witness.hearing;
            let given = &parts.server.given;
            match listener.hearing.agrees_with(of_witness, given, filter, listener.stays()) {
                Ok(common) => self.heard_by_both += common,
                Err(error) => self.require(Promise::P1, false, || format!("{client_id}: {error}")),
            }
        }
    }

    /// Shuts the client down: nobody is told a will, and nothing is left of it.
    fn say_goodbye(&mut self, schedule: &Schedule) {
        self.director.shut_down();
        let asked_at = self.director.now();
        let give_up_at = asked_at.plus_ms(GOODBYE_MS + 10 * schedule.setup.latency_max_ms);
        let mut remains = None;
        while self.breach().is_none() && self.director.now() < give_up_at {
            self.step();
            let parts = self.director.stage.lock();
            remains = parts.device.remains;
            if remains.is_some() && parts.server.sockets_of_device() == 0 {
                break;
            }
        }
        if self.breach().is_some() {
            return;
        }
        let heard = self.director.stage.lock().server.heard_goodbye;
        self.require(Promise::P10, heard, || {
            "the client was shut down on a healthy connection, and no DISCONNECT arrived".into()
        });
        self.require(Promise::P6, remains.is_some(), || {
            "the shutdown did not end in its time".into()
        });
    }

    fn step(&mut self) {
        let now = self.director.now();
        self.director.step();
        let seen = std::mem::take(&mut self.director.stage.lock().seen);
        for seen in &seen {
            self.show(now, seen);
        }
        let (state, attempts, most, remains) = {
            let parts = self.director.stage.lock();
            let client = parts.device.client.as_ref();
            let state = client.map_or(State::Idle, |client| client.status().state);
            (state, parts.lines.attempts, parts.device.most, parts.device.remains)
        };
        if state != self.state {
            self.state = state;
            self.see(now, &Observation::ClientState(state));
        }
        self.require(Promise::P7, attempts <= 1, || {
            format!(
                "{attempts} attempts to connect are alive at once: one was given up and not dropped"
            )
        });
        let Holdings { tasks, sockets } = most;
        self.require(Promise::P7, tasks <= 1, || format!("the client has {tasks} tasks, not one"));
        self.require(Promise::P7, sockets <= 1, || {
            format!("the client has {sockets} sockets, not one")
        });
        if let Some(Holdings { tasks, sockets }) = remains {
            self.require(Promise::P7, tasks == 0, || format!("{tasks} tasks outlive the client"));
            self.require(Promise::P7, sockets == 0, || {
                format!("{sockets} sockets outlive the client")
            });
        }
    }

    fn show(&mut self, now: Instant, seen: &Seen) {
        self.answers.look(seen);
        let (told, was_told) = self.claims.look(seen);
        if let Some(broken) = self.claims.take_broken() {
            self.require(Promise::P5, false, || broken);
        }
        for message in told {
            let way = Way::Told { delivery: None, dup: false };
            self.show_it(now, &Seen::Message(way, message));
        }
        if !was_told {
            self.show_it(now, seen);
        }
    }

    fn show_it(&mut self, now: Instant, seen: &Seen) {
        seen.show(|observation| self.see(now, observation));
    }

    fn see(&mut self, now: Instant, observation: &Observation<'_>) {
        self.events += 1;
        self.watch.observe(now, observation);
    }

    fn is_settled(&self) -> bool {
        let parts = self.director.stage.lock();
        let is_drained = |client_id| parts.server.is_drained(client_id);
        // a broker that has started anew knows nothing of a connection that is half open at the device
        let is_quiet = parts.server.device_key().is_some()
            && is_drained(DEVICE_ID)
            && is_drained(WITNESS_ID)
            && parts.witness.is_idle();
        let mut stay = parts.listeners.iter().filter(|listener| listener.stays());
        let all_heard = stay.all(|one| is_drained(one.identity.client_id) && one.plain.is_idle());
        all_heard && parts.device.is_settled() && self.answers.are_complete() && is_quiet
    }

    fn require(&mut self, promise: Promise, holds: bool, detail: impl FnOnce() -> String) {
        if !holds && self.breach.is_none() {
            self.breach = Some(Breach { promise, at: self.director.now(), detail: detail() });
        }
    }

    fn breach(&self) -> Option<&Breach> {
        self.watch.oracle.breach().or(self.breach.as_ref())
    }

    fn report(self, schedule: &Schedule) -> Report {
        let parts = self.director.stage.lock();
        let begun = self.director.begun();
        let fault = |(index, fault): (usize, &crate::fault::Fault)| {
            (fault.kind, u64::from(index < begun), u64::from(parts.faults.has_bitten(index)))
        };
        Report {
            hash: self.watch.hash.value(),
            breach: self.breach().cloned(),
            virtual_us: self.director.now().as_micros(),
            events: self.events,
            messages: Messages {
                published: parts.device.published,
                witnessed: parts.witness.published(),
                told: parts.device.told,
            },
            checked: *self.watch.oracle.checked(),
            faults: schedule.faults.iter().enumerate().map(fault).collect(),
            marks: situations(&self.watch.marks).collect(),
            matrix: self.watch.marks.matrix().clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Limits;
    use crate::tokio_world::default_for;

    #[test]
    fn several_clients_of_the_broker_hear_the_device_and_agree() {
        let mut common = 0;
        for seed in 0..8 {
            let schedule = default_for(seed);
            let mut blind = Blind;
            let mut run = Run::new(&schedule, Planted::NONE, &mut blind);
            run.play(&schedule);
            assert_eq!(run.breach(), None, "seed {seed}");
            // a broker with QoS 0 only refuses publications, one without wildcards most listeners
            let mqtt5 = schedule.setup.mqtt5.as_ref();
            let refuses = |limits: &Limits| limits.qos0_only || limits.no_wildcards;
            let hears = mqtt5.is_none_or(|mqtt5| !refuses(&mqtt5.limits));
            assert!(run.heard_by_both > 0 || !hears, "seed {seed}: {mqtt5:?}");
            common += run.heard_by_both;
        }
        assert!(common > 500, "{common} messages were compared");
    }

    #[test]
    fn a_listener_that_misses_the_first_message_of_its_sessions_is_seen() {
        let mut compared = [0; 2];
        for seed in 0..8 {
            let schedule = default_for(seed);
            let mut blind = Blind;
            let mut run = Run::new(&schedule, Planted::NONE, &mut blind);
            run.play(&schedule);
            let parts = run.director.stage.lock();
            let given = &parts.server.given;
            for (place, listener) in parts.listeners.iter().enumerate() {
                let Identity { filter, .. } = listener.identity;
                let Some(deaf) = listener.hearing.without_first() else { continue };
                let result =
                    deaf.agrees_with(&parts.witness.hearing, given, filter, listener.stays());
                assert!(result.is_err(), "seed {seed}, {}", listener.identity.client_id);
                compared[place] += 1;
            }
        }
        assert!(compared.iter().all(|runs| *runs >= 4), "{compared:?}");
    }
}
