//! Topic names and topic filters (MQTT 3.1.1 §4.7).
//!
//! ```
//! use fivewire_core::mqtt::topic;
//!
//! assert!(topic::validate_filter("house/+/door").is_ok());
//! assert!(topic::matches("house/+/door", "house/garage/door"));
//! ```

use crate::error::TopicError;

/// The longest topic in bytes: its length travels in two bytes [MQTT-4.7.3-3].
pub const LEN_MAX: usize = u16::MAX as usize;

const WORD_BYTES: usize = size_of::<usize>();

/// Checks a topic name: what messages are published to.
///
/// # Errors
///
/// [`TopicError::Empty`], [`TopicError::TooLong`], [`TopicError::Nul`] and
/// [`TopicError::Wildcard`].
#[inline]
pub fn validate_name(name: &str) -> Result<(), TopicError> {
    check_len(name)?;
    if !contains_special(name) {
        Ok(())
    } else if name.contains('\0') {
        Err(TopicError::Nul)
    } else {
        Err(TopicError::Wildcard)
    }
}

/// Checks a topic filter: what is subscribed to.
///
/// # Errors
///
/// [`TopicError::Empty`], [`TopicError::TooLong`], [`TopicError::Nul`],
/// [`TopicError::MultiLevelMisplaced`] and [`TopicError::SingleLevelMisplaced`]. Of several, the
/// one that comes first in this list.
pub fn validate_filter(filter: &str) -> Result<(), TopicError> {
    check_len(filter)?;
    if !contains_special(filter) {
        return Ok(());
    }
    if filter.contains('\0') {
        return Err(TopicError::Nul);
    }
    // `#` must be the end, and be the whole filter or follow `/`
    if let Some((before, after)) = filter.split_once('#')
        && !(after.is_empty() && (before.is_empty() || before.ends_with('/')))
    {
        return Err(TopicError::MultiLevelMisplaced);
    }
    if filter.split('/').any(|level| level.len() > 1 && level.contains('+')) {
        return Err(TopicError::SingleLevelMisplaced);
    }
    Ok(())
}

/// Whether a message published to `name` is for a subscription to `filter`.
///
/// `+` stands for one level, also an empty one, `#` for the level above it and all below. Neither
/// stands for a first level that begins with `$` [MQTT-4.7.2-1]. All else is compared byte by byte
/// [MQTT-4.7.3-4]. Both must be valid: for others the answer means nothing, but there is one.
#[must_use]
pub fn matches(filter: &str, name: &str) -> bool {
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (filter, mut left) = (filter.as_bytes(), name.as_bytes());
    for (at, wanted) in filter.iter().enumerate() {
        match (wanted, left) {
            (b'#', _) => return true,
            (b'+', _) => {
                let level_len = left.iter().take_while(|&&byte| byte != b'/').count();
                left = &left[level_len..];
            }
            (_, [byte, rest @ ..]) if byte == wanted => left = rest,
            // the level above `#` is meant too
            _ => return left.is_empty() && filter[at..] == *b"/#",
        }
    }
    left.is_empty()
}

#[inline]
const fn check_len(topic: &str) -> Result<(), TopicError> {
    match topic.len() {
        0 => Err(TopicError::Empty),
        1..=LEN_MAX => Ok(()),
        size_bytes => Err(TopicError::TooLong { size_bytes }),
    }
}

/// Looks for the three characters that need a closer look, a word at a time: topics are short and
/// checked with every message.
#[inline]
fn contains_special(topic: &str) -> bool {
    let (words, rest) = topic.as_bytes().as_chunks::<WORD_BYTES>();
    words.iter().any(|word| has_special(usize::from_ne_bytes(*word)))
        || rest.iter().any(|byte| matches!(byte, b'\0' | b'+' | b'#'))
}

