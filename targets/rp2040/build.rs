//! Turns `fivewire.toml` into constants, and refuses what cannot work before it is flashed.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, process};

use fivewire_core::bridge::host::Settings;
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::config::Config;
use fivewire_core::mqtt::{QoS, Will};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    network: NetworkTable,
    broker: BrokerTable,
    client: ClientTable,
    will: Option<WillTable>,
    example: ExampleTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkTable {
    ssid: String,
    password: String,
    #[serde(default)]
    use_default: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BrokerTable {
    host: String,
    #[serde(default = "default_port")]
    port: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientTable {
    client_id: String,
    username: Option<String>,
    password: Option<String>,
    keep_alive_s: Option<u16>,
    clean_init: Option<bool>,
    clean_session: Option<bool>,
    window: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WillTable {
    topic: String,
    payload: String,
    #[serde(default)]
    retain: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleTable {
    publish: String,
    subscribe: String,
    period_s: u32,
}

const fn default_port() -> u16 {
    1883
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
            println!("cargo:error={path}: {what}");
            process::exit(1);
        }
    }
}

/// The constants of one file, or what is wrong with it.
fn constants(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let file: File = toml::from_str(&text).map_err(|error| error.to_string())?;
    settings(&file).validate().map_err(|error| error.to_string())?;
    for (name, value) in
        [("publish", &file.example.publish), ("subscribe", &file.example.subscribe)]
    {
        if value.is_empty() {
            return Err(format!("example.{name} is empty"));
        }
    }
    if file.example.period_s == 0 {
        return Err("example.period_s is 0, but must be at least 1".to_owned());
    }
    Ok(code(&file))
}

/// What the board will use, made from the file so that the core itself judges it.
fn settings(file: &File) -> Settings<'_> {
    let base = Config::new(&file.client.client_id);
    let will = file.will.as_ref().map(|will| Will {
        topic: &will.topic,
        payload: will.payload.as_bytes(),
        qos: QoS::AtLeastOnce,
        retain: will.retain,
    });
    let client = Config {
        username: file.client.username.as_deref(),
        password: file.client.password.as_deref().map(str::as_bytes),
        keep_alive_s: file.client.keep_alive_s.unwrap_or(base.keep_alive_s),
        clean_init: file.client.clean_init.unwrap_or(base.clean_init),
        clean_session: file.client.clean_session.unwrap_or(base.clean_session),
        window: file.client.window.unwrap_or(base.window),
        will,
        ..base
    };
    let network = Network {
        ssid: &file.network.ssid,
        password: &file.network.password,
        use_default: file.network.use_default,
    };
    Settings::new(client, network, Broker { host: &file.broker.host, port: file.broker.port })
}

fn code(file: &File) -> String {
    let settings = settings(file);
    let client = &settings.client;
    let mut code = String::new();
    let mut line = |text: &str| writeln!(code, "{text}").expect("a String takes everything");
    line("/// What `fivewire.toml` says.");
    line("pub const SETTINGS: Settings<'static> = Settings::new(");
    line(&format!("    Config {{ username: {:?}, password: {}, keep_alive_s: {}, clean_init: {}, clean_session: {}, window: {}, will: {}, ..Config::new({:?}) }},",
        client.username,
        file.client.password.as_ref().map_or_else(|| "None".to_owned(), |password| format!("Some({password:?}.as_bytes())")),
        client.keep_alive_s, client.clean_init, client.clean_session, client.window,
        file.will.as_ref().map_or_else(|| "None".to_owned(), |will| format!(
            "Some(fivewire_core::mqtt::Will {{ topic: {:?}, payload: {:?}.as_bytes(), qos: fivewire_core::mqtt::QoS::AtLeastOnce, retain: {} }})",
            will.topic, will.payload, will.retain)),
        client.client_id));
    line(&format!(
        "    Network {{ ssid: {:?}, password: {:?}, use_default: {} }},",
        settings.network.ssid, settings.network.password, settings.network.use_default
    ));
    line(&format!(
        "    Broker {{ host: {:?}, port: {} }},",
        settings.broker.host, settings.broker.port
    ));
    line(");");
    for (doc, name, value) in [
        ("What the examples publish to.", "PUBLISH_TOPIC", &file.example.publish),
        ("What the examples listen to.", "SUBSCRIBE_FILTER", &file.example.subscribe),
    ] {
        line(&format!("/// {doc}\npub const {name}: &str = {value:?};"));
    }
    line(&format!(
        "/// Seconds between two publications of the examples.\npub const PERIOD_S: u64 = {};",
        file.example.period_s
    ));
    code
}
