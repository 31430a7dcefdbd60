//! Ring 4, in short: worlds from seeds, and death at every boundary of plain calls.

use siplet_tests::sim::{self, boundaries};

/// Enough to meet every kind of fault, few enough for each run of the tests.
const SEEDS: u64 = 200;

#[test]
fn no_seed_breaks_an_invariant() {
    for seed in 0..SEEDS {
        let verdict = sim::run(seed);
        assert!(verdict.faults.is_empty(), "siplet-sim --seed {seed} shows: {:#?}", verdict.faults);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let plan = sim::plan::Plan::of(7);
    assert_eq!(sim::live(&plan), sim::live(&plan));
    assert_ne!(sim::live(&plan).digest, sim::run(8).digest, "another seed is another world");
}

fn no_boundary_breaks_an_invariant(kind: boundaries::Kind) {
    let (boundaries, broken) = boundaries::enumerate(kind);
    if let Some(death) = broken.first() {
        let trace = boundaries::trace(death).join("\n");
        panic!("{} of {boundaries} boundaries break something; the first: {death:#?}\n{trace}", broken.len());
    }
    assert!(boundaries > 10, "a plain world has effects");
}

#[test]
fn a_call_survives_death_at_every_boundary() {
    no_boundary_breaks_an_invariant(boundaries::Kind::Call);
}

#[test]
fn a_cancelled_call_survives_death_at_every_boundary() {
    no_boundary_breaks_an_invariant(boundaries::Kind::Cancel);
}

#[test]
fn a_bye_of_the_servlet_survives_death_at_every_boundary() {
    no_boundary_breaks_an_invariant(boundaries::Kind::Bye);
}

#[test]
fn a_call_of_the_servlet_survives_death_at_every_boundary() {
    no_boundary_breaks_an_invariant(boundaries::Kind::CallOut);
}

#[test]
fn a_cancelled_call_of_the_servlet_survives_death_at_every_boundary() {
    no_boundary_breaks_an_invariant(boundaries::Kind::CancelOut);
}

#[test]
fn a_call_that_is_upgraded_survives_death_at_every_boundary() {
    no_boundary_breaks_an_invariant(boundaries::Kind::Upgrade);
}

#[test]
fn planted_defects_are_found() {
    use siplet_container::mutant::Mutant;
    // `cargo xtask sim --mutants` looks for all of them.
    for mutant in
        [Mutant::ReleaseBeforeStored, Mutant::OutboxLost, Mutant::TurnsOverlap, Mutant::SessionLeaks]
    {
        assert!(sim::mutants::find(mutant, SEEDS).is_some(), "{mutant:?} is not found");
    }
}
