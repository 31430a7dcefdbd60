use serde_json::json;

use super::*;

#[test]
fn a_request_is_one_object_with_what_it_does_and_how() {
    let line = r#"{"id":5,"request":{"do":"send","phone":0,"method":"INVITE","uri":"sip:bob@home"}}"#;
    let asked: Asked = serde_json::from_str(line).expect("a request");
    let parts = Parts::default();
    let send = Request::Send { phone: 0, method: "INVITE".into(), uri: "sip:bob@home".into(), parts };
    assert_eq!(asked, Asked { id: 5, request: send });
    assert_eq!(serde_json::to_string(&asked).expect("text"), line);
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let text = |line: &str| serde_json::from_str::<Asked>(line).expect_err("no request").to_string();
    assert!(text(r#"{"id":1,"request":{"do":"nonsense"}}"#).contains("unknown variant `nonsense`"));
    assert!(
        text(r#"{"id":1,"request":{"do":"drain","retry-after-s":1,"more":1}}"#).contains("unknown field")
    );
    assert!(text(r#"{"id":1}"#).contains("missing field `request`"));
}

#[test]
fn answers_and_errors_are_told_apart_by_their_member() {
    let answer = Answer { now_us: 7, result: Some(Outcome::Phone(2)), events: Vec::new() };
    let said = Said { id: 3, answer: Some(answer), error: None };
    assert_eq!(
        serde_json::to_value(&said).expect("json"),
        json!({"id": 3, "answer": {"now-us": 7, "result": {"phone": 2}}})
    );
    let error = Error { kind: ErrorKind::Parted, text: "why".into() };
    let said = Said { id: 4, answer: None, error: Some(error) };
    assert_eq!(
        serde_json::to_value(&said).expect("json"),
        json!({"id": 4, "error": {"kind": "parted", "text": "why"}})
    );
}

#[test]
fn an_event_reads_back_as_it_was() {
    let message = Message {
        status: 200,
        reason: "OK".into(),
        headers: vec![("To".into(), "x".into())],
        ..Message::default()
    };
    let event = Event::Response { phone: 1, request: 2, method: "BYE".into(), message };
    let text = serde_json::to_string(&event).expect("text");
    assert!(text.starts_with(r#"{"event":"response","phone":1,"request":2,"method":"BYE""#), "{text}");
    assert_eq!(serde_json::from_str::<Event>(&text).expect("an event"), event);
}
