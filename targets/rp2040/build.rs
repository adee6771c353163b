//! Turns `fivewire.toml` into constants, and refuses what cannot work before it is flashed. What
//! may be in it, and what works, is for `fivewire-settings` to say, as for every other bridge.

use std::path::Path;
use std::{env, fs, process};

use fivewire_core::bridge::host::Settings;
use fivewire_core::config::{Config, Mqtt5};
use fivewire_core::mqtt::ProtocolVersion;
use fivewire_settings::{Layer, resolve};
use serde::Deserialize;

/// `[example]`: what the programs here publish and listen to.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Example {
    publish: String,
    subscribe: String,
    period_s: u32,
}

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo:rustc-link-search={folder}");
    for name in ["memory.x", "fivewire.toml", "build.rs"] {
        println!("cargo:rerun-if-changed={name}");
    }
    println!("cargo:rerun-if-env-changed=FIVEWIRE_TOML");
    for argument in ["--nmagic", "-Tlink.x", "-Tlink-rp.x"] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    let path = env::var("FIVEWIRE_TOML").unwrap_or_else(|_| format!("{folder}/fivewire.toml"));
    println!("cargo:rerun-if-changed={path}");
    match constants(&path) {
        Ok(code) => {
            let out = env::var("OUT_DIR").expect("cargo sets it");
            fs::write(Path::new(&out).join("settings.rs"), code).expect("OUT_DIR is writable");
        }
        Err(what) => {
            println!("cargo:error={}", what.replace('\n', " | "));
            process::exit(1);
        }
    }
}

/// The constants of one file, or what is wrong with it.
fn constants(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let (layer, example) =
        Layer::parse_with_example::<Example>(path, &text).map_err(|error| error.to_string())?;
    let resolved = resolve([layer]).map_err(|error| format!("{path}: {error}"))?;
    for (name, value) in [("publish", &example.publish), ("subscribe", &example.subscribe)] {
        if value.is_empty() {
            return Err(format!("{path}: example.{name} is missing or empty"));
        }
    }
    if example.period_s == 0 {
        return Err(format!("{path}: example.period_s must be at least 1"));
    }
    let settings = resolved.settings();
    if settings.client.protocol == ProtocolVersion::V5 && !has_mqtt5() {
        return Err(format!(
            "{path}: client.protocol is \"5\", but this firmware is built without MQTT 5: build it with \
             --features mqtt5, or set \"3.1.1\""
        ));
    }
    Ok(self::settings(&settings) + &self::example(&example))
}

/// The firmware, and not only this script, is built with MQTT 5.
fn has_mqtt5() -> bool {
    env::var_os("CARGO_FEATURE_MQTT5").is_some()
}

/// `SETTINGS`, field by field.
fn settings(settings: &Settings<'_>) -> String {
    let Settings { network, broker, .. } = settings;
    format!(
        "/// What `fivewire.toml` says.
pub const SETTINGS: Settings<'static> = Settings {{
    watchdog_timeout_ms: {}, startup_timeout_ms: {}, asks_network: {}, tells_attempts: {}, time_server: {:?},
    ..Settings::new(
        {},
        Network {{ ssid: {:?}, password: {:?}, use_default: {} }},
        Broker {{ host: {:?}, port: {} }},
    )
}};
",
        settings.watchdog_timeout_ms,
        settings.startup_timeout_ms,
        settings.asks_network,
        settings.tells_attempts,
        settings.time_server,
        client(&settings.client),
        network.ssid,
        network.password,
        network.use_default,
        broker.host,
        broker.port,
    )
}

/// The client, as an expression.
fn client(client: &Config<'_>) -> String {
    let will = client.will.as_ref().map_or_else(
        || "None".to_owned(),
        |will| {
            format!(
                "Some(fivewire_core::mqtt::Will {{ topic: {:?}, payload: &{:?}, qos: fivewire_core::mqtt::QoS::{:?}, retain: {} }})",
                will.topic, will.payload, will.qos, will.retain
            )
        },
    );
    let password =
        client.password.map_or_else(|| "None".to_owned(), |bytes| format!("Some(&{bytes:?})"));
    let numbers = [
        ("ping_interval_ms", client.ping_interval_ms),
        ("response_timeout_ms", client.response_timeout_ms),
        ("ack_timeout_ms", client.ack_timeout_ms),
        ("join_timeout_ms", client.join_timeout_ms),
        ("open_timeout_ms", client.open_timeout_ms),
        ("backoff_first_ms", client.backoff_first_ms),
        ("backoff_last_ms", client.backoff_last_ms),
        ("keep_alive_s", client.keep_alive_s.into()),
        ("window", client.window.into()),
        ("receive_maximum", client.receive_maximum.into()),
        ("attempts_before_wifi", client.attempts_before_wifi.into()),
    ];
    let numbers: String =
        numbers.iter().map(|(name, value)| format!("{name}: {value}, ")).collect();
    let mqtt5 = if has_mqtt5() { self::mqtt5(client) } else { String::new() };
    format!(
        "Config {{ {mqtt5}username: {:?}, password: {password}, clean_init: {}, clean_session: {}, will: {will}, {numbers}..Config::new({:?}) }}",
        client.username, client.clean_init, client.clean_session, client.client_id
    )
}

/// The fields that only a firmware with MQTT 5 has.
fn mqtt5(client: &Config<'_>) -> String {
    let Mqtt5 { session_expiry_interval_s, topic_alias_maximum, own_topic_aliases, .. } =
        client.mqtt5;
    format!(
        "protocol: fivewire_core::mqtt::ProtocolVersion::{:?}, mqtt5: fivewire_core::config::Mqtt5 {{ \
         session_expiry_interval_s: {session_expiry_interval_s}, topic_alias_maximum: {topic_alias_maximum}, \
         own_topic_aliases: {own_topic_aliases}, ..fivewire_core::config::Mqtt5::new() }}, ",
        client.protocol
    )
}

fn example(example: &Example) -> String {
    format!(
        "/// What the examples publish to.
pub const PUBLISH_TOPIC: &str = {:?};
/// What the examples listen to.
pub const SUBSCRIBE_FILTER: &str = {:?};
/// Seconds between two publications of the examples.
pub const PERIOD_S: u64 = {};
",
        example.publish, example.subscribe, example.period_s
    )
}
