//! What can be seen of a replay, told as if a world told it.

use fivewire_core::client::{Action, Input, State};
use fivewire_core::error::PublishError;
use fivewire_core::event::Event;
use fivewire_core::mqtt::v5::{Properties, Property};
use fivewire_core::recorder::{Call, Item, LinkInput, Machine, Record, Said, Segment};
use fivewire_core::time::{Instant, Reason, Wait};

use crate::observation::{BoardLoss, ConnectionId, Ending, Observation, Observer, Part};
use crate::oracle::Oracle;

/// A request of the application whose result comes next.
enum Request {
    Publish {
        topic: String,
        payload: Vec<u8>,
        qos: fivewire_core::mqtt::QoS,
        retain: bool,
        deadline: Option<Instant>,
    },
    Subscribe {
        filter: String,
        qos: fivewire_core::mqtt::QoS,
    },
    Unsubscribe {
        filter: String,
    },
    Cancel(u32),
    Release(u32),
}

/// Tells observers what happens in a replay.
pub(super) struct Story<'a> {
    oracle: Oracle,
    /// The story has been told since a client began its life: the oracle knows what there is to know.
    is_whole: bool,
    extra: &'a mut dyn Observer,
    machine: Machine,
    /// A machine was shown, and the segment that begins is not its own.
    had_machine: bool,
    begins: bool,
    now: Instant,
    /// The machine's clock is late by so much, since its board started over.
    late_us: u64,
    connection: ConnectionId,
    is_open: bool,
    state: State,
    /// What was offered to the transport and not taken.
    offered: Vec<u8>,
    /// The same with the link.
    offered_frame: Vec<u8>,
    request: Option<Request>,
    due: Option<Reason>,
}

impl<'a> Story<'a> {
    pub(super) fn new(oracle: Oracle, extra: &'a mut dyn Observer) -> Self {
        Self {
            oracle,
            is_whole: true,
            extra,
            machine: Machine::Client,
            had_machine: false,
            begins: false,
            now: Instant::ZERO,
            late_us: 0,
            connection: ConnectionId(0),
            is_open: false,
            state: State::Idle,
            offered: Vec::new(),
            offered_frame: Vec::new(),
            request: None,
            due: None,
        }
    }

    /// Time goes on, also where a board starts over and its clock with it. How long it was off, nobody recorded.
    pub(super) fn now(&mut self, record: &Record<'_>) -> Instant {
        let now = self.when(record.now);
        if matches!(&record.item, Item::Segment(segment) if !segment.continues) {
            self.late_us += self.now.micros_since(now);
        }
        self.now = self.now.max(self.when(record.now));
        self.now
    }

    /// An instant of the machine's clock.
    const fn when(&self, instant: Instant) -> Instant {
        Instant::from_micros(instant.as_micros().saturating_add(self.late_us))
    }

    /// The end, and the verdict.
    pub(super) fn finish(mut self) -> Oracle {
        self.see(&Observation::Finished);
        self.oracle
    }

    fn see(&mut self, observation: &Observation<'_>) {
        if self.is_whole {
            self.oracle.observe(self.now, observation);
        }
        self.extra.observe(self.now, observation);
    }

    /// Tells what a record says, once the machine agreed to it.
    pub(super) fn tell(&mut self, record: &Record<'_>, state: State, is_new: bool) {
        match record.item {
            Item::Segment(segment) => self.tell_segment(&segment),
            Item::Checkpoint(_) if self.begins => self.begin(state, is_new),
            Item::Call(call) => self.tell_call(&call),
            Item::Said(said) => self.tell_said(&said),
            _ => {}
        }
        if state != self.state {
            self.state = state;
            self.see(&Observation::ClientState(state));
        }
    }

    fn tell_segment(&mut self, segment: &Segment) {
        self.begins = !segment.continues;
        self.machine = segment.machine;
        // The ESP8266's end owes nothing to an application.
        self.is_whole &= segment.machine != Machine::BridgeEsp;
    }

