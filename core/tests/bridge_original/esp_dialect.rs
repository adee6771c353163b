//! Between an original host and fivewire's ESP8266 end.

use fivewire_core::bridge::esp;
use fivewire_core::bridge::original::{EspDialect, esp as esp_dialect};
use fivewire_core::client;
use fivewire_core::link::{self, DownReason};
use fivewire_core::time::Instant;

use proptest::prelude::*;

use crate::{any_record, shown, wire};

/// An ESP8266's end and its dialect, on a link that takes everything at once.
struct EspSide {
    esp: esp::Esp<Vec<u8>>,
    dialect: EspDialect<'static, Vec<u8>>,
    now: Instant,
    said: Vec<String>,
    to_broker: Vec<u8>,
    link_takes: bool,
}

const W: &str = "w|gone|pump|False|1";
const INIT: &str = "init|home|secret|10.0.0.2|||{}|1|0|0|1|60|0|1|4|10|0|pool.ntp.org";

impl EspSide {
    fn new() -> Self {
        let client = client::Memory {
            receive: vec![0; 256],
            transmit: vec![0; 256],
            outbox: vec![0; 256],
            subscriptions: vec![0; 256],
            connect: vec![0; 128],
        };
        let memory = esp::Memory {
            client,
            frames: vec![0; 1024],
            publication_topics: vec![0; 64],
            message_topics: vec![0; 64],
            settings: vec![0; 256],
        };
        let buffers = esp_dialect::Memory {
            will: vec![0; 64],
            settings: vec![0; 256],
            publication: vec![0; 128],
            command: vec![0; 64],
            record: vec![0; 128],
        };
        let config =
            esp_dialect::Config { client_id: "a1b2c3", free_bytes: 20_000, allocated_bytes: 9_000 };
        let mut side = Self {
            esp: esp::Esp::new(memory, 7).unwrap(),
            dialect: EspDialect::new(config, buffers).unwrap(),
            now: Instant::ZERO,
            said: Vec::new(),
            to_broker: Vec::new(),
            link_takes: true,
        };
        side.link(link::Event::Up { frame_max_bytes: 500 });
        side
    }

    fn running() -> Self {
        let mut side = Self::new();
        side.tells(INIT);
        side.connect();
        side.said.clear();
        side
    }

    fn connect(&mut self) {
        self.net(client::Input::WifiUp);
        self.net(client::Input::TcpOpened);
        self.to_broker.clear();
        self.net(client::Input::Received(&[0x20, 2, 0, 0]));
    }

    fn link(&mut self, event: link::Event<'_>) {
        self.dialect.handle(self.now, esp_dialect::Input::Link(event));
        self.settle();
    }

    fn tells(&mut self, record: &str) {
        self.link(link::Event::Frame(&wire(record)));
    }

    fn net(&mut self, input: client::Input<'_>) {
        self.esp.handle(self.now, esp::Input::Net(input));
        self.settle();
    }

    fn settle(&mut self) {
        while self.esp_speaks() | self.dialect_speaks() {}
    }

    fn esp_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let taken = match self.esp.poll() {
                esp::Output::Transmit(bytes) => {
                    self.to_broker.extend_from_slice(bytes);
                    bytes.len()
                }
                esp::Output::Frame(frame) => {
                    self.dialect.handle(self.now, esp_dialect::Input::Frame(frame));
                    return true;
                }
                esp::Output::Configure(_)
                | esp::Output::Join(_)
                | esp::Output::Net(_)
                | esp::Output::AskTime { .. }
                | esp::Output::ReportMemory => continue,
                esp::Output::Wait(_) => return spoke,
            };
            spoke = true;
            self.esp.handle(self.now, esp::Input::Net(client::Input::Sent(taken)));
        }
    }

    fn dialect_speaks(&mut self) -> bool {
        let mut spoke = false;
        loop {
            let taken = match self.dialect.poll() {
                esp_dialect::Output::Esp(input) => {
                    self.esp.handle(self.now, input);
                    spoke = true;
                    continue;
                }
                esp_dialect::Output::Record(record) => {
                    if self.link_takes {
                        self.said.push(shown(record));
                    }
                    if self.link_takes { record.len() } else { 0 }
                }
                esp_dialect::Output::Wait(_) => return spoke,
            };
            spoke = true;
            self.dialect.handle(self.now, esp_dialect::Input::Sent(taken));
        }
    }

    fn receives(&mut self, topic: u8, id: u8, payload: &[u8]) {
        let length = u8::try_from(5 + payload.len()).unwrap();
        let packet = [&[0x32, length, 0, 1, topic, 0, id], payload].concat();
        self.net(client::Input::Received(&packet));
    }
}

