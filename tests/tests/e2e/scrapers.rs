//! The read-only listener with whoever may reach it: each costs a bounded amount, and no call.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Host, Setup};
use crate::http;
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("scrapers":
        shared one_connection_has_one_request,
        shared a_request_that_is_slow_or_too_large_is_cut_off,
        shared whoever_holds_connections_makes_room_for_others,
        shared scraping_without_end_costs_no_call;)
}

/// Longer than the listener lets any connection live.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(15);

fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the host listens");
    stream.set_read_timeout(Some(CUT_OFF_WITHIN)).expect("it is above zero");
    stream
}

/// All that comes until the host closes.
fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the host does not close: {error}"),
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn one_connection_has_one_request() {
    let host = Host::with(&["answer"]);
    let mut stream = open(host.http);
    let ask = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive\r\n\r\n", host.http);
    stream.write_all(ask.repeat(3).as_bytes()).expect("it is open");
    let text = rest(stream);
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 1, "{text}");
    assert!(text.to_ascii_lowercase().contains("connection: close"), "{text}");
    host.stop();
}

fn a_request_that_is_slow_or_too_large_is_cut_off() {
    let host = Host::with(&["answer"]);
    let mut slow = open(host.http);
    slow.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n").expect("it is open");
    let drips = slow.try_clone().expect("it is open");
    let begun = Instant::now();
    let dripping = thread::spawn(move || {
        let mut drips = drips;
        while drips.write_all(b"X: y\r\n").is_ok() && begun.elapsed() < CUT_OFF_WITHIN {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let mut large = open(host.http);
    // The host may close while this is still being written.
    let _ = large.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(64 << 10)).as_bytes());
    let text = rest(large);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 431"), "{text}");
    let mut body = open(host.http);
    let head = "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n";
    body.write_all(head.as_bytes()).expect("it is open");
    let text = rest(body);
    assert!(text.starts_with("HTTP/1.1 405"), "nobody reads the body: {text}");
    let text = rest(slow);
    assert!(!text.contains("200 OK"), "{text}");
    assert!(begun.elapsed() < CUT_OFF_WITHIN, "{:?}", begun.elapsed());
    dripping.join().expect("it does not panic");
    host.stop();
}

fn whoever_holds_connections_makes_room_for_others() {
    let host = Setup::new().sample("answer").section("[limits]\nhttp-connections = 4").start();
    let held: Vec<TcpStream> = (0..40).map(|_| open(host.http)).collect();
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(http::ask("GET", host.http, "/healthz").map(|(status, _)| status), Some(200));
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "nobody waits for them: {:?}", begun.elapsed());
    let cut = host.metrics().value("siplet_http_connections_cut_total");
    assert!(cut >= 36.0, "{cut} of 40 were cut, where there is room for 4");
    for stream in held {
        assert_eq!(rest(stream), "");
    }
    host.stop();
}

/// However often it is asked for its numbers, a shard is asked a few times a second: its calls do not notice.
fn scraping_without_end_costs_no_call() {
    let host = Host::with(&["answer"]);
    let address = host.http;
    let until = Instant::now() + Duration::from_secs(5);
    let scrapers: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(move || {
                let mut pages = 0;
                while Instant::now() < until {
                    pages += u32::from(
                        http::ask("GET", address, "/metrics").is_some_and(|(status, _)| status == 200),
                    );
                }
                pages
            })
        })
        .collect();
    Sipp::built_in("uac", host.sip).calls(200).rate(50).hold_ms(100).run().expect_clean();
    let pages: u32 = scrapers.into_iter().map(|scraper| scraper.join().expect("it does not panic")).sum();
    assert!(pages > 100, "{pages} pages were shown");
    host.stop();
}
