//! Each machine, made of memory and numbers that the compiler knows nothing of, and driven until it
//! waits.

use core::hint::black_box;
use core::mem::size_of;

use fivewire_core::bridge::host::{self, Host};
use fivewire_core::bridge::{Broker, Network};
use fivewire_core::client::{self, Client, Publication};
use fivewire_core::config::Config;
use fivewire_core::link::native::{self, Native};
use fivewire_core::link::syncom::{self, Syncom};
use fivewire_core::link::{self, Levels, Link, Role};
use fivewire_core::mqtt::QoS;
use fivewire_core::recorder::{Payloads, Recorded, Recorder, Ring, Unrecorded};
use fivewire_core::time::Instant;

type Buffer = [u8; 256];

/// What the machines of this program take, without the memory that they are given.
pub(crate) const MACHINE_BYTES: usize = {
    let mut bytes = 0;
    if cfg!(feature = "link") {
        bytes += size_of::<Native<&mut [u8]>>();
    }
    if cfg!(feature = "syncom") {
        bytes += size_of::<Syncom<&mut [u8]>>();
    }
    if cfg!(feature = "bridge") {
        bytes += size_of::<Recorded<Host<&mut [u8]>, Unrecorded>>();
    }
    if cfg!(feature = "recorder") {
        bytes += size_of::<Recorded<Host<&mut [u8]>, Ring<&mut [u8]>>>()
            - size_of::<Recorded<Host<&mut [u8]>, Unrecorded>>();
    }
    if cfg!(feature = "client") {
        bytes += size_of::<Client<&mut [u8]>>();
    }
    bytes
};

/// Drives what there is.
pub(crate) fn all() {
    if cfg!(feature = "link") {
        native();
    }
    if cfg!(feature = "syncom") {
        old();
    }
    if cfg!(feature = "recorder") {
        recorded();
    } else if cfg!(feature = "bridge") {
        bridge();
    }
    if cfg!(feature = "client") {
        client();
    }
}

fn now() -> Instant {
    Instant::from_micros(black_box(0))
}

fn native() {
    let (mut transmit, mut receive): (Buffer, Buffer) = ([0; 256], [0; 256]);
    let memory = native::Memory { transmit: &mut transmit[..], receive: &mut receive[..] };
    if let Ok(mut link) =
        Native::new(&native::Config::new(Role::Initiator), memory, black_box(1))
    {
        drive_link(&mut link);
    }
}

fn old() {
    let (mut transmit, mut receive): (Buffer, Buffer) = ([0; 256], [0; 256]);
    let memory = syncom::Memory { transmit: &mut transmit[..], receive: &mut receive[..] };
    if let Ok(mut link) = Syncom::new(&syncom::Config::new(Role::Initiator), memory) {
        drive_link(&mut link);
    }
}

/// What `fivewire-pins` does with a link.
fn drive_link(link: &mut impl Link) {
    link.start(now());
    loop {
        let heard = Levels { clock: black_box(false), data: black_box(false) };
        if let Some(levels) = link.answer(now(), heard) {
            black_box(levels);
            continue;
        }
        link.handle(now(), link::Input::Levels(heard));
        let _ = black_box(link.send(black_box(&[])));
        if black_box(false) {
            link.restart(now());
        }
        loop {
            match link.poll() {
                link::Output::Wait(wait) => {
                    black_box(wait);
                    break;
                }
                link::Output::Event(event) => {
                    black_box(event);
                }
                other => {
                    black_box(other);
                }
            }
        }
        if black_box(false) {
            return;
        }
    }
}

fn settings() -> host::Settings<'static> {
    let network = Network { ssid: black_box("net"), password: black_box(""), use_default: false };
    host::Settings::new(config(), network, Broker { host: black_box("broker"), port: 1_883 })
}

fn config() -> Config<'static> {
    Config { keep_alive_s: black_box(60), ..Config::new(black_box("size")) }
}

macro_rules! with_host {
    ($host:ident, $run:expr) => {{
        let mut buffers: [Buffer; 7] = [[0; 256]; 7];
        let [a, b, c, d, e, f, g] = buffers.each_mut();
        let memory = host::Memory {
            outbox: &mut a[..],
            subscriptions: &mut b[..],
            inbound: &mut c[..],
            frame: &mut d[..],
            publication_topics: &mut e[..],
            message_topics: &mut f[..],
            settings: &mut g[..],
        };
        if let Ok($host) = Host::new(&settings(), memory, black_box(1)) {
            $run
        }
    }};
}

fn bridge() {
    with_host!(host, {
        let mut host = Recorded::<_, Unrecorded>::new(host, None);
        drive_host!(host);
    });
}

fn recorded() {
    let mut ring: [u8; 512] = [0; 512];
    with_host!(host, {
        let recorder = Recorder::new(
            Ring::new(&mut ring[..], 4),
            Payloads::Disguised { key: [black_box(1), black_box(2)] },
        );
        let mut host = Recorded::new(host, Some(recorder));
        drive_host!(host);
        if let Some(recorder) = host.recorder_mut() {
            recorder.finish();
            black_box(recorder.sink_mut().drain(&mut [0; 64]));
        }
    });
}

/// What `fivewire-pins` and an application do with a host.
macro_rules! drive_host {
    ($host:ident) => {
        $host.start(now());
        loop {
            let publication = Publication::new(black_box("t"), black_box(b"p"), QoS::AtLeastOnce);
            let _ = black_box($host.publish(now(), &publication));
            let _ = black_box($host.subscribe(now(), black_box("f"), QoS::AtLeastOnce));
            for input in [
                host::Input::LinkUp { frame_max_bytes: black_box(200) },
                host::Input::LinkDown,
                host::Input::Timeout,
                host::Input::Writable,
                host::Input::Sent(black_box(1)),
                host::Input::Frame(black_box(&[])),
            ] {
                $host.handle(now(), black_box(input));
            }
            loop {
                let output = $host.poll();
                let waits = matches!(output, host::Output::Wait(_));
                black_box(output);
                if waits {
                    break;
                }
            }
            if black_box(false) {
                break;
            }
        }
    };
}
use drive_host;

fn client() {
    let mut buffers: [Buffer; 5] = [[0; 256]; 5];
    let [a, b, c, d, e] = buffers.each_mut();
    let memory = client::Memory {
        receive: &mut a[..],
        transmit: &mut b[..],
        outbox: &mut c[..],
        subscriptions: &mut d[..],
        connect: &mut e[..],
    };
    #[cfg(feature = "mqtt5")]
    let config = Config { protocol: fivewire_core::mqtt::ProtocolVersion::V5, ..config() };
    #[cfg(not(feature = "mqtt5"))]
    let config = config();
    let Ok(mut client) = Client::new(&config, memory, black_box(1)) else { return };
    client.start(now());
    loop {
        let publication = Publication::new(black_box("t"), black_box(b"p"), QoS::AtLeastOnce);
        let _ = black_box(client.publish(now(), &publication));
        let _ = black_box(client.subscribe(now(), black_box("f"), QoS::AtLeastOnce));
        for input in [
            client::Input::Timeout,
            client::Input::WifiUp,
            client::Input::WifiDown,
            client::Input::TcpOpened,
            client::Input::TcpClosed,
            client::Input::Writable,
            client::Input::Sent(black_box(1)),
            client::Input::Received(black_box(&[])),
        ] {
            client.handle(now(), black_box(input));
        }
        loop {
            let output = client.poll();
            let waits = matches!(output, client::Output::Wait(_));
            black_box(output);
            if waits {
                break;
            }
        }
        if black_box(false) {
            return;
        }
    }
}
