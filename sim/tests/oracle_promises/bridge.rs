//! What the two ends of a bridge say to each other, frame by frame, as its tables have them.

use fivewire_core::bridge::{Lan, NetworkAnswer, host};
use fivewire_core::client::Action;
use fivewire_core::event::{Event, Message, ResetCause};
use fivewire_core::mqtt::QoS;
use fivewire_sim::observation::{EspStanding, Observation, Part, Standing};
use fivewire_sim::oracle::Promise::{P6, P7, P8, P9, P10};
use fivewire_sim::schedule::{ESP_OUTBOX_BYTES, Setup, Topology};

use crate::history::{History, packet, payload, setup};

/// The host has so much memory for messages unless its setup says otherwise.
const HOST_INBOUND_BYTES: u16 = 2_048;
/// The ESP8266 reports that it begins anew.
const READY: [u8; 2] = [0x83, 0];
/// It asks whether the given network may be joined.
const ASKS: [u8; 4] = [0x84, 6, 0, 0];

/// It reports that it joins a network.
const fn joins(lan: Lan) -> [u8; 4] {
    [0x84, 4, matches!(lan, Lan::Given) as u8, 0]
}

fn field(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

fn hello() -> Vec<u8> {
    let outbox_bytes = u32::from(ESP_OUTBOX_BYTES).to_be_bytes();
    [&[0x81, 1][..], &outbox_bytes, &[1, 0, 1, 0]].concat()
}

/// The settings of a host that has a choice of networks.
fn settings() -> Vec<u8> {
    let room_bytes = u32::from(HOST_INBOUND_BYTES).to_be_bytes();
    let mut frame = [&[0x01, 0, 0, 0, 7][..], &room_bytes, &room_bytes, &[1, 0, 1, 0]].concat();
    frame.extend([0, 60]);
    // times
    frame.extend([0; 7 * 4]);
    // window, messages at once, attempts; then flags, none of them set
    frame.extend([8, 1, 3]);
    frame.extend([0; 7]);
    for text in ["device", "", "", "greenhouse", "tomatoes"] {
        frame.extend(field(text.as_bytes()));
    }
    // the stored network is tried
    frame.push(1);
    frame.extend(field(b"broker.lan"));
    frame.extend(1_883_u16.to_be_bytes());
    // the application is asked, and told of attempts
    frame.extend([1, 1]);
    frame.extend(field(b"time.lan"));
    frame
}

fn reports<'a>(history: &'a mut History, frame: &[u8]) -> &'a mut History {
    history.see(Observation::FrameToHost(frame))
}

fn commands<'a>(history: &'a mut History, frame: &[u8]) -> &'a mut History {
    history.see(Observation::FrameToEsp(frame))
}

fn tells<'a>(history: &'a mut History, event: Event<'_>) -> &'a mut History {
    history.see_at_once(Observation::Told(event))
}

/// A host and its ESP8266 begin in a world in which nothing has been wrong for long.
pub(crate) fn ready() -> History {
    let mut history = History::of(Setup { topology: Topology::Bridge, ..setup() });
    history.wait_ms(30_000).see(Observation::BoardUp { part: Part::Host });
    history.see(Observation::StatedBound { recovery_bound_ms: 48_000 });
    tells(&mut history, Event::EspReset { cause: ResetCause::PowerUp });
    history.see(Observation::BoardUp { part: Part::Esp });
    for end in [Part::Esp, Part::Host] {
        history.see(Observation::Link { end, up: true });
    }
    reports(&mut history, &hello());
    commands(&mut history, &settings());
    tells(reports(&mut history, &READY), Event::EspReady { resumed: false });
    history
}

/// The ESP8266 says for seven seconds that it lives, and nothing else.
fn idles(history: &mut History) -> &mut History {
    let alive = [&[0x82][..], &[0; 6 * 4]].concat();
    for _ in 0..3 {
        reports(history.wait_ms(2_390), &alive);
    }
    history
}

