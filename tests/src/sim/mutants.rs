//! Planted defects, which the simulator must find.

/// Plants each defect in turn and lives seeds until a checker finds it. True: all were found.
#[must_use]
pub fn hunt(_seeds: u64) -> bool {
    false
}
