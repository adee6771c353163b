//! What the tests against mosquitto are made of.

#![allow(dead_code, reason = "each of these tests takes what it needs")]

pub(crate) mod broker;
pub(crate) mod faults;
pub(crate) mod journal;
pub(crate) mod proxy;

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// A listener on a port that will still be free after it was closed for a while: below those that
/// outgoing connections get, so that none of them takes it, or even connects to itself.
pub(crate) fn listen_on_lasting_port() -> TcpListener {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = std::process::id().wrapping_mul(37) as u16;
    (0..COUNT)
        .map(|_| FIRST + own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .expect("one of so many ports is free")
}
