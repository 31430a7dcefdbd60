//! Packages of a Debian system, for what rustup cannot bring.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Ended};
use crate::progress::Phase;

/// Installs packages, with a fresh package list when the first try does not know them.
///
/// # Errors
/// This is no Debian system, the user may not install packages, or the packages are not to be had.
pub(crate) fn install(phase: &Phase, packages: &[&str]) -> Result<()> {
    if child::find_program("apt-get").is_none() {
        bail!("this system has no `apt-get`");
    }
    let by_hand = format!("sudo apt-get update && sudo apt-get install {}", packages.join(" "));
    phase.now_doing(format!("installing {}", packages.join(" ")));
    if apt_get(&install_arguments(packages))?.succeeded() {
        return Ok(());
    }
    phase.now_doing("renewing the list of Debian packages".to_owned());
    // A foreign package source that is down makes `update` fail although the needed list arrived: the install decides.
    apt_get(&["update"])?;
    phase.now_doing(format!("installing {}", packages.join(" ")));
    let second = apt_get(&install_arguments(packages))?;
    if !second.succeeded() {
        bail!("`{by_hand}` does not work here: {}", reason(&second));
    }
    Ok(())
}

fn install_arguments<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    arguments
}

fn apt_get(arguments: &[&str]) -> Result<Ended> {
    let mut command = if is_root()? {
        Command::new("apt-get")
    } else if child::find_program("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        // Without a terminal sudo could not ask for a password; with `-n` it says so at once.
        sudo.args(["-n", "apt-get"]);
        sudo
    } else {
        bail!("installing packages needs root or sudo");
    };
    command.args(["-o", "DPkg::Lock::Timeout=120"]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    child::run_within(command, Duration::from_secs(600))
}

fn is_root() -> Result<bool> {
    let mut command = Command::new("id");
    command.arg("-u");
    let ended =
        child::run_within(command, Duration::from_secs(10)).context("cannot ask `id` who runs this")?;
    Ok(ended.stdout.trim() == "0")
}

fn reason(ended: &Ended) -> String {
    if ended.status.is_none() {
        return "it did not end within 10 minutes".to_owned();
    }
    let text = ended.tail(20);
    let named = text.lines().find(|line| line.starts_with("E: ") || line.contains("sudo:"));
    named.unwrap_or("it failed").trim_start_matches("E: ").to_owned()
}
