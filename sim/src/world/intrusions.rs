//! What comes too late, makes no sense or is damaged, tried on copies of the machines in the middle of a
//! run: where a machine has just been made of the state of another one, a copy is made of the same state,
//! gets one input, and is thrown away.

mod frames;
mod states;

use fivewire_core::bridge::status::Status;
use fivewire_core::bridge::{esp, host};
use fivewire_core::client::{self, Publication, TcpFailure};
use fivewire_core::event::{Delivery, Event, ResetCause, Ticket};
use fivewire_core::mqtt::QoS;
use fivewire_core::mqtt::v5::SubscriptionOptions;
use fivewire_core::recorder::{Machine, Restored};
use fivewire_core::time::Instant;

use super::World;
use super::device::{Bytes, buffer_sizes, esp_buffer_sizes};
use super::renewal::{STATE_BYTES, append, is_in, made};
use crate::app::Application;
use crate::observation::{Answered, Copied, Crash, Intrusion, Observation, Observer, Part};
use crate::random::mixed;
use crate::schedule::Topology;
use crate::wires::End;

/// One trial of so many is with a damaged state.
const DAMAGED: u64 = 8;
/// Time that goes backwards is ignored: whatever comes now comes at the time that it is.
const LONG_AGO: Instant = Instant::ZERO;
/// A machine that asks for more than this is not at rest.
const OUTPUTS_MAX: usize = 1_000;
/// No machine gets so far.
const NO_NUMBER: u32 = u32::MAX - 7;

/// What the network tells a client.
const OF_NETWORK: [Intrusion; 9] = [
    Intrusion::TimeOut,
    Intrusion::WifiUp,
    Intrusion::WifiDown,
    Intrusion::TcpOpened,
    Intrusion::TcpFailed,
    Intrusion::TcpClosed,
    Intrusion::Received,
    Intrusion::Sent,
    Intrusion::Writable,
];
/// What an application asks of its machine.
const OF_APPLICATION: [Intrusion; 7] = [
    Intrusion::Start,
    Intrusion::Cancel,
    Intrusion::Release,
    Intrusion::PublishNowhere,
    Intrusion::SubscribeToNothing,
    Intrusion::UnsubscribeNothing,
    Intrusion::Publish,
];
/// What a host hears of its link, and of who translates for it.
const OF_LINK: [Intrusion; 3] = [Intrusion::TimeOut, Intrusion::Frame, Intrusion::Reset];

impl<A: Application> World<A> {
    /// Does something to a copy of the machine at `part`, which is in this state.
    pub(super) fn intrude<O: Observer>(&self, part: Part, state: &[u8], observer: &mut O) {
        let number = mixed(self.schedule.seed ^ mixed(self.events << 1 | part as u64));
        let setup = &self.schedule.setup;
        let (machine, sizes) = match (part, setup.topology) {
            (Part::Esp, _) => (Machine::BridgeEsp, esp_buffer_sizes(setup)),
            (_, Topology::Bridge) => (Machine::BridgeHost, buffer_sizes(setup)),
            (_, Topology::Client) => (Machine::Client, buffer_sizes(setup)),
        };
        if number.is_multiple_of(DAMAGED) {
            let number = number / DAMAGED;
            let copy = made(machine, setup.is_v5(), sizes, &states::damaged(state, number));
            let is_taken = copy.is_some();
            let is_calm = copy.is_none_or(|copy| states::goes_on(copy, number));
            self.see(observer, &Observation::StateDamaged { part, is_taken, is_calm });
            return;
        }
        let number = number / DAMAGED;
        let Some(copy) = made(machine, setup.is_v5(), sizes, state) else { return };
        match copy {
            Restored::Host(copy) if number.is_multiple_of(2) => {
                self.try_at_host(copy, number / 2, observer);
            }
            Restored::Esp(copy) if number.is_multiple_of(2) => {
                self.try_at_esp(copy, number / 2, observer);
            }
            copy => self.speak_to(copy, number / 2, observer),
        }
    }

