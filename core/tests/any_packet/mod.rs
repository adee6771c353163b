//! What holds for any packet of either version, any cut of the stream and any sequence of bytes.

use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_048) }
}

/// A change of a packet on its way.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, u8),
    Remove(Index),
}

impl Mutation {
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
            _ if bytes.is_empty() => {}
            Self::Set(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Flip(at, bit) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Remove(at) => {
                bytes.remove(at.index(bytes.len()));
            }
        }
    }
}

pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (at(), 0_u8..8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Insert(at, byte)),
        at().prop_map(Mutation::Remove),
    ]
}

/// Makes the remaining length of a packet right again, if it fits into one byte, so that changes
/// reach what lies behind it.
pub(crate) fn repair_length(bytes: &mut [u8]) {
    if let (2..=129, [_, len, ..]) = (bytes.len(), &mut *bytes) {
        *len = 0;
        bytes[1] = (bytes.len() - 2) as u8;
    }
}

/// The claims themselves, for the codec and the samples that stand where this is said.
///
/// `clauses` are the beginnings of the names of the clauses that a breach may cite. `first_bytes`
/// open a packet whose header is right, `field` draws the bytes behind it: small numbers make
/// lengths that fit.
#[macro_export]
macro_rules! hold_for_any_packet {
    (clauses: $clauses:expr, first_bytes: $first_bytes:expr, field: $field:expr) => {
        /// Whatever the bytes are: no panic, a breach has its clause, and what was decoded can be
        /// encoded and means the same again.
        fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
            if let Err(breach) = split(bytes) {
                prop_assert_eq!(decode(bytes), Err(breach));
            }
            match decode(bytes) {
                Ok(packet) => {
                    let mut again = vec![0; packet.encoded_len()];
                    prop_assert!(again.len() <= bytes.len());
                    prop_assert_eq!(packet.encode(&mut again), Ok(again.len()));
                    prop_assert_eq!(decode(&again), Ok(packet));
                    // reads the lists to their ends
                    let shown = format!("{packet:?}");
                    prop_assert!(!shown.is_empty());
                }
                Err(breach) => {
                    let clause = breach.clause();
                    let ending = format!(" [{clause}]");
                    prop_assert!($clauses.iter().any(|clauses| clause.starts_with(clauses)));
                    let shown = breach.to_string();
                    prop_assert!(shown.ends_with(&ending) && shown.len() > ending.len());
                }
            }
            Ok(())
        }

        proptest! {
            #![proptest_config(any_packet::config())]

            #[test]
            fn round_trip(sample in sample()) {
                let bytes = sample.bytes();
                sample.with(|packet| {
                    prop_assert_eq!(decode(&bytes), Ok(packet));
                    Ok(())
                })?;
            }

            /// The exact length, and not a byte beside it.
            #[test]
            fn encoded_len_is_exact(sample in sample()) {
                sample.with(|packet| {
                    let len = packet.encoded_len();
                    let mut buffer = vec![0xA5; len + 7];
                    prop_assert_eq!(packet.encode(&mut buffer), Ok(len));
                    prop_assert_eq!(&buffer[len..], &[0xA5; 7]);
                    let Ok(Split::Header(header)) = split(&buffer) else { panic!("there is a header") };
                    prop_assert_eq!(header.packet_len(), len);
                    prop_assert_eq!(header.packet_type(), packet.packet_type());
                    Ok(())
                })?;
            }

            #[test]
            fn every_smaller_buffer_is_refused_and_left_alone(sample in sample()) {
                sample.with(|packet| {
                    let min_bytes = packet.encoded_len();
                    let mut buffer = vec![0xA5; min_bytes];
                    for size_bytes in 0..min_bytes {
                        let error = BufferTooSmall { size_bytes, min_bytes };
                        prop_assert_eq!(packet.encode(&mut buffer[..size_bytes]), Err(error));
                    }
                    prop_assert!(buffer.iter().all(|&byte| byte == 0xA5));
                    Ok(())
                })?;
            }

            /// The start of a valid packet is no breach to `split`, and no packet to `decode`.
            #[test]
            fn the_start_of_a_packet_is_incomplete(sample in sample()) {
                let bytes = sample.bytes();
                for len in 0..bytes.len() {
                    let packet_type = if len == 0 { 0 } else { bytes[0] >> 4 };
                    match split(&bytes[..len]) {
                        Ok(Split::Incomplete) => {}
                        Ok(Split::Header(header)) => prop_assert_eq!(header.packet_len(), bytes.len()),
                        Err(breach) => panic!("{breach}"),
                    }
                    prop_assert_eq!(decode(&bytes[..len]), Err(Breach::Truncated { packet_type }));
                }
            }

            #[test]
            fn any_chunks_give_the_same_packets(
                samples in vec(sample(), 1..6),
                chunk_lens in vec(1_usize..40, 1..20),
            ) {
                let stream: Vec<u8> = samples.iter().flat_map(|sample| sample.bytes()).collect();
                let mut expected = samples.iter();
                let mut unread = stream.as_slice();
                let mut buffer = Vec::new();
                for &len in chunk_lens.iter().cycle() {
                    let (chunk, rest) = unread.split_at(len.min(unread.len()));
                    unread = rest;
                    buffer.extend_from_slice(chunk);
                    while let Split::Header(header) = split(&buffer).unwrap() {
                        let Some(bytes) = buffer.get(..header.packet_len()) else { break };
                        let sample = expected.next().expect("no packet too many");
                        sample.with(|packet| {
                            prop_assert_eq!(decode(bytes), Ok(packet));
                            Ok(())
                        })?;
                        buffer.drain(..header.packet_len());
                    }
                    if unread.is_empty() {
                        break;
                    }
                }
                prop_assert!(buffer.is_empty());
                prop_assert!(expected.next().is_none());
            }

            #[test]
            fn arbitrary_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..64)) {
                survives(&bytes)?;
            }

            /// A header that is right, so that the fields behind it are reached.
            #[test]
            fn arbitrary_fields_do_no_harm(
                first_byte in select($first_bytes.to_vec()),
                fields in vec($field, 0..64),
            ) {
                let mut bytes = vec![first_byte, 0];
                bytes.extend_from_slice(&fields);
                repair_length(&mut bytes);
                survives(&bytes)?;
            }

            #[test]
            fn changed_packets_do_no_harm(
                sample in sample(),
                mutations in vec(mutation(), 1..5),
                repair in any::<bool>(),
            ) {
                let mut bytes = sample.bytes();
                for mutation in &mutations {
                    mutation.apply(&mut bytes);
                }
                if repair {
                    repair_length(&mut bytes);
                }
                survives(&bytes)?;
            }
        }
    };
}
