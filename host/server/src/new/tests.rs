use super::*;
use crate::scratch::Folder;

fn sdk() -> Sdk {
    Sdk::Folder("/checkout/guest-sdk".into())
}

fn file<'a>(plan: &'a Plan, name: &str) -> &'a str {
    let found = plan.files.iter().find(|(file, _)| file == Path::new(name));
    &found.unwrap_or_else(|| panic!("no {name} in {:?}", plan.files)).1
}

#[test]
fn names_that_cargo_takes_are_taken() {
    for name in ["hello", "night-bell", "b2bua", "call_queue", "a"] {
        assert_eq!(check_name(name), Ok(()), "{name}");
    }
}

#[test]
fn a_bad_name_is_refused_with_the_reason_and_a_name_that_would_do() {
    let table = [
        ("", "it is empty", "hello"),
        ("night bell", "a crate's name has no ` `", "night-bell"),
        ("NightBell", "rustc warns of capital letters", "night-bell"),
        ("2nd-line", "a crate's name begins with a letter", "servlet-2nd-line"),
        ("-bell", "a crate's name begins with a letter", "bell"),
        ("bell-", "it ends in the middle", "bell"),
        ("answer.wasm", "a crate's name has no `.`", "answer-wasm"),
        ("loop", "that is a word of the language", "loop-servlet"),
        ("test", "another crate of that name is needed", "test-servlet"),
        ("siplet_sdk", "another crate of that name is needed", "siplet-sdk-servlet"),
        ("ключ", "a crate's name has no `к`", "hello"),
        ("SIP", "rustc warns of capital letters", "sip"),
    ];
    for (name, why, instead) in table {
        let refused = check_name(name).unwrap_err();
        assert!(refused.why.starts_with(why), "{name}: {refused}");
        assert_eq!(refused.instead, instead, "{name}");
        assert_eq!(check_name(&refused.instead), Ok(()), "{name}");
    }
}

#[test]
fn a_long_name_is_refused_with_a_shorter_one() {
    let refused = check_name(&"a".repeat(65)).unwrap_err();
    assert_eq!(check_name(&refused.instead), Ok(()));
}

#[test]
fn every_sample_is_a_template_and_hello_comes_first() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-servlets");
    let known = templates();
    assert_eq!(known[0], DEFAULT_TEMPLATE);
    for entry in fs::read_dir(samples).unwrap().flatten() {
        if entry.path().join("Cargo.toml").is_file() {
            let name = entry.file_name().into_string().unwrap();
            assert!(known.contains(&name.as_str()), "{name} is no template");
        }
    }
}

#[test]
fn a_crate_of_any_template_stands_on_its_own_and_has_a_test_and_a_page() {
    for template in templates() {
        let plan = plan("night-bell", template, &sdk(), false).unwrap();
        let manifest: toml::Table = toml::from_str(file(&plan, "Cargo.toml")).unwrap();
        assert!(!file(&plan, "Cargo.toml").contains("workspace"), "{template} leans on a workspace");
        assert_eq!(manifest["package"]["name"].as_str(), Some("night-bell"));
        let path = manifest["dependencies"]["siplet-sdk"]["path"].as_str();
        assert_eq!(path, Some("/checkout/guest-sdk/sdk"), "{template}");
        assert!(file(&plan, "README.md").starts_with("# night-bell\n"), "{template}");
        assert!(file(&plan, "README.md").contains("siplet dev"), "{template}");
        assert_eq!(file(&plan, ".gitignore"), "/target\n");
        let sources = plan.files.iter().filter(|(file, _)| file.extension().is_some_and(|end| end == "rs"));
        let sources: Vec<_> = sources.map(|(_, text)| text.as_str()).collect();
        assert!(sources.iter().any(|text| text.contains("#[test]")), "{template} has no test");
        assert!(sources.iter().any(|text| text.contains("struct NightBell")), "{template} keeps its type");
        let old = format!("{template}.toml");
        assert!(!plan.files.iter().any(|(file, _)| file == Path::new(&old)), "{template} keeps {old}");
    }
}

#[test]
fn the_manifest_of_the_default_template_is_one_that_people_would_write() {
    let plan = plan("hello", "hello", &Sdk::Version("0.1.0".to_owned()), true).unwrap();
    let expected = r#"[package]
name = "hello"
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
publish = false

[lib]
# The guest, and the same code for tests.
crate-type = ["cdylib", "rlib"]

[dependencies]
siplet-sdk = { version = "0.1" }
"#;
    let manifest = file(&plan, "Cargo.toml");
    assert!(manifest.starts_with(expected), "{manifest}");
    assert!(manifest.ends_with("\n[workspace]\n"), "{manifest}");
    assert!(!plan.files.iter().any(|(file, _)| file == Path::new("Cargo.lock")));
}

#[test]
fn a_servlet_that_serves_one_domain_is_called_there() {
    let plan = plan("night-bell", "screen", &sdk(), false).unwrap();
    assert_eq!(plan.call(), "siplet call sip:hello@screen.example --server 127.0.0.1");
    assert!(file(&plan, "README.md").contains("with `night-bell.toml` beside it"));
}

#[test]
fn an_unknown_template_is_refused_with_the_one_that_was_meant() {
    let text = plan("hello", "answr", &sdk(), false).unwrap_err().to_string();
    assert!(text.contains("did you mean `answer`?") && text.contains("templates: hello, answer"), "{text}");
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let scratch = Folder::new("new");
    let path = scratch.path().join("hello");
    fs::create_dir(&path).unwrap();
    let order = Order { path: path.clone(), template: DEFAULT_TEMPLATE.to_owned(), sdk: None };
    let text = make(&order).unwrap_err().to_string();
    assert!(text.contains("is there already"), "{text}");
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
}

#[test]
fn what_was_made_is_told_with_the_sdk_and_the_next_commands() {
    let scratch = Folder::new("new");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = scratch.path().join("night-bell");
    let order = Order { path: path.clone(), template: "answer".to_owned(), sdk: Some(checkout) };
    let told = make(&order).unwrap();
    for part in ["with the SDK of /", "cd /", " dev ", " call sip:hello@127.0.0.1", "cargo test"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    assert!(path.join("src/lib.rs").is_file() && path.join("Cargo.lock").is_file());
    let nowhere = Order { sdk: Some(scratch.path().into()), path: scratch.path().join("b"), ..order };
    assert!(make(&nowhere).unwrap_err().to_string().contains("there is no SDK in"));
}

#[test]
fn names_change_in_code_and_not_in_words() {
    let names = rename::Names::new("answer", "night-bell");
    let source = "//! Answers; Answer the call with `Answer`.\nuse answer::Answer;\nlet answer = other::answer::x();\n\
                  impl Servlet for Answer {}\nlet answers = Answering;\n";
    let expected = "//! Answers; Answer the call with `NightBell`.\nuse night_bell::NightBell;\nlet answer = \
                    other::answer::x();\nimpl Servlet for NightBell {}\nlet answers = Answering;\n";
    assert_eq!(names.source(source), expected);
    assert_eq!(names.path("answer.toml"), Path::new("night-bell.toml"));
    assert_eq!(names.path("src/lib.rs"), Path::new("src/lib.rs"));
}

#[test]
fn a_kept_ladder_names_the_new_servlet_above_the_middle_of_its_line() {
    let names = rename::Names::new("answer", "my-answer");
    let kept = "  alice                      answer 0.1.0\n    |------ INVITE --------------->|\n";
    let expected = "  alice                     my-answer 0.1.0\n    |------ INVITE --------------->|\n";
    assert_eq!(names.ladder(kept), expected);
}