    /// One input, to whatever machine it is.
    fn speak_to<O: Observer>(&self, mut copy: Restored<Bytes>, number: u64, observer: &mut O) {
        if !waits(&mut copy) {
            return;
        }
        let mut state = Vec::with_capacity(STATE_BYTES);
        let write = |part: &[u8]| append(part, &mut state);
        let speaks_mqtt5 = self.schedule.setup.is_v5();
        let (copied, intrusion) = match &mut copy {
            Restored::Client(client) => {
                client.checkpoint(write);
                let pick = picked(number, &[&OF_NETWORK, &OF_APPLICATION, &[Intrusion::Probe]]);
                (Copied::Client(client.state()), pick)
            }
            Restored::Host(host) => {
                host.checkpoint(write);
                (Copied::Host(host.state()), picked(number, &[&OF_LINK, &OF_APPLICATION]))
            }
            Restored::Esp(esp) => {
                esp.checkpoint(write);
                let pick = picked(number, &[&OF_NETWORK, &[Intrusion::Datagram]]);
                (Copied::Esp(esp.client_state()), pick)
            }
        };
        let intrusion = match intrusion {
            Intrusion::SubscribeToNothing if !speaks_mqtt5 && number & 1 << 40 != 0 => {
                Intrusion::SubscribeWithOptions
            }
            intrusion => intrusion,
        };
        let is_granted = match &mut copy {
            Restored::Client(client) => client_grants(client, intrusion),
            Restored::Host(host) => host_grants(host, intrusion),
            Restored::Esp(esp) => {
                let input = match of_network(intrusion) {
                    Some(input) => esp::Input::Net(input),
                    None => esp::Input::Datagram(&[0x24; 48]),
                };
                esp.handle(LONG_AGO, input);
                false
            }
        };
        let is_unchanged = waits(&mut copy) && is_in(&mut copy, &state);
        let is_granted = is_granted || (!is_unchanged && is_input(intrusion));
        let seen = Observation::Intruded { copied, intrusion, is_unchanged, is_granted };
        self.see(observer, &seen);
    }

    /// The last frame on its way to `part`.
    fn last_frame(&self, part: Part) -> &[u8] {
        match (&self.wires, part) {
            (None, _) => self.link.last(part),
            (Some(wires), Part::Esp) => wires.last_frame(End::Esp),
            (Some(wires), _) => wires.last_frame(End::Host),
        }
    }

    /// A frame to a host, as it was or damaged.
    fn try_at_host<O: Observer>(&self, mut copy: host::Host<Bytes>, number: u64, observer: &mut O) {
        let state = copy.state();
        if !matches!(copy.poll(), host::Output::Wait(_)) {
            return;
        }
        let frame = frames::damaged(self.last_frame(Part::Host), Part::Host, number);
        copy.handle(LONG_AGO, host::Input::Frame(&frame));
        let mut notices = self.notices;
        let (mut crash, mut pulls_line, mut is_stopped) = (None, false, false);
        for _ in 0..OUTPUTS_MAX {
            match copy.poll() {
                host::Output::Action(host::Action::ResetEsp) => pulls_line = true,
                host::Output::Frame(frame) => {
                    let taken = frame.len();
                    copy.handle(LONG_AGO, host::Input::Sent(taken));
                }
                host::Output::Event(event) => {
                    let has_will = self.schedule.setup.will;
                    let statuses = [Status::before(&event, has_will), Status::of(&event)];
                    let notices = notices.hear(&event);
                    if let Event::EspReset { cause } = event {
                        crash = Some(Crash { cause, notices, statuses });
                    }
                    is_stopped |= matches!(event, Event::Stopped);
                }
                host::Output::Wait(_) => break,
            }
        }
        let answered = Answered::Host { state, crash, pulls_line, is_stopped };
        self.see(observer, &Observation::FrameTried { frame: &frame, answered });
    }

    /// A frame to an ESP8266, as it was or damaged, while the link is there.
    fn try_at_esp<O: Observer>(&self, mut copy: esp::Esp<Bytes>, number: u64, observer: &mut O) {
        if !self.esp.link.up || self.esp.link.lost {
            return;
        }
        let before = frames::heard(&mut copy, None);
        let asked = frames::heard(&mut copy, Some(frames::ASK_MEMORY));
        let frame = frames::damaged(self.last_frame(Part::Esp), Part::Esp, number);
        let heard = frames::heard(&mut copy, Some(&frame));
        if !before.waits || !heard.waits {
            return;
        }
        let answered = Answered::Esp {
            is_listening: asked.reports_memory,
            says_hello: heard.says_hello,
            cookie: heard.cookie,
        };
        self.see(observer, &Observation::FrameTried { frame: &frame, answered });
    }
}

