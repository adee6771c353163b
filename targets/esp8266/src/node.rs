//! The board: link, bridge and radio, joined. Everything happens in one task, in short slices.

use core::mem::take;

use fivewire_core::bridge::esp::{self, Esp};
use fivewire_core::client::{self, State};
use fivewire_core::link::{self, Event, Levels, Link};
use fivewire_core::time::{Instant, Wait};

use crate::link::{Dialect, WireLink};
use crate::local::Local;
use crate::network::Network;
use crate::sdk::{system, task, timer, wifi};
use crate::{clock, memory, pins};

/// The LED toggles this often, in ms (PREDECESSORS.md §1.1).
const BEAT_MS: u32 = 500;
/// A slice ends after this, in µs, however busy the link is. WiFi and TCP want a turn every 15 ms
/// at least (API §1); this leaves them most of it.
const SLICE_US: u64 = 3_000;
/// How often the pins are looked at for the host's next edge before the slice ends, and an
/// interrupt has to begin the next one: about 15 µs, for a host that answers in an interrupt of its
/// own.
const LOOKS: u32 = 100;

/// The clock is looked at once in so many edges: an edge takes less than reading it, and nothing
/// that the link waits for is shorter than milliseconds.
const EDGES_PER_LOOK_AT_CLOCK: u32 = 64;

struct Node {
    link: WireLink,
    dialect: Dialect,
    esp: Esp<&'static mut [u8]>,
    network: Network,
    link_wait: Wait,
    bridge_wait: Wait,
    alarm: Option<Instant>,
    connected: bool,
}

static NODE: Local<Option<Node>> = Local::new(None);
static ALIVE: Local<bool> = Local::new(false);

/// Begins, once the SDK has started.
pub(crate) fn start() {
    let node = Node {
        link: crate::link::new(),
        dialect: Dialect::new(),
        esp: Esp::new(memory::take(), system::random()).unwrap_or_else(|_| system::restart()),
        network: Network::new(),
        link_wait: Wait::ForInput,
        bridge_wait: Wait::ForInput,
        alarm: None,
        connected: false,
    };
    // What is free now is what there is.
    system::heap_bytes();
    NODE.with(|place| place.insert(node).link.start(clock::now()));
    wifi::start();
    task::start();
    task::attach_interrupt();
    timer::start_beat(BEAT_MS);
    task::post();
}

/// One slice of the task's work.
pub(crate) fn run() {
    task::listen(false);
    let more = NODE.with(|node| node.as_mut().is_some_and(Node::run));
    task::listen(true);
    if more {
        task::post();
    }
}

/// Every [`BEAT_MS`].
pub(crate) fn beat() {
    // Also keeps the clock from missing a turn of its counter.
    clock::now();
    let lit = ALIVE.with(|lit| {
        *lit = !*lit;
        *lit
    });
    pins::show_alive(lit);
}

impl Node {
    /// Works until nothing is left to do, or for the slice. True if there is more to do.
    fn run(&mut self) -> bool {
        let start = clock::now();
        let mut now = start;
        let mut edges = 0_u32;
        self.link.handle(start, link::Input::Timeout);
        self.esp.handle(start, esp::Input::Timeout);
        self.drain_bridge(start);
        let mut look_around = true;
        let mut heard = pins::read();
        loop {
            if !look_around && self.answer(&mut now, start, &mut heard, &mut edges) {
                self.show_connected();
                return true;
            }
            self.link.handle(now, link::Input::Levels(heard));
            while self.drain_link(now) | take(&mut look_around) {
                self.drain_network(now);
            }
            if is_over(start, &mut now, &mut edges) {
                self.show_connected();
                return true;
            }
            if !sees_edge(&mut heard, LOOKS) {
                // From here on an edge is kept by the hardware.
                pins::forget_edges();
                if !sees_edge(&mut heard, 1) {
                    break;
                }
            }
        }
        self.show_connected();
        self.set_alarm()
    }

    /// Answers edges as long as that is all there is to do, and the host is as quick. True if the
    /// slice is over.
    fn answer(
        &mut self,
        now: &mut Instant,
        start: Instant,
        heard: &mut Levels,
        edges: &mut u32,
    ) -> bool {
        while let Some(levels) = self.link.answer(*now, *heard) {
            pins::drive(levels);
            if is_over(start, now, edges) {
                return true;
            }
            if !sees_edge(heard, LOOKS) {
                break;
            }
        }
        false
    }

