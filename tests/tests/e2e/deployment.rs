//! Files that come, change and go while calls run: no call may notice.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Host, Setup, read, siplet, wait_for};
use crate::phone::{Phone, status};
use crate::places;
use crate::sipp::{Outcome, Sipp};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("deployment":
        shared bad_files_are_refused_by_name_and_the_running_version_serves_on,
        shared a_file_that_is_copied_slowly_is_loaded_when_it_is_whole,
        shared a_new_servlet_serves_at_once_and_a_removed_one_takes_no_new_calls,
        shared a_servlet_that_asks_for_more_than_the_host_gives_is_refused_and_the_host_goes_on,
        shared a_file_is_explained_without_being_deployed;)
}

/// The host notices a change and has loaded or refused it within this time.
const NOTICED: Duration = Duration::from_secs(15);

/// Calls at 100 a second in the background.
fn traffic(host: &Host, seconds: u32) -> JoinHandle<Outcome> {
    let sipp = Sipp::built_in("uac", host.sip).calls(seconds * 100).rate(100).hold_ms(200);
    let sipp = sipp.timeout(Duration::from_secs(u64::from(seconds) + 30));
    thread::spawn(move || sipp.run())
}

fn of(traffic: JoinHandle<Outcome>) -> Outcome {
    traffic.join().expect("sipp's thread does not panic")
}

/// A core module that imports one function of this module, and nothing else.
fn module_importing(module: &str, function: &str) -> Vec<u8> {
    let name = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let section = |id: u8, content: Vec<u8>| [&[id, content.len() as u8], content.as_slice()].concat();
    let types = section(1, vec![1, 0x60, 0, 0]);
    let imports = section(2, [vec![1], name(module), name(function), vec![0, 0]].concat());
    [b"\0asm\x01\0\0\0".to_vec(), types, imports].concat()
}

/// Writes a file anew in place, as an editor or `cp` does.
fn overwrite(host: &Host, name: &str, bytes: &[u8]) {
    fs::write(host.servlets().join(format!("{name}.wasm")), bytes).expect("the folder is ours");
}

fn bad_files_are_refused_by_name_and_the_running_version_serves_on() {
    let host = Setup::new().sample("answer").section("[deploy]\nincomplete-ms = 800").start();
    let good = read(&places::sample("answer"));
    let calls = traffic(&host, 12);
    overwrite(&host, "answer", b"#!/bin/sh\necho this is no servlet\n");
    host.expect_log("answer.wasm: it is no WebAssembly file: it is a text file", NOTICED);
    overwrite(&host, "answer", &good[..good.len() / 2]);
    host.expect_log("answer.wasm: it ends at byte", NOTICED);
    let imports = [
        ("wasi:sockets/tcp@0.2.3", "create-tcp-socket"),
        ("wasi:io/poll@0.2.3", "poll"),
        ("wasi:thread-spawn", "thread-spawn"),
        ("nobody:knows/this@1.0.0", "it"),
    ];
    for (module, function) in imports {
        overwrite(&host, "answer", &module_importing(module, function));
        host.expect_log(&format!("imports {module}"), NOTICED);
    }
    assert!(host.log().contains("of \"answer\" keeps serving"), "what goes on is said");
    overwrite(&host, "answer", &good);
    of(calls).expect_clean();
    host.stop();
}

fn a_file_that_is_copied_slowly_is_loaded_when_it_is_whole() {
    let settings = "domains = [\"127.0.0.1\"]";
    let host = Setup::new().sample_with("answer", settings).section("[deploy]\nsettle-ms = 200").start();
    let whole = read(&places::sample("redirect"));
    fs::write(host.servlets().join("redirect.toml"), places::sample_settings("redirect"))
        .expect("the folder is ours");
    let calls = traffic(&host, 8);
    let path = host.servlets().join("redirect.wasm");
    let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the folder is ours");
    // Each pause is longer than the settling time, so that every beginning looks like a file that is done.
    let pieces: Vec<&[u8]> = whole.chunks(whole.len() / 9 + 1).collect();
    for (index, piece) in pieces.iter().enumerate() {
        assert!(
            !host.log().contains("deployed redirect"),
            "loaded with {index} of {} pieces there",
            pieces.len()
        );
        file.write_all(piece).expect("the folder is ours");
        thread::sleep(Duration::from_millis(400));
    }
    drop(file);
    host.expect_log("deployed redirect", NOTICED);
    of(calls).expect_clean();
    host.stop();
}

