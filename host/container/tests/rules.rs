//! The servlet rules for messages: each action that a turn may not do, and the error that says so. Nothing of it is done.

#[path = "support/host.rs"]
mod host;
#[path = "support/tried.rs"]
mod tried;

use host::{Host, accept, request, response};
use siplet_container::app::Handler::{
    DoInvite, DoMessage, DoOptions, DoProvisionalResponse, DoRegister, DoSuccessResponse,
};
use siplet_container::turn::{Callback, MessageId, Misuse, SipKey};
use tried::{CALLEE, ME, answer, check, invite, name_of};

/// SIP Servlet 1.1 §5.2, §5.3, RFC 3261 §8.2.6.
#[test]
fn a_request_is_answered_by_the_rules() {
    check(
        "INVITE",
        &[
            ("a status below 100", |turn, request| answer(turn, request, 99).map(drop), "invalid status 99"),
            (
                "a status above 699",
                |turn, request| answer(turn, request, 700).map(drop),
                "invalid status 700",
            ),
            (
                "a line end in the reason",
                |turn, request| turn.create_response(request, 200, Some("OK\r\nX: y")).map(drop),
                "invalid header",
            ),
            ("a handle of another turn", |turn, _| answer(turn, MessageId(5), 200).map(drop), "stale handle"),
            (
                "a second final response",
                |turn, request| answer(turn, request, 200).and_then(|_| answer(turn, request, 486)).map(drop),
                "final response sent",
            ),
            (
                "a response made before the final one",
                |turn, request| {
                    let late = turn.create_response(request, 180, None)?;
                    answer(turn, request, 200)?;
                    turn.send(late)
                },
                "final response sent",
            ),
            (
                "a response that was sent",
                |turn, request| answer(turn, request, 180).and_then(|sent| turn.send(sent)),
                "already committed",
            ),
            (
                "a header of a response that was sent",
                |turn, request| answer(turn, request, 180).and_then(|sent| turn.set_header(sent, "X", b"y")),
                "already committed",
            ),
            (
                "a header of a received message",
                |turn, request| turn.set_header(request, "X", b"y"),
                "already committed",
            ),
            ("a received message", |turn, request| turn.send(request), "already committed"),
            (
                "an answer to a response",
                |turn, request| answer(turn, request, 180).and_then(|sent| answer(turn, sent, 200)).map(drop),
                "no transaction",
            ),
        ],
    );
}

/// RFC 4320 §4: what a non-INVITE transaction takes.
// [3261-8.2.6.1-s1]
#[test]
fn a_request_that_is_no_invite_takes_fewer_statuses() {
    check(
        "MESSAGE",
        &[
            ("ringing", |turn, request| answer(turn, request, 180).map(drop), "invalid status 180"),
            (
                "a 100 that only slows down",
                |turn, request| answer(turn, request, 100).map(drop),
                "invalid status 100",
            ),
            ("a timeout", |turn, request| answer(turn, request, 408).map(drop), "invalid status 408"),
            ("a success", |turn, request| answer(turn, request, 200).map(drop), "done"),
        ],
    );
}

