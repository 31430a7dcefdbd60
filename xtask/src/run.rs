//! `cargo xtask run`: from a fresh checkout to a host that serves the samples, in one command.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::{guests, host};

/// The configuration that serves the samples.
const CONFIG: &str = "sample-servlets/siplet.toml";

/// Options of `cargo xtask run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on to `siplet serve`, such as `--config FILE` or `--servlets DIR`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the command: it becomes the host, so that Ctrl-C reaches the host alone and drains it.
///
/// # Errors
/// Something cannot be built, or the host cannot be started.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    guests::samples_ready(project)?;
    host::ready(project)?;
    let siplet = project.siplet();
    let mut command = Command::new(&siplet);
    command.arg("serve").args(with_defaults(project, &options.arguments));
    if !siplet.is_file() {
        bail!("the build left no {}", project.shown(&siplet));
    }
    let problem = command.exec();
    Err(problem).with_context(|| format!("cannot start {}", project.shown(&siplet)))
}

/// The arguments given, and the samples' configuration and folder where they name no other.
fn with_defaults(project: &Project, given: &[OsString]) -> Vec<OsString> {
    let names = |option: &str| {
        let with_value = format!("{option}=");
        given
            .iter()
            .filter_map(|word| word.to_str())
            .any(|word| word == option || word.starts_with(&with_value))
    };
    let mut arguments: Vec<OsString> = Vec::new();
    if !names("--config") {
        arguments.extend(["--config".into(), project.path(CONFIG).into_os_string()]);
    }
    if !names("--servlets") {
        arguments.extend(["--servlets".into(), project.servlets().into_os_string()]);
    }
    arguments.extend_from_slice(given);
    arguments
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn what_the_user_names_is_not_named_a_second_time() {
        let project = Project::at(Path::new("/p"));
        let given = [OsString::from("--config=/my.toml"), OsString::from("--log=json")];
        let all = with_defaults(&project, &given);
        let words: Vec<&str> = all.iter().filter_map(|word| word.to_str()).collect();
        assert_eq!(words, ["--servlets", "/p/target/servlets", "--config=/my.toml", "--log=json"]);
    }
}
