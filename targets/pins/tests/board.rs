//! What is on a board besides of the wires: LEDs, and pins where the tables say that they are.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use std::cell::RefCell;
use std::convert::Infallible;
use std::fs;
use std::rc::Rc;

use embedded_hal::digital::{ErrorType, OutputPin};
use fivewire_core::led::HEARTBEAT_MS;
use fivewire_core::time::Instant;
use fivewire_pins::{BrokerLed, HeartbeatLed};

/// A pin that keeps every level it was given.
#[derive(Clone, Default)]
struct Trace(Rc<RefCell<Vec<bool>>>);

impl ErrorType for Trace {
    type Error = Infallible;
}

impl OutputPin for Trace {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.borrow_mut().push(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.borrow_mut().push(true);
        Ok(())
    }
}

#[test]
fn the_heartbeat_led_changes_every_half_second_however_often_it_is_looked_at() {
    let trace = Trace::default();
    let mut led = HeartbeatLed::new(trace.clone(), HEARTBEAT_MS);
    let mut changes = Vec::new();
    for ms in 0..5_000 {
        let before = trace.0.borrow().len();
        led.step(Instant::from_millis(ms)).unwrap();
        if trace.0.borrow().len() > before {
            changes.push(ms);
        }
    }
    assert_eq!(changes, [0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000, 4_500]);
    assert!(trace.0.borrow().windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn the_brokers_led_is_low_while_connected_and_is_written_only_when_it_changes() {
    let trace = Trace::default();
    let mut led = BrokerLed::new(trace.clone());
    for connected in [false, false, true, true, true, false] {
        led.show(connected).unwrap();
    }
    assert_eq!(*trace.0.borrow(), [true, false, true]);
}

#[test]
fn the_pico_has_its_pins_where_the_table_says() {
    let read = |path: &str| {
        fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let (table, board) = (read("WIRING.md"), read("rp2040/src/board.rs"));
    let cells =
        |row: &str| -> Vec<String> { row.split('|').map(|cell| cell.trim().to_owned()).collect() };
    for (field, signal, gpio) in [
        ("reset: p.PIN_", "reset, low resets", 16),
        ("data_out: p.PIN_", "data of the host (stx)", 17),
        ("clock_out: p.PIN_", "clock of the host (sckout)", 18),
        ("data_in: p.PIN_", "data of the ESP8266 (srx)", 19),
        ("clock_in: p.PIN_", "clock of the ESP8266 (sckin)", 20),
    ] {
        assert!(board.contains(&format!("{field}{gpio}.into(),")), "{signal} in board.rs");
        let row = table.lines().find(|line| line.starts_with(&format!("| {signal} |"))).unwrap();
        assert_eq!(cells(row)[3], format!("GPIO {gpio}"), "{signal} in WIRING.md");
    }
}
