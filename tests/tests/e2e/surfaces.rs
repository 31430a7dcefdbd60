//! What an operator sees: metrics, health, control commands, errors of the settings.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use libtest_mimic::Trial;

use crate::host::{Folder, Host, siplet};
use crate::http;
use crate::phone::{Phone, status};
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("surfaces":
        shared metrics_count_calls_and_change_nothing,
        shared control_commands_show_and_steer,
        shared the_control_socket_is_for_its_owner_alone,
        shared wrong_settings_are_refused_with_file_and_line,
        shared a_taken_port_is_said_at_once;)
}

fn metrics_count_calls_and_change_nothing() {
    let host = Host::with(&["answer"]);
    let before = host.metrics();
    Sipp::built_in("uac", host.sip).calls(20).rate(50).run().expect_clean();
    let after = host.metrics();
    let turns = |metrics: &http::Metrics| metrics.sum("siplet_turns_total", "application=\"answer\"");
    assert!(turns(&after) - turns(&before) >= 20.0, "an INVITE each");
    assert!(after.value("siplet_packets_received_total") >= 60.0, "INVITE, ACK and BYE of each call");
    assert!(after.value("siplet_heap_bytes") > 0.0 && after.value("siplet_resident_bytes") > 0.0);
    assert!(after.tables().len() >= 10, "the tables of the container: {:?}", after.tables());
    assert_eq!(after.value("siplet_broken_rules_total"), 0.0);

    let ask = |method: &str, path: &str| http::ask(method, host.http, path).map(|(status, _)| status);
    assert_eq!(ask("GET", "/healthz"), Some(200));
    assert_eq!(ask("GET", "/"), Some(404));
    assert_eq!(ask("GET", "/sessions"), Some(404), "no call is shown here");
    assert_eq!(ask("POST", "/metrics"), Some(405), "nothing is changed here");
    host.stop();
}

/// Asks the running host by a command of `siplet`; its standard output.
fn control(host: &Host, command: &[&str]) -> String {
    let socket = host.control().display().to_string();
    let (code, out, errors) = siplet(&[command, &["--control", &socket]].concat());
    assert_eq!(code, Some(0), "siplet {command:?}: {out}{errors}");
    out
}

fn control_commands_show_and_steer() {
    let host = Host::with(&["answer"]);
    let phone = Phone::new(host.sip);
    let invite = phone.request("INVITE", "sip:bob@anywhere.example");
    let answer = phone.ask(&invite);
    assert_eq!(status(&answer), Some(200), "{answer}");

    let shown = control(&host, &["status"]);
    assert!(shown.contains("calls 1") && shown.contains("answer"), "{shown}");
    let facts: serde_json::Value =
        serde_json::from_str(&control(&host, &["status", "--json"])).expect("it is JSON");
    assert_eq!(facts["calls"], 1, "{facts}");
    assert_eq!(facts["applications"][0]["name"], "answer", "{facts}");
    let sessions: serde_json::Value =
        serde_json::from_str(&control(&host, &["sessions", "--json"])).expect("it is JSON");
    assert_eq!(sessions.as_array().map(Vec::len), Some(1), "{sessions}");

    control(&host, &["drain"]);
    assert_eq!(http::ask("GET", host.http, "/healthz").map(|(status, _)| status), Some(503));
    let refused = phone.ask(&phone.request("INVITE", "sip:bob@anywhere.example"));
    assert_eq!(status(&refused), Some(503), "{refused}");
    let bye = phone.ask(&invite.in_dialog("BYE", &answer));
    assert_eq!(status(&bye), Some(200), "live calls go on:\n{bye}");
    control(&host, &["resume"]);
    let options = phone.request("OPTIONS", "sip:bob@anywhere.example");
    assert_eq!(status(&phone.ask(&options)), Some(200));

    control(&host, &["undeploy", "answer"]);
    let gone = phone.ask(&phone.request("INVITE", "sip:bob@anywhere.example"));
    assert_eq!(status(&gone), Some(404), "{gone}");
    assert!(control(&host, &["reload"]).contains("answer"), "a reload brings it back");
    let back = phone.request("OPTIONS", "sip:bob@anywhere.example");
    assert_eq!(status(&phone.ask(&back)), Some(200));
    let socket = host.control().display().to_string();
    let (code, _, errors) = siplet(&["undeploy", "anser", "--control", &socket]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("did you mean \"answer\""), "{errors}");
    host.stop();
}

