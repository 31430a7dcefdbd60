//! Files, the ring and the limits, without a server.

use std::os::unix::fs::PermissionsExt;

use siplet_container::app::AppId;
use siplet_container::config::Config as ContainerConfig;
use siplet_container::io::Key;
use siplet_container::record::redact::Redaction;
use siplet_container::record::{Beginning, NamesKey, StepInput, StepRecord};
use siplet_sip::time::Time;

use super::collect::Collector;
use super::trapped::Trapped;
use super::*;
use crate::config;
use crate::scratch::Folder;

fn records() -> Arc<Records> {
    Records::new(&ContainerConfig::default(), [1, 2]).0
}

fn redaction() -> Redaction {
    records().redaction(&Config::default(), false, &[])
}

fn step(key: u64) -> StepRecord {
    let app = AppId { name: "screen".into(), digest: 7 };
    let application = siplet_container::app::Application {
        id: app.clone(),
        descriptor: siplet_container::app::Descriptor::default(),
        handlers: siplet_container::app::Handlers::all(),
    };
    StepRecord {
        key: Key(key),
        id: format!("id{key}"),
        app,
        version: "0.1.0".to_owned(),
        number: 0,
        watches: Vec::new(),
        trapped: Some(format!("{key:013}")),
        beginning: Some(Box::new(Beginning {
            application: Arc::new(application),
            snapshot: None,
            names: NamesKey { mints: [1, 2], previous: None },
        })),
        at: Time::from_micros(1),
        input: StepInput::Deadline,
        turns: Vec::new(),
        sent: Vec::new(),
        sessions: Vec::new(),
        next_deadline: None,
        ended: false,
    }
}

fn text(steps: &[StepRecord]) -> String {
    file::text(&records().header(&redaction()), steps).expect("it can be written")
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let steps = [step(1), step(u64::MAX)];
    let record = file::parse("a.rec", text(&steps).as_bytes()).expect("it was just written");
    assert_eq!(record.steps, steps);
    assert_eq!(record.header, records().header(&redaction()));
}

#[test]
fn a_file_that_is_no_record_says_so_in_a_sentence() {
    let wrong = |bytes: &[u8]| file::parse("a.rec", bytes).expect_err("it is no record");
    assert_eq!(wrong(b""), "a.rec is empty");
    for no_record in
        [&b"\xff\xfe"[..], b"{}", b"[1]", b"null", b"{\"siplet_record\": \"1\"}", b"INVITE sip:a SIP/2.0"]
    {
        assert!(wrong(no_record).contains("is no record"), "{}", wrong(no_record));
    }
    assert_eq!(wrong(b"{\"siplet_record\": 99}"), "a.rec has format 99, and this siplet reads 1");
    let good = text(&[step(1)]);
    let header = good.lines().next().expect("a header");
    assert_eq!(wrong(header.as_bytes()), "a.rec holds no step");
    let cut = &good.as_bytes()[..good.len() - 20];
    assert!(wrong(cut).ends_with("; the file seems to be cut short"), "{}", wrong(cut));
    for length in 0..good.len() - 1 {
        let _ = file::parse("a.rec", &good.as_bytes()[..length]);
    }
    let long = format!("{header}\n{{\"{}\": 1}}\n", "x".repeat(100_000));
    assert!(wrong(long.as_bytes()).len() < 400);
    let deep = format!("{header}\n{}\n", "[".repeat(100_000));
    assert!(!wrong(deep.as_bytes()).is_empty());
}

#[test]
fn records_of_deaths_are_a_ring_that_only_the_owner_reads() {
    let folder = Folder::new("ring");
    let place = folder.path().join("trapped");
    let mut config = Config::default();
    config.record.trapped_files = 3;
    let open =
        |config: &Config| Trapped::open(place.clone(), config, records().header(&redaction()), redaction());
    let mut ring = open(&config);
    for key in 1..=4 {
        ring.keep(step(key)).expect("there is room");
    }
    assert!(ring.keep(step(4)).is_err(), "a file is never written over");
    let names = || {
        let mut names: Vec<_> = std::fs::read_dir(&place)
            .expect("the folder")
            .map(|entry| entry.expect("a file").file_name().into_string().expect("text"))
            .collect();
        names.sort();
        names
    };
    assert!(names().len() <= 3 && names().contains(&"0000000000004.rec".to_owned()), "{:?}", names());
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    assert_eq!(mode(&place.join("0000000000004.rec")), 0o600);
    file::read(&place.join("0000000000004.rec")).expect("a record");
    std::fs::write(place.join("notes.txt"), "mine").expect("a file");
    config.record.trapped_files = 1;
    let mut ring = open(&config);
    ring.keep(step(9)).expect("there is room");
    assert_eq!(names(), ["0000000000009.rec", "notes.txt"], "only its own files make room");
    config.record.trapped_bytes = 10;
    assert!(open(&config).keep(step(10)).is_err_and(|why| why.contains("trapped-bytes")));
}

#[test]
fn what_is_recorded_is_bounded_in_sessions_steps_and_bytes() {
    let limits = config::Record { sessions: 2, session_steps: 2, ..config::Record::default() };
    let mut collector = Collector::new(limits.clone(), false, redaction());
    for key in 1..=3 {
        assert!(collector.take(step(key)).is_none());
    }
    assert!(collector.take(step(1)).is_none());
    let full = collector.take(step(1)).expect("more steps than the limit end it");
    assert_eq!(full.len(), 2);
    assert!(collector.take(step(1)).is_none());
    let over = collector.take(StepRecord { ended: true, ..step(2) }).expect("it is over");
    assert_eq!(over.len(), 2);
    assert_eq!(collector.dropped().get("sessions"), Some(&1));
    assert_eq!(collector.dropped().get("session-steps"), Some(&2));
    let mut small = Collector::new(config::Record { bytes: 100, ..limits }, false, redaction());
    assert!(small.take(step(1)).is_none());
    assert_eq!(small.dropped().get("bytes"), Some(&1));
    assert_eq!(small.finish().len(), 0);
}

#[test]
fn calls_that_went_well_are_no_failures() {
    let limits = config::Record::default();
    let mut collector = Collector::new(limits, true, redaction());
    collector.take(step(1));
    let refused = StepRecord {
        input: StepInput::Packet {
            flow: siplet_container::io::Flow {
                listener: 0,
                transport: siplet_container::io::Transport::Udp,
                remote: "127.0.0.1:5060".parse().expect("an address"),
                connection: 0,
            },
            bytes: bytes::Bytes::from_static(b"SIP/2.0 503 No\r\n\r\n"),
            role: siplet_container::record::Role::Response(1),
        },
        ..step(2)
    };
    collector.take(refused);
    let kept = collector.finish();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0][0].key, Key(2));
}
