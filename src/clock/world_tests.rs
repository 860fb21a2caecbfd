//! The interval clock in the world of world.rs: never wrong where its assumptions hold, and wrong where they do not.

use std::ops::Range;

use super::world::{Event, Outcome, Scenario, Server, Tally, run};

/// A server of which all delay is on the way there.
const EDGE: Server = Server::new(2e-4, 1e-5);
const SYMMETRIC: Server = Server::new(5e-4, 5e-4);
const ONE_WAY: Server = Server::new(1e-5, 2.8e-3);

fn with_seed(scenario: &Scenario, seed: u64) -> Scenario {
    Scenario { seed, ..scenario.clone() }
}

fn every(period: i64, duration: i64, event: impl Fn(i64) -> Event) -> Vec<(i64, Event)> {
    (1..duration / period).map(|count| (count * period, event(count))).collect()
}

/// Scenarios in which all assumptions hold, by name.
fn honest() -> Vec<(&'static str, Scenario)> {
    let combining = vec![SYMMETRIC, ONE_WAY, ONE_WAY, ONE_WAY];
    let coming = |server: Server, period| Server { period, ..server };
    let jittery = |server: Server, jitter| Server { jitter, ..server };
    let jump = |size: f64| every(3000, 20_000, move |count| Event::Jump(if count % 2 == 0 { size } else { -size }));
    let new = Scenario::new;
    vec![
        ("one server", new(vec![EDGE])),
        ("combined servers", new(combining.clone())),
        ("combinelimit 1", Scenario { combine_limit: 1.0, ..new(combining.clone()) }),
        ("combinelimit 10", Scenario { combine_limit: 10.0, ..new(combining.clone()) }),
        ("the good server leaves", new(vec![coming(SYMMETRIC, 14_000.0), Server::new(1e-3, 99e-3)])),
        (
            "servers come and go",
            new(vec![
                coming(SYMMETRIC, 3000.0),
                coming(ONE_WAY, 5000.0),
                coming(EDGE, 7000.0),
                ONE_WAY,
                Server::new(4e-3, 1e-3),
            ]),
        ),
        ("jitter", new(vec![jittery(EDGE, 2e-3), jittery(SYMMETRIC, 5e-3), jittery(ONE_WAY, 1e-3)])),
        (
            "short polls",
            new(vec![Server { poll: 0, ..SYMMETRIC }, Server { poll: 2, ..ONE_WAY }, Server { poll: 4, ..ONE_WAY }]),
        ),
        ("long polls", new(vec![Server { poll: 10, ..SYMMETRIC }, Server { poll: 9, ..ONE_WAY }])),
        ("temperature", Scenario { temperature: 5e-6, ..new(combining.clone()) }),
        ("a random oscillator", Scenario { wander: 3e-8, ..new(combining) }),
        ("the rate jumps by 10 ppm", Scenario { events: jump(1e-5), ..new(vec![EDGE, SYMMETRIC]) }),
        (
            "chronyd freezes in a slew",
            Scenario { events: vec![(5000, Event::FreezeInSlew(0.05))], duration: 7000, ..new(vec![EDGE]) },
        ),
    ]
}

fn total(scenarios: &[Scenario]) -> Outcome {
    let mut sum = Outcome::default();
    for scenario in scenarios {
        let one = run(scenario);
        for (sum, one) in [
            (&mut sum.ours, &one.ours),
            (&mut sum.unguarded, &one.unguarded),
            (&mut sum.tracking_alone, &one.tracking_alone),
            (&mut sum.system_clock, &one.system_clock),
            (&mut sum.manual, &one.manual),
            (&mut sum.bound, &one.bound),
        ] {
            sum.add(one);
        }
        sum.refused += one.refused;
    }
    sum
}

/// Runs all honest scenarios with these refresh intervals, and returns what became of them.
fn run_honest(seeds: Range<u64>, intervals: &[i64]) -> Vec<(&'static str, i64, Outcome)> {
    let mut outcomes = Vec::new();
    for (name, scenario) in honest() {
        for &refresh in intervals {
            let scenario = Scenario { refresh, ..scenario.clone() };
            let seeded: Vec<_> = seeds.clone().map(|seed| with_seed(&scenario, seed * 97 + refresh as u64)).collect();
            outcomes.push((name, refresh, total(&seeded)));
        }
    }
    outcomes
}

#[track_caller]
fn check_honest(outcomes: &[(&str, i64, Outcome)]) -> Tally {
    let mut sum = Tally::default();
    for (name, refresh, outcome) in outcomes {
        println!(
            "{name:28} {refresh:3} s: outside {} of {}, half-width {:.0} us, tightest {:.3}; tracking alone {}, system clock {}, manual {} of {}",
            outcome.ours.outside,
            outcome.ours.checks,
            outcome.ours.mean() * 1e6,
            outcome.ours.tightest,
            outcome.tracking_alone.outside,
            outcome.system_clock.outside,
            outcome.manual.outside,
            outcome.manual.checks,
        );
        assert_eq!(outcome.ours.outside, 0, "{name}, refreshed each {refresh} s: {:?}", outcome.ours);
        assert_eq!(outcome.bound.outside, 0, "{name}, refreshed each {refresh} s: {:?}", outcome.bound);
        assert_eq!(outcome.refused, 0, "{name}, refreshed each {refresh} s");
        sum.add(&outcome.ours);
    }
    sum
}

