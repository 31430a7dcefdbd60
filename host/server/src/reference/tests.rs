use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;
use siplet_container::app::Descriptor;

use super::*;

/// The book's pages; with `SIPLET_BLESS=1` they are written.
#[test]
fn the_book_says_what_the_code_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/reference");
    for of in [Page::Settings, Page::Servlet, Page::Commands, Page::Metrics] {
        let name = of.to_possible_value().expect("no page is hidden").get_name().to_owned();
        let path = folder.join(format!("{name}.md"));
        let text = markdown(of);
        if std::env::var_os("SIPLET_BLESS").is_some_and(|value| value == "1") {
            std::fs::write(&path, &text).expect("the book is there");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == text,
            "{} is not what the code says; run SIPLET_BLESS=1 cargo test --workspace --lib reference",
            path.display()
        );
    }
}

/// A descriptor that says nothing is what the example says; a key that is missing there fails.
#[test]
fn the_example_of_a_servlets_file_is_its_default() {
    let shown: toml::Table = toml::from_str(DESCRIPTOR).expect("it is TOML");
    let default = serde_json::to_value(Descriptor::default()).expect("it is plain data");
    let told = serde_json::to_value(shown).expect("it is plain data");
    let undocumented = |value: &Value, told: &Value| -> Vec<String> {
        let Value::Object(keys) = value else { return Vec::new() };
        let left_out = |key: &str| matches!(key, "handlers" | "methods" | "init-parameters");
        keys.iter()
            .filter(|(key, _)| !left_out(key) && told.get(key).is_none())
            .map(|(key, _)| key.clone())
            .collect()
    };
    assert_eq!(undocumented(&default, &told), [""; 0]);
    assert_eq!(undocumented(&default["limits"], &told["limits"]), [""; 0]);
    let read: Descriptor = serde_json::from_value(told).expect("every key is one of a descriptor");
    assert_eq!(read, Descriptor::default());
}

#[test]
fn every_setting_is_in_the_schema_with_its_default() {
    let schema = schema(File::Settings);
    let limit = &schema["properties"]["limits"]["properties"]["message-bytes"];
    assert_eq!((&limit["type"], &limit["default"]), (&"integer".into(), &65535.into()));
    for setting in settings() {
        let (section, key) = setting.path.split_once('.').unwrap_or(("", setting.path));
        let place = if section.is_empty() {
            &schema["properties"]
        } else {
            &schema["properties"][section]["properties"]
        };
        assert!(place.get(key).is_some(), "{}", setting.path);
    }
}

/// A range is told once, in the example, and is the same in help, page and schema.
#[test]
fn ranges_are_the_same_wherever_they_are_told() {
    let (schema, page) = (schema(File::Settings), markdown(Page::Settings));
    let mut ranges = 0;
    for setting in settings() {
        let (section, key) = setting.path.split_once('.').unwrap_or(("", setting.path));
        let of = &schema["properties"];
        let of = if section.is_empty() { &of[key] } else { &of[section]["properties"][key] };
        let range = crate::config::range(setting.path);
        assert_eq!(of["minimum"].as_u64(), range.map(|range| range.min), "{}", setting.path);
        assert_eq!(of["maximum"].as_u64(), range.and_then(|range| range.max), "{}", setting.path);
        let Some(range) = range else { continue };
        assert!(setting.help.ends_with(&format!("Range: {range}.")), "{}", setting.help);
        let row = |line: &&str| {
            line.starts_with(&format!("| `{key}` | ")) && line.contains(&format!(" | {range} | "))
        };
        assert!(page.lines().any(|line| row(&line)), "{}", setting.path);
        ranges += 1;
    }
    assert!(ranges > 60, "{ranges}");
}

