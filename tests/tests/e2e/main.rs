//! Ring 6: the real binary, real sockets, sipp. `cargo xtask e2e` runs it; without `SIPLET_E2E=1` every test is ignored,
//! with `SIPLET_E2E=later` there are none.
//!
//! Each test has a host of its own with a servlets folder, a configuration and free ports of its own on 127.0.0.1, and
//! ends what it started by its id. At most two run at once; those that measure run alone. Nothing here reads the clock
//! of the host or its insides: what is seen is what a peer, a scraper or an operator sees.
//!
//! Start reading at [`host`], [`sipp`] and [`phone`]; every other module is a list of tests.
#![forbid(unsafe_code)]

mod calls;
mod deployment;
mod development;
mod host;
mod http;
mod languages;
mod limits;
mod load;
mod misbehaviour;
mod neighbours;
mod phone;
mod places;
mod records;
mod rotation;
mod scenarios;
mod scrapers;
mod shadow;
mod shards;
mod sipp;
mod slow;
mod stop;
mod streams;
mod surfaces;
mod torture;
mod versions;
mod vital;

use std::sync::{PoisonError, RwLock};

use libtest_mimic::{Arguments, Trial};

/// Tests that measure hold it alone.
static MACHINE: RwLock<()> = RwLock::new(());

/// A test that may run beside another.
fn shared(name: &str, run: fn()) -> Trial {
    Trial::test(name, move || {
        let _machine = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
        run();
        Ok(())
    })
}

/// A test that has the machine for itself, because it measures times or memory.
fn alone(name: &str, run: fn()) -> Trial {
    Trial::test(name, move || {
        let _machine = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
        run();
        Ok(())
    })
}

/// Names a function as a test of its module: `shared!(calls: options_are_answered)`.
#[macro_export]
macro_rules! trials {
    ($module:literal: $(shared $shared:ident),* ; $(alone $alone:ident),* ) => {
        vec![
            $($crate::shared(concat!($module, "::", stringify!($shared)), $shared),)*
            $($crate::alone(concat!($module, "::", stringify!($alone)), $alone),)*
        ]
    };
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Two cores carry a host and a sipp each; more at once makes everybody late.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let wanted = std::env::var_os("SIPLET_E2E").unwrap_or_default();
    if wanted == "later" {
        // This run is followed by one of these tests alone: they are counted there and are not skipped here.
        return libtest_mimic::run(&arguments, Vec::new()).exit();
    }
    let enabled = wanted == "1";
    let trials = [
        calls::trials(),
        scenarios::trials(),
        streams::trials(),
        torture::trials(),
        surfaces::trials(),
        deployment::trials(),
        versions::trials(),
        shadow::trials(),
        development::trials(),
        stop::trials(),
        vital::trials(),
        scrapers::trials(),
        limits::trials(),
        slow::trials(),
        shards::trials(),
        rotation::trials(),
        misbehaviour::trials(),
        neighbours::trials(),
        records::trials(),
        load::trials(),
        languages::trials(),
    ];
    let trials = trials.into_iter().flatten();
    let trials = trials.map(|trial| {
        let left_out = trial.has_ignored_flag();
        trial.with_ignored_flag(left_out || !enabled)
    });
    let trials = trials.collect();
    libtest_mimic::run(&arguments, trials).exit();
}
