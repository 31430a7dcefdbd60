use super::*;
use crate::scratch::Folder;

#[test]
fn text_and_cut_files_are_explained_and_refused() {
    let folder = Folder::new("check");
    let file = folder.path().join("x.wasm");
    std::fs::write(&file, "I am text").unwrap();
    let (text, good) = check(&file, false).unwrap();
    assert!(!good && text.contains("no WebAssembly") && text.contains("refused: "), "{text}");
    std::fs::write(&file, b"\0asm\x01\0\0\0\x01\x20\x01").unwrap();
    let (text, good) = check(&file, false).unwrap();
    assert!(!good, "{text}");
}

#[test]
fn a_wrong_overriding_file_is_named_with_its_line() {
    let folder = Folder::new("check-toml");
    let file = folder.path().join("x.wasm");
    std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    std::fs::write(folder.path().join("x.toml"), "versoin = \"1\"\n").unwrap();
    let (text, good) = check(&file, false).unwrap();
    assert!(!good && text.contains("x.toml:1: unknown key `versoin`; did you mean `version`?"), "{text}");
    let (json, _) = check(&file, true).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(value["refusals"][0].as_str().unwrap().contains("versoin"));
}

#[test]
fn a_file_that_is_not_there_is_an_error() {
    assert!(
        check(Path::new("nowhere.wasm"), false)
            .unwrap_err()
            .to_string()
            .contains("nowhere.wasm cannot be read")
    );
}