/// Whether one of the word's bytes is U+0000, `+` or `#`. The last two differ in one bit.
#[inline]
const fn has_special(word: usize) -> bool {
    const BIT: u8 = b'+' ^ b'#';
    has_zero(word) || has_zero((word | repeated(BIT)) ^ repeated(b'+' | b'#'))
}

/// Whether one of the word's bytes is zero: only there does the subtraction set a top bit that was
/// not set.
#[inline]
const fn has_zero(word: usize) -> bool {
    word.wrapping_sub(repeated(1)) & !word & repeated(0x80) != 0
}

#[inline]
const fn repeated(byte: u8) -> usize {
    usize::from_ne_bytes([byte; WORD_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["/", "a", "a/b", "//", " ", "$SYS/x", "ä/\u{FEFF}", "a/b/"] {
            assert_eq!(validate_name(name), Ok(()), "{name:?}");
        }
        assert_eq!(validate_name(""), Err(TopicError::Empty));
        for byte in 0..0x80_u8 {
            for place in 0..20 {
                let mut name = [b'a'; 20];
                name[place] = byte;
                let name = core::str::from_utf8(&name).unwrap();
                let expected = match byte {
                    0 => Err(TopicError::Nul),
                    b'+' | b'#' => Err(TopicError::Wildcard),
                    _ => Ok(()),
                };
                assert_eq!(validate_name(name), expected, "{name:?}");
            }
        }
        for name in ["+", "#", "a/+/b", "a/#", "a+", "a#b"] {
            assert_eq!(validate_name(name), Err(TopicError::Wildcard), "{name:?}");
        }
        for name in ["\0", "a/\0", "+\0"] {
            assert_eq!(validate_name(name), Err(TopicError::Nul), "{name:?}");
        }
    }

    /// [MQTT-4.7.3-3]
    #[test]
    fn the_longest_topic() {
        extern crate std;
        let topic = std::string::String::from_utf8(std::vec![b'a'; LEN_MAX + 1]).unwrap();
        let too_long = Err(TopicError::TooLong { size_bytes: LEN_MAX + 1 });
        assert_eq!((validate_name(&topic), validate_filter(&topic)), (too_long, too_long));
        let topic = &topic[1..];
        assert_eq!((validate_name(topic), validate_filter(topic)), (Ok(()), Ok(())));
    }

    /// The examples of MQTT 3.1.1 §4.7.1 and some more.
    #[test]
    fn filters() {
        let valid = ["#", "+", "/", "+/+", "/+", "+/tennis/#", "sport/+/player1", "sport/tennis/#"];
        for filter in valid {
            assert_eq!(validate_filter(filter), Ok(()), "{filter:?}");
        }
        assert_eq!(validate_filter(""), Err(TopicError::Empty));
        assert_eq!(validate_filter("a/#/\0"), Err(TopicError::Nul));
        for filter in ["sport/tennis#", "sport/tennis/#/ranking", "#/", "##", "#+", "+#", "a#/+b"] {
            assert_eq!(validate_filter(filter), Err(TopicError::MultiLevelMisplaced), "{filter:?}");
        }
        for filter in ["sport+", "+a", "++", "a/+b/c", "+a/#"] {
            assert_eq!(
                validate_filter(filter),
                Err(TopicError::SingleLevelMisplaced),
                "{filter:?}"
            );
        }
    }

    /// The examples of MQTT 3.1.1 §4.7.1 to §4.7.3.
    #[test]
    fn matching() {
        let player = "sport/tennis/player1";
        for (filter, name, expected) in [
            ("sport/tennis/player1/#", player, true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("sport/#", "sports", false),
            ("#", "/", true),
            ("sport/tennis/+", player, true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("+/+/+", "a//b", true),
            ("#", "$SYS/broker", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/monitor/Clients", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("+/$x", "a/$x", true),
            ("ACCOUNTS", "Accounts", false),
            ("/a", "a", false),
            ("a/b", "a", false),
            ("a", "a/b", false),
        ] {
            assert_eq!(matches(filter, name), expected, "{filter:?} and {name:?}");
        }
    }
}
