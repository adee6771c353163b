//! `simple` on a Pico W's own radio: a count every few seconds at QoS 1, and a topic that switches
//! the LED.
#![no_std]
#![no_main]

use core::fmt::Write as _;

use cyw43_pio::{DEFAULT_CLOCK_DIVIDER, PioSpi};
use embassy_executor::Spawner;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Stack, StackResources};
use embassy_rp::clocks::RoscRng;
use embassy_rp::gpio::{Level, Output};
use embassy_rp::peripherals::{DMA_CH0, PIN_24, PIN_29, PIO0};
use embassy_rp::pio::{InterruptHandler, Pio};
use embassy_rp::watchdog::Watchdog;
use embassy_rp::{Peri, bind_interrupts};
use embassy_time::{Duration, Ticker};
use fivewire_core::bridge::Network;
use fivewire_core::client::{Client, Memory, Publication};
use fivewire_core::event::Event;
use fivewire_core::mqtt::QoS;
use fivewire_rp2040::board::WATCHDOG;
use fivewire_rp2040::clock::now;
use fivewire_rp2040::console::Console;
use fivewire_rp2040::radio::{self, Radio};
use fivewire_rp2040::settings::{PERIOD_S, PUBLISH_TOPIC, SETTINGS, SUBSCRIBE_FILTER};
use static_cell::{ConstStaticCell, StaticCell};

bind_interrupts!(struct Interrupts {
    PIO0_IRQ_0 => InterruptHandler<PIO0>;
});

static CHIP: StaticCell<cyw43::State> = StaticCell::new();
static SOCKETS: StaticCell<StackResources<3>> = StaticCell::new();
static TCP: ConstStaticCell<[[u8; 2_048]; 2]> = ConstStaticCell::new([[0; 2_048]; 2]);
static MEMORY: ConstStaticCell<[[u8; 4_096]; 5]> = ConstStaticCell::new([[0; 4_096]; 5]);

#[embassy_executor::task]
async fn chip(
    runner: cyw43::Runner<'static, Output<'static>, PioSpi<'static, PIO0, 0, DMA_CH0>>,
) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn network(mut runner: embassy_net::Runner<'static, cyw43::NetDriver<'static>>) -> ! {
    runner.run().await
}

#[embassy_executor::task]
async fn wifi(
    control: cyw43::Control<'static>,
    stack: Stack<'static>,
    network: Network<'static>,
) -> ! {
    radio::manage(control, stack, network).await
}

/// What leads to the radio: fixed on the board.
struct ChipPins {
    power: Output<'static>,
    chip_select: Output<'static>,
    data: Peri<'static, PIN_24>,
    clock: Peri<'static, PIN_29>,
    pio: Peri<'static, PIO0>,
    dma: Peri<'static, DMA_CH0>,
}

/// Starts the radio and what speaks over it, each in a task of its own.
async fn start_network(spawner: Spawner, chip_pins: ChipPins, seed: u64) -> Stack<'static> {
    let ChipPins { power, chip_select, data, clock, pio, dma } = chip_pins;
    let mut pio = Pio::new(pio, Interrupts);
    let spi = PioSpi::new(
        &mut pio.common,
        pio.sm0,
        DEFAULT_CLOCK_DIVIDER,
        pio.irq0,
        chip_select,
        data,
        clock,
        dma,
    );
    let state = CHIP.init(cyw43::State::new());
    let (device, mut control, runner) =
        cyw43::new(state, power, spi, cyw43_firmware::CYW43_43439A0).await;
    spawner.must_spawn(chip(runner));
    control.init(cyw43_firmware::CYW43_43439A0_CLM).await;
    // Power saving delays and drops what arrives (PREDECESSORS.md §6, ask 20).
    control.set_power_management(cyw43::PowerManagementMode::None).await;

    let (stack, runner) = embassy_net::new(
        device,
        Config::dhcpv4(embassy_net::DhcpConfig::default()),
        SOCKETS.init(StackResources::new()),
        seed,
    );
    spawner.must_spawn(network(runner));
    spawner.must_spawn(wifi(control, stack, SETTINGS.network));
    stack
}

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    let p = embassy_rp::init(embassy_rp::config::Config::default());
    let mut console = Console::new(p.UART0, p.PIN_0);
    let mut watchdog = Watchdog::new(p.WATCHDOG);
    watchdog.start(WATCHDOG);
    let mut rng = RoscRng;

    let chip = ChipPins {
        power: Output::new(p.PIN_23, Level::Low),
        chip_select: Output::new(p.PIN_25, Level::High),
        data: p.PIN_24,
        clock: p.PIN_29,
        pio: p.PIO0,
        dma: p.DMA_CH0,
    };
    let stack = start_network(spawner, chip, rng.next_u64()).await;
    let [receive, transmit] = TCP.take();
    let socket = TcpSocket::new(stack, receive, transmit);
    let [receive, transmit, outbox, subscriptions, connect] = MEMORY.take();
    let memory = Memory {
        receive: &mut receive[..],
        transmit: &mut transmit[..],
        outbox: &mut outbox[..],
        subscriptions: &mut subscriptions[..],
        connect: &mut connect[..],
    };
    let client = Client::new(&SETTINGS.client, memory, rng.next_u64())
        .expect("build.rs has checked the settings");
    let mut radio = Radio::new(client, socket, stack, SETTINGS.broker);
    radio.client().start(now());
    radio
        .client()
        .subscribe(now(), SUBSCRIBE_FILTER, QoS::AtLeastOnce)
        .expect("the table of subscriptions is empty");

    let mut ticker = Ticker::every(Duration::from_secs(PERIOD_S));
    for count in 1_u32.. {
        radio
            .serve(&mut watchdog, ticker.next(), |event| match event {
                Event::Message(message) => radio::set_led(message.payload == b"1"),
                Event::Connected { .. } | Event::Disconnected { .. } | Event::Acked(_) => {
                    let _ = writeln!(console, "{event:?}\r");
                }
                _ => {}
            })
            .await;
        let mut text = heapless::String::<10>::new();
        let _ = write!(text, "{count}");
        let publication = Publication {
            retain: true,
            ..Publication::new(PUBLISH_TOPIC, text.as_bytes(), QoS::AtLeastOnce)
        };
        // A full outbox means that the broker was away for long: this count is skipped, and says
        // so.
        if let Err(error) = radio.client().publish(now(), &publication) {
            let _ = writeln!(console, "count {count} skipped: {error}\r");
        }
    }
}