fn a_new_servlet_serves_at_once_and_a_removed_one_takes_no_new_calls() {
    // The calls that this test makes to see who answers are not ended.
    let setup = Setup::new().sample_with("answer", "domains = [\"127.0.0.1\"]");
    let host = setup.setting("stop-after-s = 0").start();
    let phone = Phone::new(host.sip);
    let ask = |domain: &str| {
        let answer = phone.ask(&phone.request("INVITE", &format!("sip:alice@{domain}")));
        status(&answer).expect("an answer has a status")
    };
    let calls = traffic(&host, 10);
    assert_eq!(ask("screen.example"), 404, "nobody serves that domain yet");
    let settings = places::sample_settings("screen").replace("09:00-18:00", "00:00-23:59");
    host.put("screen", &read(&places::sample("screen")), &settings);
    assert!(wait_for(NOTICED, || ask("screen.example") == 200), "the new servlet does not serve");

    let live = phone.request("INVITE", "sip:bob@screen.example");
    let answer = phone.ask(&live);
    assert_eq!(status(&answer), Some(200), "{answer}");
    fs::remove_file(host.servlets().join("screen.wasm")).expect("it is there");
    assert!(wait_for(NOTICED, || ask("screen.example") == 404), "the removed servlet still takes calls");
    let bye = phone.ask(&live.in_dialog("BYE", &answer));
    assert_eq!(status(&bye), Some(200), "a live call stays with the servlet that began it:\n{bye}");
    of(calls).expect_clean();
    host.stop();
}

/// The file with a descriptor of its own behind it.
fn with_descriptor(file: &[u8], json: &str) -> Vec<u8> {
    let name = "siplet-descriptor";
    let content = [&[name.len() as u8], name.as_bytes(), json.as_bytes()].concat();
    assert!(content.len() < 1 << 14, "its length is written in two octets");
    let length = [content.len() as u8 | 0x80, (content.len() >> 7) as u8];
    [file, &[0], &length, &content].concat()
}

fn a_servlet_that_asks_for_more_than_the_host_gives_is_refused_and_the_host_goes_on() {
    let host = Setup::new().sample("answer").section("[ceilings]\nturn-ms = 30").start();
    let asked = r#"{"name":"hog","domains":["hog.example"],"handlers":["do-invite"],
        "limits":{"turn-ms":3600000,"attribute-bytes":18446744073709551615}}"#;
    let hog = with_descriptor(&read(&places::guest("panics")), asked);
    let sentences = [
        "`turn-ms` is 3600000, and this host gives at most 30; ask for less in its descriptor or in the .toml beside it",
        "`attribute-bytes` is 18446744073709551615, and this host gives at most 1048576",
        "raise `attribute-bytes` under [ceilings] in siplet.toml",
    ];
    host.put("hog", &hog, "");
    for sentence in sentences {
        host.expect_log(sentence, NOTICED);
    }
    // `siplet check` says the same for that host, and what another host would say.
    let (file, config) = (host.servlets().join("hog.wasm"), host.config());
    let (file, config) = (file.display().to_string(), config.display().to_string());
    let (code, out, errors) = siplet(&["check", &file, "--json", "--config", &config]);
    assert_eq!(code, Some(1), "{out}{errors}");
    sentences.iter().for_each(|sentence| assert!(out.contains(sentence), "{sentence}: {out}"));
    let (_, out, _) = siplet(&["check", &file, "--json", "--ceilings-turn-ms", "77"]);
    assert!(out.contains("`turn-ms` is 3600000, and this host gives at most 77"), "{out}");

    // The operator may take back what the file asks for, and not go beyond the ceiling either.
    host.put("hog", &hog, "[limits]\nturn-ms = 30\nattribute-bytes = 1000\n");
    host.expect_log("deployed hog", NOTICED);
    host.put("answer", &read(&places::sample("answer")), "[limits]\nturn-ms = 31\n");
    host.expect_log("`turn-ms` is 31, and this host gives at most 30", NOTICED);
    assert!(host.log().contains("of \"answer\" keeps serving"), "what goes on is said");
    let phone = Phone::new(host.sip);
    let answer = phone.ask(&phone.request("OPTIONS", "sip:bob@anywhere.example"));
    assert_eq!(status(&answer), Some(200), "{answer}");
    host.stop();
}

fn a_file_is_explained_without_being_deployed() {
    let shown = places::sample("answer").display().to_string();
    let (code, out, errors) = siplet(&["check", &shown]);
    assert_eq!(code, Some(0), "{out}{errors}");
    assert!(out.contains("answer") && out.contains("INVITE"), "name and methods are told:\n{out}");

    let folder = crate::host::Folder::new();
    let bad = folder.path.join("bad.wasm");
    fs::write(&bad, module_importing("wasi:sockets/tcp@0.2.3", "create-tcp-socket"))
        .expect("the folder is ours");
    let (code, out, errors) = siplet(&["check", &bad.display().to_string()]);
    assert_eq!(code, Some(1), "{out}{errors}");
    assert!(
        format!("{out}{errors}").contains("wasi:sockets/tcp@0.2.3"),
        "the import is named:\n{out}{errors}"
    );
}