    /// Does what the link wants. True if it told anything.
    fn drain_link(&mut self, now: Instant) -> bool {
        let mut told = false;
        loop {
            match self.link.poll() {
                link::Output::Drive(levels) => {
                    pins::drive(levels);
                }
                link::Output::Wait(wait) => {
                    self.link_wait = wait;
                    return told;
                }
                link::Output::Event(event) => {
                    match event {
                        Event::Up { .. } => system::log(c"link up\n"),
                        Event::Down { .. } => system::log(c"link down\n"),
                        _ => {}
                    }
                    if self.dialect.hear(now, event, &mut self.esp) {
                        self.drain_bridge(now);
                        told = true;
                    }
                }
                // A passive end has no reset line.
                link::Output::Reset { .. } => {}
            }
        }
    }

    /// Does what the bridge wants. What it sends is on its way once the link was drained.
    ///
    /// The bridge is told what came of it from here, where the stack is still shallow.
    fn drain_bridge(&mut self, now: Instant) {
        loop {
            let performed = self.perform(now);
            if let Some(Some(input)) = performed {
                self.esp.handle(now, input);
            }
            let told = self.dialect.pass(now, &mut self.link, &mut self.esp);
            if performed.is_none() && !told {
                return;
            }
        }
    }

    /// Does one thing that the bridge wants. What it has to be told of it, or `None` if it waits.
    #[inline(never)]
    fn perform(&mut self, now: Instant) -> Option<Option<esp::Input<'static>>> {
        match self.esp.poll() {
            esp::Output::Configure(setup) => self.network.configure(&setup),
            esp::Output::Join(lan) => self.network.join(lan),
            esp::Output::Net(action) => self.network.act(now, action),
            esp::Output::AskTime { cookie } => self.network.ask_time(cookie),
            esp::Output::ReportMemory => {
                let (free_bytes, used_bytes) = system::heap_bytes();
                return Some(Some(esp::Input::Memory { free_bytes, used_bytes }));
            }
            esp::Output::Transmit(bytes) => {
                let sent = client::Input::Sent(self.network.send(bytes));
                return Some(Some(esp::Input::Net(sent)));
            }
            esp::Output::Frame(frame) => {
                let taken = self.dialect.say(now, frame, &mut self.link);
                return Some(taken.map(esp::Input::FrameSent));
            }
            esp::Output::Wait(wait) => {
                self.bridge_wait = wait;
                return None;
            }
        }
        Some(None)
    }

    /// Tells the bridge what the radio side met.
    fn drain_network(&mut self, now: Instant) {
        if let Some(datagram) = self.network.next_datagram() {
            self.esp.handle(now, esp::Input::Datagram(&datagram));
            self.drain_bridge(now);
        }
        loop {
            let capacity = self.esp.receive_capacity();
            let esp = &mut self.esp;
            if !self
                .network
                .next(now, capacity, &mut |input| esp.handle(now, esp::Input::Net(input)))
            {
                return;
            }
            self.drain_bridge(now);
        }
    }

    fn show_connected(&mut self) {
        let connected = self.esp.client_state() == State::Connected;
        if connected != self.connected {
            self.connected = connected;
            pins::show_connected(connected);
            system::log(if connected { c"broker up\n" } else { c"broker down\n" });
        }
    }

    /// Sees to it that the task is woken at the next deadline. True if that is now.
    fn set_alarm(&mut self) -> bool {
        let wait = self.link_wait.sooner(self.bridge_wait);
        let at = match (wait, self.network.deadline()) {
            (Wait::Until(at, _), Some(deadline)) => Some(at.min(deadline)),
            (Wait::Until(at, _), None) => Some(at),
            (Wait::ForInput, deadline) => deadline,
        };
        if at == self.alarm && at.is_none_or(|at| at > clock::now()) {
            return false;
        }
        self.alarm = at;
        match at {
            None => timer::clear_alarm(),
            Some(at) => {
                let left_us = at.micros_since(clock::now());
                if left_us == 0 {
                    return true;
                }
                timer::set_alarm(u32::try_from(left_us.div_ceil(1_000)).unwrap_or(u32::MAX));
            }
        }
        false
    }
}

/// One more edge; true if the slice is over.
#[inline(always)]
fn is_over(start: Instant, now: &mut Instant, edges: &mut u32) -> bool {
    *edges += 1;
    if *edges < EDGES_PER_LOOK_AT_CLOCK {
        return false;
    }
    *edges = 0;
    *now = clock::now();
    now.micros_since(start) > SLICE_US
}

/// Looks for another clock than the one that was heard. Data that has changed is the next bit's.
#[inline(always)]
fn sees_edge(heard: &mut Levels, looks: u32) -> bool {
    let clock = heard.clock;
    (0..looks).any(|_| {
        *heard = pins::read();
        heard.clock != clock
    })
}