#[test]
fn an_original_host_hears_what_the_original_would_say_in_the_same_order() {
    let mut side = EspSide::new();
    side.tells(W);
    assert_eq!(side.said, ["t|7"]);
    side.tells(INIT);
    assert_eq!(side.said[1..], ["t|2"]);
    side.net(client::Input::WifiUp);
    assert_eq!(side.said[2..], ["t|1"]);
    side.net(client::Input::TcpOpened);
    let will = [0, 4, b'g', b'o', b'n', b'e', 0, 4, b'p', b'u', b'm', b'p'];
    assert!(
        side.to_broker.windows(will.len()).any(|part| part == will),
        "the CONNECT has the will"
    );
    assert_eq!(side.to_broker[9], 0x04 | 0x08 | 0x02, "not retained (D-02), QoS 1, clean session");
    side.net(client::Input::Received(&[0x20, 2, 0, 0]));
    assert_eq!(side.said[3..], ["t|0", "t|5", "t|9"]);
    side.net(client::Input::TcpClosed);
    assert_eq!(side.said[6..], ["t|10"]);
}

#[test]
fn an_original_hosts_publication_is_retained_only_if_it_says_so() {
    let mut side = EspSide::running();
    side.tells("p|a|1|0|1");
    assert_eq!(side.to_broker[..5], [0x32, 6, 0, 1, b'a'], "D-01");
    let id = [side.to_broker[5], side.to_broker[6]];
    assert_eq!(side.said, [""; 0]);
    side.net(client::Input::Received(&[0x40, 2, id[0], id[1]]));
    assert_eq!(side.said, ["t|4"]);
    side.to_broker.clear();
    side.tells("p|a|1|1|0");
    assert_eq!(side.to_broker, [0x31, 4, 0, 1, b'a', b'1']);
    assert_eq!(side.said, ["t|4", "t|4"]);
}

#[test]
fn a_publication_that_comes_before_init_waits_for_it() {
    let mut side = EspSide::new();
    side.tells("p|a|1|0|1");
    side.tells(W);
    side.tells(INIT);
    side.connect();
    assert!(side.to_broker.starts_with(&[0x32, 6, 0, 1, b'a']), "D-03");
    assert_eq!(side.said, ["t|7", "t|2", "t|1", "t|0", "t|5", "t|9"]);
}

#[test]
fn a_subscription_that_is_given_twice_is_asked_for_once() {
    let mut side = EspSide::running();
    side.tells("s|x|1");
    let id = [side.to_broker[2], side.to_broker[3]];
    assert_eq!(side.to_broker, [0x82, 6, id[0], id[1], 0, 1, b'x', 1]);
    side.net(client::Input::Received(&[0x90, 3, id[0], id[1], 1]));
    side.to_broker.clear();
    side.tells("s|x|1");
    assert_eq!((side.to_broker.len(), side.said.len()), (0, 0), "D-25");
}

#[test]
fn a_message_goes_to_the_host_and_is_then_acknowledged() {
    let mut side = EspSide::running();
    side.receives(b'x', 9, b"on");
    assert_eq!(side.said, ["u|x|on|False"]);
    assert_eq!(side.to_broker, [0x40, 2, 0, 9]);
    side.said.clear();
    side.to_broker.clear();
    side.link_takes = false;
    side.receives(b'x', 10, b"off");
    assert_eq!(side.to_broker, [], "the link has no room");
    side.link_takes = true;
    side.link(link::Event::Writable);
    assert_eq!((side.said.len(), &side.to_broker[..]), (1, &[0x40, 2, 0, 10][..]));
}

#[test]
fn messages_that_the_host_cannot_read_are_dropped_and_counted_and_kill_nothing() {
    let mut side = EspSide::running();
    for (id, payload) in
        [&b"\x7ft"[..], b"\0t\x7f6", "é".as_bytes(), b"\xFF\xFE", b"fine"].iter().enumerate()
    {
        side.receives(b'x', u8::try_from(id + 1).unwrap(), payload);
    }
    assert_eq!(side.said, ["u|x|fine|False"]);
    assert_eq!(side.dialect.counters().dropped_in, 4, "D-16, D-17");
    assert_eq!(side.to_broker.len(), 5 * 4, "each is acknowledged");
}

