//! Links and the bridge's host end over mock pins.

mod common;

use std::cell::Cell;
use std::rc::Rc;

use common::{InitiatorPins, PassivePins, crossed};
use embedded_hal::digital::ErrorKind;
use fivewire_core::bridge::host::{self, Host};
use fivewire_core::bridge::{Broker, Network, esp};
use fivewire_core::client::{self, Action, Publication};
use fivewire_core::config::Config;
use fivewire_core::error::PublishError;
use fivewire_core::event::{Event as HostEvent, RefusedReason, Ticket};
use fivewire_core::link::native::{self, Memory, Native};
use fivewire_core::link::{Event, Levels, Link, Role};
use fivewire_core::mqtt::QoS;
use fivewire_core::recorder::{Fed, Item, Payloads, Recorder, Records, Replay, Ring, Sink};
use fivewire_core::time::{Instant, Reason, Wait};
use fivewire_pins::{BITS_PER_STEP, Driver, HostEnd, Owner, PinError, Pins};

type Link512 = Native<[u8; 512]>;

fn link(role: Role) -> Link512 {
    let memory = Memory { transmit: [0; 512], receive: [0; 512] };
    let config = native::Config { idle_step_us: 0, ..native::Config::new(role) };
    Native::new(&config, memory, 0x5EED + role as u64).expect("the defaults work")
}

fn drivers() -> (Driver<Link512, InitiatorPins>, Driver<Link512, PassivePins>) {
    let (initiator, passive) = crossed();
    (Driver::new(link(Role::Initiator), initiator), Driver::new(link(Role::Passive), passive))
}

fn after(now: Instant, micros: u64) -> Instant {
    Instant::from_micros(now.as_micros() + micros)
}