/// SIP Servlet 1.1 §4.1.3, §8.1.2: ACK and CANCEL have functions of their own.
// [3261-15-1]
#[test]
fn a_request_is_created_by_the_rules() {
    check(
        "INVITE",
        &[
            ("an ACK", |turn, _| turn.create_initial_request("ACK", ME, CALLEE).map(drop), "invalid method"),
            (
                "a CANCEL",
                |turn, _| turn.create_initial_request("CANCEL", ME, CALLEE).map(drop),
                "invalid method",
            ),
            (
                "no token",
                |turn, _| turn.create_initial_request("B YE", ME, CALLEE).map(drop),
                "invalid method",
            ),
            (
                "an ACK in a session",
                |turn, request| {
                    turn.session_of(request).and_then(|sip| turn.create_request(sip, "ACK")).map(drop)
                },
                "invalid method",
            ),
            (
                "a BYE before there is a dialog",
                |turn, request| {
                    turn.session_of(request).and_then(|sip| turn.create_request(sip, "BYE")).map(drop)
                },
                "no dialog",
            ),
            (
                "a BYE of no session",
                |turn, _| turn.create_initial_request("BYE", ME, CALLEE).map(drop),
                "no dialog",
            ),
            (
                "a PRACK of no session",
                |turn, _| turn.create_initial_request("PRACK", ME, CALLEE).map(drop),
                "no dialog",
            ),
            (
                "an UPDATE of no session",
                |turn, _| turn.create_initial_request("UPDATE", ME, CALLEE).map(drop),
                "no dialog",
            ),
            (
                "a session that is not here",
                |turn, _| turn.create_request(SipKey(99), "INFO").map(drop),
                "stale handle",
            ),
            ("an ACK of a request", |turn, request| turn.create_ack(request).map(drop), "no transaction"),
            (
                "a CANCEL of what came in",
                |turn, request| turn.create_cancel(request).map(drop),
                "no transaction",
            ),
            (
                "the request of a request of our own",
                |turn, _| invite(turn).and_then(|made| turn.request_of(made)).map(drop),
                "no transaction",
            ),
        ],
    );
}

/// SIP Servlet 1.1 §5.4: the Request-URI is the servlet's outside a dialog.
#[test]
fn a_request_uri_is_set_by_the_rules() {
    check(
        "INVITE",
        &[
            (
                "a Request-URI that is none",
                |turn, _| invite(turn).and_then(|made| turn.set_request_uri(made, b"not a uri")),
                "invalid address",
            ),
            (
                "the Request-URI of a response",
                |turn, request| {
                    let response = turn.create_response(request, 200, None)?;
                    turn.set_request_uri(response, b"sip:a@b")
                },
                "system header Request-URI",
            ),
            (
                "the Request-URI of a new request",
                |turn, _| invite(turn).and_then(|made| turn.set_request_uri(made, b"sip:a@10.0.0.4")),
                "done",
            ),
        ],
    );
}

/// RFC 3261 §8.1.1.2, §8.1.1.3, §8.1.2.
// [3261-8.1.1.2-3]
#[test]
fn an_address_is_checked_before_anything_is_made_of_it() {
    const BAD: [(&str, &str); 9] = [
        ("", CALLEE),
        ("<sip:me@here", CALLEE),
        ("<not a uri>", CALLEE),
        ("\"a\r\nX: y\" <sip:me@here>", CALLEE),
        ("<sip:me@here>;p=\"\r\n\"", CALLEE),
        ("<sip:me@here>;tag=mine", CALLEE),
        (ME, "<not a uri>"),
        (ME, "a\r\nb <sip:callee@10.0.0.3>"),
        (ME, "<sip:callee@10.0.0.3>;tag=theirs"),
    ];
    check(
        "INVITE",
        &[(
            "addresses that are none",
            |turn, _| {
                let before = turn.sessions();
                for (from, to) in BAD {
                    let made = turn.create_initial_request("INVITE", from, to);
                    assert!(matches!(made, Err(Misuse::InvalidAddress(_))), "{from} {to}: {made:?}");
                }
                let long = format!("<sip:{}@here>", "x".repeat(70_000));
                assert!(turn.create_initial_request("INVITE", ME, &long).is_err(), "no head is that long");
                assert_eq!(turn.sessions(), before, "no session is left of what was refused");
                Ok(())
            },
            "done",
        )],
    );
}