#[test]
fn an_older_host_is_told_no_retained_flag() {
    let mut side = EspSide::new();
    side.tells(INIT.trim_end_matches("|pool.ntp.org"));
    side.connect();
    side.receives(b'x', 9, b"on");
    assert_eq!(side.said.last().unwrap(), "u|x|on");
}

#[test]
fn questions_are_answered_and_what_is_unknown_is_said_back() {
    let mut side = EspSide::new();
    side.tells("m");
    assert_eq!(side.said, ["t|6|Expected init, got: |m"]);
    let mut side = EspSide::running();
    side.tells("m");
    side.tells("i");
    side.tells("z|1");
    assert_eq!(side.said, ["m|20000|9000", "i|0", "t|6|Unknown command:|z|1"]);
}

#[test]
fn a_host_that_starts_over_finds_the_connection_it_had() {
    let mut side = EspSide::new();
    side.tells(INIT);
    side.connect();
    side.link(link::Event::Down { reason: DownReason::PeerRestarted });
    side.said.clear();
    side.link(link::Event::Up { frame_max_bytes: 500 });
    side.tells(INIT);
    assert_eq!(side.said, ["t|2", "t|1", "t|0", "t|5", "t|9"]);
    let other = INIT.replace("10.0.0.2", "10.0.0.3");
    side.link(link::Event::Down { reason: DownReason::PeerRestarted });
    side.said.clear();
    side.link(link::Event::Up { frame_max_bytes: 500 });
    side.tells(&other);
    assert_eq!(side.said, ["t|2"], "another broker is another connection");
}

/// P12: an empty will's topic came into the settings, which then did not fit for good.
#[test]
fn a_will_that_no_broker_could_take_is_refused_and_spoils_nothing() {
    for bad in ["w||pump|False|1", "w|#|pump|False|1", "w|gone|pump|False|3", "w|gone|pump|maybe|1"]
    {
        let mut side = EspSide::new();
        side.tells(bad);
        assert_eq!(side.said, [format!("t|6|Expected init, got: |{bad}")]);
        side.tells(W);
        side.tells(INIT);
        side.connect();
        assert_eq!(side.said[1..], ["t|7", "t|2", "t|1", "t|0", "t|5", "t|9"]);
    }
}

/// Settings that do not fit must not cost the memory that the next ones need.
#[test]
fn an_init_that_does_not_fit_is_answered_with_6_and_the_next_one_is_taken() {
    let mut side = EspSide::new();
    side.tells(&INIT.replace("||", &format!("|{}|", "x".repeat(120))));
    assert_eq!(side.said.last().map(String::as_str), Some("t|6|The settings do not fit"));
    side.link(link::Event::Down { reason: DownReason::Silent });
    side.link(link::Event::Up { frame_max_bytes: 500 });
    side.said.clear();
    side.tells(INIT);
    side.connect();
    assert_eq!(side.said, ["t|2", "t|1", "t|0", "t|5", "t|9"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// P12: whatever a host says, the one that comes after it is served.
    #[test]
    fn any_records_are_answered_at_worst_with_status_6(
        records in proptest::collection::vec((any_record(), 0..10_u8), 1..60),
    ) {
        let mut side = EspSide::new();
        for (record, what) in records {
            match what {
                0 => side.link(link::Event::Up { frame_max_bytes: 500 }),
                1 => side.link(link::Event::Down { reason: DownReason::Damaged }),
                2 => side.tells(INIT),
                3 => side.connect(),
                4 => side.receives(b'x', 1, record.as_bytes()),
                5 => side.link_takes = !side.link_takes,
                _ => side.tells(&record),
            }
        }
        side.link_takes = true;
        side.link(link::Event::Writable);
        side.link(link::Event::Down { reason: DownReason::Damaged });
        side.said.clear();
        side.link(link::Event::Up { frame_max_bytes: 500 });
        side.tells(W);
        side.tells(&INIT.replace("home", "elsewhere"));
        side.connect();
        prop_assert_eq!(&side.said, &["t|7", "t|2", "t|1", "t|0", "t|5", "t|9"]);
    }
}