fn of<'a>(outcomes: &'a [(&str, i64, Outcome)], name: &str, refresh: i64) -> &'a Outcome {
    let found = outcomes.iter().find(|(known, interval, _)| *known == name && *interval == refresh);
    &found.unwrap_or_else(|| panic!("no scenario {name}")).2
}

#[test]
fn the_interval_contains_true_time_where_other_formulas_fail() {
    let outcomes = run_honest(1..2, &[16]);
    let sum = check_honest(&outcomes);
    assert!(sum.checks > 200_000, "{}", sum.checks);
    // Not because it is padded.
    assert!(sum.tightest > 0.9, "{}", sum.tightest);
    let combined = of(&outcomes, "combined servers", 16);
    assert!(combined.manual.outside > combined.manual.checks / 10, "{:?}", combined.manual);
    assert!(combined.tracking_alone.outside > 1000, "{:?}", combined.tracking_alone);
    let frozen = of(&outcomes, "chronyd freezes in a slew", 16);
    assert!(frozen.system_clock.outside > 100 && frozen.system_clock.worst > 0.1, "{:?}", frozen.system_clock);
    // With one server, there is hardly anything wrong with the manual's formula.
    let one = of(&outcomes, "one server", 16).manual;
    assert!(one.outside < one.checks / 50, "{one:?}");
}

/// `cargo test --release -- --ignored`.
#[test]
#[ignore = "takes a minute: part of `make hardening`"]
fn the_interval_contains_true_time_in_ten_million_checks() {
    for seed in 2..12 {
        for refresh in [1, 16] {
            for size in [1e-4, 1e-3, 1e-2] {
                let outcome = run(&with_seed(&set_each(size, refresh, false), seed));
                assert_eq!(outcome.ours.outside, 0, "{size} s, each {refresh} s: {:?}", outcome.ours);
            }
        }
    }
    let outcomes = run_honest(2..17, &[1, 16, 64]);
    let sum = check_honest(&outcomes);
    println!("outside 0 of {} checks", sum.checks);
    assert!(sum.checks > 10_000_000, "{}", sum.checks);
}

fn set_each(size: f64, refresh: i64, has_kernel: bool) -> Scenario {
    let events = every(2500, 20_000, |count| Event::Set(if count % 2 == 0 { size } else { -size }));
    Scenario { events, refresh, has_kernel, ..Scenario::new(vec![EDGE, SYMMETRIC]) }
}

#[test]
fn a_clock_that_somebody_else_sets_is_noticed_at_a_refresh_each_16_seconds() {
    for refresh in [1, 16] {
        for size in [1e-3, 1e-2] {
            for has_kernel in [false, true] {
                let outcome = total(
                    &(1..2).map(|seed| with_seed(&set_each(size, refresh, has_kernel), seed)).collect::<Vec<_>>(),
                );
                assert_eq!(outcome.ours.outside, 0, "{size} s, each {refresh} s: {:?}", outcome.ours);
                assert!(outcome.refused > 0);
                // Without the guards, it is not.
                assert!(size < 1e-3 || outcome.unguarded.outside > 0, "{size} s: {:?}", outcome.unguarded);
                assert!(size < 1e-3 || outcome.system_clock.outside > 0, "{size} s: {:?}", outcome.system_clock);
            }
        }
    }
}

// Where an assumption does not hold, the interval is wrong.

#[test]
fn a_clock_that_somebody_else_sets_is_not_always_noticed_at_rarer_refreshes() {
    let outside = |seed: &u64| run(&with_seed(&set_each(1e-3, 64, false), *seed)).ours.outside > 0;
    assert!((1..40).any(|seed| outside(&seed)));
}

#[test]
fn a_great_step_throws_chronyds_frequency_off_for_longer_than_the_clock_is_disrupted() {
    // For as long as chronyd has samples from before the step, its frequency may be wrong by more than it says.
    let outcome = total(&(1..6).map(|seed| with_seed(&set_each(1e-1, 1, false), seed)).collect::<Vec<_>>());
    assert!(outcome.ours.outside > 0, "{:?}", outcome.ours);
}

#[test]
fn an_oscillator_that_drifts_more_than_allowed_makes_it_wrong() {
    let events = every(3000, 20_000, |count| Event::Jump(if count % 2 == 0 { 1e-4 } else { -1e-4 }));
    let scenario = Scenario { events, max_drift: 15.0, ..Scenario::new(vec![EDGE]) };
    assert!(run(&scenario).ours.outside > 0);
    assert_eq!(run(&Scenario { max_drift: 110.0, ..scenario }).ours.outside, 0);
}

#[test]
fn a_server_that_lies_makes_it_wrong() {
    let outcome = run(&Scenario::new(vec![Server { lie: 0.1, ..EDGE }]));
    assert_eq!(outcome.ours.outside, outcome.ours.checks);
    // The majority outvotes it.
    let outvoted = Scenario::new(vec![Server { lie: 1e-2, ..EDGE }, SYMMETRIC, SYMMETRIC, ONE_WAY]);
    assert_eq!(run(&outvoted).ours.outside, 0);
}
