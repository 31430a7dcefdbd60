//! The command line. Settings of `serve` are flags and environment variables by themselves: they are made from the
//! example file (see [`crate::config::settings`]).

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Parser, Subcommand, ValueEnum};
use siplet_container::io::Transport;

use crate::config::{Override, Setting, settings};
use crate::control::{Ask, SESSIONS_LISTED};
use crate::new;

/// A SIP application server whose applications are servlets compiled to WebAssembly.
#[derive(Clone, Debug, Parser)]
#[command(name = "siplet", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: What,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Make a servlet crate that builds at once.
    New(New),
    /// Serve a servlet from its sources, and again at each save.
    Dev(Dev),
    /// Serve the servlets of a folder.
    Serve(Serve),
    /// Explain a servlet's file without deploying it. Exit code 1 when it would be refused.
    Check {
        /// The .wasm file; NAME.toml beside it is read too.
        file: PathBuf,
        /// One JSON object instead of text.
        #[arg(long)]
        json: bool,
        /// Settings file of the host that it is for: its [ceilings] are held to the file. By default those of a host
        /// without any. Each is a flag too, as in `siplet serve`.
        #[arg(long, env = "SIPLET_CONFIG")]
        config: Option<PathBuf>,
        /// Ceilings from outside the file.
        #[command(flatten)]
        ceilings: Ceilings,
    },
    /// Place a test call and draw its ladder. Exit code 1 when it is not answered.
    Call(Call),
    /// Hold a world in virtual time for a test kit, which writes requests to it and reads its answers.
    #[command(hide = true)]
    TestHost(crate::test_host::TestHost),
    /// Show how a running server is.
    Status(Control),
    /// List live sessions.
    Sessions {
        /// Most rows of each shard.
        #[arg(long, default_value_t = SESSIONS_LISTED)]
        limit: usize,
        /// Only those of this application.
        #[arg(long)]
        application: Option<String>,
        /// Only those that are so old: 30s, 10m, 1h, 2d.
        #[arg(long, value_parser = duration)]
        older_than: Option<Duration>,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Show a live session with all that it has: dialogs, transactions, timers, attributes.
    Inspect {
        /// Its id or Call-ID, or the beginning of one.
        name: String,
        /// Show long values whole.
        #[arg(long)]
        full: bool,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Refuse new calls; live calls go on.
    Drain(Control),
    /// Take new calls again.
    Resume(Control),
    /// Take a servlet away until its file changes; its live calls go on.
    Undeploy {
        /// Name of the application.
        name: String,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Look at the servlets folder anew.
    Reload(Control),
    /// Print a script that completes siplet's commands in a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page of siplet or of one of its commands, in roff.
    Man {
        /// The command; none: siplet itself.
        command: Option<String>,
    },
    /// Print the JSON schema of one of siplet's files, for editors.
    Schema {
        /// Which file.
        file: crate::reference::File,
    },
    /// List the versions of applications: which serve, which are kept for a rollback, which leave.
    Versions {
        /// Name of one application.
        name: Option<String>,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Let an earlier version of an application take new calls again; live calls stay where they are.
    Rollback {
        /// Name of the application.
        name: String,
        /// Version or #DIGEST, as `siplet versions` lists them; the one before when none is named.
        to: Option<String>,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Let the newest version of an application take a share of new calls, and the one before it the rest.
    Canary {
        /// Name of the application.
        name: String,
        /// Share in percent, as in 10%. 100% promotes the newest version, 0% takes it out.
        #[arg(value_parser = percent)]
        share: u8,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Run another version beside the one that serves, drop what it sends, and tell what it does otherwise.
    Shadow {
        /// Name of the application.
        name: String,
        /// The other version: a .wasm file, or a version or #DIGEST that `siplet versions` lists; `off` ends it; the report of
        /// what differs when none is named.
        what: Option<String>,
        /// Share of new calls in percent, as in 10%.
        #[arg(value_parser = percent, default_value = "10%", requires = "what")]
        share: u8,
        /// The way to the server.
        #[command(flatten)]
        control: Control,
    },
    /// Record calls of a running server, so that they can run again.
    Record(crate::record::command::Record),
    /// Run a record again. Exit code 1 when something differs.
    Replay(crate::replay::Replay),
}

/// `10%` or `10`.
fn percent(text: &str) -> Result<u8, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    match number.parse() {
        Ok(percent @ 0..=100) => Ok(percent),
        Ok(_) | Err(_) => Err("a share is a whole number of percent, 0% to 100%".to_owned()),
    }
}

/// What is asked of a shadow. Whatever has a folder or `.wasm` in its name is a file; the server looks for it from the
/// root.
fn shadow(name: &str, what: Option<&str>, percent: u8) -> Ask {
    let name = name.to_owned();
    match what {
        None => Ask::Shadow { name },
        Some("off") => Ask::ShadowOff { name },
        Some(what) if what.contains('/') || what.ends_with(".wasm") => {
            let file = std::path::absolute(what).unwrap_or_else(|_| PathBuf::from(what));
            Ask::ShadowRun { name, file: Some(file), version: None, percent }
        }
        Some(version) => Ask::ShadowRun { name, file: None, version: Some(version.to_owned()), percent },
    }
}

/// Options of the commands that ask a running server.
#[derive(Clone, Debug, Args)]
pub struct Control {
    /// Control socket of the server; the default one when none is named.
    #[arg(
        long,
        env = "SIPLET_CONTROL",
        default_value = "",
        hide_default_value = true,
        value_name = "SOCKET",
        // A path that may be empty, unlike clap's own.
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub control: PathBuf,
    /// The answer as JSON.
    #[arg(long)]
    pub json: bool,
}

impl What {
    /// The command for a running server, with the way to it; none for the others.
    #[must_use]
    pub fn ask(&self) -> Option<(Ask, &Control)> {
        Some(match self {
            Self::Status(control) => (Ask::Status, control),
            Self::Sessions { limit, application, older_than, control } => {
                let older_than_s = older_than.unwrap_or_default().as_secs();
                (Ask::Sessions { limit: *limit, application: application.clone(), older_than_s }, control)
            }
            Self::Inspect { name, full: _, control } => (Ask::Inspect { name: name.clone() }, control),
            Self::Drain(control) => (Ask::Drain, control),
            Self::Resume(control) => (Ask::Resume, control),
            Self::Undeploy { name, control } => (Ask::Undeploy { name: name.clone() }, control),
            Self::Reload(control) => (Ask::Reload, control),
            Self::Versions { name, control } => (Ask::Versions { name: name.clone() }, control),
            Self::Rollback { name, to, control } => {
                (Ask::Rollback { name: name.clone(), to: to.clone() }, control)
            }
            Self::Canary { name, share, control } => {
                (Ask::Canary { name: name.clone(), percent: *share }, control)
            }
            Self::Shadow { name, what, share, control } => (shadow(name, what.as_deref(), *share), control),
            Self::New(_)
            | Self::Dev(_)
            | Self::Serve(_)
            | Self::Check { .. }
            | Self::Call(_)
            | Self::TestHost(_)
            | Self::Record(_)
            | Self::Replay(_)
            | Self::Completions { .. }
            | Self::Man { .. }
            | Self::Schema { .. } => return None,
        })
    }
}

/// `90`, `90s`, `10m`, `2h`, `3d`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) =
        text.split_at(text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => 0,
    };
    let time =
        number.parse::<u64>().ok().filter(|_| seconds > 0).and_then(|number| number.checked_mul(seconds));
    time.map(Duration::from_secs).ok_or_else(|| "write it as 30s, 10m, 2h or 3d".to_owned())
}

/// Options of `siplet new`.
#[derive(Clone, Debug, Args)]
pub struct New {
    /// Name of the servlet and of its folder; or the path of the folder.
    #[arg(value_name = "NAME")]
    pub path: PathBuf,
    /// What to begin with: `hello`, or the name of a sample servlet.
    #[arg(long, default_value = new::DEFAULT_TEMPLATE)]
    pub template: String,
    /// Folder of the SDK, or of a checkout of siplet. By default that of the checkout in which this siplet was built,
    /// where it is still there, else the published version.
    #[arg(long, value_name = "PATH")]
    pub sdk: Option<PathBuf>,
}

impl New {
    /// The order for [`crate::new::make`].
    #[must_use]
    pub fn order(&self) -> new::Order {
        new::Order { path: self.path.clone(), template: self.template.clone(), sdk: self.sdk.clone() }
    }
}

/// Options of `siplet dev`.
#[derive(Clone, Debug, Args)]
pub struct Dev {
    /// Folder of the servlet.
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,
    /// Tell lines instead of showing a screen, as it does where standard output is no terminal.
    #[arg(long)]
    pub plain: bool,
    /// Settings of the server.
    #[command(flatten)]
    pub overrides: Overrides,
}

impl Dev {
    /// The order for [`crate::dev::run`].
    #[must_use]
    pub fn order(&self) -> crate::dev::Order {
        crate::dev::Order {
            folder: self.folder.clone(),
            overrides: self.overrides.0.clone(),
            plain: self.plain,
        }
    }
}

/// Options of `siplet call`.
#[derive(Clone, Debug, Args)]
pub struct Call {
    /// Whom to call, as in sip:hello@127.0.0.1
    pub uri: String,
    /// Send it to this HOST or HOST:PORT instead of the URI's own host.
    #[arg(long)]
    server: Option<String>,
    /// How; by default as the URI says, else over udp.
    #[arg(long)]
    transport: Option<Wire>,
    /// Seconds from the answer to the BYE.
    #[arg(long, default_value_t = 1.0)]
    duration: f64,
    /// Seconds that it may ring.
    #[arg(long, default_value_t = 60.0)]
    wait: f64,
    /// One JSON object instead of the ladder.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Wire {
    Udp,
    Tcp,
}

impl Call {
    /// The order for [`crate::call::place`].
    #[must_use]
    pub fn order(&self) -> crate::call::Order {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
        crate::call::Order {
            uri: if self.uri.contains(':') { self.uri.clone() } else { format!("sip:{}", self.uri) },
            server: self.server.clone(),
            transport: self.transport.map(|transport| match transport {
                Wire::Udp => Transport::Udp,
                Wire::Tcp => Transport::Tcp,
            }),
            duration: seconds(self.duration),
            wait: seconds(self.wait),
            json: self.json,
        }
    }
}

/// Options of `siplet serve`.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Settings file; every setting and its default is in siplet.example.toml.
    #[arg(long, env = "SIPLET_CONFIG")]
    pub config: Option<PathBuf>,
    /// Settings from outside the file.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// Settings that were given as flags or in the environment, the latter first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(pub Vec<Override>);

/// Those of `[ceilings]` among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ceilings(pub Vec<Override>);

/// The settings of a section; all for an empty one.
fn settings_of(section: &'static str) -> impl Iterator<Item = &'static Setting> {
    settings().iter().filter(move |setting| setting.path.starts_with(section))
}

fn augment(command: Command, section: &'static str) -> Command {
    settings_of(section).fold(command, |command, setting| {
        command.arg(
            Arg::new(setting.path)
                .long(setting.flag)
                .env(setting.variable)
                .hide_env_values(true)
                .value_name("VALUE")
                .help(setting.help),
        )
    })
}

fn given(matches: &ArgMatches, section: &'static str) -> Vec<Override> {
    let given = settings_of(section).filter_map(|setting| {
        let value = matches.get_one::<String>(setting.path)?.clone();
        let source = match matches.value_source(setting.path) {
            Some(ValueSource::EnvVariable) => setting.variable.to_owned(),
            _ => format!("--{}", setting.flag),
        };
        Some(Override { path: setting.path.to_owned(), source, value })
    });
    given.collect()
}

const CEILINGS: &str = "ceilings.";

impl Args for Ceilings {
    fn augment_args(command: Command) -> Command {
        augment(command, CEILINGS)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Ceilings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, CEILINGS)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Overrides {
    fn augment_args(command: Command) -> Command {
        augment(command, "")
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Overrides {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(given(matches, "")))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
