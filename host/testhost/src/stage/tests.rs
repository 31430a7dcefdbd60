use siplet_test_protocol::{Event, Transport};

use super::*;

fn stage() -> Stage {
    let mut stage = Stage::new("0.1.0", None);
    stage.handle(&Request::Hello { protocol: PROTOCOL }).expect("a hello");
    stage
        .handle(&Request::Begin { seed: 1, start_s: Some(1_795_305_600), modes: Modes::Both })
        .expect("a world");
    stage
}

#[test]
fn phones_of_one_domain_reach_each_other_by_their_users_and_names_do_not_clash() {
    let mut stage = stage();
    for uri in ["sip:alice@home", "sip:bob@home", "sip:alice@work"] {
        let answer = stage.handle(&Request::Phone { uri: uri.to_owned(), transport: Transport::Udp });
        assert!(answer.is_ok(), "{uri}");
    }
    let again = stage.handle(&Request::Phone { uri: "sip:bob@home".to_owned(), transport: Transport::Tcp });
    assert_eq!(again.expect_err("it is there").text, "there is a phone sip:bob@home already");
    let names: Vec<String> =
        stage.first.as_ref().expect("a world").world.peers.iter().map(|peer| peer.name.clone()).collect();
    assert_eq!(names.len(), 3);
    assert!(names[0] != names[2], "tags are made from the names: {names:?}");
}

#[test]
fn time_stops_where_a_message_comes() {
    let mut stage = stage();
    stage
        .handle(&Request::Phone { uri: "sip:alice@home".to_owned(), transport: Transport::Udp })
        .expect("a phone");
    let delay = Request::Network { delay_us: 20_000, jitter_us: 0, loss_percent: 0, duplication_percent: 0 };
    stage.handle(&delay).expect("a network");
    let parts = siplet_test_protocol::Parts::default();
    let send = Request::Send { phone: 0, method: "INVITE".to_owned(), uri: "sip:bob@home".to_owned(), parts };
    let sent = stage.handle(&send).expect("a request");
    assert_eq!((sent.now_us, sent.events.len()), (0, 0), "it is on its way");
    let answer =
        stage.handle(&Request::Advance { us: 32_000_000, until_message: true }).expect("time passes");
    assert_eq!((answer.now_us, answer.result), (40_000, Some(Outcome::Stopped(true))));
    let told = answer
        .events
        .iter()
        .any(|event| matches!(event, Event::Response { message, .. } if message.status == 404));
    assert!(told, "{:?}", answer.events);
}
