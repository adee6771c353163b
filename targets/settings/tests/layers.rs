//! Layers go over each other, and what is wrong with them is said.

#![allow(clippy::unwrap_used, reason = "a test may give up")]

use fivewire_core::bridge::TIME_SERVER;
use fivewire_core::config::{Config, Release};
use fivewire_core::mqtt::{ProtocolVersion, QoS};
use fivewire_settings::{Layer, SettingsError, resolve};

const MANDATORY: &str = "
    [network]
    ssid = 'greenhouse'
    password = 'tomatoes'
    [broker]
    host = 'broker.lan'
    [client]
    client_id = 'pump-7'
";

fn file(text: &str) -> Layer {
    Layer::parse("fivewire.toml", text).unwrap()
}

fn said(text: &str) -> String {
    let layer = Layer::parse("fivewire.toml", text);
    let settings = layer.and_then(|layer| resolve([file(MANDATORY), layer]));
    settings.unwrap_err().to_string()
}

/// PREDECESSORS.md §2.11, and what is another default here, on purpose: sessions last (P5), the broker must
/// answer CONNECT and PINGREQ sooner, and port 0 is no word for 1883.
#[test]
fn what_no_layer_sets_has_its_documented_default() {
    let resolved = resolve([file(MANDATORY)]).unwrap();
    let settings = resolved.settings();
    let client = settings.client;
    assert_eq!((settings.watchdog_timeout_ms, client.keep_alive_s), (10_000, 60));
    assert_eq!((client.ping_interval_ms, client.username, client.password), (0, None, None));
    assert_eq!((settings.time_server, settings.broker.port), (TIME_SERVER, 1_883));
    assert_eq!(TIME_SERVER, "pool.ntp.org");
    assert!(!client.clean_session && client.clean_init && client.will.is_none());
    assert_eq!((client.response_timeout_ms, client.release), (6_000, Release::AtHandOut));
    assert_eq!(client.recovery_bound_ms(), Config::new("pump-7").recovery_bound_ms());
}

#[test]
fn a_later_layer_overrides_an_earlier_one_field_by_field() {
    let site =
        file("[client]\nkeep_alive_s = 30\nwindow = 4\n[will]\ntopic = 'gone'\nretain = true");
    let mut code = Layer::default();
    code.client.keep_alive_s = Some(20);
    code.will.payload = Some("pump-7".into());
    let resolved = resolve([file(MANDATORY), site, code]).unwrap();
    let client = resolved.settings().client;
    assert_eq!((client.keep_alive_s, client.window), (20, 4));
    let will = client.will.unwrap();
    assert_eq!(
        (will.topic, will.payload, will.qos),
        ("gone", b"pump-7".as_slice(), QoS::AtLeastOnce)
    );
    assert!(will.retain);
}

/// D-27: the predecessor changed its defaults for everybody.
#[test]
fn d27_settings_of_one_bridge_are_not_seen_by_another() {
    let mut own = file(MANDATORY);
    own.client.keep_alive_s = Some(5);
    own.bridge.time_server = Some("time.lan".into());
    let first = resolve([own]).unwrap();
    let second = resolve([file(MANDATORY)]).unwrap();
    assert_eq!(
        (first.settings().client.keep_alive_s, first.settings().time_server),
        (5, "time.lan")
    );
    assert_eq!(
        (second.settings().client.keep_alive_s, second.settings().time_server),
        (60, TIME_SERVER)
    );
}

#[test]
fn what_is_missing_is_named() {
    for field in ["network.ssid", "network.password", "broker.host", "client.client_id"] {
        let (_, key) = field.split_once('.').unwrap();
        let without: String = MANDATORY
            .lines()
            .filter(|line| !line.contains(key))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(resolve([file(&without)]).unwrap_err(), SettingsError::Missing { field });
    }
}

