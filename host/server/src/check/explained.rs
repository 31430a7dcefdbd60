//! What is said of files, and of which.

use super::*;

fn inspection() -> Inspection {
    Inspection {
        file: "servlets/screen.wasm".into(),
        bytes: 120_400,
        kind: Some("module"),
        digest: Some("#91ab07".into()),
        imports: vec!["siplet:servlet/types@0.1.0".into(), "siplet:servlet/context@0.1.0".into()],
        exports: vec!["siplet:servlet/sip-servlet@0.1.0".into()],
        handlers: vec!["do-invite", "do-bye"],
        wit_version: Some("0.1.0".into()),
        memory_bytes: 1_114_112,
        memory_max_bytes: None,
        debug_bytes: 0,
        unwinds: false,
        descriptor: Some(siplet_container::app::Descriptor {
            name: "screen".into(),
            version: "0.1.0".into(),
            domains: vec!["screen.example".into()],
            init_parameters: [("hours".to_owned(), "09:00-18:00".to_owned())].into(),
            ..siplet_container::app::Descriptor::default()
        }),
        refusals: Vec::new(),
        refused_at: Vec::new(),
    }
}

fn checked(inspection: Inspection) -> Checked {
    let warnings = odd::warnings(&inspection, None);
    let deployable = inspection.is_deployable();
    let overrides = Some("servlets/screen.toml".to_owned());
    Checked { inspection, overrides, compiled_bytes: Some(401_234), deployable, warnings }
}

#[test]
fn a_servlet_is_explained_in_lines_that_fit() {
    let expected = "\
servlets/screen.wasm   121 KB   core module, becomes a component at load
  application  screen 0.1.0 #91ab07
  takes        INVITE to *@screen.example
  built for    siplet:servlet 0.1.0
  handlers     do-invite, do-bye
  imports      siplet:servlet/types@0.1.0, siplet:servlet/context@0.1.0
  exports      siplet:servlet/sip-servlet@0.1.0
  sizes        file 121 KB   compiled 402 KB
  memory       1114 KB at the start, at most 16777 KB, its limit
  changed by   servlets/screen.toml
  limits       memory 16 MB   turn 20 ms   sessions 200000   SIP sessions 256   transactions 256
               mailbox 64   attributes 64 KB   outbox 64 messages, 256 KB   log 16 KB   handles 1024
               tables 20000 elements
  sessions     expire after 180 s   distributable yes
  parameter    hours = 09:00-18:00
it can be deployed
";
    let shown = explain(&checked(inspection()));
    assert!(shown == expected, "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
}

#[test]
fn a_refusal_says_where_and_why_and_keeps_what_is_known() {
    let mut refused = inspection();
    refused.refusals = vec!["it imports wasi:sockets/tcp@0.2.3, and a servlet has no sockets".into()];
    refused.refused_at = vec!["imports"];
    let shown = explain(&checked(refused));
    let last = "refused: it imports wasi:sockets/tcp@0.2.3, and a servlet has no sockets (at: imports)\n";
    assert!(shown.ends_with(last) && shown.contains("screen 0.1.0 #91ab07"), "{shown}");
    assert!(!shown.contains("it can be deployed"), "{shown}");
}

#[test]
fn what_is_odd_is_told_and_what_is_usual_is_not() {
    assert_eq!(odd::warnings(&inspection(), None), [""; 0]);
    let odd = |change: fn(&mut Inspection, &mut siplet_container::app::Descriptor)| {
        let mut inspection = inspection();
        let mut descriptor = inspection.descriptor.take().unwrap();
        change(&mut inspection, &mut descriptor);
        inspection.descriptor = Some(descriptor);
        odd::warnings(&inspection, None).join(" | ")
    };
    for (told, words) in [
        (odd(|file, _| file.debug_bytes = 900_000), "it looks like a debug build"),
        (odd(|file, _| file.bytes = 9_000_000), "takes long to compile"),
        (odd(|file, _| file.unwinds = true), "`panic = \"abort\"`"),
        (
            odd(|file, _| file.wit_version = Some("0.1.7".into())),
            "built for siplet:servlet 0.1.7; this host speaks 0.1.0",
        ),
        (
            odd(|file, descriptor| file.memory_bytes = descriptor.limits.memory_bytes - 1),
            "KB of memory that it may have",
        ),
        (
            odd(|_, descriptor| descriptor.methods = Some(vec!["MESSAGE".into()])),
            "takes MESSAGE and has no handler `do-message`",
        ),
        (
            odd(|_, descriptor| descriptor.methods = Some(vec!["FROB".into()])),
            "takes FROB and has no handler `do-request`",
        ),
        (odd(|file, _| file.handlers = vec!["do-bye"]), "no call reaches it"),
        (
            odd(|_, descriptor| {
                descriptor.handlers = Some(vec!["do-invite".into()]);
                descriptor.methods = Some(vec!["INVITE".into()]);
            }),
            "",
        ),
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
