//! Records: a death is kept and runs again, a call is recorded and runs again, another servlet shows its difference.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Folder, Host, Setup, siplet, wait_for};
use crate::phone::{PATIENCE, Phone, status};
use crate::places;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("records":
        shared a_death_is_kept_and_dies_again_at_the_desk,
        shared a_recorded_call_runs_again_byte_for_byte,
        shared hostile_records_end_in_a_sentence;)
}

fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// The file that the log names, once it is written.
fn kept(host: &Host) -> PathBuf {
    host.expect_log("again at your desk:  siplet replay ", PATIENCE);
    let log = host.log();
    let (_, rest) = log.split_once("again at your desk:  siplet replay ").expect("it was just found");
    let file = PathBuf::from(rest.lines().next().expect("a name").trim());
    assert!(wait_for(PATIENCE, || file.exists()), "{} is not written", file.display());
    file
}

fn a_death_is_kept_and_dies_again_at_the_desk() {
    let settings = "handlers = [\"do-invite\"]\n";
    let host = Setup::new().guest("panics", settings).start();
    let phone = Phone::new(host.sip);
    let invite = phone.request("INVITE", "sip:4930123456@anywhere.example");
    let answer = phone.ask(&invite);
    assert_eq!(status(&answer), Some(500), "{answer}");
    let file = kept(&host);
    let mode = |path: &std::path::Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(file.parent().expect("a folder")), 0o700);
    let text = fs::read_to_string(&file).expect("it is text");
    assert!(!text.contains("4930123456"), "numbers are pseudonyms: {text}");

    let servlets = shown(&host.servlets());
    let record = shown(&file);
    let (code, out, errors) = siplet(&["replay", &record, "--servlets", &servlets]);
    assert_eq!(code, Some(0), "{out}{errors}");
    let died = "same in the one step; do-invite in step 1 died as it did when it was recorded";
    assert!(out.contains(died), "{out}");
    assert!(out.contains("index out of bounds: the len is 3 but the index is 3"), "{out}");
    assert!(out.contains("panics::"), "the guest's frames: {out}");

    // The mended servlet does not die, and the same one under another name still does.
    let better = shown(&places::sample("answer"));
    let (code, out, errors) = siplet(&["replay", &record, "--with", &better]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("mended: what died in step 1 ends well"), "{out}");
    let (code, out, _) = siplet(&["replay", &record, "--with", &shown(&places::guest("panics"))]);
    assert_eq!(code, Some(1), "{out}");

    let (code, _, errors) = siplet(&["replay", &record, "--servlets", &shown(&std::env::temp_dir())]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("as it was recorded; name its folder with --servlets"), "{errors}");
    assert!(host.metrics().value("siplet_records_written_total") >= 1.0);
    host.stop();
}

fn a_recorded_call_runs_again_byte_for_byte() {
    let host = Host::with(&["answer"]);
    let folder = Folder::new();
    let out = folder.path.join("call.rec");
    let recording = |arguments: &[&str]| {
        let socket = host.control().display().to_string();
        let mut command = Command::new(places::siplet());
        command.arg("record").args(["--control", &socket]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("siplet starts")
    };
    let child = recording(&["--for", "3s", "--application", "answer", "--out", &shown(&out)]);
    assert!(wait_for(PATIENCE, || out.exists()));
    std::thread::sleep(Duration::from_millis(700));
    let phone = Phone::new(host.sip);
    let invite = phone.request("INVITE", "sip:bob@anywhere.example");
    let answer = phone.ask(&invite);
    assert_eq!(status(&answer), Some(200), "{answer}");
    phone.send(&invite.in_dialog("ACK", &answer).text());
    let bye = phone.ask(&invite.in_dialog("BYE", &answer));
    assert_eq!(status(&bye), Some(200), "{bye}");
    let done = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("1 session recorded"), "{said}");
    assert_eq!(fs::metadata(&out).expect("it is there").permissions().mode() & 0o777, 0o600);

    let servlets = shown(&host.servlets());
    let (code, text, errors) = siplet(&["replay", &shown(&out), "--servlets", &servlets]);
    assert_eq!(code, Some(0), "{text}{errors}");
    assert!(text.contains("same in all ") && text.contains("BYE"), "{text}");
    let (code, text, errors) = siplet(&["replay", &shown(&out), "--servlets", &servlets, "--json"]);
    assert_eq!(code, Some(0), "{text}{errors}");
    let value: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
    assert_eq!(value["sessions"][0]["difference"], serde_json::Value::Null, "{text}");

    // Another servlet goes another way, and its first difference is told.
    let other = shown(&places::guest("versioned"));
    let (code, text, errors) = siplet(&["replay", &shown(&out), "--with", &other]);
    assert_eq!(code, Some(1), "{text}{errors}");
    assert!(text.contains("first difference: step 1"), "{text}");

    // What is there is never written over.
    let socket = host.control().display().to_string();
    let (code, _, errors) = siplet(&["record", "--control", &socket, "--for", "1s", "--out", &shown(&out)]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("cannot be made"), "{errors}");
    let (code, _, errors) =
        siplet(&["record", "--control", &socket, "--for", "48h", "--out", &shown(&folder.path)]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("limit `longest-s`"), "{errors}");
    host.stop();
}

fn hostile_records_end_in_a_sentence() {
    let folder = Folder::new();
    let file = folder.path.join("bad.rec");
    let answer = |bytes: &[u8]| {
        fs::write(&file, bytes).expect("the folder is ours");
        let (code, out, errors) = siplet(&["replay", &shown(&file)]);
        assert_eq!(code, Some(1), "{out}");
        assert!(!errors.contains("panicked") && errors.lines().count() == 1, "{errors}");
        errors
    };
    assert!(answer(b"").contains("is empty"));
    assert!(answer(b"\0asm\x01\0\0\0").contains("is no record"));
    assert!(answer(b"{\"siplet_record\": 2}\n").contains("has format 2, and this siplet reads 1"));
    assert!(answer(b"{\"siplet_record\": 1}\n").contains("bad.rec:1: "));
}