/// Steps both ends until `done`, at most for a minute of their time.
fn run(
    host: &mut Driver<Link512, impl Pins>,
    board: &mut Driver<Link512, impl Pins>,
    mut hear: impl FnMut(Role, &Event<'_>),
    mut done: impl FnMut(&mut Link512) -> bool,
) {
    let mut now = Instant::ZERO;
    while !done(host.link()) {
        let _ = host.step(now, &mut |event: Event<'_>| hear(Role::Initiator, &event));
        let _ = board.step(now, &mut |event: Event<'_>| hear(Role::Passive, &event));
        now = after(now, 50);
        assert!(now < Instant::from_millis(60_000), "nothing came of it within a minute");
    }
}

#[test]
fn a_frame_crosses_five_pins() {
    let (mut host, mut board) = drivers();
    host.start(Instant::ZERO);
    board.start(Instant::ZERO);
    run(&mut host, &mut board, |_, _| {}, |link| link.is_up());
    host.link().send(b"five wires are enough").expect("the link is up and empty");
    let arrived = Rc::new(Cell::new(false));
    let seen = Rc::clone(&arrived);
    let hear = |role, event: &Event<'_>| {
        let wanted = Event::Frame(b"five wires are enough");
        arrived.set(arrived.get() || (role == Role::Passive && *event == wanted));
    };
    run(&mut host, &mut board, hear, |_| seen.get());
}

/// Pins of which every third access fails.
struct Loose<P> {
    pins: P,
    accesses: u32,
}

impl<P: Pins> Loose<P> {
    fn fails(&mut self, pin: &'static str) -> Result<(), PinError> {
        self.accesses += 1;
        if self.accesses.is_multiple_of(3) {
            Err(PinError { pin, kind: ErrorKind::Other })
        } else {
            Ok(())
        }
    }
}

impl<P: Pins> Pins for Loose<P> {
    fn read(&mut self) -> Result<Levels, PinError> {
        self.fails("data_in")?;
        self.pins.read()
    }

    fn drive(&mut self, levels: Levels) -> Result<(), PinError> {
        self.fails("data_out")?;
        self.pins.drive(levels)
    }

    fn reset(&mut self, asserted: bool) -> Result<(), PinError> {
        self.fails("reset")?;
        self.pins.reset(asserted)
    }
}

#[test]
fn a_pin_that_fails_now_and_then_costs_time_and_nothing_else() {
    let (initiator, passive) = crossed();
    let mut host = Driver::new(link(Role::Initiator), Loose { pins: initiator, accesses: 0 });
    let mut board = Driver::new(link(Role::Passive), Loose { pins: passive, accesses: 1 });
    host.start(Instant::ZERO);
    board.start(Instant::ZERO);
    run(&mut host, &mut board, |_, _| {}, |link| link.is_up());
    host.link().send(b"still here").expect("the link is up and empty");
    let arrived = Rc::new(Cell::new(0));
    let seen = Rc::clone(&arrived);
    let hear = |_, event: &Event<'_>| {
        arrived.set(arrived.get() + u32::from(*event == Event::Frame(b"still here")));
    };
    run(&mut host, &mut board, hear, |_| seen.get() == 1);
    assert_eq!(host.link().counters().resent, 0);
}

/// Pins at whose other end somebody answers before one can look.
struct Eager {
    clock: bool,
    drives: u32,
}

impl Pins for Eager {
    fn read(&mut self) -> Result<Levels, PinError> {
        Ok(Levels { clock: self.clock, data: false })
    }

    fn drive(&mut self, levels: Levels) -> Result<(), PinError> {
        self.clock = levels.clock;
        self.drives += 1;
        Ok(())
    }

    fn reset(&mut self, _asserted: bool) -> Result<(), PinError> {
        Ok(())
    }
}

#[test]
fn a_peer_that_answers_at_once_does_not_keep_the_main_loop() {
    let mut host = Driver::new(link(Role::Initiator), Eager { clock: false, drives: 0 });
    host.start(Instant::ZERO);
    let nobody = &mut |_: Event<'_>| {};
    // The reset pulse comes first.
    let _ = host.step(Instant::ZERO, nobody);
    let now = Instant::from_millis(5_000);
    let _ = host.step(now, nobody);
    let before = host.pins().drives;
    let wait = host.step(now, nobody).expect("these pins never fail");
    assert_eq!(wait, Wait::Until(now, Reason::MoreWork));
    assert_eq!(host.pins().drives - before, BITS_PER_STEP);
}

/// An ESP8266 whose broker accepts the connection and acknowledges the first publication.
struct Board {
    esp: esp::Esp<Vec<u8>>,
    published: bool,
}

impl Board {
    fn new() -> Self {
        let memory = esp::Memory {
            client: client::Memory {
                receive: vec![0; 256],
                transmit: vec![0; 256],
                outbox: vec![0; 512],
                subscriptions: vec![0; 128],
                connect: vec![0; 128],
            },
            frames: vec![0; 1_024],
            publication_topics: vec![0; 128],
            message_topics: vec![0; 128],
            settings: vec![0; 512],
        };
        let esp = esp::Esp::new(memory, 7).expect("the memory is large enough");
        Self { esp, published: false }
    }

    /// The network and the broker, in one move.
    fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        match bytes[0] >> 4 {
            1 => vec![0x20, 2, 0, 0],
            3 => {
                self.published = true;
                // The packet identifier stands behind the topic, which is short.
                let at = 4 + usize::from(bytes[3]);
                vec![0x40, 2, bytes[at], bytes[at + 1]]
            }
            _ => Vec::new(),
        }
    }
}

impl Owner<Link512> for Board {
    fn hear(&mut self, now: Instant, event: Event<'_>) {
        match event {
            Event::Up { frame_max_bytes } => {
                self.esp.handle(now, esp::Input::LinkUp { frame_max_bytes });
            }
            Event::Down { .. } => self.esp.handle(now, esp::Input::LinkDown),
            Event::Frame(frame) => self.esp.handle(now, esp::Input::Frame(frame)),
            Event::Writable => self.esp.handle(now, esp::Input::FrameWritable),
            _ => {}
        }
    }

    fn speak(&mut self, now: Instant, link: &mut Link512) {
        loop {
            let input = match self.esp.poll() {
                esp::Output::Configure(_)
                | esp::Output::AskTime { .. }
                | esp::Output::ReportMemory => continue,
                esp::Output::Join(_) | esp::Output::Net(Action::JoinWifi) => client::Input::WifiUp,
                esp::Output::Net(Action::OpenTcp) => client::Input::TcpOpened,
                esp::Output::Net(Action::LeaveWifi | Action::CloseTcp) => continue,
                esp::Output::Transmit(bytes) => {
                    let bytes = bytes.to_vec();
                    let taken = client::Input::Sent(bytes.len());
                    self.esp.handle(now, esp::Input::Net(taken));
                    let answer = self.answer(&bytes);
                    self.esp.handle(now, esp::Input::Net(client::Input::Received(&answer)));
                    continue;
                }
                esp::Output::Frame(frame) => {
                    let sent = link.send(frame).expect("the link takes frames of this size");
                    self.esp.handle(now, esp::Input::FrameSent(sent));
                    continue;
                }
                esp::Output::Wait(_) => return,
            };
            self.esp.handle(now, esp::Input::Net(input));
        }
    }
}

