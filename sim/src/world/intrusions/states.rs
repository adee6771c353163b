//! States with a fault in them: there is no machine in such a state, or it goes on like any other.

use fivewire_core::bridge::{esp, host};
use fivewire_core::client;
use fivewire_core::recorder::Restored;
use fivewire_core::time::Instant;

use super::{OUTPUTS_MAX, of_network};
use crate::observation::Intrusion;
use crate::random::mixed;
use crate::world::device::Bytes;

/// Values that a number, a flag or a variant may have at its edges.
const BYTES: [u8; 8] = [0, 1, 2, 3, 9, 0x7F, 0x80, 0xFF];
/// What may happen to the machine, a second apart; two of them more often.
const HAPPENS: [Intrusion; 10] = [
    Intrusion::TimeOut,
    Intrusion::Writable,
    Intrusion::Sent,
    Intrusion::Received,
    Intrusion::WifiUp,
    Intrusion::TcpOpened,
    Intrusion::Sent,
    Intrusion::Received,
    Intrusion::TcpClosed,
    Intrusion::WifiDown,
];

/// The state with one fault.
pub(super) fn damaged(state: &[u8], number: u64) -> Vec<u8> {
    let mut damaged = state.to_vec();
    let draw = mixed(number);
    // reduced before it is cut to the size of an address: the same on every platform
    let place = (draw / 64 % state.len().max(1) as u64) as usize;
    match draw % 8 {
        _ if state.is_empty() => {}
        0 => damaged.truncate(place),
        1 => damaged.push(0),
        2 => damaged.insert(place, BYTES[place % BYTES.len()]),
        3 => damaged[place] ^= 1 << (draw / 8 % 8),
        4 => damaged[place] = damaged[place].wrapping_add(1),
        _ => damaged[place] = BYTES[(draw / 8) as usize % BYTES.len()],
    }
    damaged
}

/// Lets time go on for the machine, and says whether it always rests in between.
pub(super) fn goes_on(mut machine: Restored<Bytes>, number: u64) -> bool {
    (1..=20_u64).all(|second| {
        let now = Instant::from_millis(mixed(number) % 10_000_000 + second * 1_000);
        let happens = HAPPENS[(mixed(number ^ second) % HAPPENS.len() as u64) as usize];
        let input = of_network(happens).unwrap_or(client::Input::Timeout);
        match &mut machine {
            Restored::Client(client) => {
                client.handle(now, input);
                (0..OUTPUTS_MAX).any(|_| matches!(client.poll(), client::Output::Wait(_)))
            }
            Restored::Host(host) => {
                host.handle(now, host_input(happens));
                (0..OUTPUTS_MAX).any(|_| matches!(host.poll(), host::Output::Wait(_)))
            }
            Restored::Esp(esp) => {
                esp.handle(now, esp::Input::Net(input));
                esp.handle(now, esp::Input::FrameSent(1));
                (0..OUTPUTS_MAX).any(|_| matches!(esp.poll(), esp::Output::Wait(_)))
            }
        }
    })
}

const fn host_input(happens: Intrusion) -> host::Input<'static> {
    match happens {
        Intrusion::Writable => host::Input::Writable,
        Intrusion::Sent => host::Input::Sent(1),
        Intrusion::WifiUp => host::Input::LinkUp { frame_max_bytes: 512 },
        Intrusion::WifiDown => host::Input::LinkDown,
        // a new session of the protocol
        Intrusion::TcpOpened => host::Input::Frame(&[0x81, 1, 0, 0, 8, 0, 0, 64, 0, 64]),
        // it has its settings
        Intrusion::Received => host::Input::Frame(&[0x83, 1]),
        // the first ticket's subscription is granted
        Intrusion::TcpClosed => host::Input::Frame(&[0x87, 0, 0, 0, 1, 1]),
        _ => host::Input::Timeout,
    }
}