fn the_control_socket_is_for_its_owner_alone() {
    let host = Host::with(&["answer"]);
    let mode = fs::metadata(host.control()).expect("the socket is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // Nonsense and lines without end get a sentence, and the host goes on.
    let mut stream = UnixStream::connect(host.control()).expect("the host listens");
    stream.write_all(b"{\"command\":\"format-disk\"}\n").expect("it is open");
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).expect("an answer");
    assert!(line.contains("\"error\"") && line.contains("this is no command"), "{line}");
    let mut stream = UnixStream::connect(host.control()).expect("the host listens");
    // The host may close while this is still being written.
    let _ = stream.write_all(&vec![b'x'; 200_000]);
    line.clear();
    let _ = BufReader::new(&stream).read_line(&mut line);
    assert!(line.is_empty() || line.contains("control-line-bytes"), "{line}");
    assert!(control(&host, &["status"]).contains("answer"));
    host.stop();
}

fn wrong_settings_are_refused_with_file_and_line() {
    let folder = Folder::new();
    let file = folder.path.join("siplet.toml");
    let cases = [
        (
            "shards = 1\n\n[limits]\nidle-timout-s = 3\n",
            "siplet.toml:4: unknown key `idle-timout-s` in [limits]; did you mean `idle-timeout-s`?",
        ),
        ("shards = \"two\"\n", "siplet.toml:1: `shards` is \"two\", and must be a whole number, 1 to 64"),
        (
            "[limits]\nheaders = 100\nmessage-bytes = 12\n",
            "siplet.toml:3: `message-bytes` in [limits] is 12, and must be 1024 to 65535",
        ),
        ("listen = [\"nowhere\"]\n", "siplet.toml:1: `nowhere` does not begin with an IP address"),
        ("shards = = 2\n", "siplet.toml:1: "),
    ];
    for (text, expected) in cases {
        fs::write(&file, text).expect("the folder is ours");
        let (code, out, errors) = siplet(&["serve", "--config", &file.display().to_string()]);
        assert_eq!(code, Some(1), "{text}: {out}{errors}");
        assert!(errors.contains(expected), "{text}: {errors}");
        assert_eq!(errors.trim_end().lines().count(), 1, "one sentence:\n{errors}");
    }
    let (code, _, errors) = siplet(&["serve", "--shards", "many"]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("--shards: `many` is no number"), "{errors}");
    let (code, _, errors) = siplet(&["serve", "--timers-t1-ms", "0"]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("--timers-t1-ms: `t1-ms` in [timers] is 0, and must be 1 to 10000"), "{errors}");
}

fn a_taken_port_is_said_at_once() {
    let host = Host::with(&["answer"]);
    let folder = Folder::new();
    fs::create_dir(folder.path.join("servlets")).expect("the folder is new");
    let servlets = folder.path.join("servlets").display().to_string();
    let state = folder.path.join("state").display().to_string();
    let control = folder.path.join("c.sock").display().to_string();
    let listen = host.sip.to_string();
    let options = ["serve", "--listen", &listen, "--metrics", "", "--servlets", &servlets];
    let (code, _, errors) = siplet(&[&options[..], &["--state-dir", &state, "--control", &control]].concat());
    assert_eq!(code, Some(1));
    assert!(errors.contains(&listen), "the address is named: {errors}");
    host.stop();
}