fn host_end(pins: InitiatorPins) -> (HostEnd<Vec<u8>, Link512, InitiatorPins>, Ticket) {
    let (host, ticket) = host_with_a_publication();
    (HostEnd::new(host, Driver::new(link(Role::Initiator), pins)), ticket)
}

fn host_with_a_publication() -> (Host<Vec<u8>>, Ticket) {
    let mut host = host(256);
    let publication = Publication::new("greenhouse/7/on", b"1", QoS::AtLeastOnce);
    let ticket = host.publish(Instant::ZERO, &publication).expect("the outbox is empty");
    (host, ticket)
}

fn host(frame_bytes: usize) -> Host<Vec<u8>> {
    let config = Config { clean_init: false, ..Config::new("greenhouse-7") };
    let network = Network { ssid: "shed", password: "", use_default: false };
    let broker = Broker { host: "broker.local", port: 1883 };
    let settings = host::Settings::new(config, network, broker);
    let memory = host::Memory {
        outbox: vec![0; 2 * frame_bytes],
        subscriptions: vec![0; 128],
        inbound: vec![0; 512],
        frame: vec![0; frame_bytes],
        publication_topics: vec![0; 128],
        message_topics: vec![0; 128],
        settings: vec![0; 256],
    };
    Host::new(&settings, memory, 3).expect("the settings work")
}

