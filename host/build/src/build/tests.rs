use std::path::Path;

use super::*;

fn package() -> Package {
    Package {
        name: "hello".to_owned(),
        version: "0.1.0".to_owned(),
        folder: PathBuf::from("/w/hello"),
        manifest: PathBuf::from("/w/hello/Cargo.toml"),
        target: PathBuf::from("/w/hello/target"),
        workspace: PathBuf::from("/w/hello/Cargo.toml"),
    }
}

fn diagnostic(rendered: &str, is_error: bool) -> Message {
    Message::Diagnostic { rendered: rendered.to_owned(), is_error }
}

fn artifact() -> Message {
    let files = vec![PathBuf::from("/t/libhello.rlib"), PathBuf::from("/t/hello.wasm")];
    Message::Artifact { manifest: PathBuf::from("/w/hello/Cargo.toml"), files }
}

#[test]
fn a_build_that_went_well_gives_the_file_and_the_warnings() {
    let messages = [diagnostic("warning: unused\n", false), artifact()];
    let made = judge(&package(), &messages, true, String::new()).expect("it went well");
    assert_eq!(made.wasm, Path::new("/t/hello.wasm"));
    assert_eq!((made.warning_count, made.warnings.as_str()), (1, "warning: unused\n"));
}

#[test]
fn errors_are_shown_without_the_warnings_and_counted_without_the_line_that_counts_them() {
    let messages = [
        diagnostic("warning: unused\n", false),
        diagnostic("\x1b[1m\x1b[91merror[E0425]\x1b[0m: no\n", true),
        diagnostic("\x1b[1m\x1b[91merror\x1b[0m: aborting due to 1 previous error\n", true),
    ];
    let failed = judge(&package(), &messages, false, "error: could not compile".to_owned());
    let Err(Failed::Errors { text, count }) = failed else { panic!("{failed:?}") };
    assert_eq!(count, 1);
    assert!(text.starts_with("\x1b[1m\x1b[91merror[E0425]") && !text.contains("unused"), "{text:?}");
}

#[test]
fn what_cargo_itself_complains_of_is_shown_where_the_compiler_said_nothing() {
    let said = "error: failed to parse manifest\n".to_owned();
    let failed = judge(&package(), &[], false, said.clone());
    assert_eq!(failed, Err(Failed::Errors { text: said, count: 0 }));
}

#[test]
fn progress_is_told_apart_from_complaints() {
    let lines =
        ["   Compiling serde v1.0.228", "\x1b[1m\x1b[31merror\x1b[0m: no", "    Finished `dev` in 1 s"];
    let mut told = Vec::new();
    let said = follow(lines.into_iter().map(str::to_owned), |line| told.push(line.to_owned()));
    assert_eq!(told, ["Compiling serde v1.0.228", "Finished `dev` in 1 s"]);
    assert_eq!(said, "\x1b[1m\x1b[31merror\x1b[0m: no\n");
}

#[test]
fn the_profile_for_development_is_brought_along_and_that_of_the_crate_wins() {
    let folder = std::env::temp_dir().join(format!("siplet-build-profile-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    let manifest = folder.join("Cargo.toml");
    let words = |text: &str| {
        fs::write(&manifest, text).expect("the folder is ours");
        let package = Package { workspace: manifest.clone(), folder: folder.clone(), ..package() };
        let toolchain = Toolchain::Installed;
        let order = Order { package, toolchain, profile: Profile::Dev, colours: false, target: None };
        let command = command(&order);
        command.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    };
    assert!(words("").contains("--profile dev-servlet --config profile.dev-servlet.inherits=\"dev\""));
    assert!(!words("[profile.dev-servlet]\ninherits = \"release\"\n").contains("--config"));
    fs::remove_dir_all(&folder).expect("the folder is ours");
}
