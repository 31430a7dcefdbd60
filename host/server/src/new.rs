//! `siplet new NAME`: a servlet crate that builds at once, with a test and a page.
//!
//! A template is a folder of the checkout, embedded by this crate's `build.rs`: each sample servlet is one. What the
//! samples share through their workspace is written out in the crate that is made ([`manifest`]), their names become the
//! new one ([`rename`]). Nothing is written before everything is known to be well; nothing that exists is changed.

mod manifest;
mod names;
mod rename;
mod sdk;
mod template;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::config::nearest;

pub use names::{Refused, check as check_name};
pub use sdk::Sdk;

/// The template of whoever names none.
pub const DEFAULT_TEMPLATE: &str = "hello";

/// What `siplet new` was asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Where the crate is made; the last part is its name.
    pub path: PathBuf,
    /// Name of the template.
    pub template: String,
    /// The SDK's folder, or the checkout around it. None: that of the checkout in which this siplet was built, where
    /// it is still there, else the published version.
    pub sdk: Option<PathBuf>,
}

/// A crate that is to be made: paths below its folder, and texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its files, in the order of their paths.
    pub files: Vec<(PathBuf, String)>,
    /// A domain that its servlet serves, where it names some.
    pub domain: Option<String>,
}

/// Makes the crate and returns what to tell: what was made, and the next commands.
///
/// # Errors
/// A name, a template or a folder that cannot be: in words that name one that can.
pub fn make(order: &Order) -> Result<String> {
    let name = name_of(&order.path)?;
    let sdk = Sdk::choose(order.sdk.as_deref())?;
    let plan = plan(&name, &order.template, &sdk, is_inside_workspace(&order.path))?;
    if order.path.exists() {
        bail!("{} is there already: name another folder, or remove it", order.path.display());
    }
    for (file, text) in &plan.files {
        let file = order.path.join(file);
        let folder = file.parent().unwrap_or(&order.path);
        fs::create_dir_all(folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        fs::write(&file, text).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    format_sources(&order.path, &plan);
    Ok(told(order, &plan, &sdk))
}

/// Names of all templates, the default one first.
#[must_use]
pub fn templates() -> Vec<&'static str> {
    let mut names: Vec<_> = template::TEMPLATES.iter().map(|template| template.name).collect();
    names.sort_by_key(|name| (*name != DEFAULT_TEMPLATE, *name));
    names
}

fn name_of(path: &Path) -> Result<String> {
    let Some(name) = path.file_name() else {
        bail!("{} names no crate: write `siplet new hello`", path.display())
    };
    let name = name.to_string_lossy().into_owned();
    names::check(&name)?;
    Ok(name)
}

/// Everything that will be written.
///
/// # Errors
/// There is no such template; a sample's manifest is not as its workspace wants it.
pub fn plan(name: &str, template: &str, sdk: &Sdk, inside_workspace: bool) -> Result<Plan> {
    let Some(found) = template::TEMPLATES.iter().find(|known| known.name == template) else {
        let known = templates();
        let meant =
            nearest(template, &known).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        bail!("there is no template `{template}`{meant}\n  templates: {}", known.join(", "));
    };
    let names = rename::Names::new(found.name, name);
    let mut files = Vec::new();
    let mut domain = None;
    for (path, text) in found.files {
        let text = match *path {
            "Cargo.toml" => manifest::flat(text, template::WORKSPACE, name, sdk, inside_workspace)?,
            "README.md" => names.page(text),
            path if path.ends_with(".rs") => names.source(text),
            path if path.contains("/ladders/") => names.ladder(text),
            _ => (*text).to_owned(),
        };
        let path = names.path(path);
        if path == Path::new(&format!("{name}.toml")) {
            domain = first_domain(&text);
        }
        files.push((path, text));
    }
    files.push((".gitignore".into(), "/target\n".to_owned()));
    files.push(("rustfmt.toml".into(), template::RUSTFMT.to_owned()));
    if matches!(sdk, Sdk::Folder(_)) {
        // The versions that the samples are tested with.
        files.push(("Cargo.lock".into(), template::LOCK.to_owned()));
    }
    files.sort();
    let plan = Plan { name: name.to_owned(), files, domain };
    Ok(plan.with_commands())
}

impl Plan {
    /// Adds to the page what one types.
    fn with_commands(mut self) -> Self {
        let (name, call) = (self.name.clone(), self.call());
        let library = name.replace('-', "_");
        let settings = format!("{name}.toml");
        let beside = match self.files.iter().any(|(file, _)| file == Path::new(&settings)) {
            true => format!(", with `{settings}` beside it"),
            false => String::new(),
        };
        if let Some((_, page)) = self.files.iter_mut().find(|(file, _)| file == Path::new("README.md")) {
            let _ = write!(
                page,
                "\n## Run it\n\n```sh\nsiplet dev      # builds and serves it, and again whenever you save\n\
                 {call}      # in another terminal: a test call\n\
                 cargo test      # its tests\n\
                 cargo build --release --target {}      # for a server\n```\n\n\
                 The last one makes `target/{}/release/{library}.wasm`; copy it to a server's folder of servlets as \
                 `{name}.wasm`{beside}.\n",
                siplet_build::TARGET,
                siplet_build::TARGET,
            );
        }
        self
    }

    /// The command that calls it.
    #[must_use]
    pub fn call(&self) -> String {
        match &self.domain {
            None => "siplet call sip:hello@127.0.0.1".to_owned(),
            Some(domain) => format!("siplet call sip:hello@{domain} --server 127.0.0.1"),
        }
    }
}

/// The first of `domains` in a descriptor.
fn first_domain(descriptor: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(descriptor).ok()?;
    table.get("domains")?.as_array()?.first()?.as_str().map(str::to_owned)
}

/// A workspace above would claim the crate, and refuse to build it.
fn is_inside_workspace(path: &Path) -> bool {
    let Ok(path) = std::path::absolute(path) else { return false };
    path.ancestors().skip(1).any(|folder| {
        fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|manifest| manifest.contains("[workspace]"))
    })
}

/// A longer name makes longer lines. Without rustfmt nobody looks at them.
fn format_sources(folder: &Path, plan: &Plan) {
    let sources = plan.files.iter().filter(|(file, _)| file.extension().is_some_and(|end| end == "rs"));
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024"]).args(sources.map(|(file, _)| folder.join(file)));
    let _ = rustfmt.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

fn told(order: &Order, plan: &Plan, sdk: &Sdk) -> String {
    let siplet = own_name();
    let path = order.path.display();
    format!(
        "made {path}   from the template {}, {sdk}\n\nnext:\n  cd {path}\n  {siplet} dev          # serves it, and again \
         whenever you save\n  {siplet}{}          # in another terminal\n\nIts test: cargo test\n",
        order.template,
        plan.call().strip_prefix("siplet").unwrap_or_default(),
    )
}

/// How this program was called, as one can call it from another folder.
fn own_name() -> String {
    let called = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if called.components().count() < 2 {
        return "siplet".to_owned();
    }
    std::path::absolute(&called).unwrap_or(called).display().to_string()
}