    const fn part(&self) -> Part {
        match self.machine {
            Machine::BridgeEsp => Part::Esp,
            _ => Part::Host,
        }
    }

    /// A machine begins its life, or something is missing before its next state.
    fn begin(&mut self, state: State, is_new: bool) {
        let part = self.part();
        if self.had_machine {
            self.end_connection(Ending::Vanished, Ending::Vanished);
        }
        (self.request, self.due) = (None, None);
        if std::mem::replace(&mut self.had_machine, true) && is_new {
            let loss = BoardLoss::PowerLoss;
            self.see(&Observation::BoardDown { part, loss });
        }
        if is_new {
            self.state = state;
            self.see(&Observation::BoardUp { part });
        } else {
            // The middle of a life can be shown, and not be judged.
            self.is_whole = false;
            self.is_open = self.machine != Machine::BridgeHost;
            self.connection.0 += 1;
        }
    }

    fn tell_call(&mut self, call: &Call<'_>) {
        match *call {
            Call::Start => {}
            Call::Handle(input) => self.tell_input(input),
            Call::Link(input) => self.tell_link(input),
            // The application is told why, or what came of it.
            Call::Reset(_)
            | Call::Probe
            | Call::Unsuited(_)
            | Call::AskMemory
            | Call::AnswerNetwork(_)
            | Call::Datagram(_)
            | Call::Memory { .. } => {}
            Call::AskTime { cookie } => self.see(&Observation::TimeAsked { cookie }),
            Call::Publish { publication, properties } => {
                self.request = Some(Request::Publish {
                    topic: publication.topic.to_owned(),
                    payload: publication.payload.to_owned(),
                    qos: publication.qos,
                    retain: publication.retain,
                    deadline: soonest(
                        publication.deadline.map(|deadline| self.when(deadline)),
                        properties,
                        self.now,
                    ),
                });
            }
            Call::Subscribe { filter, qos } => {
                self.request = Some(Request::Subscribe { filter: filter.to_owned(), qos });
            }
            Call::SubscribeWith { filter, options, .. } => {
                self.request =
                    Some(Request::Subscribe { filter: filter.to_owned(), qos: options.qos });
            }
            Call::Unsubscribe { filter } => {
                self.request = Some(Request::Unsubscribe { filter: filter.to_owned() });
            }
            Call::Cancel(ticket) => self.request = Some(Request::Cancel(ticket.get())),
            Call::Release(delivery) => self.request = Some(Request::Release(delivery.get())),
            // What is withheld is judged by how long it takes, which nobody knows the reasons of.
            Call::Hold(hold) => self.extra.observe(self.now, &Observation::Holds(hold)),
            Call::ShutDown => self.see(&Observation::ShutDownAsked),
        }
    }

    fn tell_input(&mut self, input: Input<'_>) {
        let connection = self.connection;
        match input {
            Input::Timeout => {
                if let Some(reason) = self.due.take() {
                    self.see(&Observation::Woken { part: self.part(), reason });
                }
            }
            Input::WifiUp => self.see(&Observation::Wifi(true)),
            Input::WifiDown => self.see(&Observation::Wifi(false)),
            Input::TcpOpened => {
                self.see(&Observation::Accepted { connection });
                self.see(&Observation::Opened { connection });
            }
            Input::TcpFailed(failure) => {
                self.is_open = false;
                self.see(&Observation::OpenFailed { connection, failure });
            }
            Input::TcpClosed => self.end_connection(Ending::Closed, Ending::ClosedByPeer),
            Input::Received(bytes) => {
                self.see(&Observation::FromBroker { connection, bytes });
                self.see(&Observation::ToDevice { connection, bytes });
            }
            Input::Sent(count) => {
                let offered = std::mem::take(&mut self.offered);
                let bytes = &offered[..count.min(offered.len())];
                self.see(&Observation::ToBroker { connection, bytes });
            }
            _ => {}
        }
    }

