//! What Espressif's headers declare, as far as it is used: names, layouts and numbers.
//!
//! "API" is the *ESP8266 Non-OS SDK API Reference* (document 2C), with the header of SDK 3.0 that
//! declares the function. Enumerations are as large as `int`, `bool` is one byte.

use core::ffi::{c_char, c_int, c_void};

/// `ETSTimer` (osapi.h, os_type.h). Only the SDK looks inside.
#[repr(C)]
pub(crate) struct Timer {
    pub(crate) next: *mut Self,
    pub(crate) expire: u32,
    pub(crate) period: u32,
    pub(crate) function: Option<TimerFunction>,
    pub(crate) argument: *mut c_void,
}

/// `os_timer_func_t`.
pub(crate) type TimerFunction = unsafe extern "C" fn(*mut c_void);

/// `os_event_t` (os_type.h): an element of a task's queue.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct TaskEvent {
    pub(crate) signal: u32,
    pub(crate) parameter: u32,
}

/// `os_task_t`.
pub(crate) type TaskFunction = unsafe extern "C" fn(*mut TaskEvent);

/// `struct station_config` (user_interface.h): what follows the password differs between releases
/// of the SDK (at most 20 bytes), and is all zero for "any channel, any access point, any
/// security".
#[repr(C, align(4))]
pub(crate) struct StationConfig {
    pub(crate) ssid: [u8; 32],
    pub(crate) password: [u8; 64],
    pub(crate) rest: [u8; 32],
}

/// `System_Event_t` (user_interface.h), of which only the disconnection has details that matter.
#[repr(C)]
pub(crate) struct WifiEvent {
    pub(crate) number: u32,
    pub(crate) ssid: [u8; 32],
    pub(crate) ssid_len: u8,
    pub(crate) bssid: [u8; 6],
    /// `Event_StaMode_Disconnected_t.reason`, valid for [`EVENT_STAMODE_DISCONNECTED`] only.
    pub(crate) reason: u8,
}

/// `wifi_event_handler_cb_t`.
pub(crate) type WifiEventFunction = unsafe extern "C" fn(*mut WifiEvent);

pub(crate) const EVENT_STAMODE_DISCONNECTED: u32 = 1;
pub(crate) const EVENT_STAMODE_GOT_IP: u32 = 3;
/// `REASON_ASSOC_LEAVE`: this station left by itself.
pub(crate) const REASON_ASSOC_LEAVE: u8 = 8;
/// `STATION_MODE` of `wifi_set_opmode_current`.
pub(crate) const STATION_MODE: u8 = 1;
/// `NONE_SLEEP_T` of `wifi_set_sleep_type`.
pub(crate) const NONE_SLEEP: c_int = 0;

/// `esp_tcp` (espconn.h).
#[repr(C)]
pub(crate) struct EspTcp {
    pub(crate) remote_port: c_int,
    pub(crate) local_port: c_int,
    pub(crate) local_ip: [u8; 4],
    pub(crate) remote_ip: [u8; 4],
    pub(crate) connected: Option<ConnectionFunction>,
    pub(crate) failed: Option<FailureFunction>,
    pub(crate) disconnected: Option<ConnectionFunction>,
    pub(crate) write_finished: Option<ConnectionFunction>,
}

/// `esp_udp` (espconn.h).
#[repr(C)]
pub(crate) struct EspUdp {
    pub(crate) remote_port: c_int,
    pub(crate) local_port: c_int,
    pub(crate) local_ip: [u8; 4],
    pub(crate) remote_ip: [u8; 4],
}

/// `struct espconn` (espconn.h). `tcp` is a union: of a connection of UDP it points to an
/// [`EspUdp`].
#[repr(C)]
pub(crate) struct EspConn {
    pub(crate) kind: c_int,
    pub(crate) state: c_int,
    pub(crate) tcp: *mut EspTcp,
    pub(crate) received: Option<ReceiveFunction>,
    pub(crate) sent: Option<ConnectionFunction>,
    pub(crate) link_count: u8,
    pub(crate) reverse: *mut c_void,
}

/// `espconn_connect_callback`, `espconn_sent_callback`: the argument is the connection.
pub(crate) type ConnectionFunction = unsafe extern "C" fn(*mut c_void);
/// `espconn_reconnect_callback`: a connection that failed, and an `ESPCONN_` error.
pub(crate) type FailureFunction = unsafe extern "C" fn(*mut c_void, i8);
/// `espconn_recv_callback`.
pub(crate) type ReceiveFunction = unsafe extern "C" fn(*mut c_void, *mut u8, u16);
/// `dns_found_callback`: name, address or null, connection.
pub(crate) type ResolvedFunction = unsafe extern "C" fn(*const c_char, *const [u8; 4], *mut c_void);

