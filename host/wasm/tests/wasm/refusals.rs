//! A bad file is refused with a sentence that says what to change, before anything of it runs.

use serde_json::json;
use siplet_container::app::AppLimits;
use siplet_wasm::{Engine, EngineConfig, Need, Reason, Servlet, inspect};

use crate::support::*;

fn refusal(bytes: &[u8]) -> (Vec<Reason>, String) {
    let refusal = Servlet::load(bytes, "bad.wasm", engine(), None).unwrap_err();
    // `siplet check` must see the same without compiling.
    let inspection = inspect(bytes, "bad.wasm", None, ceilings());
    assert_eq!(inspection.refusals, refusal.reasons.iter().map(Reason::to_string).collect::<Vec<_>>());
    let text = refusal.to_string();
    (refusal.reasons, text)
}

fn refused(wat: &str) -> (Vec<Reason>, String) {
    refusal(&wat::parse_str(wat).unwrap())
}

#[track_caller]
fn assert_needs((reasons, text): (Vec<Reason>, String), need: Need, words: &str) {
    assert!(
        matches!(reasons.as_slice(), [Reason::Imports { need: found, .. }] if *found == need),
        "{reasons:?}"
    );
    assert!(text.contains(words), "{text}");
}

#[test]
fn files_that_are_no_webassembly_are_named_for_what_they_are() {
    for (bytes, words) in [
        (&b""[..], "it is empty"),
        (b"#!/bin/sh\necho hello\n", "it is a text file"),
        (b"(module)", "it is a text file"),
        (b"\x7fELF\x02\x01\x01\0", "compiled code"),
        (b"\0asm", "ends too early"),
        (b"PK\x03\x04\0\0\0\0", "does not begin with"),
    ] {
        let (_, text) = refusal(bytes);
        assert!(text.starts_with("bad.wasm: it ") && text.contains(words), "{text}");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = guest("loops");
    for length in (0..whole.len()).step_by(61) {
        assert!(
            !inspect(&whole[..length], "loops.wasm", None, ceilings()).is_deployable(),
            "cut at {length} of {}",
            whole.len()
        );
    }
    assert!(inspect(&whole, "loops.wasm", None, ceilings()).is_deployable());
}

#[test]
fn a_core_module_is_told_which_import_to_leave_out_and_how() {
    for (module, need, words) in [
        ("wasi:io/poll@0.2.3", Need::Waiting, "may not wait"),
        ("wasi:sockets/tcp@0.2.3", Need::Sockets, "has no sockets"),
        ("wasi:http/outgoing-handler@0.2.3", Need::Http, "HTTP"),
        ("wasi:filesystem/preopens@0.2.3", Need::Files, "has no files"),
        ("wasi:clocks/monotonic-clock@0.2.3", Need::Clocks, "siplet::now()"),
        ("wasi_snapshot_preview1", Need::Preview1, "--target wasm32-unknown-unknown"),
        ("__wbindgen_placeholder__", Need::Browser, "wasm-bindgen"),
        ("env", Need::Env, "not linked in"),
        ("acme:db/sql@1.0.0", Need::Unknown, "may import only siplet:servlet/types"),
    ] {
        let refusal = refused(&format!(r#"(module (import "{module}" "f" (func)))"#));
        assert!(refusal.1.contains(&format!("it imports {module}, and ")), "{}", refusal.1);
        assert_needs(refusal, need, words);
    }
}

#[test]
fn a_component_is_held_to_the_same_list() {
    let component = |names: &[&str]| {
        let imports: String = names.iter().map(|name| format!(r#"(import "{name}" (instance))"#)).collect();
        refused(&format!("(component {imports})"))
    };
    assert_needs(
        component(&["wasi:sockets/tcp@0.2.3"]),
        Need::Sockets,
        "it imports wasi:sockets/tcp@0.2.3, and a servlet",
    );
    assert_needs(component(&["acme:db/sql@1.0.0"]), Need::Unknown, "acme:db/sql@1.0.0");
    assert_needs(component(&["siplet:servlet/media@0.1.0"]), Need::Siplet, "no such interface");
    let many = component(&["wasi:cli/stdout@0.2.3", "wasi:cli/stderr@0.2.3", "wasi:cli/exit@0.2.3"]);
    assert_needs(many, Need::CommandLine, "wasi:cli/stdout@0.2.3 and 2 more of its kind");
    let (reasons, _) = component(&["wasi:sockets/tcp@0.2.3", "wasi:io/poll@0.2.3"]);
    assert_eq!(reasons.len(), 2, "all that is wrong is told at once");
}

#[test]
fn threads_are_refused_where_the_memory_is_shared() {
    let (reasons, text) = refused(r#"(module (import "env" "memory" (memory 1 1 shared)))"#);
    assert!(reasons.contains(&Reason::SharedMemory), "{reasons:?}");
    let (_, declared) = refused("(module (memory 1 1 shared))");
    for text in [text, declared] {
        assert!(text.contains("a servlet has no threads"), "{text}");
    }
}

#[test]
fn another_version_of_the_interfaces_is_named() {
    for wat in [
        r#"(module (import "siplet:servlet/types@0.2.0" "f" (func)))"#,
        r#"(component (import "siplet:servlet/types@0.2.0" (instance)))"#,
        r#"(component (instance $i) (export "siplet:servlet/sip-servlet@0.2.0" (instance $i)))"#,
    ] {
        let (reasons, text) = refused(wat);
        assert!(matches!(reasons.as_slice(), [Reason::Version { .. }]), "{reasons:?}");
        assert!(text.contains("@0.2.0, and this host speaks siplet:servlet 0.1.0"), "{text}");
    }
}

#[test]
fn webassembly_that_is_no_servlet_is_told_what_is_missing() {
    for wat in ["(module)", "(component)"] {
        let (reasons, text) = refused(wat);
        assert!(matches!(reasons.as_slice(), [Reason::NotServlet(_)]), "{reasons:?}");
        assert!(text.contains("#[servlet]"), "{text}");
    }
}

#[test]
fn an_interface_of_the_right_name_and_the_wrong_shape_is_refused_at_load() {
    let bytes = wat::parse_str(
        r#"(component (instance $i) (export "siplet:servlet/sip-servlet@0.1.0" (instance $i)))"#,
    )
    .unwrap();
    let refusal = Servlet::load(&bytes, "bad.wasm", engine(), None).unwrap_err();
    assert!(matches!(refusal.reasons.as_slice(), [Reason::Shape(_)]), "{refusal}");
}

#[test]
fn a_wrong_descriptor_is_refused_whether_it_is_in_the_file_or_beside_it() {
    let with = |sections: &[&str]| {
        let mut bytes = guest("loops");
        for json in sections {
            append_section(&mut bytes, "siplet-descriptor", json.as_bytes());
        }
        bytes
    };
    let load = |bytes: &[u8]| Servlet::load(bytes, "loops.wasm", engine(), None);
    let named = load(&with(&[r#"{"name":"endless","version":"1.2.3"}"#])).unwrap();
    assert_eq!(named.application().id.name.as_ref(), "endless");
    for (sections, words) in [
        (&[r#"{"name":"no spaces please"}"#][..], "`name` is"),
        (&[r#"{"name":"#], "no JSON"),
        (&[r#"{"handlers":["do-invite","do-dance"]}"#], "do-dance"),
        (&[r#"{"handlers":["servlet-initialized"]}"#], "does not export"),
        (&["{}", "{}"], "the file carries 2 of them"),
    ] {
        let text = load(&with(sections)).unwrap_err().to_string();
        assert!(text.contains("its descriptor is wrong") && text.contains(words), "{text}");
    }
    let overrides = json!({"limits": {"memory-byte": 1}});
    let text =
        Servlet::load(&guest("loops"), "loops.wasm", engine(), Some(&overrides)).unwrap_err().to_string();
    assert!(text.contains("unknown field `memory-byte`"), "{text}");
}

/// Whatever a file sets for itself: a sentence, and neither a sum that overflows nor a turn without end.
#[test]
fn limits_beyond_the_hosts_ceilings_are_refused_and_panic_nobody() {
    for (limit, ceiling) in ceilings().named() {
        for asked in [ceiling + 1, u64::MAX] {
            let mut bytes = guest("loops");
            let json = json!({"limits": {limit: asked}}).to_string();
            append_section(&mut bytes, "siplet-descriptor", json.as_bytes());
            let (reasons, text) = refusal(&bytes);
            assert!(matches!(reasons.as_slice(), [Reason::Limits(wrong)] if wrong.len() == 1), "{reasons:?}");
            let words = format!(
                "its limit `{limit}` is {asked}, and this host gives at most {ceiling}; ask for less"
            );
            assert!(text.contains(&words), "{text}");
            assert_eq!(reasons[0].stage(), "descriptor");
        }
    }
}

/// A servlet that takes all that there is starts and runs.
#[test]
fn limits_at_the_highest_ceilings_of_any_host_work() {
    let highest = AppLimits { turn_ms: 100, ..AppLimits::HIGHEST };
    let config = EngineConfig { instances: 2, ceilings: AppLimits::HIGHEST, ..EngineConfig::default() };
    let engine = Engine::new(config).unwrap();
    let overrides = json!({ "limits": highest });
    let servlet = Servlet::load(&guest("dies"), "dies.wasm", &engine, Some(&overrides)).unwrap();
    assert_eq!(servlet.application().descriptor.limits, highest);
}

#[test]
fn a_servlet_that_cannot_start_in_its_memory_is_refused() {
    for (limit, words) in [(65_536_u64, "it starts with"), (1 << 40, "this host gives at most")] {
        let overrides = json!({"limits": {"memory-bytes": limit}});
        let text =
            Servlet::load(&guest("loops"), "loops.wasm", engine(), Some(&overrides)).unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn an_inspection_says_what_a_file_is_and_has() {
    let overrides = json!({"version": "3.0.0", "domains": ["a.example"]});
    let inspection = inspect(&guest("loops"), "dir/loops.wasm", Some(&overrides), ceilings());
    assert_eq!(inspection.kind, Some("module"));
    assert_eq!(inspection.exports, ["siplet:servlet/sip-servlet@0.1.0"]);
    assert_eq!(inspection.handlers.len(), 20, "no descriptor: every handler of sip-servlet");
    let text = inspection.to_string();
    for words in ["loops 3.0.0 #", "a.example", "do-invite", "20 ms of CPU a turn", "It can be deployed."] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

/// Appends a custom section: id 0, length, length of the name, name, content.
fn append_section(module: &mut Vec<u8>, name: &str, content: &[u8]) {
    let leb = |mut value: usize| {
        let mut bytes = Vec::new();
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            bytes.push(if value == 0 { low } else { low | 0x80 });
            if value == 0 {
                return bytes;
            }
        }
    };
    let body = [leb(name.len()), name.as_bytes().to_vec(), content.to_vec()].concat();
    module.push(0);
    module.extend(leb(body.len()));
    module.extend(body);
}
