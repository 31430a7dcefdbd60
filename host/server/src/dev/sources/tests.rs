use super::*;

#[test]
fn what_makes_the_servlet_is_watched_and_what_is_made_of_it_is_not() {
    for source in
        ["src/lib.rs", "src/hours/table.rs", "Cargo.toml", "hello.toml", "build.rs", "wit/own.wit", "a/b.csv"]
    {
        assert!(is_source(Path::new(source)), "{source}");
    }
    for other in [
        "target/debug/hello.d",
        "node_modules/a/index.js",
        "Cargo.lock",
        "README.md",
        "tests/calls.rs",
        ".git/index",
        "src/.lib.rs.swp",
        "src/lib.rs~",
        "src/#lib.rs#",
        "src/4913",
        "",
    ] {
        assert!(!is_source(Path::new(other)), "{other}");
    }
}

#[test]
fn a_save_is_told_also_in_a_folder_that_came_later() {
    let scratch = crate::scratch::Folder::new("sources");
    let root = scratch.path().canonicalize().unwrap();
    fs::create_dir(root.join("src")).unwrap();
    let (told, hears) = channel();
    watch(&root, move |files| told.send(files).is_ok()).unwrap();
    let hear = || hears.recv_timeout(Duration::from_secs(20)).unwrap();

    fs::write(root.join("src/lib.rs"), "one").unwrap();
    assert_eq!(hear(), ["src/lib.rs"]);
    fs::create_dir(root.join("wit")).unwrap();
    // The watch of the new folder begins when its creation was seen; until then a save is not told.
    let saved = (0..200).find_map(|number| {
        fs::write(root.join("wit/own.wit"), number.to_string()).unwrap();
        hears.recv_timeout(Duration::from_millis(100)).ok()
    });
    assert_eq!(saved.unwrap(), ["wit/own.wit"]);
}
