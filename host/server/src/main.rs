//! The binary `siplet`: reads the command line and hands over. Exit code 0: done; 1: it went wrong, in words on standard
//! error; 2: the command line itself is wrong.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use siplet_server::cli::{Cli, Control, What};
use siplet_server::config::Config;
use siplet_server::control::{Ask, client};
use siplet_server::{call, check, dev, inspect, log, new, record, reference, replay, serve, test_host};

/// Long-lived servers fragment less with it, and it tells live bytes.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let outcome = run(&Cli::parse().command);
    log::finish();
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let mut text = error.to_string();
            // The system's own words, where they add any.
            for cause in error.chain().skip(1).map(ToString::to_string) {
                if !text.contains(&cause) {
                    text.push_str(": ");
                    text.push_str(&cause);
                }
            }
            let _ = writeln!(std::io::stderr(), "siplet: {text}");
            ExitCode::FAILURE
        }
    }
}

/// True when all went well.
fn run(what: &What) -> Result<bool> {
    let mut out = std::io::stdout();
    if let Some((question, control)) = what.ask() {
        let full = matches!(what, What::Inspect { full: true, .. });
        return ask(&question, control, full, &mut out);
    }
    match what {
        What::Serve(options) => {
            let config = Config::load(options.config.as_deref(), &options.overrides.0)?;
            runtime()?.block_on(serve::serve(config, &mut out))?;
            Ok(true)
        }
        What::New(options) => {
            write!(out, "{}", new::make(&options.order())?)?;
            Ok(true)
        }
        What::Dev(options) => {
            runtime()?.block_on(dev::run(&options.order(), &mut out))?;
            Ok(true)
        }
        What::Check { file, json, config, ceilings } => {
            let config = Config::load(config.as_deref(), &ceilings.0)?;
            let (text, good) = check::check(file, &config.ceilings.limits(), *json)?;
            write!(out, "{text}")?;
            Ok(good)
        }
        What::Completions { shell } => {
            reference::completions(*shell, &mut out)?;
            Ok(true)
        }
        What::Man { command } => {
            reference::man(command.as_deref(), &mut out)?;
            Ok(true)
        }
        What::Schema { file } => {
            writeln!(out, "{:#}", reference::schema(*file))?;
            Ok(true)
        }
        What::Call(options) => runtime()?.block_on(call::place(&options.order(), &mut out)),
        What::TestHost(options) => test_host::run(options, std::io::stdin().lock(), &mut out),
        What::Record(options) => runtime()?.block_on(record::command::record(options, &mut out)),
        What::Replay(options) => replay::replay(options, &mut out),
        What::Status(_)
        | What::Sessions { .. }
        | What::Inspect { .. }
        | What::Drain(_)
        | What::Resume(_)
        | What::Undeploy { .. }
        | What::Reload(_)
        | What::Versions { .. }
        | What::Rollback { .. }
        | What::Shadow { .. }
        | What::Canary { .. } => Ok(true),
    }
}

fn ask(question: &Ask, control: &Control, full: bool, out: &mut impl Write) -> Result<bool> {
    let answer = client::ask(&control.control, question)?;
    if control.json {
        writeln!(out, "{answer}")?;
    } else {
        let shown = if full { inspect::show::show(&answer, true) } else { client::show(question, answer)? };
        write!(out, "{shown}")?;
    }
    Ok(true)
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
