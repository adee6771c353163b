//! espconn: one connection at a time, with the SDK's rules.
//!
//! | rule | from |
//! |---|---|
//! | nothing is sent while something is being sent | API §4.2, `espconn_send` |
//! | a connection is not closed or broken off inside one of its callbacks | API §4.2, `espconn_disconnect` |
//! | its memory is left alone until its end was told | espconn.c: the SDK keeps the pointer |
//! | callbacks come from the SDK's task, never from inside a call | espconn.c: `ets_post` |
//! | a connection that is held opens its window no further until `unhold` | espconn.c |

use super::coordinator::{self, Answer, Post};
use super::{abort, scheduler};
use crate::local::Local;
use crate::sdk::raw::{self, ConnectionFunction, EspConn, FailureFunction, ReceiveFunction};

/// Events of the protocol.
const OPENED: u8 = 17;
const FAILED: u8 = 18;
const RECEIVED: u8 = 19;
const SENT: u8 = 20;
const CLOSED: u8 = 21;

/// `ESPCONN_ARG`: there is no such connection.
const NO_SUCH_CONNECTION: i8 = -12;
/// `TCP_WND` of SDK 3.0.
const WINDOW_BYTES: u32 = 5_840;
const SEGMENT_MAX_BYTES: u16 = 1_460;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    None,
    Opening,
    Open,
    /// The firmware asked for the end.
    Ending,
}

struct Tcp {
    state: State,
    connection: *mut EspConn,
    /// The coordinator's name of it.
    number: u8,
    sending: bool,
    held: bool,
    held_bytes: u32,
    /// Bytes that the coordinator may still deliver.
    window_bytes: u32,
    /// One of its callbacks runs.
    in_callback: bool,
    local_port: u32,
}

static TCP: Local<Tcp> = Local::new(Tcp {
    state: State::None,
    connection: core::ptr::null_mut(),
    number: 0,
    sending: false,
    held: false,
    held_bytes: 0,
    window_bytes: 0,
    in_callback: false,
    local_port: 49_152,
});

/// Looks at a connection that must be the one there is. `None`: there is none.
fn with_tcp<R>(connection: *mut EspConn, look: impl FnOnce(&mut Tcp) -> R) -> Option<R> {
    TCP.with(|tcp| (tcp.state != State::None && tcp.connection == connection).then(|| look(tcp)))
}

fn credit(number: u8, bytes: u32) {
    if bytes > 0 {
        TCP.with(|tcp| tcp.window_bytes += bytes);
        coordinator::post(Post::Credit, number, bytes, &[]);
    }
}

/// Passes an event on.
pub(super) fn take_event(answer: &Answer) {
    let (state, connection) = TCP.with(|tcp| (tcp.state, tcp.connection));
    if state == State::None {
        // It crossed the end on its way.
        return;
    }
    match answer.kind {
        OPENED if state == State::Opening => {
            TCP.with(|tcp| (tcp.state, tcp.window_bytes) = (State::Open, WINDOW_BYTES));
            call(connection, |tcp_functions, _| tcp_functions.0);
        }
        RECEIVED if state == State::Open => receive(answer, connection),
        SENT if state == State::Open => {
            TCP.with(|tcp| tcp.sending = false);
            call(connection, |_, sent| sent);
        }
        CLOSED => {
            TCP.with(|tcp| tcp.state = State::None);
            call(connection, |tcp_functions, _| tcp_functions.1);
        }
        FAILED => {
            let error = coordinator::with_payload(answer, |bytes| bytes.first().copied());
            TCP.with(|tcp| tcp.state = State::None);
            fail(connection, error.unwrap_or(0).cast_signed());
        }
        // It crossed the firmware's wish to end on its way.
        OPENED | RECEIVED | SENT => {}
        _ => abort::rule_broken("the coordinator says what the protocol does not have"),
    }
}

type Functions = (Option<ConnectionFunction>, Option<ConnectionFunction>);

/// Calls one of (connected, disconnected) or sent.
fn call(
    connection: *mut EspConn,
    choose: impl FnOnce(Functions, Option<ConnectionFunction>) -> Option<ConnectionFunction>,
) {
    // SAFETY: the firmware's connection, complete since `espconn_connect`.
    let function = unsafe {
        let tcp = &*(*connection).tcp;
        choose((tcp.connected, tcp.disconnected), (*connection).sent)
    };
    if let Some(function) = function {
        // SAFETY: the function that was registered, and its connection.
        guarded(|| unsafe { function(connection.cast()) });
    }
}

fn fail(connection: *mut EspConn, error: i8) {
    // SAFETY: as in `call`.
    let function: Option<FailureFunction> = unsafe { (*(*connection).tcp).failed };
    if let Some(function) = function {
        // SAFETY: as in `call`.
        guarded(|| unsafe { function(connection.cast(), error) });
    }
}

fn receive(answer: &Answer, connection: *mut EspConn) {
    let count = answer.size as u32;
    TCP.with(|tcp| {
        abort::rule(count <= tcp.window_bytes, "the coordinator exceeds the window");
        tcp.window_bytes -= count;
    });
    // SAFETY: as in `call`.
    let function: Option<ReceiveFunction> = unsafe { (*connection).received };
    if let Some(function) = function {
        coordinator::with_payload(answer, |bytes| {
            // SAFETY: as in `call`; the bytes live until it returns.
            guarded(|| unsafe {
                function(connection.cast(), bytes.as_mut_ptr(), bytes.len() as u16)
            });
        });
    }
    let freed = TCP.with(|tcp| {
        if tcp.held {
            tcp.held_bytes += count;
            0
        } else {
            count
        }
    });
    credit(TCP.with(|tcp| tcp.number), freed);
}

