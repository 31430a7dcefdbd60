use super::*;
use crate::scratch::Folder;

#[test]
fn text_and_cut_files_are_explained_and_refused() {
    let folder = Folder::new("check");
    let file = folder.path().join("x.wasm");
    std::fs::write(&file, "I am text").unwrap();
    let (text, good) = check(&file, &AppLimits::CEILINGS, false).unwrap();
    assert!(!good && text.contains("no WebAssembly") && text.contains("refused: "), "{text}");
    std::fs::write(&file, b"\0asm\x01\0\0\0\x01\x20\x01").unwrap();
    let (text, good) = check(&file, &AppLimits::CEILINGS, false).unwrap();
    assert!(!good, "{text}");
}

#[test]
fn a_wrong_overriding_file_is_named_with_its_line() {
    let folder = Folder::new("check-toml");
    let file = folder.path().join("x.wasm");
    std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    std::fs::write(folder.path().join("x.toml"), "versoin = \"1\"\n").unwrap();
    let (text, good) = check(&file, &AppLimits::CEILINGS, false).unwrap();
    assert!(!good && text.contains("x.toml:1: unknown key `versoin`; did you mean `version`?"), "{text}");
    let (json, _) = check(&file, &AppLimits::CEILINGS, true).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(value["refusals"][0].as_str().unwrap().contains("versoin"));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    assert!(
        check(Path::new("nowhere.wasm"), &AppLimits::CEILINGS, false)
            .unwrap_err()
            .to_string()
            .contains("nowhere.wasm cannot be read")
    );
}

/// As the server refuses it, with the ceilings of that server.
#[test]
fn a_limit_beyond_the_hosts_ceiling_is_refused_as_the_host_would() {
    let folder = Folder::new("check-ceilings");
    let file = folder.path().join("x.wasm");
    std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    std::fs::write(
        folder.path().join("x.toml"),
        "[limits]\nturn-ms = 50\nattribute-bytes = 9223372036854775807\n",
    )
    .unwrap();
    let (text, good) = check(&file, &AppLimits::CEILINGS, true).unwrap();
    let refusals = serde_json::from_str::<serde_json::Value>(&text).unwrap()["refusals"].to_string();
    assert!(
        !good
            && refusals
                .contains("`attribute-bytes` is 9223372036854775807, and this host gives at most 1048576")
    );
    assert!(!refusals.contains("turn-ms"), "{refusals}");
    let (text, _) = check(&file, &AppLimits { turn_ms: 20, ..AppLimits::HIGHEST }, true).unwrap();
    assert!(text.contains("`turn-ms` is 50, and this host gives at most 20; ask for less"), "{text}");
    assert!(text.contains("raise `turn-ms` under [ceilings] in siplet.toml"), "{text}");
}
