//! Messages to and from the coordinator, and the time, which it may move. EMULATION.md is the
//! reference.

use super::machine;
use crate::local::Local;

/// Descriptors that QEMU inherits.
const TO_COORDINATOR: i32 = 3;
const FROM_COORDINATOR: i32 = 4;

/// The exit status after the coordinator has gone.
pub(super) const GONE: u8 = 2;
/// The version of the protocol.
pub(super) const VERSION: u32 = 1;

const HEADER_BYTES: usize = 16;
/// The largest payload: one segment of TCP.
pub(super) const PAYLOAD_MAX_BYTES: usize = 1_460;
/// The counter's step.
pub(super) const NS_PER_CYCLE: u64 = 25;
const STEADY_UNIT_NS: u64 = 100;

/// What the board says without waiting for an answer.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Post {
    Boot = 1,
    Pins = 2,
    Join = 16,
    Leave = 17,
    Resolve = 18,
    Open = 19,
    Send = 20,
    Close = 21,
    Abort = 22,
    Credit = 23,
    Datagram = 24,
    Text = 32,
    Stack = 33,
    RuleBroken = 34,
    Panicked = 35,
    Restart = 36,
}

/// What the board asks, and waits for the answer to.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Ask {
    /// The levels of the pins.
    Read = 64,
    /// Whatever happens until then.
    Wait = 65,
}

/// An answer, without its payload.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// What happened; 0 for nothing.
    pub(super) kind: u8,
    /// The levels of GPIO 0 to 15.
    pub(super) levels: u32,
    /// Until when they stay like that, unless this board changes what it drives.
    pub(super) steady_until_ns: u64,
    /// The size of the payload.
    pub(super) size: usize,
}

/// The board's clock.
struct Clock {
    /// The cycle counter when it was last read, or a little later: what the emulation executes
    /// until then does not count.
    cycles: u32,
    /// The time that belonged to it.
    ns: u64,
    /// Something is being played: what that executes takes no time.
    stands_still: bool,
}

static CLOCK: Local<Clock> = Local::new(Clock { cycles: 0, ns: 0, stands_still: false });
static PAYLOAD: Local<[u8; PAYLOAD_MAX_BYTES]> = Local::new([0; PAYLOAD_MAX_BYTES]);
static MESSAGE: Local<[u8; HEADER_BYTES + PAYLOAD_MAX_BYTES]> =
    Local::new([0; HEADER_BYTES + PAYLOAD_MAX_BYTES]);

/// Nanoseconds since this board started.
///
/// What the emulation itself executes would not exist on the chip, so it takes no time: see
/// [`play`].
pub(super) fn now_ns() -> u64 {
    let cycles = machine::cycles();
    CLOCK.with(|clock| {
        let passed = cycles.wrapping_sub(clock.cycles);
        let is_past = passed <= u32::MAX / 2;
        if is_past && !clock.stands_still {
            clock.ns += u64::from(passed) * NS_PER_CYCLE;
            clock.cycles = cycles;
        }
        clock.ns
    })
}

/// So many of the cycles around this are the emulation's entry and exit: they take no time.
pub(super) fn leave_out(cycles: u32) {
    CLOCK.with(|clock| clock.cycles = clock.cycles.wrapping_add(cycles));
}

/// Moves the clock by what something takes on the chip, instead of what playing it took.
pub(super) fn resume(took_ns: u64) {
    CLOCK.with(|clock| {
        clock.ns += took_ns;
        clock.stands_still = false;
        clock.cycles = machine::cycles();
    });
}

/// Time stands still while this is played, and then goes on by `took_ns`. What is played inside it
/// takes its own time besides.
#[inline(always)]
pub(super) fn play<R>(took_ns: u64, how: impl FnOnce(u64) -> R) -> R {
    let now_ns = now_ns();
    let is_outermost = CLOCK.with(|clock| !core::mem::replace(&mut clock.stands_still, true));
    let result = how(now_ns);
    if is_outermost {
        resume(took_ns);
    } else {
        CLOCK.with(|clock| clock.ns += took_ns);
    }
    result
}

/// Says something.
pub(super) fn post(what: Post, connection: u8, argument: u32, payload: &[u8]) {
    play(0, |now_ns| say(now_ns, what as u8, connection, argument, payload));
}

fn say(now_ns: u64, kind: u8, connection: u8, argument: u32, payload: &[u8]) {
    MESSAGE.with(|message| {
        let size = payload.len().min(PAYLOAD_MAX_BYTES);
        message[0] = kind;
        message[1] = connection;
        message[2..4].copy_from_slice(&(size as u16).to_le_bytes());
        message[4..8].copy_from_slice(&argument.to_le_bytes());
        message[8..16].copy_from_slice(&now_ns.to_le_bytes());
        message[16..16 + size].copy_from_slice(&payload[..size]);
        machine::write(TO_COORDINATOR, &message[..16 + size]);
    });
}

/// Asks something. The payload of the answer is read with [`with_payload`].
pub(super) fn ask(what: Ask, argument: u32) -> Answer {
    play(0, |now_ns| {
        say(now_ns, what as u8, 0, argument, &[]);
        let mut header = [0; HEADER_BYTES];
        machine::read(FROM_COORDINATOR, &mut header);
        let [kind, _, size_low, size_high, l0, l1, s0, s1, waited @ ..] = header;
        let size = usize::from(u16::from_le_bytes([size_low, size_high])).min(PAYLOAD_MAX_BYTES);
        PAYLOAD.with(|payload| machine::read(FROM_COORDINATOR, &mut payload[..size]));
        let now_ns = CLOCK.with(|clock| {
            clock.ns += u64::from_le_bytes(waited);
            clock.ns
        });
        let steady_ns = u64::from(u16::from_le_bytes([s0, s1])) * STEADY_UNIT_NS;
        let levels = u32::from(u16::from_le_bytes([l0, l1]));
        Answer { kind, levels, steady_until_ns: now_ns + steady_ns, size }
    })
}

/// Shows the payload of an answer.
pub(super) fn with_payload<R>(answer: &Answer, show: impl FnOnce(&mut [u8]) -> R) -> R {
    PAYLOAD.with(|payload| show(&mut payload[..answer.size]))
}
