//! Time from a named server: SNTP over UDP (RFC 4330), as bytes and as a machine without sockets.
//!
//! [`request`] and [`answer`] are the two datagrams; [`Timekeeper`] decides when to ask, believes
//! only the answer to its last question, and knows the time from then on. Who owns a socket sends
//! the request to port [`PORT`] of the server; behind a bridge the ESP8266 does
//! ([`Host::ask_time`](crate::bridge::host::Host::ask_time)).

mod date;
mod timekeeper;

pub use date::Date;
pub use timekeeper::{Config, Input, Output, Resync, Timekeeper};

/// The UDP port of time servers.
pub const PORT: u16 = 123;

/// Bytes of a request, and at least of an answer.
pub const PACKET_BYTES: usize = 48;

/// Seconds from 1900 to 1970.
const TO_1970_S: u64 = 2_208_988_800;
/// Seconds from 1970 to 2000: what a [`Epoch::Y2000`] lacks.
const TO_2000_S: u64 = 946_684_800;

/// What a board counts its seconds from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Epoch {
    /// 1 January 1970, UTC.
    Y1970,
    /// 1 January 2000, UTC.
    Y2000,
}

/// An instant as a server tells it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    /// Seconds since 1900, of which the server sends the low 32 bits.
    pub seconds: u32,
    /// Parts of a second, in 1/65,536.
    pub fraction: u16,
}

impl Stamp {
    /// Microseconds since 1970. The seconds come round in 2036; those below 2^31 are taken for the
    /// time after it (RFC 4330 §3), so this is right until 2104.
    #[must_use]
    pub const fn unix_us(self) -> u64 {
        let era = if self.seconds < 1 << 31 { 1 << 32 } else { 0 };
        let seconds = era + self.seconds as u64 - TO_1970_S;
        seconds * 1_000_000 + ((self.fraction as u64 * 1_000_000) >> 16)
    }
}

/// Why an answer is not believed (RFC 4330 §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unusable {
    /// Shorter than 48 bytes.
    TooShort,
    /// No answer of a server.
    NotAnAnswer,
    /// It answers another question: a late one, or one that somebody else asked.
    OtherQuestion,
    /// The server knows no time itself, or asks to be left alone.
    NotSynchronised,
}

/// The datagram that asks a server for the time. Instead of the board's own time, which no server
/// needs, it has `cookie`, which the answer repeats.
#[must_use]
pub fn request(cookie: u64) -> [u8; PACKET_BYTES] {
    let mut packet = [0; PACKET_BYTES];
    packet[0] = 0x23; // version 4, client
    packet[40..].copy_from_slice(&cookie.to_be_bytes());
    packet
}

/// The time in a server's answer to the request with this cookie.
///
/// # Errors
/// Why it must not be believed.
pub fn answer(datagram: &[u8], cookie: u64) -> Result<Stamp, Unusable> {
    let Some(packet) = datagram.first_chunk::<PACKET_BYTES>() else {
        return Err(Unusable::TooShort);
    };
    if packet[0] & 0x07 != 4 {
        return Err(Unusable::NotAnAnswer);
    }
    if packet[24..32] != cookie.to_be_bytes() {
        return Err(Unusable::OtherQuestion);
    }
    let (leap, stratum) = (packet[0] >> 6, packet[1]);
    let seconds = u32::from_be_bytes([packet[40], packet[41], packet[42], packet[43]]);
    let fraction = u16::from_be_bytes([packet[44], packet[45]]);
    if leap == 3 || !(1..=15).contains(&stratum) || (seconds == 0 && fraction == 0) {
        return Err(Unusable::NotSynchronised);
    }
    Ok(Stamp { seconds, fraction })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(cookie: u64, seconds: u32) -> [u8; PACKET_BYTES] {
        let mut packet = [0; PACKET_BYTES];
        packet[..2].copy_from_slice(&[0x24, 2]);
        packet[24..32].copy_from_slice(&cookie.to_be_bytes());
        packet[40..44].copy_from_slice(&seconds.to_be_bytes());
        packet[44] = 0x80;
        packet
    }

    #[test]
    fn a_request_says_that_it_is_one_and_nothing_of_the_board() {
        let request = request(0x0102_0304_0506_0708);
        assert_eq!(request[0], 0b00_100_011, "no leap warning, version 4, client");
        assert_eq!(request[40..], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(request[1..40].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn an_answer_has_the_time_in_its_transmit_timestamp() {
        let stamp = answer(&packet(7, 3_155_673_600), 7).unwrap();
        assert_eq!(stamp.unix_us(), TO_2000_S * 1_000_000 + 500_000);
    }

    #[test]
    fn seconds_go_on_when_they_come_round_in_2036() {
        let last = Stamp { seconds: u32::MAX, fraction: 0 };
        let first = Stamp { seconds: 0, fraction: 0 };
        assert_eq!(last.unix_us() / 1_000_000, 2_085_978_495, "7 February 2036, 06:28:15");
        assert_eq!(first.unix_us() - last.unix_us(), 1_000_000);
    }

    #[test]
    fn what_no_server_with_a_time_says_is_not_believed() {
        let changed = |at: usize, byte| {
            let mut packet = packet(7, 3_155_673_600);
            packet[at] = byte;
            answer(&packet, 7)
        };
        assert_eq!(answer(&packet(7, 1)[..47], 7), Err(Unusable::TooShort));
        assert_eq!(changed(0, 0x23), Err(Unusable::NotAnAnswer), "a client");
        assert_eq!(changed(0, 0x25), Err(Unusable::NotAnAnswer), "a broadcast");
        assert_eq!(answer(&packet(6, 1), 7), Err(Unusable::OtherQuestion));
        assert_eq!(changed(0, 0xE4), Err(Unusable::NotSynchronised), "leap 3");
        assert_eq!(changed(1, 0), Err(Unusable::NotSynchronised), "kiss of death");
        assert_eq!(changed(1, 16), Err(Unusable::NotSynchronised));
    }
}
