//! The driver: start-up dialogue, running loop, the publication lock.

use fivewire_core::time::Instant;

use super::link::Link;
use super::{Config, Event, Publication, Subscriptions, Waiting};
use crate::original::{Generation, SEP, join};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// The link is not there yet.
    AwaitingLink,
    AwaitingWillOk,
    Starting,
    Running,
    /// An exception ended the supervising task: nothing is read any more, and nothing reset (D-06).
    Dead,
}

/// What a status means to the driver.
enum Verdict {
    GoOn,
    Restart,
}

#[derive(Debug)]
pub(super) struct Driver {
    config: Config,
    stage: Stage,
    read_at: Instant,
    pub(super) running: bool,
    pub(super) wifi: bool,
    first_run: bool,
    /// Calls of `publish` that wait until the driver is ready.
    unready: Waiting<Publication>,
    /// Those that wait for the lock. They do not look again whether the driver is ready (D-03).
    queued: Waiting<Publication>,
    holder: Option<Publication>,
    subscriptions: Subscriptions,
    /// Calls of `subscribe` and `command` that wait until the driver is ready (D-25).
    records: Waiting<String>,
    pub(super) events: Waiting<Event>,
}

impl Driver {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            stage: Stage::AwaitingLink,
            read_at: Instant::ZERO,
            running: false,
            wifi: false,
            first_run: true,
            unready: Waiting::new(),
            queued: Waiting::new(),
            holder: None,
            subscriptions: Subscriptions::new(),
            records: Waiting::new(),
            events: Waiting::new(),
        }
    }

    pub(super) fn publish(&mut self, publication: Publication) {
        self.unready.push_back(publication);
    }

    pub(super) fn subscribe(&mut self, topic: &str, qos: u8) {
        self.subscriptions.insert(topic.to_owned(), qos);
        self.records.push_back(join(&["s", topic, &qos.to_string()]));
    }

    pub(super) fn command(&mut self, record: &str) {
        self.records.push_back(record.to_owned());
    }

    pub(super) fn next_at(&self) -> Option<Instant> {
        let reads = !matches!(self.stage, Stage::AwaitingLink | Stage::Dead);
        reads.then_some(self.read_at)
    }

    pub(super) fn run(&mut self, now: Instant, link: &mut Link) {
        self.run_callers(link);
        match self.stage {
            Stage::Dead => {}
            Stage::AwaitingLink if link.has_user_task() => self.begin(now, link),
            Stage::AwaitingLink => {}
            _ if self.read_at <= now => self.read(now, link),
            _ => {}
        }
    }

    /// The tasks of the application that called.
    fn run_callers(&mut self, link: &mut Link) {
        if self.running && self.wifi {
            self.queued.append(&mut self.unready);
            for record in self.records.drain(..) {
                link.send(&record);
            }
        }
        if self.holder.is_none()
            && let Some(next) = self.queued.pop_front()
        {
            link.send(&next.record);
            self.holder = Some(next);
        }
    }

    fn release_publisher(&mut self) {
        if let Some(done) = self.holder.take() {
            self.events.push_back(Event::Published(done.id));
        }
    }

    /// The link is there. Whoever waits for status 4 is let go as if it had come (D-03), and the
    /// next one's record is sent before all others.
    fn begin(&mut self, now: Instant, link: &mut Link) {
        self.release_publisher();
        self.run_callers(link);
        self.running = false;
        self.read_at = now;
        match self.config.will.clone() {
            Some((topic, payload, retain, qos)) => {
                let flag = if retain { "True" } else { "False" };
                link.send(&join(&["w", &topic, &payload, flag, &qos.to_string()]));
                self.stage = Stage::AwaitingWillOk;
            }
            None => self.send_init(link),
        }
    }

    fn send_init(&mut self, link: &mut Link) {
        let config = &self.config;
        let flag = |flag: bool| if flag { "1" } else { "0" };
        let keepalive = config.keepalive_s.to_string();
        let mut fields = vec!["init", &config.ssid, &config.password, &config.broker];
        fields.extend(["", "", "{}", flag(config.use_default_net), "0", "0", "1"]);
        fields.extend([&keepalive, "0", flag(config.clean_session), "4", "10", "0"]);
        if config.generation == Generation::V01 {
            fields.push("pool.ntp.org");
        }
        link.send(&join(&fields));
        self.stage = Stage::Starting;
    }

    /// The link is restarted; `stage` says what the driver was at.
    fn restart(&mut self, now: Instant, link: &mut Link) {
        self.running = false;
        self.stage = Stage::AwaitingLink;
        link.restart(now);
    }

    fn read(&mut self, now: Instant, link: &mut Link) {
        let starting = self.stage != Stage::Running;
        self.read_at = now.plus_ms(if starting { 10 } else { 30 });
        if !link.is_running() {
            self.events.push_back(Event::Status(if starting { 11 } else { 12 }));
            self.restart(now, link);
            return;
        }
        let Some(record) = link.receive() else { return };
        let fields: Vec<&str> = record.split(SEP).collect();
        let verdict = match fields[0] {
            "t" => self.take_status(fields.get(1).copied(), link),
            _ if starting => Verdict::GoOn,
            "u" => self.take_message(&fields),
            "m" => {
                self.events.push_back(Event::Memory);
                Verdict::GoOn
            }
            "i" => Verdict::GoOn,
            _ => {
                self.events.push_back(Event::Status(6));
                Verdict::Restart
            }
        };
        if let Verdict::Restart = verdict {
            self.restart(now, link);
        }
    }

    fn take_status(&mut self, number: Option<&str>, link: &mut Link) -> Verdict {
        let number = number.and_then(|number| number.parse().ok()).unwrap_or(6);
        let starting = self.stage != Stage::Running;
        match number {
            4 => self.release_publisher(),
            9 => self.wifi = true,
            10 => self.wifi = false,
            _ => {}
        }
        self.events.push_back(Event::Status(number));
        match number {
            6 | 8 => return Verdict::Restart,
            10 if starting => return Verdict::Restart,
            3 => {
                if !(self.config.always_allows || std::mem::take(&mut self.first_run)) {
                    return Verdict::Restart;
                }
                link.send("1");
            }
            _ => {}
        }
        if self.stage == Stage::AwaitingWillOk {
            self.send_init(link);
        } else if starting && number == 5 {
            self.stage = Stage::Running;
            self.running = true;
            for (topic, qos) in &self.subscriptions {
                link.send(&join(&["s", topic, &qos.to_string()]));
            }
        }
        Verdict::GoOn
    }

    /// The callback is found by the literal topic (D-12), and called with all fields: with one too
    /// many, that raises (D-06, D-16).
    fn take_message(&mut self, fields: &[&str]) -> Verdict {
        let topic = fields.get(1).copied().unwrap_or_default();
        if !self.subscriptions.contains_key(topic) {
            return Verdict::GoOn;
        }
        let wanted = match self.config.generation {
            Generation::V022 => 3,
            Generation::V01 => 4,
        };
        if fields.len() == wanted {
            let retained = fields.get(3).map(ToString::to_string);
            let (topic, payload) = (topic.to_owned(), fields[2].to_owned());
            self.events.push_back(Event::Message { topic, payload, retained });
        } else {
            self.events.push_back(Event::Died);
            self.stage = Stage::Dead;
        }
        Verdict::GoOn
    }
}