    fn tell_link(&mut self, input: LinkInput<'_>) {
        let end = self.part();
        match input {
            LinkInput::Up { .. } => self.see(&Observation::Link { end, up: true }),
            LinkInput::Down => self.see(&Observation::Link { end, up: false }),
            LinkInput::Frame(frame) => self.see_frame(end, frame),
            LinkInput::FrameSent(count) if count > 0 => {
                let frame = std::mem::take(&mut self.offered_frame);
                let other = if end == Part::Host { Part::Esp } else { Part::Host };
                self.see_frame(other, &frame);
            }
            LinkInput::FrameSent(_) | LinkInput::FrameWritable => {}
        }
    }

    fn see_frame(&mut self, to: Part, frame: &[u8]) {
        self.see(&match to {
            Part::Esp => Observation::FrameToEsp(frame),
            Part::Host | Part::Broker => Observation::FrameToHost(frame),
        });
    }

    fn end_connection(&mut self, at_broker: Ending, at_device: Ending) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let connection = self.connection;
        self.see(&Observation::EndedAtBroker { connection, ending: at_broker });
        self.see(&Observation::EndedAtDevice { connection, ending: at_device });
    }

    fn tell_said(&mut self, said: &Said<'_>) {
        match *said {
            Said::Action(action) => self.tell_action(action),
            Said::Transmit(bytes) => {
                self.offered.clear();
                self.offered.extend_from_slice(bytes);
            }
            // What the link took counts as arrived.
            Said::Frame(frame) => {
                self.offered_frame.clear();
                self.offered_frame.extend_from_slice(frame);
            }
            Said::Join(_) => self.see(&Observation::Asked(Action::JoinWifi)),
            // The event says why.
            Said::ResetEsp | Said::Configure(_) | Said::AskTime { .. } | Said::ReportMemory => {}
            Said::Event(event) => {
                if let Event::EspReset { cause } = event {
                    self.see(&Observation::ResetLine { cause });
                }
                self.see(&Observation::Told(event));
            }
            Said::Wait(Wait::Until(_, reason)) => self.due = Some(reason),
            Said::Wait(Wait::ForInput) => self.due = None,
            Said::Returned(result) => self.tell_result(result),
            Said::Answered(yes) => match self.request.take() {
                Some(Request::Cancel(ticket)) if yes => {
                    self.see(&Observation::Cancelled { ticket });
                }
                Some(Request::Release(delivery)) if yes => {
                    self.see(&Observation::Released { delivery });
                }
                _ => {}
            },
        }
    }

    fn tell_action(&mut self, action: Action) {
        self.see(&Observation::Asked(action));
        match action {
            Action::OpenTcp => {
                self.connection.0 += 1;
                self.is_open = true;
                self.offered.clear();
                let connection = self.connection;
                self.see(&Observation::Opening { connection });
            }
            Action::CloseTcp => self.end_connection(Ending::ClosedByPeer, Ending::Closed),
            Action::JoinWifi | Action::LeaveWifi => {}
        }
    }

    fn tell_result(&mut self, result: Result<u32, u64>) {
        let Some(request) = self.request.take() else { return };
        match (&request, result) {
            (Request::Publish { topic, payload, qos, retain, deadline }, Ok(ticket)) => {
                let (qos, retain) = (*qos, *retain);
                let properties = Properties::NONE;
                let seen =
                    Observation::Published { ticket, topic, payload, qos, retain, properties };
                self.see(&seen);
                if let Some(deadline) = *deadline {
                    self.see(&Observation::DeadlineSet { ticket, deadline });
                }
            }
            (Request::Publish { topic, .. }, Err(1)) => {
                let error = PublishError::OutboxFull;
                self.see(&Observation::PublishRefused { topic, error });
            }
            (Request::Subscribe { filter, qos }, Ok(ticket)) => {
                self.see(&Observation::SubscribeAsked { ticket, filter, qos: *qos });
            }
            (Request::Unsubscribe { filter }, Ok(ticket)) => {
                self.see(&Observation::UnsubscribeAsked { ticket, filter });
            }
            _ => {}
        }
    }
}

