use serde_json::{Value, json};

use super::*;

fn converse(lines: &[&str]) -> (bool, Vec<Value>) {
    let mut output = Vec::new();
    let options = TestHost { code_cache: None };
    let good = run(&options, lines.join("\n").as_bytes(), &mut output).expect("a buffer can be written");
    let said = String::from_utf8(output).expect("JSON is text");
    (good, said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

const HELLO: &str = r#"{"id":1,"request":{"do":"hello","protocol":1}}"#;

#[test]
fn a_bad_line_is_answered_and_the_next_one_is_heard() {
    let (good, said) = converse(&["nonsense", r#"{"id":7,"request":{"do":"dance"}}"#, "", HELLO]);
    assert!(good);
    assert_eq!(said.len(), 4);
    assert_eq!((&said[0]["id"], &said[0]["error"]["kind"]), (&json!(0), &json!("request")));
    assert_eq!(said[1]["id"], json!(7), "the id comes back where it can be read");
    assert!(said[1]["error"]["text"].as_str().unwrap_or_default().contains("unknown variant `dance`"));
    assert_eq!(said[3]["answer"]["result"]["hello"]["siplet"], json!(env!("CARGO_PKG_VERSION")));
}

#[test]
fn nothing_is_done_before_a_hello_of_the_right_version() {
    let begin = r#"{"id":2,"request":{"do":"begin","seed":1}}"#;
    let (_, said) = converse(&[begin, r#"{"id":1,"request":{"do":"hello","protocol":99}}"#, begin]);
    assert_eq!(said[0]["error"]["text"], json!("the first request is a `hello`"));
    assert_eq!(said[1]["error"]["kind"], json!("protocol"));
    let text = said[1]["error"]["text"].as_str().unwrap_or_default();
    assert!(text.contains("version 1 ") && text.contains("version 99"), "{text}");
    assert_eq!(said[2]["error"]["kind"], json!("request"));
}

#[test]
fn a_line_that_is_too_long_ends_the_conversation() {
    let long = format!(r#"{{"id":1,"x":"{}"}}"#, "x".repeat(LINE_BYTES_MAX));
    let (good, said) = converse(&[HELLO, &long, HELLO]);
    assert!(!good);
    assert_eq!(said.len(), 2);
    assert_eq!(said[1]["error"]["kind"], json!("line"));
}

#[test]
fn orders_for_what_is_not_there_are_errors_in_words() {
    let (good, said) = converse(&[
        HELLO,
        r#"{"id":2,"request":{"do":"left"}}"#,
        r#"{"id":3,"request":{"do":"begin","seed":1,"modes":"reused"}}"#,
        r#"{"id":4,"request":{"do":"send","phone":3,"method":"INVITE","uri":"sip:bob@home"}}"#,
        r#"{"id":5,"request":{"do":"phone","uri":"alice"}}"#,
        r#"{"id":6,"request":{"do":"phone","uri":"sip:alice@home"}}"#,
        r#"{"id":7,"request":{"do":"ack","phone":0,"request":0}}"#,
        r#"{"id":8,"request":{"do":"deploy","file":"/nowhere/answer.wasm"}}"#,
        r#"{"id":9,"request":{"do":"advance","us":99999999999999999}}"#,
    ]);
    assert!(good);
    let texts: Vec<&str> =
        said.iter().map(|said| said["error"]["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(texts[1], "there is no world yet: `begin`");
    assert_eq!(texts[3], "there is no phone 3");
    assert!(texts[4].contains("sip:alice@home"), "{}", texts[4]);
    assert_eq!(said[5]["answer"]["result"], json!({"phone": 0}));
    assert_eq!(texts[6], "phone 0 has sent no request 0");
    assert!(texts[7].starts_with("/nowhere/answer.wasm: "), "{}", texts[7]);
    assert_eq!(texts[8], "time passes by a year at most");
}

#[test]
fn a_call_that_no_application_takes_is_refused_by_the_host() {
    let (_, said) = converse(&[
        HELLO,
        r#"{"id":2,"request":{"do":"begin","seed":1,"modes":"reused"}}"#,
        r#"{"id":3,"request":{"do":"phone","uri":"sip:alice@home"}}"#,
        r#"{"id":4,"request":{"do":"send","phone":0,"method":"INVITE","uri":"sip:bob@home"}}"#,
        r#"{"id":5,"request":{"do":"ladder"}}"#,
    ]);
    let events = said[3]["answer"]["events"].as_array().expect("something happened");
    let response = events.iter().find(|event| event["event"] == "response").expect("a response");
    assert_eq!((&response["message"]["status"], &response["method"]), (&json!(404), &json!("INVITE")));
    let ladder = said[4]["answer"]["result"]["ladder"].as_str().unwrap_or_default();
    assert!(ladder.contains("alice") && ladder.contains("- INVITE -"), "{ladder}");
}