/// Steps both ends until `done`, at most for a minute of their time; what the application is told
/// goes to it, too.
fn run_bridge<L: Link, K: Sink>(
    bridge: &mut HostEnd<Vec<u8>, L, InitiatorPins, K>,
    board: (&mut Board, &mut Driver<Link512, PassivePins>),
    now: &mut Instant,
    mut done: impl FnMut(Option<HostEvent<'_>>) -> bool,
) {
    let (board, wires) = board;
    let end = now.plus_ms(60_000);
    let mut is_done = false;
    while !is_done {
        bridge.step(*now, |event| is_done |= done(Some(event))).expect("these pins never fail");
        board.esp.handle(*now, esp::Input::Timeout);
        board.speak(*now, wires.link());
        wires.step(*now, board).expect("these pins never fail");
        is_done |= done(None);
        *now = after(*now, 50);
        assert!(*now < end, "nothing came of it within a minute");
    }
}

/// The host's frames may be three times as large as what its ESP8266 can hear.
#[test]
fn a_publication_that_the_other_board_cannot_hear_is_refused_at_once_and_the_next_one_goes() {
    let (initiator, passive) = crossed();
    let memory = Memory { transmit: [0; 2_048], receive: [0; 2_048] };
    let config = native::Config { idle_step_us: 0, ..native::Config::new(Role::Initiator) };
    let large = Native::new(&config, memory, 0x5EED).expect("the defaults work");
    let mut bridge = HostEnd::new(host(1_536), Driver::new(large, initiator));
    let mut board = Board::new();
    let mut wires = Driver::new(link(Role::Passive), passive);
    let mut now = Instant::ZERO;
    let payload = [b'p'; 600];
    let large = Publication::new("greenhouse/7/log", &payload, QoS::AtLeastOnce);
    let early = bridge.host().publish(now, &large).expect("nothing is known of the link yet");
    bridge.start(now);
    wires.start(now);
    let refused = HostEvent::Refused { ticket: early, reason: RefusedReason::TooLargeForLink };
    run_bridge(&mut bridge, (&mut board, &mut wires), &mut now, |event| event == Some(refused));
    let answer = bridge.host().publish(now, &large);
    assert!(
        matches!(answer, Err(PublishError::TooLarge { size_bytes: 600.., max_bytes: 300..512 })),
        "{answer:?}"
    );
    let small = Publication::new("greenhouse/7/on", b"1", QoS::AtLeastOnce);
    let ticket = bridge.host().publish(now, &small).expect("there is room");
    let acked = HostEvent::Acked(ticket);
    run_bridge(&mut bridge, (&mut board, &mut wires), &mut now, |event| event == Some(acked));
    assert!(board.published);
}

/// Runs both ends until the host's publication is acknowledged. True if the ESP8266's end was given
/// it.
fn until_acknowledged<K: Sink>(
    bridge: &mut HostEnd<Vec<u8>, Link512, InitiatorPins, K>,
    passive: PassivePins,
    ticket: Ticket,
) -> bool {
    let mut board = Board::new();
    let mut wires = Driver::new(link(Role::Passive), passive);
    let mut now = Instant::ZERO;
    bridge.start(now);
    wires.start(now);
    let acked = HostEvent::Acked(ticket);
    run_bridge(bridge, (&mut board, &mut wires), &mut now, |event| event == Some(acked));
    board.published
}

#[test]
fn a_publication_crosses_the_pins_and_its_acknowledgement_comes_back() {
    let (initiator, passive) = crossed();
    let (mut bridge, ticket) = host_end(initiator);
    assert!(until_acknowledged(&mut bridge, passive, ticket));
}

/// Pins whose other end answers only while they are looked at, at every third look.
struct Slow {
    pins: InitiatorPins,
    board: Driver<Link512, PassivePins>,
    looks: u32,
}

impl Pins for Slow {
    fn read(&mut self) -> Result<Levels, PinError> {
        self.looks += 1;
        if self.looks.is_multiple_of(3) {
            self.board.step(Instant::ZERO, &mut |_: Event<'_>| {})?;
        }
        self.pins.read()
    }

    fn drive(&mut self, levels: Levels) -> Result<(), PinError> {
        self.pins.drive(levels)
    }

    fn reset(&mut self, asserted: bool) -> Result<(), PinError> {
        self.pins.reset(asserted)
    }
}

#[test]
fn a_driver_that_looks_for_the_answer_moves_many_bits_in_a_step_and_not_more_than_it_may() {
    for (looks, most) in [(0, 2), (10, u64::from(BITS_PER_STEP))] {
        let (pins, board) = crossed();
        let mut board = Driver::new(link(Role::Passive), board);
        board.start(Instant::ZERO);
        let slow = Slow { pins, board, looks: 0 };
        let mut host = Driver::new(link(Role::Initiator), slow).with_looks(looks);
        host.start(Instant::ZERO);
        let mut now = Instant::ZERO;
        let mut largest = 0;
        while now < Instant::from_millis(500) {
            let before = host.link().counters().bits;
            host.step(now, &mut |_: Event<'_>| {}).expect("the pins work");
            largest = largest.max(host.link().counters().bits - before);
            now = after(now, 100);
        }
        assert!(host.link().is_up());
        assert!(largest <= most && (most == 2 || largest == most), "{looks}: {largest}");
    }
}

/// In bounded memory, and taken out over a line that takes 32 bytes at a time.
#[test]
fn a_host_end_that_records_into_a_ring_replays_to_the_last_byte() {
    let (initiator, passive) = crossed();
    let (host, ticket) = host_with_a_publication();
    let ring = Ring::new(vec![0; 16 * 1_024], 4);
    let recorder = Recorder::new(ring, Payloads::Disguised { key: [1, 2] });
    let driver = Driver::new(link(Role::Initiator), initiator);
    let mut bridge = HostEnd::recorded(host, driver, recorder);
    until_acknowledged(&mut bridge, passive, ticket);
    let recorder = bridge.host().recorder_mut().expect("it is recorded");
    recorder.finish();
    let (mut piece, mut recording) = ([0; 32], Vec::new());
    loop {
        match recorder.sink_mut().drain(&mut piece) {
            0 => break,
            count => recording.extend_from_slice(&piece[..count]),
        }
    }
    assert_eq!(recorder.sink().missed(), 0);
    let mut replay = Replay::new(|size_bytes| vec![0; size_bytes]);
    let mut calls = 0;
    for record in Records::new(&recording).map(|record| record.expect("it is whole")) {
        assert_eq!(replay.feed(&record), Fed::Same, "{record:?}");
        calls += usize::from(matches!(record.item, Item::Call(_)));
    }
    assert!(calls > 5, "{calls}");
}
