//! The radio as a station.

use super::raw::{self, StationConfig, WifiEvent};
use super::{events, events::Wifi};

/// Prepares the radio: a station that does not sleep, joins only when told, and tells what happens.
pub(crate) fn start() {
    // SAFETY: all of these may be called once the SDK has started (API §3.6). Nothing but the last
    // `if`, which is true on a new chip only, writes to flash.
    unsafe {
        raw::wifi_set_opmode_current(raw::STATION_MODE);
        raw::wifi_set_sleep_type(raw::NONE_SLEEP);
        raw::wifi_station_set_reconnect_policy(false);
        raw::wifi_set_event_handler_cb(on_event);
        if raw::wifi_station_get_auto_connect() != 0 {
            raw::wifi_station_set_auto_connect(0);
        }
    }
}

/// Joins the network of this name, and notes [`Wifi`] later. False if the SDK refuses at once.
pub(crate) fn join(ssid: &[u8], password: &[u8]) -> bool {
    let mut config = StationConfig { ssid: [0; 32], password: [0; 64], rest: [0; 32] };
    let (Some(ssid_room), Some(password_room)) =
        (config.ssid.get_mut(..ssid.len()), config.password.get_mut(..password.len()))
    else {
        return false;
    };
    ssid_room.copy_from_slice(ssid);
    password_room.copy_from_slice(password);
    connect(&mut config)
}

/// Joins the network that the chip has stored. False if it has none, or the SDK refuses at once.
pub(crate) fn join_stored() -> bool {
    let mut config = StationConfig { ssid: [0; 32], password: [0; 64], rest: [0; 32] };
    // SAFETY: the memory is larger than any release's `struct station_config` (API §3.6,
    // `wifi_station_get_config_default`).
    let found = unsafe { raw::wifi_station_get_config_default(&mut config) };
    found && config.ssid[0] != 0 && connect(&mut config)
}

fn connect(config: &mut StationConfig) -> bool {
    // SAFETY: the SDK copies the configuration before it returns, and does not store it in flash
    // (API §3.6, `wifi_station_set_config_current`).
    let taken = unsafe { raw::wifi_station_set_config_current(config) };
    // SAFETY: a station with a configuration may connect (API §3.6).
    taken && unsafe { raw::wifi_station_connect() }
}

/// Leaves the network.
pub(crate) fn leave() {
    // SAFETY: may be called in any state of a station (API §3.6, `wifi_station_disconnect`).
    unsafe { raw::wifi_station_disconnect() };
}

unsafe extern "C" fn on_event(event: *mut WifiEvent) {
    // SAFETY: the SDK passes a `System_Event_t`, whose first word is its number.
    let number = unsafe { (*event).number };
    match number {
        raw::EVENT_STAMODE_GOT_IP => events::note(|events| events.wifi = Some(Wifi::Up)),
        raw::EVENT_STAMODE_DISCONNECTED => {
            // SAFETY: this number has a `Event_StaMode_Disconnected_t`, of which this is a field.
            let reason = unsafe { (*event).reason };
            // Our own leaving is no news, and may be told after the next attempt has begun.
            if reason != raw::REASON_ASSOC_LEAVE {
                events::note(|events| events.wifi = Some(Wifi::Down));
            }
        }
        _ => {}
    }
}