/// `enum espconn_type`.
pub(crate) const ESPCONN_TCP: c_int = 0x10;
pub(crate) const ESPCONN_UDP: c_int = 0x20;
pub(crate) const ESPCONN_OK: i8 = 0;
pub(crate) const ESPCONN_INPROGRESS: i8 = -5;
pub(crate) const ESPCONN_RST: i8 = -9;
/// `enum espconn_option`.
pub(crate) const ESPCONN_NODELAY: u8 = 2;

/// `ETS_GPIO_INUM` (ets_sys.h).
pub(crate) const GPIO_INTERRUPT: c_int = 4;

unsafe extern "C" {
    // API §3.1, osapi.h: software timers
    pub(crate) fn ets_timer_setfn(
        timer: *mut Timer,
        function: TimerFunction,
        argument: *mut c_void,
    );
    pub(crate) fn ets_timer_arm_new(timer: *mut Timer, time: u32, repeats: bool, in_ms: bool);
    pub(crate) fn ets_timer_disarm(timer: *mut Timer);

    // API §3.3, user_interface.h: system
    pub(crate) fn system_os_task(
        task: TaskFunction,
        priority: u8,
        queue: *mut TaskEvent,
        length: u8,
    ) -> bool;
    pub(crate) fn system_os_post(priority: u8, signal: u32, parameter: u32) -> bool;
    pub(crate) fn system_get_time() -> u32;
    pub(crate) fn system_restart();
    pub(crate) fn system_get_free_heap_size() -> u32;
    #[cfg(feature = "syncom")]
    pub(crate) fn system_get_chip_id() -> u32;
    pub(crate) fn system_update_cpu_freq(mhz: u8) -> bool;
    pub(crate) fn system_init_done_cb(function: unsafe extern "C" fn());
    pub(crate) fn os_get_random(buffer: *mut u8, length: usize) -> c_int;
    pub(crate) fn os_printf_plus(format: *const c_char, ...) -> c_int;

    // ets_sys.h: interrupts of the boot ROM
    pub(crate) fn ets_isr_attach(
        interrupt: c_int,
        handler: unsafe extern "C" fn(*mut c_void),
        argument: *mut c_void,
    );
    pub(crate) fn ets_isr_mask(interrupts: u32);
    pub(crate) fn ets_isr_unmask(interrupts: u32);

    // API §3.6, user_interface.h: WiFi
    pub(crate) fn wifi_set_opmode_current(mode: u8) -> bool;
    pub(crate) fn wifi_set_sleep_type(kind: c_int) -> bool;
    pub(crate) fn wifi_set_event_handler_cb(function: WifiEventFunction);
    pub(crate) fn wifi_station_get_auto_connect() -> u8;
    pub(crate) fn wifi_station_set_auto_connect(on: u8) -> bool;
    pub(crate) fn wifi_station_set_reconnect_policy(on: bool) -> bool;
    pub(crate) fn wifi_station_get_config_default(config: *mut StationConfig) -> bool;
    pub(crate) fn wifi_station_set_config_current(config: *mut StationConfig) -> bool;
    pub(crate) fn wifi_station_connect() -> bool;
    pub(crate) fn wifi_station_disconnect() -> bool;

    // API §4.1 and §4.2, espconn.h: names and TCP
    pub(crate) fn espconn_gethostbyname(
        connection: *mut EspConn,
        name: *const c_char,
        address: *mut [u8; 4],
        found: ResolvedFunction,
    ) -> i8;
    pub(crate) fn espconn_port() -> u32;
    pub(crate) fn espconn_regist_connectcb(
        connection: *mut EspConn,
        function: ConnectionFunction,
    ) -> i8;
    pub(crate) fn espconn_regist_reconcb(connection: *mut EspConn, function: FailureFunction)
    -> i8;
    pub(crate) fn espconn_regist_disconcb(
        connection: *mut EspConn,
        function: ConnectionFunction,
    ) -> i8;
    pub(crate) fn espconn_regist_recvcb(connection: *mut EspConn, function: ReceiveFunction) -> i8;
    pub(crate) fn espconn_regist_sentcb(
        connection: *mut EspConn,
        function: ConnectionFunction,
    ) -> i8;
    pub(crate) fn espconn_connect(connection: *mut EspConn) -> i8;
    pub(crate) fn espconn_set_opt(connection: *mut EspConn, option: u8) -> i8;
    pub(crate) fn espconn_send(connection: *mut EspConn, bytes: *mut u8, length: u16) -> i8;
    pub(crate) fn espconn_recv_hold(connection: *mut EspConn) -> i8;
    pub(crate) fn espconn_recv_unhold(connection: *mut EspConn) -> i8;
    // API §4.3: UDP
    pub(crate) fn espconn_create(connection: *mut EspConn) -> i8;
    pub(crate) fn espconn_sendto(connection: *mut EspConn, bytes: *mut u8, length: u16) -> i16;
    pub(crate) fn espconn_disconnect(connection: *mut EspConn) -> i8;
    pub(crate) fn espconn_abort(connection: *mut EspConn) -> i8;
}
