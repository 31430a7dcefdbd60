//! TCP peers that do not read, do not write, or write a little at a time: each is cut off for it, and others notice nothing.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Host, Setup, wait_for};
use crate::phone::{PATIENCE, Request, status};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("slow":
        shared a_peer_that_does_not_read_is_cut_off,
        shared a_peer_that_stops_reading_is_cut_off_after_a_while,
        shared a_message_that_is_not_whole_in_time_is_cut_off,
        shared silent_connections_are_cut_off;)
}

/// More requests than kernel and host keep answers of.
const FLOOD: u32 = 400_000;

fn connect(host: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(host).expect("the host listens on TCP");
    stream.set_read_timeout(Some(PATIENCE)).expect("it is above zero");
    stream.set_write_timeout(Some(PATIENCE)).expect("it is above zero");
    stream
}

fn options(stream: &TcpStream) -> Request {
    let local = stream.local_addr().expect("it is open");
    Request::new("OPTIONS", "sip:bob@anywhere.example", local).over_tcp()
}

fn closed(host: &Host, reason: &str) -> f64 {
    host.metrics().value(&format!("siplet_connections_closed_total{{reason=\"{reason}\"}}"))
}

/// Waits until the host has closed the connection; how long that took.
fn until_closed(mut stream: TcpStream, timeout: Duration) -> Duration {
    let begun = Instant::now();
    stream.set_read_timeout(Some(timeout)).expect("it is above zero");
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return begun.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return begun.elapsed(),
            Err(error) => panic!("not closed within {timeout:?}: {error}"),
        }
    }
}

/// Sends requests and reads no answer until the host closes, or `enough` says that it has had enough.
fn flood(stream: &mut TcpStream, mut enough: impl FnMut(u32) -> bool) -> bool {
    let request = options(stream);
    for number in 0..FLOOD {
        let text = Request { branch: format!("z9hG4bK-{number}"), ..request.clone() }.text();
        if stream.write_all(text.as_bytes()).is_err() {
            return true;
        }
        if number % 100 == 0 && enough(number) {
            return false;
        }
    }
    false
}

fn expect_others_are_served(host: &Host) {
    let mut other = connect(host.sip);
    let request = options(&other);
    other.write_all(request.text().as_bytes()).expect("it is open");
    let mut buffer = [0; 4096];
    let length = other.read(&mut buffer).expect("an answer");
    assert_eq!(status(&String::from_utf8_lossy(&buffer[..length])), Some(200));
}

fn a_peer_that_does_not_read_is_cut_off() {
    let limits = "[limits]\nwrite-queue-messages = 100\nwrite-queue-bytes = 1048576";
    let host = Setup::new().sample("answer").section(limits).start();
    let mut deaf = connect(host.sip);
    assert!(flood(&mut deaf, |_| false), "the host closes when too much waits");
    assert_eq!(closed(&host, "write-queue"), 1.0);
    let metrics = host.metrics();
    let failed = metrics.sum("siplet_transmit_failed_total", "");
    assert!(failed >= 100.0, "the core hears of each answer that waited: {failed}");
    assert_eq!(metrics.value("siplet_queued_messages"), 0.0, "and nothing of them is kept");
    host.expect_log("it does not read what is sent to it", Duration::from_secs(1));
    expect_others_are_served(&host);
    host.stop();
}

fn a_peer_that_stops_reading_is_cut_off_after_a_while() {
    let limits =
        "[limits]\nwrite-queue-messages = 1000000\nwrite-queue-bytes = 200000000\nwrite-timeout-s = 1";
    let host = Setup::new().sample("answer").section(limits).start();
    let mut deaf = connect(host.sip);
    let waits = |number: u32| number % 2000 == 0 && host.metrics().value("siplet_queued_messages") > 0.0;
    flood(&mut deaf, waits);
    assert!(
        wait_for(Duration::from_secs(5), || closed(&host, "write-timeout") == 1.0),
        "cut off after a second"
    );
    expect_others_are_served(&host);
    host.stop();
}

/// One octet now and then is no progress: a message has its time as a whole.
fn a_message_that_is_not_whole_in_time_is_cut_off() {
    let host = Setup::new().sample("answer").section("[limits]\nframe-timeout-s = 1").start();
    let mut drips = connect(host.sip);
    let text = options(&drips).text();
    let begun = Instant::now();
    for octet in text.as_bytes() {
        if drips.write_all(&[*octet]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        if begun.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    until_closed(drips, Duration::from_secs(2));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(closed(&host, "slow-message"), 1.0);
    // A body that never comes is the same.
    let mut half = connect(host.sip);
    let request = Request { body: "x".repeat(100), ..options(&half) };
    let text = request.text();
    half.write_all(&text.as_bytes()[..text.len() - 10]).expect("it is open");
    let took = until_closed(half, Duration::from_secs(4));
    assert!(took >= Duration::from_millis(900), "it has its second: {took:?}");
    assert_eq!(closed(&host, "slow-message"), 2.0);
    expect_others_are_served(&host);
    host.stop();
}

/// Whoever connects says something soon; whoever has said something may be silent for longer, but not for ever. A ping is
/// a sign of life (RFC 5626 §3.5.1).
fn silent_connections_are_cut_off() {
    let limits = "[limits]\nframe-timeout-s = 1\nidle-timeout-s = 3";
    let host = Setup::new().sample("answer").section(limits).start();
    let silent = connect(host.sip);
    let mut pings = connect(host.sip);
    pings.write_all(b"\r\n\r\n").expect("it is open");
    let begun = Instant::now();
    let mut once = connect(host.sip);
    let request = options(&once);
    once.write_all(request.text().as_bytes()).expect("it is open");
    let took = until_closed(silent, Duration::from_secs(3));
    assert!(took < Duration::from_millis(2500), "nothing came: {took:?}");
    let mut pong = [0; 2];
    while begun.elapsed() < Duration::from_secs(5) {
        pings.read_exact(&mut pong).expect("a pong");
        assert_eq!(&pong, b"\r\n");
        pings.write_all(b"\r\n\r\n").expect("it is open");
        std::thread::sleep(Duration::from_millis(300));
    }
    until_closed(once, Duration::from_secs(3));
    assert_eq!((closed(&host, "slow-message"), closed(&host, "idle")), (1.0, 1.0));
    drop(pings);
    host.stop();
}
