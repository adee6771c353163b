use fivewire_core::link::Role;

use super::plain::Plain;
use super::{Damage, End, Pace, Told, Wire};
use crate::rig::{Boards, Rig};

fn rig(boards: Boards) -> Rig<Plain, Plain> {
    let mut rig = Rig::new(7, boards, Plain::new(Role::Initiator), || Plain::new(Role::Passive));
    rig.record();
    rig
}

fn up(boards: Boards) -> Rig<Plain, Plain> {
    let mut rig = rig(boards);
    assert!(rig.run_until_up(2_000_000));
    rig
}

#[test]
fn frames_cross_in_both_directions_at_any_ratio_of_speed() {
    for (host_us, esp_us) in [(4, 4), (2, 200), (200, 2), (312, 312)] {
        let boards =
            Boards { host: Pace::around(host_us), esp: Pace::around(esp_us), ..Boards::default() };
        let mut rig = up(boards);
        for number in 0..10 {
            rig.send(End::Host, &[number; 20]);
            rig.send(End::Esp, &[number, 0xff]);
        }
        rig.run_for(5_000_000);
        let sent: Vec<_> = (0..10).map(|number| vec![number; 20]).collect();
        assert_eq!(rig.at(End::Esp).received, sent, "{host_us} {esp_us}");
        assert_eq!(rig.at(End::Host).received.len(), 10);
    }
}

#[test]
fn the_ends_toggle_in_turn_and_never_sooner_than_they_look() {
    let mut rig = up(Boards::steady(312));
    rig.send(End::Host, &[0xff; 100]);
    rig.run_for(400_000);
    let mut clocks = rig
        .recorded()
        .iter()
        .filter(|edge| edge.wire.is_clock() && edge.at_us > 450_000)
        .peekable();
    let mut count = 0;
    while let (Some(edge), Some(next)) = (clocks.next(), clocks.peek()) {
        assert_ne!(edge.wire, next.wire, "{edge:?} {next:?}");
        assert!(next.at_us - edge.at_us >= 312);
        count += u32::from(next.at_us - edge.at_us == 312);
    }
    assert!(count > 1_000, "{count}");
}

#[test]
fn in_reset_the_clock_of_the_esp_is_low_and_its_data_floats() {
    let mut rig = rig(Boards::steady(10));
    rig.run_for(2_000_000);
    rig.restart(End::Host);
    rig.run_for(390_000);
    let (mut in_reset, mut drifts) = (false, 0);
    for edge in rig.recorded() {
        match edge.wire {
            Wire::Reset => in_reset = !edge.level,
            Wire::EspClock if in_reset => assert!(!edge.level, "{edge:?}"),
            Wire::EspData if in_reset => drifts += 1,
            _ => {}
        }
    }
    assert!(drifts > 1, "nobody drives it: {drifts}");
}

#[test]
fn the_reset_line_is_low_for_its_pulse_and_a_short_glitch_resets_nobody() {
    let mut rig = up(Boards::default());
    let edges: Vec<_> =
        rig.recorded().iter().filter(|edge| edge.wire == Wire::Reset).copied().collect();
    assert_eq!(edges.iter().map(|edge| edge.level).collect::<Vec<_>>(), [false, true]);
    assert_eq!(edges[1].at_us - edges[0].at_us, 100_000);
    rig.glitch(Wire::Reset, 5);
    rig.run_for(1_000_000);
    assert!(rig.is_up(End::Esp));
    rig.glitch(Wire::Reset, 50);
    rig.run_for(1_000);
    assert!(!rig.is_up(End::Esp));
}

#[test]
fn a_wire_that_is_stuck_stops_the_clocks_and_a_mended_one_goes_on_where_it_was() {
    for damage in [
        Damage { stuck: Some(true), ..Damage::default() },
        Damage { stuck: Some(false), ..Damage::default() },
        Damage { holds: true, ..Damage::default() },
    ] {
        let mut rig = up(Boards::default());
        rig.send(End::Host, &[1; 500]);
        rig.run_for(1_000);
        rig.damage(Wire::HostClock, damage);
        rig.run_for(100);
        let before = rig.edges(Wire::EspClock);
        rig.run_for(1_000_000);
        assert!(rig.edges(Wire::EspClock) <= before + 1);
        rig.damage(Wire::HostClock, Damage::default());
        rig.run_for(1_000_000);
        assert_eq!(rig.at(End::Esp).received, [vec![1; 500]], "{damage:?}");
    }
}

#[test]
fn a_glitch_is_seen_only_by_a_look_that_falls_into_it() {
    let mut seen = [0_u64; 2];
    for start_us in 0..200 {
        let mut rig =
            up(Boards { host: Pace::around(40), esp: Pace::around(40), boot_us: 300_000 });
        rig.send(End::Host, &[0; 200]);
        rig.run_for(500 + start_us);
        rig.glitch(Wire::HostData, 10);
        rig.run_for(1_000);
        seen[usize::from(rig.at(End::Esp).misread > 0)] += 1;
    }
    assert!(seen[0] > 20 && seen[1] > 10, "{seen:?}");
}

#[test]
fn every_damage_makes_somebody_misread() {
    for damage in [
        Damage { noise_every_us: 100, ..Damage::default() },
        Damage { lag_max_us: 50, ..Damage::default() },
        Damage { crosstalk: true, ..Damage::default() },
        Damage { stuck: Some(true), ..Damage::default() },
    ] {
        let mut rig = up(Boards::default());
        // A late clock is only late, and a stuck one stops the link: data is what is read wrongly.
        let quiet_on_clock = damage.lag_max_us > 0 || damage.stuck.is_some();
        let wire = if quiet_on_clock { Wire::HostData } else { Wire::HostClock };
        rig.damage(wire, damage);
        for _ in 0..20 {
            rig.send(End::Host, &[0x5a; 100]);
        }
        rig.run_for(1_000_000);
        let misread = rig.at(End::Esp).misread + rig.at(End::Host).misread;
        assert!(misread > 0, "{damage:?}");
    }
}

#[test]
fn one_seed_is_one_run() {
    let edges = |seed| {
        let boards = Boards::default();
        let mut rig =
            Rig::new(seed, boards, Plain::new(Role::Initiator), || Plain::new(Role::Passive));
        rig.record();
        rig.damage(Wire::EspData, Damage { noise_every_us: 1_000, ..Damage::default() });
        rig.run_for(1_000_000);
        rig.recorded().to_vec()
    };
    assert_eq!(edges(1), edges(1));
    assert_ne!(edges(1), edges(2));
}

#[test]
fn who_is_told_down_was_up() {
    let mut rig = up(Boards::default());
    rig.restart(End::Host);
    assert!(rig.run_until_up(2_000_000));
    let told: Vec<_> = rig.at(End::Host).told.iter().map(|(_, told)| *told).collect();
    assert!(matches!(told[..], [Told::Up { .. }, Told::Down(_), Told::Up { .. }]), "{told:?}");
}