/// One of all of these.
fn picked(number: u64, tables: &[&[Intrusion]]) -> Intrusion {
    let count: usize = tables.iter().map(|table| table.len()).sum();
    let place = (number % count as u64) as usize;
    let mut all = tables.iter().copied().flatten();
    all.nth(place).copied().unwrap_or(Intrusion::TimeOut)
}

/// The machine asks for nothing.
fn waits(machine: &mut Restored<Bytes>) -> bool {
    match machine {
        Restored::Client(client) => matches!(client.poll(), client::Output::Wait(_)),
        Restored::Host(host) => matches!(host.poll(), host::Output::Wait(_)),
        Restored::Esp(esp) => matches!(esp.poll(), esp::Output::Wait(_)),
    }
}

/// What says nothing back.
const fn is_input(intrusion: Intrusion) -> bool {
    use Intrusion as I;

    !matches!(
        intrusion,
        I::Cancel
            | I::Release
            | I::Probe
            | I::PublishNowhere
            | I::Publish
            | I::SubscribeToNothing
            | I::UnsubscribeNothing
            | I::SubscribeWithOptions
    )
}

const fn of_network(intrusion: Intrusion) -> Option<client::Input<'static>> {
    Some(match intrusion {
        Intrusion::TimeOut => client::Input::Timeout,
        Intrusion::WifiUp => client::Input::WifiUp,
        Intrusion::WifiDown => client::Input::WifiDown,
        Intrusion::TcpOpened => client::Input::TcpOpened,
        Intrusion::TcpFailed => client::Input::TcpFailed(TcpFailure::Refused),
        Intrusion::TcpClosed => client::Input::TcpClosed,
        // a PINGRESP
        Intrusion::Received => client::Input::Received(&[0xD0, 0]),
        Intrusion::Sent => client::Input::Sent(3),
        Intrusion::Writable => client::Input::Writable,
        _ => return None,
    })
}

/// Speaks as the application does. `None`: it would not say that.
macro_rules! asks {
    ($machine:ident, $intrusion:ident) => {
        match $intrusion {
            Intrusion::Start => {
                $machine.start(LONG_AGO);
                Some(false)
            }
            Intrusion::Cancel => {
                Some(Ticket::new(NO_NUMBER).is_some_and(|it| $machine.cancel(LONG_AGO, it)))
            }
            Intrusion::Release => {
                Some(Delivery::new(NO_NUMBER).is_some_and(|it| $machine.release(LONG_AGO, it)))
            }
            Intrusion::PublishNowhere => {
                let publication = Publication::new("a/+", b"x", QoS::AtLeastOnce);
                Some($machine.publish(LONG_AGO, &publication).is_ok())
            }
            Intrusion::Publish => {
                let publication = Publication::new("a", b"x", QoS::AtLeastOnce);
                Some($machine.publish(LONG_AGO, &publication).is_ok())
            }
            Intrusion::SubscribeToNothing => {
                Some($machine.subscribe(LONG_AGO, "a/#/b", QoS::AtMostOnce).is_ok())
            }
            Intrusion::UnsubscribeNothing => Some($machine.unsubscribe(LONG_AGO, "a+").is_ok()),
            Intrusion::SubscribeWithOptions => {
                let options = SubscriptionOptions::new(QoS::AtLeastOnce);
                Some($machine.subscribe_with(LONG_AGO, "a", options, None).is_ok())
            }
            _ => None,
        }
    };
}

fn client_grants(client: &mut client::Client<Bytes>, intrusion: Intrusion) -> bool {
    if let Some(input) = of_network(intrusion) {
        client.handle(LONG_AGO, input);
        return false;
    }
    asks!(client, intrusion).unwrap_or_else(|| client.probe(LONG_AGO))
}

fn host_grants(host: &mut host::Host<Bytes>, intrusion: Intrusion) -> bool {
    asks!(host, intrusion).unwrap_or_else(|| {
        host.handle(
            LONG_AGO,
            match intrusion {
                Intrusion::Frame => host::Input::Frame(frames::NO_FRAME),
                Intrusion::Reset => host::Input::Reset(ResetCause::GaveUp),
                _ => host::Input::Timeout,
            },
        );
        false
    })
}