fn guarded(run: impl FnOnce()) {
    TCP.with(|tcp| tcp.in_callback = true);
    scheduler::call_back(run);
    TCP.with(|tcp| tcp.in_callback = false);
}

#[unsafe(no_mangle)]
extern "C" fn espconn_port() -> u32 {
    TCP.with(|tcp| {
        tcp.local_port = if tcp.local_port == 65_535 { 49_152 } else { tcp.local_port + 1 };
        tcp.local_port
    })
}

#[unsafe(no_mangle)]
extern "C" fn espconn_regist_connectcb(
    connection: *mut EspConn,
    function: ConnectionFunction,
) -> i8 {
    // SAFETY: the caller's connection, which has a `tcp` (API §4.2).
    unsafe { (*(*connection).tcp).connected = Some(function) };
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_regist_reconcb(connection: *mut EspConn, function: FailureFunction) -> i8 {
    // SAFETY: as above.
    unsafe { (*(*connection).tcp).failed = Some(function) };
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_regist_disconcb(
    connection: *mut EspConn,
    function: ConnectionFunction,
) -> i8 {
    // SAFETY: as above.
    unsafe { (*(*connection).tcp).disconnected = Some(function) };
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_regist_recvcb(connection: *mut EspConn, function: ReceiveFunction) -> i8 {
    // SAFETY: as above.
    unsafe { (*connection).received = Some(function) };
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_regist_sentcb(connection: *mut EspConn, function: ConnectionFunction) -> i8 {
    // SAFETY: as above.
    unsafe { (*connection).sent = Some(function) };
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_connect(connection: *mut EspConn) -> i8 {
    // SAFETY: the caller's connection, which is complete (API §4.2).
    let (kind, address, port) = unsafe {
        let tcp = &*(*connection).tcp;
        ((*connection).kind, tcp.remote_ip, tcp.remote_port)
    };
    abort::rule(kind == raw::ESPCONN_TCP, "a connection of TCP");
    let number = TCP.with(|tcp| {
        abort::rule(
            tcp.state == State::None,
            "no new connection before the end of the last was told",
        );
        let number = tcp.number.wrapping_add(1);
        *tcp = Tcp {
            state: State::Opening,
            connection,
            number,
            sending: false,
            held: false,
            held_bytes: 0,
            window_bytes: 0,
            ..*tcp
        };
        number
    });
    coordinator::post(Post::Open, number, port.cast_unsigned(), &address);
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_set_opt(connection: *mut EspConn, _: u8) -> i8 {
    with_tcp(connection, |_| raw::ESPCONN_OK).unwrap_or(NO_SUCH_CONNECTION)
}

#[unsafe(no_mangle)]
extern "C" fn espconn_send(connection: *mut EspConn, bytes: *mut u8, length: u16) -> i8 {
    let number = with_tcp(connection, |tcp| {
        abort::rule(!tcp.sending, "nothing is sent while something is being sent");
        tcp.sending = tcp.state == State::Open;
        tcp.sending.then_some(tcp.number)
    });
    let Some(Some(number)) = number else { return NO_SUCH_CONNECTION };
    abort::rule((1..=SEGMENT_MAX_BYTES).contains(&length), "1 to 1,460 bytes are sent at once");
    // SAFETY: the caller's bytes, which stay until `sent` (API §4.2).
    let bytes = unsafe { core::slice::from_raw_parts(bytes, usize::from(length)) };
    coordinator::post(Post::Send, number, 0, bytes);
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_recv_hold(connection: *mut EspConn) -> i8 {
    with_tcp(connection, |tcp| {
        if !tcp.held {
            (tcp.held, tcp.held_bytes) = (true, 0);
        }
        raw::ESPCONN_OK
    })
    .unwrap_or(NO_SUCH_CONNECTION)
}

#[unsafe(no_mangle)]
extern "C" fn espconn_recv_unhold(connection: *mut EspConn) -> i8 {
    let freed = with_tcp(connection, |tcp| {
        let freed = if tcp.held { tcp.held_bytes } else { 0 };
        (tcp.held, tcp.held_bytes) = (false, 0);
        (tcp.number, freed)
    });
    let Some((number, freed)) = freed else { return NO_SUCH_CONNECTION };
    credit(number, freed);
    raw::ESPCONN_OK
}

#[unsafe(no_mangle)]
extern "C" fn espconn_disconnect(connection: *mut EspConn) -> i8 {
    end(connection, Post::Close)
}

#[unsafe(no_mangle)]
extern "C" fn espconn_abort(connection: *mut EspConn) -> i8 {
    end(connection, Post::Abort)
}

fn end(connection: *mut EspConn, how: Post) -> i8 {
    let number = with_tcp(connection, |tcp| {
        abort::rule(!tcp.in_callback, "a connection is not ended inside one of its callbacks");
        tcp.state = State::Ending;
        tcp.number
    });
    let Some(number) = number else { return NO_SUCH_CONNECTION };
    coordinator::post(how, number, 0, &[]);
    raw::ESPCONN_OK
}
