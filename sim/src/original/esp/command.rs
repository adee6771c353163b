//! Start-up and commands: one record after the other, each to its end.

use fivewire_core::client::Action;

use super::client::{Client, Settings, Will};
use super::{OriginalEsp, Output, Task};
use crate::original::SEP;

/// Seconds that the stored network gets.
const DEFAULT_NETWORK_POLLS: u32 = 16;

/// An exception in the command task: nobody catches it.
struct Raised;

impl OriginalEsp {
    pub(super) fn run_command_task(&mut self) {
        match self.task {
            Task::AwaitingInit | Task::AwaitingPermission | Task::Running => self.poll_records(),
            Task::DefaultNetwork { polls_left, at } if at <= self.now => {
                if self.wifi {
                    self.settle();
                } else if polls_left == 0 {
                    self.ask_permission();
                } else {
                    let at = at.plus_ms(1_000);
                    self.task = Task::DefaultNetwork { polls_left: polls_left - 1, at };
                }
            }
            Task::SpecifiedNetwork { at } if at <= self.now => {
                if self.wifi {
                    self.settle();
                } else {
                    self.task = Task::SpecifiedNetwork { at: at.plus_ms(1_000) };
                }
            }
            Task::Settling { until } if until <= self.now => self.connect(),
            _ => {}
        }
    }

    fn poll_records(&mut self) {
        if self.poll_at > self.now {
            return;
        }
        let period_ms = if self.task == Task::Running { 20 } else { 100 };
        self.poll_at = self.now.plus_ms(period_ms);
        let Some(record) = self.engine.received.pop_front() else { return };
        let fields: Vec<&str> = record.split(SEP).collect();
        let result = match self.task {
            Task::AwaitingInit => self.prepare(&record, &fields),
            Task::AwaitingPermission => {
                self.join_specified();
                Ok(())
            }
            _ => self.command(&record, &fields),
        };
        if result.is_err() {
            self.task = Task::Dead;
        }
    }

    fn prepare(&mut self, record: &str, fields: &[&str]) -> Result<(), Raised> {
        match fields[0] {
            "w" => {
                self.will = Some(Will {
                    topic: text(fields, 1)?,
                    payload: text(fields, 2)?,
                    // `bool(text)`: true for `False`, too (D-02).
                    retain: !text(fields, 3)?.is_empty(),
                    qos: number(fields, 4)?,
                });
                self.say_status(7);
            }
            "init" => {
                self.init = fields.iter().map(ToString::to_string).collect();
                if number::<u32>(fields, 7)? != 0 {
                    self.say_status(2);
                    let polls_left = DEFAULT_NETWORK_POLLS;
                    self.task = Task::DefaultNetwork { polls_left, at: self.now };
                } else {
                    self.ask_permission();
                }
            }
            _ => self.say(&["t", "6", "Expected init, got: ", record]),
        }
        Ok(())
    }

    /// The chip may have joined its stored network by itself (D-29).
    fn ask_permission(&mut self) {
        if self.wifi {
            self.settle();
            return;
        }
        self.say_status(3);
        self.task = Task::AwaitingPermission;
        self.poll_at = self.now;
    }

    fn join_specified(&mut self) {
        self.outputs.push_back(Output::Net(Action::JoinWifi));
        self.task = Task::SpecifiedNetwork { at: self.now.plus_ms(1_000) };
    }

    fn settle(&mut self) {
        self.task = Task::Settling { until: self.now.plus_ms(5_000) };
    }

    fn connect(&mut self) {
        self.say_status(1);
        let fields: Vec<&str> = self.init.iter().map(String::as_str).collect();
        match settings(&fields, &self.config.client_id, self.will.take()) {
            Ok(settings) => {
                self.client = Some(Client::connect(self.now, settings));
                self.task = Task::Connecting;
            }
            Err(Raised) => self.task = Task::Dead,
        }
    }

    fn command(&mut self, record: &str, fields: &[&str]) -> Result<(), Raised> {
        let time_s = self.config.time_s;
        let Some(client) = self.client.as_mut() else { return Ok(()) };
        match fields[0] {
            "p" => {
                // `bool(s[3])` of a text: retained unless it is empty (D-01).
                let retain = !text(fields, 3)?.is_empty();
                let qos: u8 = number(fields, 4)?;
                client.publish(text(fields, 1)?, text(fields, 2)?, retain, qos);
                self.task = Task::Busy;
            }
            "s" => {
                // A separator in the topic makes this no number: the task dies (D-18).
                let qos: u8 = number(fields, 2)?;
                client.subscribe(text(fields, 1)?, qos);
                self.task = Task::Busy;
            }
            "i" => self.say(&["i", &time_s.to_string()]),
            "m" => self.say(&["m", "21000", "15000"]),
            _ => self.say(&["t", "6", "Unknown command:", record]),
        }
        Ok(())
    }
}

/// What `init` says of the client. `clean_init` is never told: it stays true (D-14).
fn settings(fields: &[&str], client_id: &str, will: Option<Will>) -> Result<Settings, Raised> {
    Ok(Settings {
        client_id: client_id.to_owned(),
        user: text(fields, 4)?,
        password: text(fields, 5)?,
        keepalive_s: number(fields, 11)?,
        clean: number::<u32>(fields, 13)? != 0,
        max_repubs: number(fields, 14)?,
        response_s: number(fields, 15)?,
        ping_interval_s: number(fields, 16)?,
        will,
    })
}

/// IndexError.
fn text(fields: &[&str], at: usize) -> Result<String, Raised> {
    fields.get(at).map(ToString::to_string).ok_or(Raised)
}

/// IndexError or ValueError.
fn number<T: std::str::FromStr>(fields: &[&str], at: usize) -> Result<T, Raised> {
    fields.get(at).and_then(|text| text.parse().ok()).ok_or(Raised)
}