/// A network is tried, which is reported and told.
fn tries(history: &mut History, lan: Lan) -> &mut History {
    history.see(Observation::Asked(Action::JoinWifi));
    tells(reports(history, &joins(lan)), Event::JoinsNetwork(lan))
}

/// The ESP8266 asks for leave along with the attempt that it makes meanwhile.
fn asks(history: &mut History) -> &mut History {
    history.see(Observation::Asked(Action::JoinWifi));
    tells(reports(history, &ASKS), Event::NetworkAsked);
    tells(reports(history, &joins(Lan::Stored)), Event::JoinsNetwork(Lan::Stored))
}

fn answers(history: &mut History, answer: NetworkAnswer, frame: [u8; 4]) -> &mut History {
    history.see(Observation::NetworkAnswered { answer });
    commands(history, &[&[0x0B][..], &frame].concat())
}

#[test]
fn networks_take_turns_once_the_application_allows_that() {
    let mut history = ready();
    tries(&mut history, Lan::Stored);
    asks(&mut history);
    tries(&mut history, Lan::Stored);
    answers(&mut history, NetworkAnswer::UseGiven, [0xFF; 4]);
    tries(&mut history, Lan::Given);
    tries(&mut history, Lan::Stored).passes();
}

#[test]
fn a_network_out_of_its_turn_is_caught() {
    let mut history = ready();
    tries(&mut history, Lan::Given).breaks(P6, "Joins(Given)");
    let mut history = ready();
    tries(&mut history, Lan::Stored);
    asks(&mut history);
    asks(&mut history).breaks(P6, "NetworkAsked");
    let mut history = ready();
    tries(&mut history, Lan::Stored);
    tries(&mut history, Lan::Stored).breaks(P6, "Joins(Stored)");
}

#[test]
fn a_question_comes_again_when_the_application_wants_it_to() {
    let mut history = ready();
    tries(&mut history, Lan::Stored);
    asks(&mut history);
    answers(&mut history, NetworkAnswer::AskAgain { after_ms: 1_000 }, [0, 0, 3, 0xE8]);
    tries(&mut history, Lan::Stored).wait_ms(1_500);
    asks(&mut history).passes();
}

#[test]
fn an_answer_that_reaches_the_esp8266_otherwise_or_not_at_all_is_caught() {
    let mut history = ready();
    answers(&mut history, NetworkAnswer::UseGiven, [0, 0, 7, 0xD0]);
    history.breaks(P7, "the application said [UseGiven]");
    let mut history = ready();
    reports(&mut history, &[0x82]).breaks(P7, "what is no frame");
    let mut history = ready();
    history.see(Observation::MemoryAsked);
    idles(&mut history).breaks(P7, "does not hear what the application wants");
}

#[test]
fn what_is_asked_for_again_while_the_first_is_on_its_way_may_come_twice() {
    let mut history = ready();
    history.see(Observation::MemoryAsked).see(Observation::MemoryAsked);
    commands(&mut history, &[0x0A]);
    commands(&mut history, &[0x0A]).passes();
    commands(&mut history, &[0x0A]).breaks(P7, "nobody wants to know");
    let mut history = ready();
    history.see(Observation::MemoryAsked).see(Observation::MemoryAsked);
    commands(&mut history, &[0x0A]);
    commands(idles(&mut history), &[0x0A]).breaks(P7, "nobody wants to know");

    let both = || {
        let mut history = ready();
        for answer in [NetworkAnswer::AskAgain { after_ms: 1_000 }, NetworkAnswer::UseGiven] {
            history.see(Observation::NetworkAnswered { answer });
        }
        history
    };
    let (ask_again, use_given) = ([0x0B, 0, 0, 3, 0xE8], [0x0B, 0xFF, 0xFF, 0xFF, 0xFF]);
    let mut history = both();
    commands(&mut history, &ask_again);
    commands(&mut history, &use_given).passes();
    let mut history = both();
    commands(&mut history, &use_given);
    commands(&mut history, &ask_again).breaks(P7, "the application said []");
    let mut history = both();
    commands(&mut history, &ask_again);
    idles(&mut history).breaks(P7, "does not hear what the application wants");
}

