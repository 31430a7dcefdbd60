//! The developer's command line of siplet: `cargo xtask COMMAND`.
//!
//! One file a command. Each command is safe to repeat and fast when nothing is to be done; each says in one line a phase
//! what it does and how long it took, and when it fails, what to do next.
#![forbid(unsafe_code)]
// This is a program for a terminal: printing is its interface.
#![allow(clippy::print_stdout)]

mod bench;
mod bless;
mod child;
mod conformance;
mod e2e;
mod fuzz;
mod guests;
mod host;
mod package;
mod progress;
mod project;
mod run;
mod setup;
mod sim;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::project::Project;

/// Builds, runs and tests siplet.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// Find or install what the host's Rust toolchain does not bring: the guest toolchain, sipp
    Setup(setup::Options),
    /// Build what is missing and serve the sample servlets
    Run(run::Options),
    /// Run every test, and sum them up in one line
    Test(test::Options),
    /// Compile the sample servlets into target/servlets
    Guests(guests::Options),
    /// Run the end-to-end tests: the real binary, real sockets, sipp
    E2e(e2e::Options),
    /// Measure the message layer and guest calls beside their budgets
    Bench(bench::Options),
    /// Renew the golden traces of the scenarios
    Bless(bless::Options),
    /// Look for inputs that break the parser, the framer or the stack
    Fuzz(fuzz::Options),
    /// Simulate calls with faults, from seeds
    Sim(sim::Options),
    /// Renew tests/CONFORMANCE.md from the marks of RFC sections
    Conformance(conformance::Options),
    /// Put the release binary into a Debian package
    Package(package::Options),
    /// Check crate edges, banned names, sizes, invariants, samples
    Tidy,
}

fn main() -> ExitCode {
    let project = Project::here();
    let outcome = match CommandLine::parse().command {
        Commands::Setup(options) => setup::run(&project, &options),
        Commands::Run(options) => run::run(&project, &options),
        Commands::Test(options) => test::run(&project, &options),
        Commands::Guests(options) => guests::run(&project, &options),
        Commands::E2e(options) => e2e::run(&project, &options),
        Commands::Bench(options) => bench::run(&project, &options),
        Commands::Bless(options) => bless::run(&project, &options),
        Commands::Fuzz(options) => fuzz::run(&project, &options),
        Commands::Sim(options) => sim::run(&project, &options),
        Commands::Conformance(options) => conformance::run(&project, &options),
        Commands::Package(options) => package::run(&project, &options),
        Commands::Tidy => tidy::run(&project),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\n{problem:#}");
            ExitCode::FAILURE
        }
    }
}