/// When nobody wants a publication any more: at its deadline, or because it expires (MQTT 5).
fn soonest(deadline: Option<Instant>, properties: Properties<'_>, now: Instant) -> Option<Instant> {
    let expiries = properties.iter().filter_map(|property| match property {
        Property::MessageExpiryInterval(seconds) => {
            Some(now.plus_ms(seconds.saturating_mul(1_000)))
        }
        _ => None,
    });
    expiries.chain(deadline).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fivewire_core::client::Publication;
    use fivewire_core::event::{Event, Ticket};
    use fivewire_core::mqtt::QoS;
    use fivewire_core::recorder::Segment;

    use crate::oracle::{Breach, Promise};
    use crate::trace::Blind;

    const PUBLICATION: Publication<'static> = Publication::new("t", b"1", QoS::AtLeastOnce);
    const ACKED: Item<'static> = Item::Said(Said::Event(Event::Acked(Ticket::FIRST)));

    /// What the oracle says to a client that connects and then does this.
    fn verdict(then: &[Item<'_>]) -> Option<Breach> {
        let segment = Segment {
            machine: Machine::Client,
            speaks_mqtt5: false,
            number: 0,
            continues: false,
            payloads_kept: true,
            time: Instant::ZERO,
            memory_bytes: [0; fivewire_core::recorder::BUFFERS_MAX],
        };
        let call = |input| Item::Call(Call::Handle(input));
        let opening = [
            Item::Segment(segment),
            Item::Checkpoint(fivewire_core::recorder::State::new(&[])),
            Item::Said(Said::Action(Action::OpenTcp)),
            call(Input::TcpOpened),
            Item::Said(Said::Transmit(b"\x10\x0d\0\x04MQTT\x04\0\0\0\0\x01c")),
            call(Input::Sent(15)),
            call(Input::Received(&[0x20, 2, 0, 0])),
            Item::Said(Said::Event(Event::Connected { session_present: false })),
            Item::Call(Call::Publish {
                publication: PUBLICATION,
                properties: fivewire_core::mqtt::v5::Properties::NONE,
            }),
            Item::Said(Said::Returned(Ok(1))),
        ];
        let mut schedule = super::super::setup::of(&[]);
        schedule.setup.clean_session = false;
        let mut nobody = Blind;
        let mut story = Story::new(Oracle::of_recording(&schedule), &mut nobody);
        for item in opening.iter().chain(then) {
            let record = Record { at: 0, now: Instant::from_millis(1), item: *item, raw: (0, &[]) };
            story.tell(&record, State::Idle, true);
        }
        story.finish().breach().cloned()
    }

    #[test]
    fn the_oracle_judges_what_the_client_says_by_what_passed_the_connection() {
        let sent = [
            Item::Said(Said::Transmit(b"\x32\x06\0\x01t\0\x011")),
            Item::Call(Call::Handle(Input::Sent(8))),
        ];
        let puback = Item::Call(Call::Handle(Input::Received(&[0x40, 2, 0, 1])));
        assert_eq!(verdict(&[sent[0], sent[1], puback, ACKED]), None);
        let promise = |then: &[Item<'_>]| verdict(then).map(|breach| breach.promise);
        assert_eq!(promise(&[ACKED]), Some(Promise::P1));
        assert_eq!(promise(&[sent[0], sent[1], ACKED]), Some(Promise::P1));
        let twice = [sent[0], sent[1], puback, ACKED, ACKED];
        assert!(matches!(promise(&twice), Some(Promise::P1 | Promise::P7)));
        let again = [sent[0], sent[1], sent[0], sent[1]];
        assert_eq!(promise(&again), Some(Promise::P3));
    }
}
