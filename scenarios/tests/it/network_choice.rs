//! The network that the chip has stored, or the one that the host gave: who decides, and what if
//! neither is there.

use fivewire_core::bridge::{Lan, NetworkAnswer};
use fivewire_core::event::{DownReason, Event};
use fivewire_scenarios::{Heard, mins, secs};
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;
use fivewire_sim::world::Services;

const ASKS: Services =
    Services { uses_stored_network: true, asks_network: true, tells_attempts: true };

/// What is told of networks.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Network {
    Asked,
    Joins(Lan),
    Failed,
    Up,
}

fn network(event: &Event<'_>) -> Option<Network> {
    Some(match event {
        Event::NetworkAsked => Network::Asked,
        Event::JoinsNetwork(lan) => Network::Joins(*lan),
        Event::AttemptFailed { reason: DownReason::JoinFailed } => Network::Failed,
        Event::Wifi(true) => Network::Up,
        _ => return None,
    })
}

/// A bridge without the network that its chip has stored. That is trouble enough to excuse what
/// takes longer than usual.
fn without_stored_network(seed: u64, services: Services) -> (Sim, Heard<Network>) {
    let (mut sim, heard) = Heard::on(Sim::bridge(seed).with_services(services), network);
    sim.absent(Lan::Stored, true);
    sim.at_for(0, mins(600), FaultKind::Latency { extra_ms: 1 });
    (sim, heard)
}

#[test]
fn without_the_stored_network_the_given_one_is_joined() {
    let services = Services { asks_network: false, ..ASKS };
    let (mut sim, heard) = without_stored_network(1, services);
    sim.run_until_connected();
    let [joins, failed, up] = [Network::Joins, |_| Network::Failed, |_| Network::Up];
    let (stored, given) = (Lan::Stored, Lan::Given);
    assert_eq!(heard.all(), [joins(stored), failed(stored), joins(given), up(given)]);
}

#[test]
fn the_given_network_is_joined_once_the_application_allows_it() {
    let (mut sim, heard) = without_stored_network(2, ASKS);
    sim.run_for(mins(2));
    let asked = heard.all().iter().filter(|network| **network == Network::Asked).count();
    assert_eq!(asked, 1, "a question that nobody answers is asked once");
    assert!(!heard.all().contains(&Network::Joins(Lan::Given)));
    sim.command(|commands| commands.answer_network(NetworkAnswer::UseGiven));
    sim.run_until_connected();
    assert!(heard.all().ends_with(&[Network::Joins(Lan::Given), Network::Up]));
}

#[test]
fn d08_a_pause_lasts_as_long_as_it_was_asked_for_and_resets_nobody() {
    let (mut sim, heard) = without_stored_network(3, ASKS);
    sim.run_until(mins(2), |_| heard.all().contains(&Network::Asked));
    let answered_ms = u64::from(sim.now_ms());
    let later = NetworkAnswer::AskAgain { after_ms: secs(30) };
    sim.command(|commands| commands.answer_network(later));
    let times = || {
        let asked = heard.timed().into_iter().filter(|(_, network)| *network == Network::Asked);
        asked.map(|(at_ms, _)| at_ms).collect::<Vec<_>>()
    };
    sim.run_until(mins(2), |_| times().len() == 2);
    let pause_ms = times()[1] - answered_ms;
    assert!((30_000..65_000).contains(&pause_ms), "{pause_ms} ms");
    assert_eq!(sim.counters().esp_resets, 1, "at power-up only");
}

#[test]
fn d09_d10_the_given_network_is_used_again_after_each_crash_without_a_question() {
    let (mut sim, heard) = without_stored_network(4, ASKS);
    sim.run_until(mins(2), |_| heard.all().contains(&Network::Asked));
    sim.command(|commands| commands.answer_network(NetworkAnswer::UseGiven));
    sim.run_until_connected();
    for _ in 0..3 {
        let _ = heard.take();
        sim.at(0, FaultKind::EspCrash);
        sim.run_until(secs(20), |sim| !sim.world().is_connected());
        sim.run_until_connected();
        assert!(!heard.all().contains(&Network::Asked));
        assert!(heard.all().ends_with(&[Network::Joins(Lan::Given), Network::Up]));
    }
}

#[test]
fn d11_a_network_that_is_not_there_is_told_again_and_again_and_found_when_it_comes() {
    let (mut sim, heard) = Heard::on(Sim::bridge(5), network);
    sim.absent(Lan::Given, true);
    sim.at_for(0, mins(600), FaultKind::Latency { extra_ms: 1 });
    sim.run_for(mins(60));
    let failures: Vec<u64> = heard.timed().into_iter().map(|(at_ms, _)| at_ms).collect();
    assert!(failures.windows(2).all(|pair| pair[1] - pair[0] < 25_000), "no long silence");
    assert!(failures.len() > 150, "{} in an hour", failures.len());
    assert_eq!(sim.counters().esp_resets, 1, "a reset brings no network");
    sim.absent(Lan::Given, false);
    sim.run_until(secs(30), |sim| sim.world().is_connected());
}