#[test]
fn a_reset_for_another_reason_than_there_is_is_caught() {
    let reset = |cause| Event::EspReset { cause };
    let mut history = ready();
    tells(&mut history, reset(ResetCause::Watchdog)).passes();
    tells(&mut history, reset(ResetCause::StartUpOverdue)).passes();
    tells(&mut history, reset(ResetCause::Watchdog)).breaks(P8, "(Watchdog)");
    let mut history = ready();
    tells(&mut history, reset(ResetCause::StartUpOverdue)).breaks(P8, "(StartUpOverdue)");
}

#[test]
fn a_host_that_stops_before_its_esp8266_said_goodbye_is_caught() {
    let mut history = ready();
    history.see(Observation::ShutDownAsked);
    commands(&mut history, &[0x08]).wait_ms(100);
    tells(reports(&mut history, &[0x8C]), Event::Stopped).passes();
    let mut history = ready();
    history.see(Observation::ShutDownAsked);
    tells(&mut history, Event::Stopped).breaks(P10, "had no time to say goodbye");
}

/// A message with QoS 0 and the topic "a", as the ESP8266 gives it.
fn message(number: u64) -> Vec<u8> {
    [&[0xB0, 0, 0x80, 1, b'a'][..], &payload(number)].concat()
}

fn says(history: &mut History, waiting: bool, room_bytes: usize) -> &mut History {
    let esp = EspStanding {
        is_running: true,
        is_wifi_up: false,
        state: host::State::Running { connected: false },
        has_waiting_messages: waiting,
        inbound_room_bytes: room_bytes,
    };
    let standing = Standing { is_ready: false, unreleased: 0, client: None, esp: Some(esp) };
    history.see(Observation::SaidToStand(standing))
}

#[test]
fn a_host_that_is_wrong_about_its_messages_and_their_room_is_caught() {
    let whole = usize::from(HOST_INBOUND_BYTES);
    says(&mut ready(), false, whole).passes();
    says(&mut ready(), false, whole - 1).breaks(P7, "the host says that messages wait");
    let mut history = ready();
    history.see(Observation::Holds(true));
    reports(&mut history, &message(1));
    // 8 B around the packet, which has 2 + 2 + 1 + 8
    says(&mut history, true, whole - 21).passes();
    says(&mut history, true, whole).breaks(P7, "the host says that messages wait");
}

/// Message 1 went to the application.
fn takes_one() -> History {
    let mut history = ready();
    history.open().device_sends(&packet::connect(false, 60, None));
    history.broker_sends(&packet::connack(false, 0));
    takes(&mut history, 1, &message(1));
    history
}

fn takes<'a>(history: &'a mut History, number: u64, frame: &[u8]) -> &'a mut History {
    reports(history.deliver(number, "a", 0, false), frame);
    let payload = payload(number);
    tells(history, Event::Message(Message::new("a", &payload, QoS::AtMostOnce)))
}

/// The ESP8266 is told that so many bytes were freed.
fn credits(history: &mut History, freed_bytes: u8) -> &mut History {
    commands(history, &[0x06, freed_bytes])
}

#[test]
fn room_that_the_esp8266_is_not_told_of_is_caught() {
    const UNTOLD: &str = "B were freed, and the ESP8266 was not told";
    idles(&mut takes_one()).breaks(P9, UNTOLD);
    idles(credits(&mut takes_one(), 21)).passes();

    // the second one names the topic used last
    let second = [&[0xB0, 0, 0][..], &payload(2)].concat();
    let mut history = takes_one();
    credits(takes(&mut history, 2, &second), 42);
    idles(&mut history).passes();
    // what was said of the first does not speak of the second
    let mut history = takes_one();
    credits(takes(&mut history, 2, &second), 21);
    idles(&mut history).breaks(P9, UNTOLD);
}
