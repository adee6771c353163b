//! What goes wrong around the pair, at an instant that is decided beforehand.

use fivewire_sim::fault::Memory;

use super::host_end::HostEnd;
use super::pair::Pair;

/// What happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The ESP8266 has no power for so long.
    PowerCut {
        /// In ms.
        off_ms: u64,
    },
    /// The host's processor is busy with something else for so long.
    HostBusy {
        /// In ms.
        for_ms: u64,
    },
    /// The ESP8266's processor stands still until it is reset.
    Hang,
    /// The network is lost, and cannot be joined.
    NetworkLost,
    /// The broker's machine ends the connection, and refuses new ones.
    BrokerGone,
    /// The broker stops and starts again.
    BrokerRestart(Memory),
    /// The network and the broker are there again.
    Healed,
}

impl Trouble {
    /// Lets it happen, now.
    pub fn strike<H: HostEnd>(self, pair: &mut Pair<H>) {
        let now_ns = pair.now_ns();
        let acknowledged = pair.host.told().iter().filter(|told| told.contains("Acked")).count();
        pair.struck_between += usize::from(pair.radio.received.len() > acknowledged);
        pair.struck_in_sync += usize::from(pair.is_synchronising());
        pair.struck_in_frame += usize::from(pair.is_busy());
        match self {
            Self::PowerCut { off_ms } => pair.interrupt_power(off_ms),
            Self::HostBusy { for_ms } => pair.host.be_busy(now_ns + for_ms * 1_000_000),
            Self::Hang => pair.hang(),
            Self::NetworkLost => pair.radio.lose_network(now_ns),
            Self::BrokerGone => {
                pair.radio.refuses = true;
                pair.radio.close_connection(now_ns);
            }
            Self::BrokerRestart(memory) => pair.radio.restart_broker(now_ns, memory),
            Self::Healed => pair.radio.heal(),
        }
    }
}
