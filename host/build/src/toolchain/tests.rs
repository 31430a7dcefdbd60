use super::*;

#[test]
fn whoever_has_rustup_is_told_its_command_and_others_that_of_debian() {
    let only = |has: &'static str| move |program: &str| program == has;
    assert_eq!(remedy("", |_| true).as_deref(), Some("rustup target add wasm32-unknown-unknown"));
    let debian = "apt-get install rustc-web cargo-web rust-web-src lld-22";
    assert_eq!(remedy("", only("apt-get")).as_deref(), Some(debian));
    assert_eq!(remedy("debian", |_| true).as_deref(), Some(debian));
    assert_eq!(remedy("rustup", only("apt-get")), None);
    assert_eq!(remedy("", |_| false), None);
}

#[test]
fn a_missing_toolchain_is_told_with_the_one_command_to_run() {
    let missing = Missing { command: Some("rustup target add wasm32-unknown-unknown".to_owned()) };
    assert!(
        missing.to_string().ends_with("Run this once: rustup target add wasm32-unknown-unknown"),
        "{missing}"
    );
    assert!(Missing { command: None }.to_string().contains("https://rustup.rs"));
}

#[test]
fn the_line_to_type_builds_the_same_as_the_command() {
    let debian = Toolchain::Debian { linker: PathBuf::from("/usr/bin/wasm-ld-22") };
    let line = debian.command_line();
    for part in ["RUSTC_BOOTSTRAP=1", "-Zbuild-std=std,panic_abort", "/usr/bin/wasm-ld-22", TARGET] {
        assert!(line.contains(part), "{line}");
    }
    let command = debian.cargo_build(Path::new("/"));
    let words: Vec<_> = command.get_args().filter_map(|word| word.to_str()).collect();
    assert_eq!(words, ["build", "--target", TARGET, "-Zbuild-std=std,panic_abort"]);
}
