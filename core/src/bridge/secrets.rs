//! Frames on their way into a recording: what must not be in it is replaced, byte for byte.

use core::ops::Range;

use super::frame::{Init, ToEsp, ToHost};
use crate::checkpoint::{Out, Payloads, put_masked, put_password};

/// Which way a frame goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Direction {
    ToEsp,
    ToHost,
}

/// What is secret in a part of a frame.
#[derive(Clone, Copy)]
enum Secret {
    /// All of it.
    Password,
    Payload,
}

/// Writes a frame as a recording may have it. One that no fivewire end sends is replaced whole, by
/// another one that none sends: what is in it is unknown, and that it is garbage is all that an end
/// sees of it.
pub(crate) fn put_frame(frame: &[u8], direction: Direction, payloads: Payloads, out: &mut Out<'_>) {
    let Some(parts) = secrets(frame, direction) else {
        return put_masked(frame, |_| 0, out);
    };
    let mut at = 0;
    for (part, secret) in parts.into_iter().flatten() {
        out(&frame[at..part.start]);
        at = part.end;
        match secret {
            Secret::Password => put_password(part.len(), out),
            Secret::Payload => {
                let mut payload = payloads.begin();
                put_masked(&frame[part], |byte| payload.byte(byte), out);
            }
        }
    }
    out(&frame[at..]);
}

/// What is secret in a frame, and where; no frame has more.
type Secrets = [Option<(Range<usize>, Secret)>; 3];

/// The secret parts of a frame, in their order. `None` if it is garbage.
fn secrets(frame: &[u8], direction: Direction) -> Option<Secrets> {
    let part = |part: &[u8], secret| place_of(part, frame).map(|place| (place, secret));
    Some(match direction {
        Direction::ToEsp => match ToEsp::decode(frame).ok()? {
            ToEsp::Init(Init { config, network, .. }) => [
                config.password.and_then(|password| part(password, Secret::Password)),
                config.will.and_then(|will| part(will.payload, Secret::Payload)),
                part(network.password.as_bytes(), Secret::Password),
            ],
            ToEsp::Publish(publish) => [part(publish.payload, Secret::Payload), None, None],
            #[cfg(feature = "mqtt5")]
            ToEsp::PublishWith(it) => [part(it.publish.payload, Secret::Payload), None, None],
            _ => [None, None, None],
        },
        Direction::ToHost => match ToHost::decode(frame).ok()? {
            ToHost::Message(message) => [part(message.payload, Secret::Payload), None, None],
            #[cfg(feature = "mqtt5")]
            ToHost::MessageWith(it) => [part(it.message.payload, Secret::Payload), None, None],
            _ => [None, None, None],
        },
    })
}

/// Where a part that was lent from `whole` lies in it. `None` if it is empty: it may then lie
/// anywhere.
fn place_of(part: &[u8], whole: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let place = start..start + part.len();
    (!part.is_empty() && place.end <= whole.len()).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::frame::{Message, Publish, Services, TopicBytes};
    use crate::bridge::topics::Naming;
    use crate::bridge::{Broker, Network};
    use crate::config::Config;
    use crate::event::Ticket;
    use crate::mqtt::{PacketId, QoS, Will};
    use std::vec::Vec;

    const DISGUISED: Payloads = Payloads::Disguised { key: [1, 2] };

    fn written(frame: &[u8], direction: Direction, payloads: Payloads) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_frame(frame, direction, payloads, &mut |part| bytes.extend_from_slice(part));
        assert_eq!(bytes.len(), frame.len());
        bytes
    }

    fn shows(bytes: &[u8], text: &str) -> bool {
        bytes.windows(text.len()).any(|part| part == text.as_bytes())
    }

    #[test]
    fn the_settings_show_no_password_and_the_will_only_where_it_may() {
        let will =
            Will { topic: "w", payload: b"last words", qos: QoS::AtLeastOnce, retain: false };
        let config = Config {
            username: Some("me"),
            password: Some(b"pass word"),
            will: Some(will),
            ..Config::new("c")
        };
        let network = Network { ssid: "home", password: "sesame", use_default: false };
        let broker = Broker { host: "broker.lan", port: 1_883 };
        let init = Init {
            epoch: 1,
            room_bytes: 2,
            capacity_bytes: 3,
            topics: TopicBytes::default(),
            services: Services { asks_network: false, tells_attempts: false, time_server: "" },
            config,
            network,
            broker,
        };
        let mut bytes = [0; 256];
        let size = ToEsp::Init(init).encode(&mut bytes).unwrap();
        for (payloads, shows_will) in [(Payloads::Kept, true), (DISGUISED, false)] {
            let shown = written(&bytes[..size], Direction::ToEsp, payloads);
            assert!(!shows(&shown, "pass word") && !shows(&shown, "sesame"));
            assert!(shows(&shown, "home") && shows(&shown, "broker.lan"));
            assert_eq!(shows(&shown, "last words"), shows_will);
            let Ok(ToEsp::Init(init)) = ToEsp::decode(&shown) else { panic!() };
            assert_eq!(init.config.password, Some(&b"*********"[..]));
            assert_eq!(init.network.password, "******");
        }
    }

    #[test]
    fn payloads_are_disguised_both_ways_and_alike() {
        let (topic, payload) = (Naming::whole("a/b"), &b"tomato"[..]);
        let to_esp = ToEsp::Publish(Publish {
            ticket: Ticket::FIRST,
            again: false,
            retain: false,
            packet_id: PacketId::new(1),
            topic,
            payload,
        });
        let to_host = ToHost::Message(Message {
            delivery: 1,
            dup: false,
            qos: QoS::AtLeastOnce,
            retain: false,
            topic,
            payload,
        });
        let mut frames = [[0; 64]; 2];
        let sizes =
            [to_esp.encode(&mut frames[0]).unwrap(), to_host.encode(&mut frames[1]).unwrap()];
        let shown = [Direction::ToEsp, Direction::ToHost].map(|direction| {
            let place = direction as usize;
            let frame = &frames[place][..sizes[place]];
            assert_eq!(written(frame, direction, Payloads::Kept), frame);
            written(frame, direction, DISGUISED)
        });
        assert!(shown.iter().all(|shown| shows(shown, "a/b") && !shows(shown, "tom")));
        assert_eq!(shown[0][sizes[0] - 6..], shown[1][sizes[1] - 6..]);
    }

    #[test]
    fn garbage_stays_garbage_and_shows_nothing() {
        for (frame, direction) in [
            (&b"\x01secret"[..], Direction::ToEsp),
            (b"\x84\x09secret", Direction::ToHost),
            (b"\xFFsecret", Direction::ToHost),
            (b"", Direction::ToEsp),
        ] {
            for payloads in [Payloads::Kept, DISGUISED] {
                let shown = written(frame, direction, payloads);
                assert!(!shows(&shown, "secret"));
                assert!(ToEsp::decode(&shown).is_err() && ToHost::decode(&shown).is_err());
            }
        }
    }
}
