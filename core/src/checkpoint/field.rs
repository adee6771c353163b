//! How values are written: numbers as LEB128, everything else made of numbers and bytes.

use crate::event::{Counters, Delivery, Ticket};
use crate::mqtt::{PacketId, QoS};
use crate::time::Instant;

/// Takes the bytes that are written.
pub(crate) type Out<'a> = dyn FnMut(&[u8]) + 'a;

/// What is left to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            let digit = u64::from(byte & 0x7F);
            if digit << shift >> shift != digit {
                return None;
            }
            number |= digit << shift;
            if byte & 0x80 == 0 {
                // One number has one form.
                return (byte != 0 || shift == 0).then_some(number);
            }
        }
        None
    }

    /// Bytes after their count.
    pub(crate) fn counted(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.take(count)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.counted()?).ok()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes seven bits a byte, the lowest first.
pub(crate) fn put_number(mut number: u64, out: &mut Out<'_>) {
    let (mut bytes, mut count) = ([0; 10], 0);
    loop {
        let more = number > 0x7F;
        bytes[count] = (number & 0x7F) as u8 | u8::from(more) << 7;
        number >>= 7;
        count += 1;
        if !more {
            return out(&bytes[..count]);
        }
    }
}

/// Writes a signed number: 0, -1, 1, -2, ... are 0, 1, 2, 3, ...
pub(crate) fn put_signed(number: i64, out: &mut Out<'_>) {
    put_number((number << 1 ^ number >> 63).cast_unsigned(), out);
}

pub(crate) const fn from_signed(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// A value with a written form.
pub(crate) trait Field: Sized {
    fn put(&self, out: &mut Out<'_>);
    fn get(from: &mut Fields<'_>) -> Option<Self>;
}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Field for $type {
            fn put(&self, out: &mut Out<'_>) {
                put_number(*self as u64, out);
            }

            fn get(from: &mut Fields<'_>) -> Option<Self> {
                Self::try_from(from.number()?).ok()
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 usize);

/// Writes types that are made of one number.
macro_rules! by_number {
    ($($type:ty: $number:ty, |$value:ident| $put:expr, $get:expr;)*) => {$(
        impl Field for $type {
            fn put(&self, out: &mut Out<'_>) {
                let $value = self;
                <$number>::from($put).put(out);
            }

            fn get(from: &mut Fields<'_>) -> Option<Self> {
                let number: $number = Field::get(from)?;
                $get(number)
            }
        }
    )*};
}

by_number! {
    bool: u8, |value| *value, |number| if number < 2 { Some(number == 1) } else { None };
    Instant: u64, |value| value.as_micros(), |number| Some(Self::from_micros(number));
    Ticket: u32, |value| value.get(), Self::new;
    Delivery: u32, |value| value.get(), Self::new;
    PacketId: u16, |value| value.get(), Self::new;
    QoS: u8, |value| value.as_u8(), Self::from_u8;
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Out<'_>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        Some(if bool::get(from)? { Some(T::get(from)?) } else { None })
    }
}

impl<T: Field, const COUNT: usize> Field for [T; COUNT]
where
    [T; COUNT]: Default,
{
    fn put(&self, out: &mut Out<'_>) {
        self.iter().for_each(|value| value.put(out));
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        let mut values = Self::default();
        for value in &mut values {
            *value = T::get(from)?;
        }
        Some(values)
    }
}

impl Field for Counters {
    fn put(&self, out: &mut Out<'_>) {
        let Self {
            connections,
            failed_attempts,
            wifi_rejoins,
            redelivered,
            dropped_qos0_out,
            dropped_qos1_out,
            dropped_qos0_in,
            shed_in,
            too_large_in,
            unknown_acks,
            esp_resets,
        } = self;
        let first = [connections, failed_attempts, wifi_rejoins, redelivered, dropped_qos0_out];
        let last =
            [dropped_qos1_out, dropped_qos0_in, shed_in, too_large_in, unknown_acks, esp_resets];
        first.iter().chain(&last).for_each(|count| count.put(out));
    }

    fn get(from: &mut Fields<'_>) -> Option<Self> {
        let mut next = || u32::get(from);
        Some(Self {
            connections: next()?,
            failed_attempts: next()?,
            wifi_rejoins: next()?,
            redelivered: next()?,
            dropped_qos0_out: next()?,
            dropped_qos1_out: next()?,
            dropped_qos0_in: next()?,
            shed_in: next()?,
            too_large_in: next()?,
            unknown_acks: next()?,
            esp_resets: next()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn numbers_of_every_size_come_back_and_have_one_form() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_number(number, &mut |part| bytes.extend_from_slice(part));
            let mut fields = Fields(&bytes);
            assert_eq!(fields.number(), Some(number));
            assert!(fields.is_empty());
            assert_eq!(Fields(&bytes[..bytes.len() - 1]).number(), None);
        }
        for bytes in [&[0x80, 0][..], &[0xFF; 10], &[0x80; 11]] {
            assert_eq!(Fields(bytes).number(), None);
        }
    }

    #[test]
    fn signed_numbers_come_back() {
        for number in [0, 1, -1, 5_000, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_signed(number, &mut |part| bytes.extend_from_slice(part));
            assert_eq!(from_signed(Fields(&bytes).number().unwrap()), number);
        }
    }
}