/// RFC 3261 §8.1.2: where no listener leads nothing is sent.
#[test]
fn a_call_that_no_listener_can_carry_is_refused() {
    for (target, expected) in [
        ("<tel:+123>", "not supported"),
        ("<sips:callee@10.0.0.3>", "not supported"),
        ("<sip:callee@[2001:db8::1]>", "not supported"),
        ("<sip:callee@10.0.0.3;transport=pigeon>", "invalid address"),
    ] {
        let mut host = Host::new(&[DoInvite], move |turn| {
            let made = turn.create_initial_request("INVITE", ME, target)?;
            let refused = turn.send(made).expect_err("nowhere to go");
            assert_eq!(name_of(&refused), expected, "{target}");
            Ok(())
        });
        host.receive(&request("INVITE", 1, "i", ""));
        assert_eq!(host.turns, ["do-invite"]);
        assert_eq!(host.container.counts().client_transactions, 0);
    }
}

/// SIP Servlet 1.1 §4.1.2: what the container writes itself, whatever the name's form or case, and however it is changed.
#[test]
fn system_headers_are_the_containers() {
    const SYSTEM: [&str; 19] = [
        "Via",
        "v",
        "From",
        "f",
        "To",
        "t",
        "Call-ID",
        "i",
        "cseq",
        "MAX-FORWARDS",
        "Record-Route",
        "Content-Length",
        "l",
        "RSeq",
        "RAck",
        "Contact",
        "m",
        "Route",
        "contact",
    ];
    check(
        "INVITE",
        &[(
            "in a 200",
            |turn, request| {
                let response = turn.create_response(request, 200, None)?;
                let before = turn.flat(response)?;
                for name in SYSTEM {
                    let expected = Err(Misuse::SystemHeader(name.to_owned()));
                    assert_eq!(turn.set_header(response, name, b"1"), expected);
                    assert_eq!(turn.add_header(response, name, b"1"), expected);
                    assert_eq!(turn.remove_header(response, name), expected);
                }
                assert_eq!(turn.flat(response)?, before);
                turn.set_header(response, "Subject", b"what is the servlet's")
            },
            "done",
        )],
    );
}

