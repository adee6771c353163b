//! Bytes between two fivewire ends: framed, checked, repaired, several in flight.
//!
//! ```
//! use fivewire_core::link::native::{Config, Memory, Native};
//! use fivewire_core::link::{Event, Input, Link, Output, Role};
//! use fivewire_core::time::Instant;
//!
//! let memory = || Memory { transmit: [0; 256], receive: [0; 256] };
//! let mut host = Native::new(&Config::new(Role::Initiator), memory(), 0x5EED)?;
//! let mut esp = Native::new(&Config::new(Role::Passive), memory(), 0xF00D)?;
//! let mut now = Instant::ZERO;
//! host.start(now);
//! esp.start(now);
//!
//! let mut arrived = None;
//! while arrived.is_none() {
//!     now = now.plus_ms(1);
//!     // What one end drives is what the other one reads. Here the reset line leads nowhere.
//!     let (mut from, mut to) = (&mut host, &mut esp);
//!     for _ in 0..2 {
//!         loop {
//!             match from.poll() {
//!                 Output::Drive(levels) => to.handle(now, Input::Levels(levels)),
//!                 Output::Event(Event::Up { .. }) => println!("a session begins"),
//!                 Output::Event(Event::Frame(frame)) => arrived = Some(frame.to_vec()),
//!                 Output::Event(event) => println!("{event:?}"),
//!                 Output::Reset { asserted } => println!("reset {asserted}"),
//!                 Output::Wait(_) => break,
//!             }
//!         }
//!         from.handle(now, Input::Timeout);
//!         (from, to) = (to, from);
//!     }
//!     if host.is_up() {
//!         host.send(b"any bytes")?; // 0 would mean: full for now
//!     }
//! }
//! assert_eq!(arrived.as_deref(), Some(&b"any bytes"[..]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The wires
//! Bytes go lowest bit first. An end that has nothing to say sends zeros. Until two ends have found
//! each other, each says HELLO:
//!
//! | bits | HELLO |
//! |---|---|
//! | 16 | the marker 1000 0011 0000 1010 |
//! | 256 | version, role, size of the receive memory (2 bytes), nonce (4), nonce heard from the other end (4), CRC-32 (4): each bit followed by its opposite |
//!
//! Once an end hears its own nonce in the other's HELLO, both know both, and HELLOs and empty
//! frames alternate until a frame arrives that could only come from this session. Then the session
//! is up. Frames may follow each other without a gap:
//!
//! | bytes | frame | |
//! |---|---|---|
//! | 1 | sync | 0xA7 |
//! | 2 | size | 12 bits; the upper four are 1010, or 0101 where several frames are joined |
//! | 1 | sequence number | 7 bits, then "please answer". An empty frame has the number of the next one |
//! | 1 | header check | bits 12 to 19 of the checksum over the three bytes before |
//! | 0 to 4,095 | payload | whitened |
//! | 1 | acknowledgement | 7 bits: the number that is expected next; then "lost: send again from there" |
//! | 1 | credit | units of a 255th of the receive memory, rounded up to a power of two |
//! | 4 | CRC-32 | over all but sync and header check |
//!
//! Frames that wait for their turn are joined up to a payload of 64 bytes, each with a byte of size
//! before it: so they share those eleven bytes, and still come out one by one.
//!
//! The acknowledgement stands behind the payload, so that it is as fresh as can be. Eleven bytes
//! besides the payload: a frame of 64 bytes has 0.853 payload bits in a bit.
//!
//! * The checksum of a session starts from both nonces, the direction, and nothing else: no frame
//!   of another session, and no echo of an end's own, can have the right one.
//! * The payload is whitened by a pseudo-random sequence made of the same start and the frame's
//!   number. So no payload, however it was chosen, looks like a HELLO or the beginning of a frame.
//!
//! # Repair
//! A bit may be flipped; a glitch on a clock makes one end take a bit twice and the other miss one.
//! Between frames a receiver looks for sync and a right header at every bit, so it needs no other
//! mark to find its place again. What is damaged, or shows by its number that something before it
//! is missing, makes the receiver say "lost" in the next frame it sends; the sender goes back to
//! the frame that is expected. An end that misses an acknowledgement asks for it with an empty
//! frame, whose number shows what should have arrived. All of this is counted in own bits: it works
//! at any speed. After [`Config::repair_bits`] without progress the session ends as
//! [`DownReason::Damaged`](super::DownReason::Damaged).
//!
//! An end that hears a HELLO that does not name its own nonce knows that the other end started
//! over.

mod bits;
mod checksum;
mod config;
mod end;
mod foreign;
mod frame;
mod greeting;
mod hello;
mod queue;
mod receiver;
mod register;
mod reply;
mod sender;
mod window;

pub use config::{Config, MEMORY_MAX_BYTES, MEMORY_MIN_BYTES, Memory};
pub use end::Native;
pub use frame::{FRAME_MAX_BYTES, frame_max_bytes};

/// The version of the format that this end speaks.
pub const VERSION: u8 = 1;
