use std::os::unix::fs::symlink;

use super::*;
use crate::scratch;

const PLENTY: u64 = 1 << 20;

fn folder(name: &str) -> (scratch::Folder, Folder) {
    let outer = scratch::Folder::new(name);
    std::fs::create_dir(outer.path().join("servlets")).unwrap();
    let opened = Folder::open(&outer.path().join("servlets")).unwrap();
    (outer, opened)
}

#[test]
fn servlets_are_listed_by_name_with_their_overrides() {
    let (_outer, folder) = folder("list");
    for (name, text) in [("b.wasm", "bb"), ("b.toml", ""), ("a.wasm", ""), ("a.txt", ""), (".c.wasm", "")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let listing = folder.list(10).unwrap();
    assert_eq!(listing.servlets.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(listing.servlets["b"].wasm.bytes, 2);
    assert!(listing.servlets["b"].overrides.is_some() && listing.servlets["a"].overrides.is_none());
    assert!(listing.refused.is_empty());
    assert_eq!(folder.list(1).unwrap().refused.len(), 1);
}

#[test]
fn a_link_out_of_the_folder_is_refused_and_one_inside_is_followed() {
    let (outer, folder) = folder("link");
    let secret = outer.path().join("secret");
    std::fs::write(&secret, "outside").unwrap();
    std::fs::write(folder.path().join("real.wasm"), "inside").unwrap();
    symlink(&secret, folder.path().join("absolute.wasm")).unwrap();
    symlink("../secret", folder.path().join("relative.wasm")).unwrap();
    symlink("real.wasm", folder.path().join("inner.wasm")).unwrap();
    for name in ["absolute.wasm", "relative.wasm", "../secret", secret.to_str().unwrap()] {
        assert_eq!(folder.read(name, PLENTY), Err(Unreadable::Outside), "{name}");
    }
    assert_eq!(folder.read("inner.wasm", PLENTY).unwrap().0, b"inside");
    let listing = folder.list(10).unwrap();
    assert_eq!(listing.servlets.keys().collect::<Vec<_>>(), ["inner", "real"]);
    assert!(listing.refused["absolute.wasm"].contains("leads out of the folder"));
    assert!(listing.refused["relative.wasm"].contains("leads out of the folder"));
}

#[test]
fn a_folder_that_is_swapped_for_a_link_is_not_followed() {
    let (outer, folder) = folder("swap");
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/x.wasm"), "inside").unwrap();
    std::fs::write(outer.path().join("x.wasm"), "outside").unwrap();
    assert_eq!(folder.read("sub/x.wasm", PLENTY).unwrap().0, b"inside");
    std::fs::remove_dir_all(folder.path().join("sub")).unwrap();
    symlink("..", folder.path().join("sub")).unwrap();
    assert_eq!(folder.read("sub/x.wasm", PLENTY), Err(Unreadable::Outside));
    let path = folder.path().to_owned();
    std::fs::write(path.join("y.wasm"), "of the folder that was opened").unwrap();
    std::fs::rename(&path, outer.path().join("moved")).unwrap();
    symlink("/", &path).unwrap();
    assert_eq!(folder.read("y.wasm", PLENTY).unwrap().0, b"of the folder that was opened");
}

#[test]
fn a_name_that_changes_between_file_and_link_never_shows_a_file_outside() {
    let (outer, folder) = folder("race");
    std::fs::write(outer.path().join("secret"), "outside").unwrap();
    let path = folder.path().to_owned();
    let (name, link, file) = (path.join("x.wasm"), path.join(".link"), path.join(".file"));
    let swapper = std::thread::spawn(move || {
        for _ in 0..300 {
            symlink("../secret", &link).unwrap();
            std::fs::rename(&link, &name).unwrap();
            std::fs::write(&file, "inside").unwrap();
            std::fs::rename(&file, &name).unwrap();
        }
    });
    while !swapper.is_finished() {
        if let Ok((bytes, _)) = folder.read("x.wasm", PLENTY) {
            assert_eq!(bytes, b"inside");
        }
    }
    swapper.join().unwrap();
}

#[test]
fn what_is_no_regular_file_is_refused_and_stops_nobody() {
    let (_outer, folder) = folder("fifo");
    std::fs::create_dir(folder.path().join("d.wasm")).unwrap();
    let fifo = folder.path().join("f.wasm");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert_eq!(folder.read("d.wasm", PLENTY), Err(Unreadable::NoFile));
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(folder.read("f.wasm", PLENTY), Err(Unreadable::NoFile));
        assert!(folder.list(10).unwrap().refused["f.wasm"].contains("no regular file"));
    }
    assert_eq!(folder.read("nobody.wasm", PLENTY), Err(Unreadable::Gone));
    std::fs::write(folder.path().join("big.wasm"), "12345").unwrap();
    assert_eq!(folder.read("big.wasm", 4), Err(Unreadable::TooLarge { bytes: 5, bytes_max: 4 }));
}