#[test]
fn a_file_chooses_mqtt_5_and_what_is_asked_for_with_it() {
    let default = resolve([file(MANDATORY)]).unwrap();
    assert_eq!(default.settings().client.protocol, ProtocolVersion::V3_1_1);
    let site = file(
        "[client]\nprotocol = '5'\n[mqtt5]\nsession_expiry_interval_s = 3600\ntopic_alias_maximum = 8",
    );
    let mut code = Layer::default();
    code.mqtt5.topic_alias_maximum = Some(4);
    let resolved = resolve([file(MANDATORY), site, code]).unwrap();
    let client = resolved.settings().client;
    let mqtt5 = client.mqtt5;
    assert_eq!(client.protocol, ProtocolVersion::V5);
    assert_eq!((mqtt5.session_expiry_interval_s, mqtt5.topic_alias_maximum), (3_600, 4));
    assert_eq!(mqtt5.own_topic_aliases, 0);
}

#[test]
fn what_is_wrong_about_mqtt_5_is_named() {
    let text = said("[client]\nprotocol = '4'");
    assert!(text.contains("line 2") && text.contains("protocol = '4'"), "{text}");
    assert!(text.contains("expected `3.1.1` or `5`"), "{text}");
    let text = said("[client]\nprotocol = '5'\n[mqtt5]\ntopic_alias_maximum = 65536");
    assert!(text.contains("line 4") && text.contains("topic_alias_maximum = 65536"), "{text}");
    for field in ["session_expiry_interval_s", "topic_alias_maximum", "own_topic_aliases"] {
        let text = said(&format!("[mqtt5]\n{field} = 1"));
        assert_eq!(
            text,
            format!("mqtt5.{field} is set, but works with client.protocol = \"5\" only")
        );
    }
}

#[test]
fn what_is_wrong_is_named_with_field_value_and_range() {
    assert_eq!(said("[client]\nwindow = 17"), "window is 17, but must be from 1 to 16");
    assert_eq!(
        said("[bridge]\nwatchdog_timeout_ms = 100"),
        "watchdog_timeout_ms is 100, but must be from 4000 to 600000"
    );
    assert_eq!(said("[broker]\nport = 0"), "broker.port is 0, but must be from 1 to 65535");
    assert_eq!(said("[will]\ntopic = 'gone'\nqos = 2"), "will.qos is 2, but must be from 0 to 1");
    assert!(said("[network]\nssid = '123456789012345678901234567890123'").contains("at most 32"));
}

#[test]
fn what_is_no_setting_is_shown_in_its_file_with_what_was_expected() {
    let text = said("[client]\nkeep_alive = 30");
    assert!(text.starts_with("fivewire.toml: ") && text.contains("line 2"), "{text}");
    assert!(text.contains("keep_alive_s"), "it says what is known: {text}");
    assert!(said("[client]\nwindow = 'eight'").contains("line 2"));
}

/// D-28: the predecessor evaluated a text of its settings as code.
#[test]
fn d28_a_text_that_looks_like_code_is_a_text() {
    let layer = file("[client]\nusername = '__import__(\"os\").system(\"true\")'\npassword = 'x'");
    let resolved = resolve([file(MANDATORY), layer]).unwrap();
    assert_eq!(resolved.settings().client.username, Some("__import__(\"os\").system(\"true\")"));
    assert!(said("[client]\nssl_params = '{}'").contains("ssl_params"));
}

#[test]
fn the_file_of_the_pico_is_settings_with_an_example_and_every_mistake_in_it_has_a_place() {
    #[derive(Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Example {
        publish: String,
        subscribe: String,
        period_s: u32,
    }
    let path = format!("{}/../rp2040/fivewire.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (layer, example) = Layer::parse_with_example::<Example>("fivewire.toml", &text).unwrap();
    let resolved = resolve([layer]).unwrap();
    assert_eq!(resolved.settings().client.client_id, "pico-1");
    assert_eq!(
        (example.publish.as_str(), example.subscribe.as_str(), example.period_s),
        ("pico-1/count", "pico-1/led", 10)
    );
    let said = |text: &str| Layer::parse_with_example::<Example>("it.toml", text).err().unwrap();
    let text = said("[example]\nperiod = 3").to_string();
    assert!(text.starts_with("it.toml: ") && text.contains("line 2"), "{text}");
    assert!(said("[exampel]\nperiod_s = 3").to_string().contains("line 1"));
}
