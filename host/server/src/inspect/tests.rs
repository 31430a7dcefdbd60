use siplet_container::inspect::{
    Attribute, DialogTree, OpenTurn, ParkedUnit, SessionTree, SipSessionTree, TransactionTree,
};

use super::*;

fn found(id: &str, fit: Fit) -> Found {
    let session = SessionTree { id: id.into(), application: "screen".into(), ..SessionTree::default() };
    Found { fit, session }
}

fn ids(name: &str, all: Vec<Found>) -> Result<Vec<String>, String> {
    Ok(chosen(name, all)?.into_iter().map(|found| found.session.id).collect())
}

#[test]
fn the_best_fit_is_taken_and_a_beginning_only_where_it_is_the_only_one() {
    let all = |fits: &[(&str, Fit)]| fits.iter().map(|(id, fit)| found(id, *fit)).collect::<Vec<_>>();
    assert_eq!(
        ids("x", all(&[("b", Fit::CallId), ("a", Fit::CallId), ("c", Fit::IdPrefix)])).unwrap(),
        ["a", "b"]
    );
    assert_eq!(ids("x", all(&[("b", Fit::CallIdPrefix), ("c", Fit::IdPrefix)])).unwrap(), ["c"]);
    let several = ids("x", all(&[("b", Fit::IdPrefix), ("a", Fit::IdPrefix)])).unwrap_err();
    assert_eq!(several, "x is the beginning of several: a (screen), b (screen); give more of it");
    let many: Vec<Found> = (0..20).map(|number| found(&number.to_string(), Fit::CallIdPrefix)).collect();
    assert!(ids("x", many).unwrap_err().contains("12 more"));
    assert!(ids("x", Vec::new()).unwrap_err().contains("`siplet sessions` lists them"));
}

fn tree() -> SessionTree {
    let attribute = |name: &str, value: String| Attribute { name: name.into(), value };
    let transaction = TransactionTree {
        kind: "server".into(),
        method: "INVITE".into(),
        state: "Accepted".into(),
        branch: "z9hG4bK\u{1b}[2J".into(),
        cseq: 1,
        hop: "udp 10.0.0.2:5070".into(),
        timers: vec![("L".into(), 31_900), ("2xx".into(), 400)],
    };
    let dialog = DialogTree {
        state: "confirmed".into(),
        role: "uas".into(),
        local_tag: "21pesm".into(),
        remote_tag: "a".into(),
        local_cseq: None,
        remote_cseq: Some(1),
        remote_target: "sip:alice@10.0.0.2:5070".into(),
        route_set: vec!["<sip:proxy;lr>".into()],
        secure: false,
    };
    let sip = SipSessionTree {
        id: "s1".into(),
        state: "confirmed".into(),
        flags: vec!["valid".into()],
        call_id: "call-1".into(),
        local: "<sip:bob@host>;tag=21pesm".into(),
        remote: "<sip:alice@home>;tag=a".into(),
        source: Some("10.0.0.2".into()),
        peer: Some("udp 10.0.0.2:5070".into()),
        dialog: Some(dialog),
        attributes: vec![attribute("seen", "1".into())],
        transactions: vec![transaction],
    };
    SessionTree {
        id: "21pesmct".into(),
        shard: 1,
        partition: 129,
        application: "screen".into(),
        application_version: "0.1.0".into(),
        digest: "#91ab07".into(),
        age_ms: 3200,
        expires_in_ms: Some(180_000),
        flags: vec!["valid".into(), "invalidate-when-ready".into()],
        snapshot_version: 4,
        acknowledged_version: Some(3),
        parked: vec![ParkedUnit {
            unit: 7,
            version: 4,
            bytes: 1204,
            attempts: 1,
            messages: vec!["200 INVITE".into()],
        }],
        mailbox: vec!["BYE".into(), "deadline".into()],
        open_turn: Some(OpenTurn { number: 9, handler: "do-bye".into(), for_ms: 3, then: Vec::new() }),
        next_deadline_in_ms: Some(400),
        attributes: vec![
            attribute("decision", "\"accept\"".into()),
            attribute("long", format!("\"{}\"", "x".repeat(200))),
            attribute("raw", "no json".into()),
        ],
        sip_sessions: vec![sip],
    }
}

fn answer() -> Value {
    let mut tree = serde_json::to_value(tree()).unwrap();
    read_attributes(&mut tree);
    json!({ "sessions": [tree] })
}

#[test]
fn a_session_is_a_tree_of_lines() {
    let expected = format!(
        r#"screen 0.1.0 #91ab07   session 21pesmct
  age 3.2 s   expires in 3 min   valid, invalidate-when-ready   shard 1 partition 129
  snapshot version 4, the store has 3
  parked   version 4 (1204 bytes, offered 1 times) holds 200 INVITE
  turn     do-bye for 3 ms
  mailbox  2: BYE, deadline
  due      in 400 ms
  decision = "accept"
  long = "{}..
  raw = "no json"
  sip session s1   confirmed   valid
    call-id  call-1
    local    <sip:bob@host>;tag=21pesm
    remote   <sip:alice@home>;tag=a
    peer     udp 10.0.0.2:5070
    dialog   confirmed uas   cseq ours - theirs 1
    tags     ours 21pesm theirs a
    target   sip:alice@10.0.0.2:5070
    route    <sip:proxy;lr>
    seen = 1
    server INVITE Accepted   cseq 1   udp 10.0.0.2:5070
      branch   z9hG4bK?[2J
      timers   L in 31.9 s, 2xx in 400 ms
"#,
        "x".repeat(show::VALUE_SHOWN - 3)
    );
    let shown = show::show(&answer(), false);
    assert!(shown == expected, "{shown}");
    assert!(show::show(&answer(), true).contains(&"x".repeat(200)));
}

#[test]
fn a_machine_gets_values_as_json() {
    let answer = answer();
    assert_eq!(answer["sessions"][0]["attributes"][0]["value"], "accept");
    assert_eq!(answer["sessions"][0]["sip_sessions"][0]["attributes"][0]["value"], 1);
    assert_eq!(answer["sessions"][0]["attributes"][2]["value"], "no json");
}
