//! `cargo xtask tidy`: what a compiler does not check and a reviewer should not have to.
//!
//! Each check is a file of its own that takes the files of the checkout and gives back problems in words; none changes
//! anything. The same checks run as a test of this crate.

mod edges;
pub(crate) mod files;
mod format;
mod invariants;
mod names;
mod rooms;
pub(crate) mod scanner;
mod sizes;

use anyhow::{Result, bail};

use crate::conformance;
use crate::project::Project;

/// Runs the command.
///
/// # Errors
/// Something is untidy; the message names each place and what to do.
pub(crate) fn run(project: &Project) -> Result<()> {
    let problems = problems(project)?;
    if !problems.is_empty() {
        bail!("{}\n\n{} untidy places", problems.join("\n"), problems.len());
    }
    println!("tidy: edges, names, sizes, invariants, samples, conformance, format are in order");
    Ok(())
}

fn problems(project: &Project) -> Result<Vec<String>> {
    let files = files::all(project)?;
    let mut problems = edges::check(project)?;
    problems.extend(names::check(&files));
    problems.extend(sizes::check(&files, &project.path("xtask/tidy-exceptions.txt"))?);
    problems.extend(invariants::check(&files));
    problems.extend(rooms::check(&files));
    problems.extend(conformance::check(&files));
    problems.extend(format::check(project)?);
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_tidy() {
        let problems = problems(&Project::here()).expect("the checkout can be read");
        assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    }
}
