//! The oracle's own topic matcher, written from MQTT 3.1.1 §4.7 and from nothing else.

/// Whether a message with the topic name `name` goes to a subscription to `filter`. Both are
/// taken for valid.
pub(crate) fn matches(filter: &[u8], name: &[u8]) -> bool {
    match filter.first() {
        // wildcards at the front do not match names that start with $ [MQTT-4.7.2-1]
        Some(b'+' | b'#') if name.first() == Some(&b'$') => return false,
        Some(b'+' | b'#') => {}
        // most filters are for something else from the first letter on
        first if first != name.first() => return false,
        _ => {}
    }
    let mut levels = name.split(|&byte| byte == b'/');
    for wanted in filter.split(|&byte| byte == b'/') {
        // `#` stands for the parent level too: sport/# matches sport
        if wanted == b"#" {
            return true;
        }
        match levels.next() {
            Some(level) if wanted == b"+" || wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_hold() {
        for (filter, name, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("#", "sport/tennis", true),
            ("sport/tennis/+", "sport/tennis/player1", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/", false),
            ("+/monitor/Clients", "$SYS/monitor/Clients", false),
            ("$SYS/#", "$SYS/", true),
            ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
            ("ACCOUNTS", "Accounts", false),
            ("/finance", "finance", false),
            ("a/b", "a/b", true),
            ("a/b", "a", false),
            ("a", "a/b", false),
        ] {
            assert_eq!(matches(filter.as_bytes(), name.as_bytes()), expected, "{filter} {name}");
        }
    }
}