/// What the schema lets pass the deployment does too, and the other way round: 1 is the least of each limit.
#[test]
fn limits_of_a_servlets_file_begin_at_one_and_end_at_the_ceiling() {
    for (path, help) in documented(DESCRIPTOR) {
        let Some(limit) = path.strip_prefix("limits.") else { continue };
        let range = split_range(&help).1.unwrap_or_else(|| panic!("{limit} has no range"));
        assert_eq!((range.min, range.max), (1, None), "{limit}");
        assert!(crate::config::range(&format!("ceilings.{limit}")).is_some(), "{limit} has no ceiling");
        let schema = schema(File::Servlet);
        assert_eq!(schema["properties"]["limits"]["properties"][limit]["minimum"], 1, "{limit}");
    }
}

#[test]
fn completions_and_man_pages_know_the_commands() {
    for shell in [clap_complete::Shell::Bash, clap_complete::Shell::Zsh, clap_complete::Shell::Fish] {
        let mut script = Vec::new();
        completions(shell, &mut script).expect("memory takes it");
        assert!(String::from_utf8_lossy(&script).contains("drain"), "{shell}");
    }
    let mut page = Vec::new();
    man(Some("serve"), &mut page).expect("there is such a command");
    let page = String::from_utf8_lossy(&page);
    assert!(page.contains("siplet-serve") || page.contains("siplet\\-serve"), "{page}");
    let why = man(Some("sreve"), &mut Vec::new()).expect_err("no such command").to_string();
    assert!(why.starts_with("there is no command `sreve`; known are "), "{why}");
}

/// The chapters of the book: path below `docs/src` and text.
fn chapters() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    let mut folders = vec![root.clone()];
    let mut chapters = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the book is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                let text = std::fs::read_to_string(&path).expect("chapters are text");
                chapters.push((path.strip_prefix(&root).expect("it lies below").to_owned(), text));
            }
        }
    }
    assert!(chapters.len() > 10, "the walk finds the book");
    chapters
}

/// The fenced blocks of that language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&fence as &str).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Whoever types what stands there is understood.
#[test]
fn every_command_in_the_book_is_one_of_siplets() {
    let mut commands = 0;
    for (path, text) in chapters() {
        for line in blocks(&text, "console").into_iter().flat_map(str::lines) {
            let Some(command) = line.strip_prefix("$ siplet ") else { continue };
            let words = std::iter::once("siplet").chain(command.split_whitespace());
            if let Err(why) = Cli::command().try_get_matches_from(words) {
                panic!("{}: {line}: {why}", path.display());
            }
            commands += 1;
        }
    }
    assert!(commands > 2, "{commands}");
}

/// A block is a settings file, or a servlet's file.
#[test]
fn every_file_in_the_book_is_read_as_it_stands() {
    let mut files = 0;
    for (path, text) in chapters() {
        for block in blocks(&text, "toml") {
            let settings = toml::from_str::<crate::config::Config>(block).map(drop);
            let servlet = crate::deploy::parse_overrides("the block", block).map(drop);
            assert!(
                settings.is_ok() || servlet.is_ok(),
                "{}:\n{block}\nas settings: {settings:?}\nas a servlet's file: {servlet:?}",
                path.display()
            );
            files += 1;
        }
    }
    assert!(files > 1, "{files}");
}

/// Chapters are found from the summary, and links lead to files that are there.
#[test]
fn every_link_in_the_book_leads_somewhere() {
    let chapters = chapters();
    for (path, text) in &chapters {
        let folder = path.parent().expect("a chapter lies in a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with('#') {
                continue;
            }
            let file = link.split('#').next().unwrap_or(link);
            let mut target = PathBuf::new();
            for part in folder.join(file).components() {
                if part.as_os_str() == ".." {
                    target.pop();
                } else {
                    target.push(part);
                }
            }
            assert!(chapters.iter().any(|(known, _)| *known == target), "{}: {link}", path.display());
        }
    }
    let (_, summary) = chapters.iter().find(|(path, _)| path.ends_with("SUMMARY.md")).expect("there is one");
    for (path, _) in chapters.iter().filter(|(path, _)| !path.ends_with("SUMMARY.md")) {
        assert!(
            summary.contains(&format!("({})", path.display())),
            "{} is not in the summary",
            path.display()
        );
    }
}
