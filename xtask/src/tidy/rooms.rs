//! What each room has to have: a ban on unsafe code, no work left for later, a page and a test beside each sample.

use std::collections::BTreeSet;

use super::files::File;
use super::scanner::scan;

/// The crates in which `#![forbid(unsafe_code)]` can stand. Not among them: the SDK, whose generated bindings have
/// unsafe code, and `host/wasm`, which maps compiled code from the cache.
const WITHOUT_UNSAFE: [&str; 13] = [
    "host/sip/src/lib.rs",
    "host/container/src/lib.rs",
    "host/store/src/lib.rs",
    "host/build/src/lib.rs",
    "host/ladder/src/lib.rs",
    "host/testhost/src/lib.rs",
    "host/server/src/main.rs",
    "guest-sdk/macros/src/lib.rs",
    "guest-sdk/test-protocol/src/lib.rs",
    "guest-sdk/testkit/src/lib.rs",
    "tests/src/lib.rs",
    "docs/lib.rs",
    "xtask/src/main.rs",
];

/// Marks of unfinished work: what is missing is an issue, not a note.
const UNFINISHED: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Finds what a room lacks.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut problems = unsafe_code(files);
    problems.extend(unfinished(files));
    problems.extend(samples(files));
    problems
}

fn unsafe_code(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for path in WITHOUT_UNSAFE {
        match files.iter().find(|file| file.path == path) {
            None => {
                problems.push(format!("{path} is missing; the list of crates without unsafe code names it"))
            }
            Some(file) if !scan(&file.text).code.contains("#![forbid(unsafe_code)]") => {
                problems.push(format!("{path} lacks `#![forbid(unsafe_code)]`"));
            }
            Some(_) => {}
        }
    }
    problems
}

fn unfinished(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let scanned = scan(&file.text);
        for (number, line) in scanned.comments.lines().enumerate() {
            let words: BTreeSet<&str> = line.split(|c: char| !c.is_alphanumeric()).collect();
            if let Some(mark) = UNFINISHED.into_iter().find(|mark| words.contains(mark)) {
                problems.push(format!("{}:{}: {mark}: do it, or file an issue", file.path, number + 1));
            }
        }
        for (number, line) in scanned.code.lines().enumerate() {
            if line.contains("todo!(") || line.contains("unimplemented!(") {
                problems.push(format!(
                    "{}:{}: unfinished code: do it, or file an issue",
                    file.path,
                    number + 1
                ));
            }
        }
    }
    problems
}

/// Every sample is a pattern that people look for, so it has a page and shows how it is tested.
fn samples(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    let inside = |sample: &str| {
        let folder = format!("sample-servlets/{sample}/");
        files.iter().filter(move |file| file.path.starts_with(&folder)).collect::<Vec<_>>()
    };
    for sample in names_of_samples(files) {
        let own = inside(&sample);
        if !own.iter().any(|file| file.path.ends_with("/README.md")) {
            problems.push(format!("sample-servlets/{sample} has no README.md"));
        }
        if !own.iter().any(|file| file.is_rust() && scan(&file.text).code.contains("#[test]")) {
            problems.push(format!("sample-servlets/{sample} has no test"));
        }
    }
    problems
}

fn names_of_samples(files: &[File]) -> BTreeSet<String> {
    let manifests = files.iter().filter_map(|file| file.path.strip_prefix("sample-servlets/"));
    let folders = manifests.filter_map(|path| path.strip_suffix("/Cargo.toml"));
    folders.filter(|folder| !folder.contains('/')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_sample_has_a_page_and_a_test() {
        let manifest = file("sample-servlets/answer/Cargo.toml", "");
        let page = file("sample-servlets/answer/README.md", "");
        let test = file("sample-servlets/answer/tests/calls.rs", "#[test]\nfn a() {}");
        assert_eq!(samples(&[manifest.clone(), page, test]), Vec::<String>::new());
        assert_eq!(samples(&[manifest, file("sample-servlets/answer/src/lib.rs", "// #[test]")]).len(), 2);
    }

    #[test]
    fn work_left_for_later_is_found_in_comments_and_code() {
        let text = "// TO".to_owned() + "DO later\nlet name = \"TO" + "DO\";\nfn a() { todo" + "!() }\n";
        let problems = unfinished(&[file("host/sip/src/lib.rs", &text)]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains(":1:"));
        assert!(problems[1].contains(":3:"));
    }
}
