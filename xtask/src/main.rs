//! The developer's command line of siplet: `cargo xtask COMMAND`.
//!
//! One file a command. Each command is safe to repeat and fast when nothing is to be done; each says in one line a phase
//! what it does and how long it took, and when it fails, what to do next.
#![forbid(unsafe_code)]
// This is a program for a terminal: printing is its interface.
#![allow(clippy::print_stdout)]

mod child;
mod progress;
mod project;
mod setup;

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
}

fn main() -> ExitCode {
    let project = Project::here();
    let outcome = match CommandLine::parse().command {
        Commands::Setup(options) => setup::run(&project, &options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("\n{problem:#}");
            ExitCode::FAILURE
        }
    }
}
