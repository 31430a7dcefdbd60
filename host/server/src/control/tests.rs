use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::sync::Arc;
use std::sync::mpsc::channel;

use super::client::show;
use super::status::{ApplicationStatus, Status, grouped};
use super::*;
use crate::config::Config;
use crate::record::Records;
use crate::scratch::Folder;
use crate::vital::Vital;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A hub without shards and without a deploying thread.
fn hub(change: impl FnOnce(&mut Config)) -> Hub {
    let mut config = Config::default();
    change(&mut config);
    let records = Records::new(&siplet_container::config::Config::default(), [1, 2]).0;
    Hub::new(
        Arc::new(config),
        records,
        Vec::new(),
        channel().0,
        Arc::default(),
        Vital::default(),
        Arc::default(),
    )
}

/// Serves one connection and returns the lines that come back.
async fn dialogue(hub: Hub, sent: &[u8]) -> Vec<Value> {
    let (mut near, far) = UnixStream::pair().unwrap();
    let serving = tokio::spawn(async move { converse(far, &hub).await });
    near.write_all(sent).await.unwrap();
    near.shutdown().await.unwrap();
    let mut text = String::new();
    near.read_to_string(&mut text).await.unwrap();
    serving.await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn list(limit: usize) -> Ask {
    Ask::Sessions { limit, application: None, older_than_s: 0 }
}

#[test]
fn commands_are_json_lines_and_unknown_ones_are_refused_in_words() {
    assert_eq!(parse(b"{\"command\":\"status\"}\n"), Ok(Ask::Status));
    assert_eq!(parse(b"{\"command\":\"sessions\"}"), Ok(list(SESSIONS_LISTED)));
    let of_one = Ask::Sessions { limit: 5, application: Some("answer".into()), older_than_s: 60 };
    assert_eq!(parse(serde_json::to_string(&of_one).unwrap().as_bytes()), Ok(of_one));
    assert_eq!(parse(b"{\"command\":\"inspect\",\"name\":\"x\"}"), Ok(Ask::Inspect { name: "x".into() }));
    let refused = parse(b"{\"command\":\"shutdown\"}").unwrap_err();
    assert!(refused.starts_with("this is no command: unknown variant `shutdown`"), "{refused}");
    for wrong in
        [&b"{\"command\":\"undeploy\"}"[..], b"status", b"", b"\xff", b"{\"command\":\"drain\",\"x\":1}"]
    {
        assert!(parse(wrong).is_err());
    }
}

#[test]
fn a_connection_may_ask_again_and_errors_do_not_end_it() {
    let sent = b"nonsense\n{\"command\":\"drain\"}\n{\"command\":\"inspect\",\"name\":\"7\"}\n{\"command\":\"resume\"}\n";
    let lines = block_on(dialogue(hub(|_| {}), sent));
    assert_eq!(lines.len(), 4);
    assert!(lines[0]["error"].as_str().unwrap().starts_with("this is no command"));
    assert_eq!(lines[1]["ok"]["draining"], true);
    assert!(lines[2]["error"].as_str().unwrap().contains("no session has the id or Call-ID 7"));
    assert_eq!(lines[3]["ok"]["draining"], false);
}

#[test]
fn a_line_over_the_limit_is_refused_and_ends_the_connection() {
    let mut sent = vec![b'x'; 2000];
    sent.extend_from_slice(b"\n{\"command\":\"drain\"}\n");
    let lines = block_on(dialogue(hub(|config| config.limits.control_line_bytes = 1000), &sent));
    assert_eq!(lines.len(), 1);
    assert!(lines[0]["error"].as_str().unwrap().contains("at most 1000 bytes"));
}

#[test]
fn the_socket_is_closed_to_others_and_a_dead_one_is_replaced() {
    let folder = Folder::new("control");
    let path = folder.path().join("inner").join("siplet.sock");
    block_on(async {
        let first = bind(&path).await.unwrap();
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        let taken = bind(&path).await.unwrap_err().to_string();
        assert!(taken.contains("another siplet answers"), "{taken}");
        drop(first);
        bind(&path).await.unwrap();
    });
}

#[test]
fn a_folder_that_others_may_write_to_and_a_file_in_the_way_are_refused() {
    let folder = Folder::new("control-open");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let in_the_way = block_on(bind(&folder.path().join("file"))).unwrap_err().to_string();
    assert!(in_the_way.contains("is no socket"), "{in_the_way}");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let open = block_on(bind(&folder.path().join("siplet.sock"))).unwrap_err().to_string();
    assert!(open.contains("others may write"), "{open}");
}

#[test]
fn status_lines_up_and_fits_a_terminal() {
    let app = |name: &str, version: &str, digest: &str, turns, p99, serving| ApplicationStatus {
        name: name.into(),
        version: version.into(),
        digest: digest.into(),
        serving,
        sessions: turns / 1000,
        turns,
        turn_p99_us: p99,
        ..ApplicationStatus::default()
    };
    let status = Status {
        version: "0.1.0".into(),
        state: "serving".into(),
        uptime_s: 3 * 86_400 + 4 * 3600,
        calls: 1204,
        calls_peak: 2911,
        turns_per_s: 8130.2,
        turn_p99_us: Some(900),
        cpu_percent: 31.2,
        memory_bytes: 210_000_000,
        applications: vec![
            app("answer", "2.1.0", "77d0e1", 1_180_000, Some(60), true),
            app("answer", "", "5b1c90", 24, None, false),
        ],
        ..Status::default()
    };
    let expected = "\
siplet 0.1.0   up 3 d 4 h   calls 1,204 (peak 2,911)   turns 8,130/s   p99 900 us   cpu 31 %   memory 210 MB
  answer   2.1.0 #77d0e1     1,180 sessions   1,180,000 turns   failures 0   p99 60 us
  answer         #5b1c90         0 sessions          24 turns   failures 0   p99 -   leaving as its calls end
";
    assert_eq!(status.to_string(), expected);
    assert_eq!(show(&Ask::Status, serde_json::to_value(&status).unwrap()).unwrap(), expected);
    assert_eq!(grouped(1_000_000), "1,000,000");
}

#[test]
fn sessions_are_shown_with_their_calls() {
    let answer = json!([{ "id": "abc", "application": "answer #3f9c21", "age_s": 61,
        "sessions": [["call-1@x", "confirmed"]] }]);
    let shown = show(&list(1), answer).unwrap();
    assert_eq!(shown, "abc   answer #3f9c21   1 min 1 s\n    confirmed   call-1@x\n");
    assert_eq!(show(&list(1), json!([])).unwrap(), "no sessions\n");
}
