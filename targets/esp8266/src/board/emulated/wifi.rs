//! The station: what the coordinator's radio is asked, and what it tells.

use core::ffi::c_int;

use super::coordinator::{self, Answer, Post};
use super::{abort, scheduler};
use crate::local::Local;
use crate::sdk::raw::{self, StationConfig, WifiEvent, WifiEventFunction};

/// Events of the protocol.
const GOT_IP: u8 = 1;
const DISCONNECTED: u8 = 2;

struct Station {
    handler: Option<WifiEventFunction>,
    is_station: bool,
    configured: bool,
    auto_connect: u8,
    ssid: [u8; 32],
    password: [u8; 64],
}

static STATION: Local<Station> = Local::new(Station {
    handler: None,
    is_station: false,
    configured: false,
    auto_connect: 1,
    ssid: [0; 32],
    password: [0; 64],
});

/// Passes an event on.
pub(super) fn take_event(answer: &Answer) {
    let mut event = WifiEvent { number: 0, ssid: [0; 32], ssid_len: 0, bssid: [0; 6], reason: 0 };
    match answer.kind {
        GOT_IP => event.number = raw::EVENT_STAMODE_GOT_IP,
        DISCONNECTED => {
            event.number = raw::EVENT_STAMODE_DISCONNECTED;
            event.reason =
                coordinator::with_payload(answer, |bytes| bytes.first().copied().unwrap_or(1));
        }
        _ => abort::rule_broken("the coordinator says what the protocol does not have"),
    }
    if let Some(handler) = STATION.with(|station| station.handler) {
        // SAFETY: the function that was registered, and an event that lives until it returns.
        scheduler::call_back(|| unsafe { handler(&mut event) });
    }
}

fn trim(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or_default()
}

#[unsafe(no_mangle)]
extern "C" fn wifi_set_opmode_current(mode: u8) -> bool {
    STATION.with(|station| station.is_station = mode == raw::STATION_MODE);
    true
}

#[unsafe(no_mangle)]
extern "C" fn wifi_set_sleep_type(_: c_int) -> bool {
    true
}

#[unsafe(no_mangle)]
extern "C" fn wifi_set_event_handler_cb(handler: WifiEventFunction) {
    STATION.with(|station| station.handler = Some(handler));
}

#[unsafe(no_mangle)]
extern "C" fn wifi_station_get_auto_connect() -> u8 {
    STATION.with(|station| station.auto_connect)
}

#[unsafe(no_mangle)]
extern "C" fn wifi_station_set_auto_connect(on: u8) -> bool {
    STATION.with(|station| station.auto_connect = on);
    true
}

#[unsafe(no_mangle)]
extern "C" fn wifi_station_set_reconnect_policy(_: bool) -> bool {
    true
}

/// This chip has nothing stored.
#[unsafe(no_mangle)]
extern "C" fn wifi_station_get_config_default(_: *mut StationConfig) -> bool {
    false
}

#[unsafe(no_mangle)]
extern "C" fn wifi_station_set_config_current(config: *mut StationConfig) -> bool {
    // SAFETY: a configuration that lives until this returns (API §3.6).
    let config = unsafe { &*config };
    abort::rule(config.rest == [0; 32], "only name and password are set");
    STATION.with(|station| {
        (station.ssid, station.password) = (config.ssid, config.password);
        station.configured = true;
        station.is_station
    })
}

#[unsafe(no_mangle)]
extern "C" fn wifi_station_connect() -> bool {
    let mut payload = [0; 32 + 1 + 64];
    let size = STATION.with(|station| {
        abort::rule(station.is_station && station.configured, "a station with a configuration");
        let (ssid, password) = (trim(&station.ssid), trim(&station.password));
        let size = ssid.len() + 1 + password.len();
        payload[..ssid.len()].copy_from_slice(ssid);
        payload[ssid.len() + 1..size].copy_from_slice(password);
        size
    });
    coordinator::post(Post::Join, 0, 0, &payload[..size]);
    true
}

#[unsafe(no_mangle)]
extern "C" fn wifi_station_disconnect() -> bool {
    coordinator::post(Post::Leave, 0, 0, &[]);
    true
}
