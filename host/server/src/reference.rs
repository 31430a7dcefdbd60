//! What siplet says of itself: completions for shells, man pages, schemas of its files, and the reference of the book.
//!
//! Nothing here is written twice: settings come from `siplet.example.toml`, a servlet's file from
//! `descriptor.example.toml`, commands from the command line's own definition, metrics from a page of zeros.

mod schema;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::io;

use clap::{Command, CommandFactory};

use crate::cli::Cli;
use crate::config::{EXAMPLE, documented, settings, split_range};
use crate::deploy::Rollbacks;
use crate::metrics::{Process, page};
use crate::shadow::Shadows;

pub use schema::schema;

/// A servlet's `NAME.toml` with every key, documented beside its default.
pub const DESCRIPTOR: &str = include_str!("../descriptor.example.toml");

/// Files of siplet that have a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum File {
    /// `siplet.toml`, the settings.
    Settings,
    /// `NAME.toml` beside a servlet, and the descriptor inside it.
    Servlet,
}

/// Pages of the book's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Page {
    /// Settings of the host.
    Settings,
    /// Keys of a servlet's file.
    Servlet,
    /// Commands and their options.
    Commands,
    /// Metrics.
    Metrics,
}

/// A page as Markdown.
#[must_use]
pub fn markdown(of: Page) -> String {
    match of {
        Page::Settings => settings_page(),
        Page::Servlet => keys_page(
            "Keys of a servlet's file",
            "The descriptor inside a `.wasm`, and `NAME.toml` beside it, which overrides it. Unknown keys are refused.",
            DESCRIPTOR,
        ),
        Page::Commands => commands_page(),
        Page::Metrics => metrics_page(),
    }
}

/// A script that completes siplet's commands.
///
/// # Errors
/// The output cannot be written.
pub fn completions(shell: clap_complete::Shell, out: &mut impl io::Write) -> io::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "siplet", &mut script);
    out.write_all(&script)
}

/// The man page of siplet, or of one of its commands (`serve`), in roff.
///
/// # Errors
/// There is no such command, or the output cannot be written.
pub fn man(command: Option<&str>, out: &mut impl io::Write) -> anyhow::Result<()> {
    let whole = whole();
    let page = match command {
        None => whole,
        Some(name) => {
            let names: Vec<_> = whole.get_subcommands().map(Command::get_name).collect();
            let Some(found) = whole.find_subcommand(name) else {
                anyhow::bail!("there is no command `{name}`; known are {}", names.join(", "));
            };
            found.clone().display_name(format!("siplet-{name}"))
        }
    };
    Ok(clap_mangen::Man::new(page).render(out)?)
}

/// The command line with everything that clap adds by itself.
fn whole() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}

fn settings_page() -> String {
    let intro = "Every setting with its default, as in `siplet.example.toml`. Each is also a flag of `siplet serve` \
                 (`[limits]` `message-bytes` is `--limits-message-bytes`) and an environment variable \
                 (`SIPLET_LIMITS_MESSAGE_BYTES`); the flag wins over the environment, that over the file.";
    let mut text = keys_page("Settings", intro, EXAMPLE);
    if let Some(route) = settings().iter().find(|setting| setting.path == "route") {
        let _ = write!(text, "\n## route\n\n{}\n", route.help);
    }
    text
}

/// One table for each section of a documented file.
fn keys_page(title: &str, intro: &str, example: &str) -> String {
    let defaults: toml::Table = toml::from_str(example).unwrap_or_default();
    let mut text = format!("# {title}\n\n{intro}\n");
    let mut section = None;
    for (path, help) in documented(example) {
        let (own, key) = path.split_once('.').unwrap_or(("", &path));
        if section.as_deref() != Some(own) {
            let heading = if own.is_empty() { String::new() } else { format!("\n## {own}\n") };
            let _ = write!(text, "{heading}\n| key | default | range | what |\n|---|---|---|---|\n");
            section = Some(own.to_owned());
        }
        let table =
            if own.is_empty() { Some(&defaults) } else { defaults.get(own).and_then(|t| t.as_table()) };
        let default = table.and_then(|table| table.get(key)).map_or_else(String::new, ToString::to_string);
        let (help, range) = split_range(&help);
        let range = range.map_or_else(String::new, |range| range.to_string());
        let _ = writeln!(text, "| `{key}` | `{}` | {range} | {} |", default.trim(), in_cell(help));
    }
    text
}

fn commands_page() -> String {
    let mut text = "# Commands\n\n`siplet COMMAND --help` says the same. Exit code 0: done; 1: it went wrong, in words on \
                    standard error; 2: the command line itself is wrong.\n"
        .to_owned();
    let whole = whole();
    for command in whole.get_subcommands().filter(|command| !command.is_hide_set()) {
        if command.get_name() == "help" {
            continue;
        }
        let about =
            command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        let _ = write!(text, "\n## siplet {}\n\n{}\n", command.get_name(), about.trim());
        options(&mut text, command);
    }
    text
}

fn options(text: &mut String, command: &Command) {
    if command.get_name() == "serve" {
        text.push_str("\nEvery [setting](settings.md) is a flag; beside them:\n");
    }
    let of_settings =
        |arg: &clap::Arg| settings().iter().any(|setting| setting.path == arg.get_id().as_str());
    let mut rows = command.get_arguments().filter(|arg| !arg.is_hide_set() && !of_settings(arg)).peekable();
    if rows.peek().is_none() {
        return;
    }
    text.push_str("\n| option | what |\n|---|---|\n");
    for arg in rows {
        let values: Vec<_> =
            arg.get_value_names().unwrap_or_default().iter().map(|name| name.as_str()).collect();
        let takes = arg.get_action().takes_values();
        let name = match arg.get_long() {
            Some(long) if takes => format!("--{long} {}", values.join(" ")),
            Some(long) => format!("--{long}"),
            None => values.join(" "),
        };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(text, "| `{}` | {} |", name.trim(), in_cell(&help));
    }
}

fn metrics_page() -> String {
    let mut text =
        "# Metrics\n\nServed under `/metrics` on the listener `metrics`, in the text format of Prometheus. \
                    Counters begin at zero with the process.\n\n| metric | kind | what |\n|---|---|---|\n"
            .to_owned();
    let page = page(&[], 0, &Process::default(), &Rollbacks::default(), &Shadows::default());
    let mut help = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map_or("", |(_, help)| help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' '))
        {
            let _ = writeln!(text, "| `{name}` | {kind} | {} |", in_cell(help));
        }
    }
    text
}

/// Text that stands in a cell of a table.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}