/// SIP Servlet 1.1 §4.1.2: the Contact is the servlet's in 3xx, 485, the 200 of REGISTER and OPTIONS, and in a REGISTER.
#[test]
fn contact_is_the_servlets_where_it_says_where_else_to_go() {
    let contact: [(&'static str, &[(u16, bool)]); 3] = [
        (
            "INVITE",
            &[(180, false), (200, false), (300, true), (302, true), (399, true), (485, true), (486, false)],
        ),
        ("OPTIONS", &[(200, true), (302, true), (404, false)]),
        ("REGISTER", &[(200, true), (299, true), (403, false)]),
    ];
    for (method, statuses) in contact {
        for (status, allowed) in statuses.iter().copied() {
            let mut host = Host::new(&[DoInvite, DoOptions, DoRegister], move |turn| {
                let Callback::Request { message, .. } = turn.callback() else { return Ok(()) };
                let response = turn.create_response(message, status, None)?;
                let changed = turn.set_header(response, "Contact", b"<sip:elsewhere@10.0.0.9>");
                assert_eq!(changed.is_ok(), allowed, "{method} {status}");
                Ok(())
            });
            host.receive(&request(method, 1, "i", ""));
            assert_eq!(host.turns.len(), 1, "{method}");
        }
    }
}

/// SIP Servlet 1.1 §4.1.2: a REGISTER says whose Contact it registers, and a first request may name its way.
#[test]
fn contact_and_route_of_our_own_requests() {
    check(
        "INVITE",
        &[
            (
                "in a REGISTER of ours",
                |turn, _| {
                    let register = turn.create_initial_request("REGISTER", ME, CALLEE)?;
                    turn.set_header(register, "m", b"*")
                },
                "done",
            ),
            (
                "in an INVITE of ours",
                |turn, _| invite(turn).and_then(|made| turn.set_header(made, "m", b"*")),
                "system header m",
            ),
            (
                "Route in an INVITE of ours",
                |turn, _| invite(turn).and_then(|made| turn.add_header(made, "Route", b"<sip:10.0.0.5;lr>")),
                "done",
            ),
        ],
    );
}

/// RFC 3261 §7.3.1: no name, value, type or reason of a servlet can end a line.
#[test]
fn nothing_that_a_servlet_writes_can_end_a_line() {
    check(
        "INVITE",
        &[(
            "headers and content",
            |turn, request| {
                let response = turn.create_response(request, 200, None)?;
                let before = turn.flat(response)?;
                for name in ["", "A B", "A:", "A\r\nB", "X\0"] {
                    let set = turn.set_header(response, name, b"v");
                    assert!(matches!(set, Err(Misuse::InvalidHeader(_))), "{name:?}: {set:?}");
                }
                for value in [&b"a\r\nX: y"[..], b"a\nX: y", b"a\rb", b"a\0b", b"\r\n\r\nbody"] {
                    let add = turn.add_header(response, "Subject", value);
                    assert!(matches!(add, Err(Misuse::InvalidHeader(_))), "{value:?}: {add:?}");
                }
                let content = turn.set_content(response, "text/plain\r\nX: y", b"body");
                assert!(matches!(content, Err(Misuse::InvalidHeader(_))), "{content:?}");
                assert_eq!(turn.flat(response)?, before);
                turn.send(response)
            },
            "done",
        )],
    );
}

/// SIP Servlet 1.1 §8.1.2, RFC 3261 §13.2.2.4: an ACK answers a 2xx, once; what it acknowledges has no CANCEL any more.
// [3261-9.1-s2, 3261-15.1.1-1]
#[test]
fn a_2xx_is_acknowledged_once_and_its_invite_not_cancelled() {
    let mut host = Host::new(&[DoMessage, DoSuccessResponse], |turn| {
        let Some(success) = host::response_in(turn) else { return host::caller(turn) };
        assert_eq!(turn.send(success), Err(Misuse::AlreadyCommitted));
        assert_eq!(turn.create_response(success, 200, None), Err(Misuse::NoTransaction));
        let ack = turn.create_ack(success)?;
        assert_eq!(turn.set_header(ack, "Contact", b"*"), Err(Misuse::SystemHeader("Contact".to_owned())));
        assert_eq!(turn.set_header(ack, "Route", b"<sip:a>"), Err(Misuse::SystemHeader("Route".to_owned())));
        turn.send(ack)?;
        assert_eq!(turn.create_ack(success), Err(Misuse::NoTransaction));
        let invite = turn.request_of(success)?;
        assert_eq!(turn.create_cancel(invite), Err(Misuse::NoTransaction));
        let sip = turn.session_of(success)?;
        let bye = turn.create_request(sip, "BYE")?;
        assert_eq!(
            turn.set_request_uri(bye, b"sip:a@b"),
            Err(Misuse::SystemHeader("Request-URI".to_owned()))
        );
        turn.send(bye)?;
        assert_eq!(turn.create_request(sip, "INFO"), Err(Misuse::NoDialog));
        Ok(())
    });
    let invite = host.call_out();
    host.receive(&response(&invite, 200, "t"));
    assert_eq!(host.take_sent(), ["ACK", "BYE"]);
}

/// RFC 3261 §9.1: nothing but an INVITE is cancelled.
// [3261-9.1-s1]
#[test]
fn what_is_no_invite_is_not_cancelled() {
    let mut host = Host::new(&[DoMessage, DoProvisionalResponse], |turn| {
        let Some(ringing) = host::response_in(turn) else {
            let made = turn.create_initial_request("SUBSCRIBE", ME, CALLEE)?;
            turn.send(made)?;
            return accept(turn);
        };
        let subscribe = turn.request_of(ringing)?;
        assert!(matches!(turn.create_cancel(subscribe), Err(Misuse::InvalidMethod(_))));
        Ok(())
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    let subscribe = host.sent_request("SUBSCRIBE");
    host.receive(&response(&subscribe, 183, "t"));
    assert_eq!(host.turns, ["do-message", "do-provisional-response"]);
}
