//! The hunt for planted defects: each is planted in turn, and seeds are lived until a checker finds it.

use siplet_container::mutant::{self, Mutant};

/// A defect that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catch {
    /// By this seed.
    pub seed: u64,
    /// By the checker of this invariant.
    pub invariant: &'static str,
    /// What it saw.
    pub text: String,
}

/// Plants a defect and lives so many seeds; the first that finds it.
///
/// A seed that finds something without the defect too is no proof.
#[must_use]
pub fn find(mutant: Mutant, seeds: u64) -> Option<Catch> {
    (0..seeds).find_map(|seed| {
        mutant::plant(Some(mutant));
        let verdict = super::run(seed);
        mutant::plant(None);
        let fault = verdict.faults.into_iter().next()?;
        let proves = super::run(seed).faults.is_empty();
        proves.then_some(Catch { seed, invariant: fault.invariant, text: fault.text })
    })
}
