//! `siplet new` and `siplet dev` as a newcomer uses them: real cargo, real rustc, real calls.
//!
//! All crates are built into one target folder, so that the SDK is compiled once.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Folder, free_address, siplet, wait_for};
use crate::phone::{Phone, header, status};
use crate::places;
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("development":
        shared a_crate_of_every_template_compiles_without_a_warning_and_its_test_passes,
        shared a_name_that_cannot_be_is_refused_and_nothing_is_made;
        alone a_saved_change_serves_the_next_call_and_an_error_serves_none)
}

/// The first build compiles the SDK, for the guest and for the macros.
const FIRST_BUILD: Duration = Duration::from_secs(600);
/// Save to live takes about a second on a machine that does nothing else. The machine of the tests may do much else.
const RELOAD: Duration = Duration::from_secs(60);

/// The target folder of the crates that these tests make.
fn target() -> PathBuf {
    places::ours("../target").join("made-servlets")
}

fn make(folder: &Path, name: &str, template: &str) -> PathBuf {
    let path = folder.join(name);
    let shown = path.display().to_string();
    let sdk = places::ours("..").display().to_string();
    let (code, out, errors) = siplet(&["new", &shown, "--template", template, "--sdk", &sdk]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("dev") && out.contains("cargo test"), "the next commands are told:\n{out}");
    path
}

/// Runs cargo in a crate; both of its outputs.
fn cargo(folder: &Path, arguments: &[&str]) -> String {
    let mut command = siplet_build::cargo();
    command.current_dir(folder).args(arguments).env("CARGO_TARGET_DIR", target()).stdin(Stdio::null());
    let output = command.output().expect("cargo runs these tests, so it is there");
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "cargo {arguments:?} in {}:\n{text}", folder.display());
    text
}

fn a_crate_of_every_template_compiles_without_a_warning_and_its_test_passes() {
    let folder = Folder::new();
    let (_, _, refusal) = siplet(&["new", &folder.path.join("a").display().to_string(), "--template", "?"]);
    let templates = refusal.split_once("templates: ").expect("they are listed").1.trim().to_owned();
    let mut made = 0;
    for template in templates.split(", ") {
        let name = format!("my-{template}");
        let crate_folder = make(&folder.path, &name, template);
        let text = cargo(&crate_folder, &["test"]);
        assert!(!text.contains("warning: "), "{template}:\n{text}");
        let passed =
            |line: &str| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse::<u32>().ok();
        assert!(text.lines().filter_map(passed).sum::<u32>() > 0, "{template} has no test:\n{text}");
        made += 1;
    }
    assert!(made >= 4, "hello and the samples: {templates}");
}

fn a_name_that_cannot_be_is_refused_and_nothing_is_made() {
    let folder = Folder::new();
    let path = folder.path.join("2nd line");
    let (code, _, errors) = siplet(&["new", &path.display().to_string()]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("`servlet-2nd-line` would do"), "{errors}");
    assert!(!path.exists());
}

/// A running `siplet dev`, killed when it goes.
struct Dev {
    child: Child,
    told: Arc<Mutex<String>>,
}

impl Dev {
    fn start(folder: &Path, listen: &str) -> Self {
        let mut command = Command::new(places::siplet());
        command.arg("dev").arg(folder).args(["--plain", "--listen", listen]);
        // The calls that this test makes to see who answers are not ended.
        command.args(["--stop-after-s", "1"]);
        command.env("CARGO_TARGET_DIR", target()).env("SIPLET_CONTROL", folder.join("control.sock"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", places::siplet()));
        let told = Arc::new(Mutex::new(String::new()));
        let errors = child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>);
        let out = child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn std::io::Read + Send>);
        for pipe in [out, errors].into_iter().flatten() {
            let told = Arc::clone(&told);
            thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    told.push_str(&line);
                    told.push('\n');
                }
            });
        }
        Self { child, told }
    }

    fn told(&self) -> String {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until this was told so many times.
    fn expect(&self, text: &str, times: usize, timeout: Duration) {
        let found = wait_for(timeout, || self.told().matches(text).count() >= times);
        assert!(found, "{text:?} was not told {times} times within {timeout:?}");
    }

    /// Asks it to stop, as Ctrl-C does, and waits for its end.
    fn stop(mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("the child is ours");
        let ended = wait_for(Duration::from_secs(60), || matches!(self.child.try_wait(), Ok(Some(_))));
        assert!(ended, "it does not end");
        assert!(self.child.wait().is_ok_and(|status| status.success()), "it ends well");
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if thread::panicking() {
            eprintln!("--- siplet dev\n{}--- end of siplet dev", self.told());
        }
    }
}

fn a_saved_change_serves_the_next_call_and_an_error_serves_none() {
    let folder = Folder::new();
    let made = make(&folder.path, "hello", "hello");
    let source = made.join("src/lib.rs");
    let first = fs::read_to_string(&source).expect("it was made");
    let edited = |mark: &str| {
        let mark = format!("request.create_response(200)?.with_header(\"X-Edit\", \"{mark}\")?");
        first.replace("request.create_response(200)?", &mark)
    };
    let sip = free_address();
    let dev = Dev::start(&made, &sip.to_string());
    dev.expect("live: hello 0.1.0 #", 1, FIRST_BUILD);

    let phone = Phone::new(sip);
    let ask = || {
        let answer = phone.ask(&phone.request("INVITE", &format!("sip:hello@{sip}")));
        (status(&answer), header(&answer, "X-Edit").map(str::to_owned))
    };
    assert_eq!(ask(), (Some(200), None));
    let calls = thread::spawn(move || {
        Sipp::built_in("uac", sip).calls(1500).rate(50).hold_ms(100).timeout(Duration::from_secs(180)).run()
    });

    let mut took = Vec::new();
    for mark in ["one", "two", "three"] {
        let saved = Instant::now();
        fs::write(&source, edited(mark)).expect("the folder is ours");
        let live = wait_for(RELOAD, || ask() == (Some(200), Some(mark.to_owned())));
        assert!(live, "the edit {mark:?} is not live after {RELOAD:?}");
        took.push(saved.elapsed());
    }
    println!("save to the first call of the new version: {took:?}");
    dev.expect("after the save", 3, RELOAD);

    fs::write(&source, edited("four").replace("Ok", "").replace("fn do_invite", "fn do_invite oops"))
        .expect("the folder is ours");
    dev.expect("keeps serving", 1, RELOAD);
    assert!(
        dev.told().contains("error: ") && dev.told().contains("src/lib.rs:"),
        "rustc's own words are told"
    );
    assert_eq!(ask(), (Some(200), Some("three".to_owned())), "the version before serves on");
    fs::write(&source, edited("five")).expect("the folder is ours");
    assert!(wait_for(RELOAD, || ask().1.as_deref() == Some("five")), "what was mended is not live");
    calls.join().expect("sipp's thread does not panic").expect_clean();
    dev.stop();
}
