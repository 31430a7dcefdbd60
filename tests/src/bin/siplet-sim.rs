//! `siplet-sim`: worlds of calls with faults, from seeds.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "it is a program for people")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use siplet_container::mutant::Mutant;
use siplet_tests::sim::mutants::{Catch, find};
use siplet_tests::sim::{self, minimise, plan::Plan};

/// What the arguments ask for.
struct Options {
    seeds: Option<u64>,
    seed: Option<u64>,
    minutes: Option<u64>,
    mutants: bool,
}

const USAGE: &str = "siplet-sim [--seeds N] [--seed N] [--minutes M] [--mutants]";
const SEEDS: u64 = 2000;

fn options() -> Result<Options, String> {
    let mut options = Options { seeds: None, seed: None, minutes: None, mutants: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || {
            let text = arguments.next().ok_or_else(|| format!("{argument} wants a number"))?;
            text.parse().map_err(|_| format!("`{text}` is no number"))
        };
        match argument.as_str() {
            "--seeds" => options.seeds = Some(number()?),
            "--seed" => options.seed = Some(number()?),
            "--minutes" => options.minutes = Some(number()?),
            "--mutants" => options.mutants = true,
            other => return Err(format!("`{other}` is not known: {USAGE}")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(why) => {
            println!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let well = if options.mutants {
        hunt(options.seeds.unwrap_or(SEEDS))
    } else if let Some(seed) = options.seed {
        one(seed)
    } else {
        many(&options)
    };
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plants each defect; true when all were found.
fn hunt(seeds: u64) -> bool {
    let mut missed = 0;
    for mutant in Mutant::ALL {
        match find(mutant, seeds) {
            Some(Catch { seed, invariant, text }) => println!("{mutant:?}: seed {seed}, {invariant}: {text}"),
            None => {
                println!("{mutant:?}: NOT FOUND in {seeds} seeds");
                missed += 1;
            }
        }
    }
    println!("{} of {} planted defects found", Mutant::ALL.len() - missed, Mutant::ALL.len());
    missed == 0
}

/// Lives one seed and shows it.
fn one(seed: u64) -> bool {
    let plan = Plan::of(seed);
    let verdict = sim::run(seed);
    if verdict.faults.is_empty() {
        show(&plan);
        println!("seed {seed}: no invariant broken");
        return true;
    }
    failed(&plan, &verdict);
    false
}

/// Lives many seeds until one breaks something.
fn many(options: &Options) -> bool {
    let began = Instant::now();
    let until = options.minutes.map(|minutes| began + Duration::from_secs(minutes * 60));
    let count = if until.is_some() { u64::MAX } else { options.seeds.unwrap_or(SEEDS) };
    let mut lived = 0;
    let mut told = began;
    // Minutes look at worlds that a count from 0 does not reach.
    let first = if until.is_some() { 1_000_000 + u64::from(std::process::id()) * 1_000_000 } else { 0 };
    for seed in (first..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        if until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        let verdict = sim::run(seed);
        if !verdict.faults.is_empty() {
            failed(&Plan::of(seed), &verdict);
            return false;
        }
        lived += 1;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!("{lived} seeds, {:.0} a second", lived as f64 / began.elapsed().as_secs_f64());
        }
    }
    println!(
        "{lived} seeds, {:.0} a second, no invariant broken",
        lived as f64 / began.elapsed().as_secs_f64()
    );
    true
}

fn failed(plan: &Plan, verdict: &sim::Verdict) {
    let Some(first) = verdict.faults.first() else { return };
    println!("seed {} breaks {}", plan.seed, first.invariant);
    let small = minimise::minimise(plan, first.invariant);
    show(&small);
    for fault in sim::live(&small).faults {
        println!("{}: {}", fault.invariant, fault.text);
    }
    println!("again: siplet-sim --seed {}", plan.seed);
}

fn show(plan: &Plan) {
    println!(
        "seed {} durable {} store {} us {:?} {:?}",
        plan.seed, plan.durable, plan.store_us, plan.weather, plan.limits
    );
    for (at, action) in &plan.actions {
        println!("  {:.3} {action:?}", at.as_secs_f64());
    }
    for (id, answer) in &plan.answers {
        let replies: Vec<String> = answer
            .replies
            .iter()
            .map(|reply| format!("{:?} {}/{} {:?}", reply.after, reply.status, reply.fork, reply.headers))
            .collect();
        println!("  p{id} answers {}", replies.join(", "));
    }
    for line in sim::trace(plan) {
        println!("    {line}");
    }
}
