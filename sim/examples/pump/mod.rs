//! What `simulated_clean` and `simulated_unclean` have in common: a board that listens to `pump/#`
//! and loses its network for two minutes, and what is said while it is away and once it is back.

use fivewire_core::mqtt::QoS;
use fivewire_sim::fault::FaultKind;
use fivewire_sim::harness::Sim;

/// Plays it, prints the timeline, and checks that the session delivered `while_away` copies of what
/// was said to a board that was away. What the board published itself is acknowledged either way.
pub(crate) fn play(mut sim: Sim, trouble: &[(u32, FaultKind)], while_away: usize) {
    sim.subscribe("pump/#");
    sim.run_until_connected();
    sim.run_for(2_000);
    sim.at_for(0, 120_000, FaultKind::WifiOutage);
    for &(after_ms, kind) in trouble {
        sim.at(after_ms, kind);
    }
    sim.run_for(110_000); // until the broker has given the connection up as well
    sim.witness_publish("pump/1", b"on", QoS::AtLeastOnce, false);
    let level = sim.publish("tank/level", b"17", QoS::AtLeastOnce);
    sim.run_for(60_000);
    sim.witness_publish("pump/2", b"on", QoS::AtLeastOnce, false);
    sim.heal_and_settle();
    print!("{}", sim.timeline());
    sim.assert_told("pump/1", while_away..=while_away);
    sim.assert_told("pump/2", 1..=1);
    sim.assert_acked(level);
}
