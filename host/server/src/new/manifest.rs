//! The manifest of the new crate: that of a sample, with what it takes from the samples' workspace written out.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use toml::{Table, Value};

use super::sdk::Sdk;

/// Keys of `[package]` in the order in which people write them.
const PACKAGE: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Writes the manifest of the crate `name`.
///
/// # Errors
/// A manifest of the checkout is not as this expects it: a sample takes something from the workspace that is not there.
pub(super) fn flat(sample: &str, workspace: &str, name: &str, sdk: &Sdk, inside: bool) -> Result<String> {
    let sample: Table = toml::from_str(sample).context("the template's manifest is no TOML")?;
    let workspace: Table = toml::from_str(workspace).context("the samples' manifest is no TOML")?;
    let shared =
        workspace.get("workspace").and_then(Value::as_table).context("the samples have no [workspace]")?;
    let mut text = format!("[package]\nname = \"{name}\"\n");
    let package = table(&sample, "package")?;
    for key in PACKAGE {
        // A licence is the author's choice, and nobody publishes a servlet by mistake.
        let value = match key {
            "license" => continue,
            "version" => Some(Value::from("0.1.0")),
            "publish" => Some(Value::from(false)),
            _ => own_or_shared(package, key, shared, "package")?,
        };
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {value}");
        }
    }
    text.push_str(
        "\n[lib]\n# The guest, and the same code for tests.\ncrate-type = [\"cdylib\", \"rlib\"]\n",
    );
    for section in ["dependencies", "dev-dependencies"] {
        let Some(Value::Table(dependencies)) = sample.get(section) else { continue };
        let _ = writeln!(text, "\n[{section}]");
        for (crate_name, value) in dependencies {
            let value = match sdk.dependency(crate_name) {
                Some(table) => Value::Table(table),
                None => dependency(crate_name, value, shared)?,
            };
            let _ = writeln!(text, "{crate_name} = {}", inline(&value));
        }
    }
    lints(&sample, shared, &mut text)?;
    profile(&workspace, &mut text);
    if inside {
        text.push_str("\n# A workspace of its own, though another one lies above.\n[workspace]\n");
    }
    Ok(text)
}

fn table<'a>(of: &'a Table, key: &str) -> Result<&'a Table> {
    of.get(key).and_then(Value::as_table).with_context(|| format!("the template has no [{key}]"))
}

fn is_shared(value: &Value) -> bool {
    value.as_table().is_some_and(|table| table.get("workspace") == Some(&Value::Boolean(true)))
}

/// The value of a key, from the workspace where it says `key.workspace = true`.
fn own_or_shared(own: &Table, key: &str, shared: &Table, section: &str) -> Result<Option<Value>> {
    match own.get(key) {
        Some(value) if is_shared(value) => match table(shared, section)?.get(key) {
            Some(value) => Ok(Some(value.clone())),
            None => bail!("the samples' workspace has no {key} in [workspace.{section}]"),
        },
        other => Ok(other.cloned()),
    }
}

fn dependency(name: &str, own: &Value, shared: &Table) -> Result<Value> {
    if !is_shared(own) {
        return Ok(own.clone());
    }
    let dependencies = table(shared, "dependencies")?;
    let value = dependencies.get(name).with_context(|| format!("the samples' workspace has no {name}"))?;
    let mut merged = match value {
        Value::Table(table) => table.clone(),
        version => [("version".to_owned(), version.clone())].into_iter().collect(),
    };
    if let Some(own) = own.as_table() {
        merged.extend(
            own.iter()
                .filter(|(key, _)| *key != "workspace")
                .map(|(key, value)| (key.clone(), value.clone())),
        );
    }
    Ok(if merged.len() == 1 && merged.contains_key("version") {
        merged["version"].clone()
    } else {
        Value::Table(merged)
    })
}

/// A value on one line, as a dependency is written.
fn inline(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let parts: Vec<_> =
                table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
        other => other.to_string(),
    }
}

fn lints(sample: &Table, shared: &Table, text: &mut String) -> Result<()> {
    if !sample.get("lints").is_some_and(is_shared) {
        return Ok(());
    }
    for (tool, lints) in table(shared, "lints")? {
        let _ = writeln!(text, "\n[lints.{tool}]");
        for (lint, level) in lints.as_table().into_iter().flatten() {
            let _ = writeln!(text, "{lint} = {}", inline(level));
        }
    }
    Ok(())
}

fn profile(workspace: &Table, text: &mut String) {
    let Some(release) = workspace.get("profile").and_then(|profile| profile.get("release")) else { return };
    text.push_str("\n# Small and quick to load. The names of functions stay, for the backtrace in the report of a trap.\n");
    text.push_str("[profile.release]\n");
    for (key, value) in release.as_table().into_iter().flatten() {
        let _ = writeln!(text, "{key} = {}", inline(value));
    }
}
