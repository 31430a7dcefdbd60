//! Open files: the limit is raised, connections stay below it, and where there is none left nobody spins.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rustix::process::{Resource, Rlimit, prlimit};

use crate::host::{Host, Setup, wait_for};
use crate::phone::{PATIENCE, Phone, Request, status};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("limits":
        shared the_limit_of_open_files_is_raised,
        shared connections_leave_files_for_all_else,
        shared without_a_free_descriptor_accepting_rests_and_goes_on;)
}

fn the_limit_of_open_files_is_raised() {
    let host = Setup::new().sample("answer").open_files(200, 3000).start();
    assert_eq!(host.metrics().value("siplet_open_files_max"), 3000.0);
    let log = host.log();
    assert!(log.contains("lets this process open 3000 files"), "10,000 connections do not fit");
    assert!(log.contains("LimitNOFILE="), "and what to do about it is said");
    host.stop();
}

/// True when the host has closed the connection.
fn is_closed(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("it is open");
    match stream.read(&mut [0; 16]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

fn connections_leave_files_for_all_else() {
    let host = Setup::new().sample("answer").open_files(300, 300).start();
    let streams: Vec<TcpStream> =
        (0..250).map(|_| TcpStream::connect(host.sip).expect("the host listens")).collect();
    let refused = || host.metrics().value("siplet_connections_refused_total");
    assert!(wait_for(PATIENCE, || refused() + host.metrics().value("siplet_connections") == 250.0));
    assert!((50.0..120.0).contains(&refused()), "300 less what is no peer's: {} refused", refused());
    let closed = streams.iter().filter(|stream| is_closed(stream)).count();
    assert_eq!(closed as f64, refused(), "who is refused is told by the end of its connection");
    assert_eq!(host.metrics().sum("siplet_connections_not_accepted_total", ""), 0.0);
    let phone = Phone::new(host.sip);
    assert_eq!(status(&phone.ask(&phone.request("OPTIONS", "sip:bob@anywhere.example"))), Some(200));
    drop(streams);
    host.stop();
}

fn open_files(host: &Host) -> u64 {
    let folder = format!("/proc/{}/fd", host.id().as_raw_nonzero());
    std::fs::read_dir(folder).expect("the child runs").count() as u64
}

fn limit(host: &Host, current: u64) -> Rlimit {
    let maximum = Some(4000);
    prlimit(Some(host.id()), Resource::Nofile, Rlimit { current: Some(current), maximum })
        .expect("it is ours")
}

fn without_a_free_descriptor_accepting_rests_and_goes_on() {
    let host = Setup::new().sample("answer").open_files(4000, 4000).start();
    limit(&host, open_files(&host) + 1);
    let mut streams: Vec<TcpStream> =
        (0..5).map(|_| TcpStream::connect(host.sip).expect("the kernel takes it")).collect();
    let (begun, cpu) = (Instant::now(), host.cpu());
    let phone = Phone::new(host.sip);
    while begun.elapsed() < Duration::from_secs(2) {
        let options = phone.request("OPTIONS", "sip:bob@anywhere.example");
        assert_eq!(status(&phone.ask(&options)), Some(200), "UDP goes on");
        std::thread::sleep(Duration::from_millis(100));
    }
    let used = host.cpu() - cpu;
    assert!(used < Duration::from_millis(700), "it does not spin: {used:?} of CPU in two seconds");

    limit(&host, 4000);
    for stream in &mut streams {
        let local = stream.local_addr().expect("it is open");
        let options = Request::new("OPTIONS", "sip:bob@anywhere.example", local).over_tcp();
        stream.write_all(options.text().as_bytes()).expect("it is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is above zero");
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).expect("it is accepted now, and answered");
        assert!(buffer[..length].starts_with(b"SIP/2.0 200 "));
    }
    let failures = host.metrics().value("siplet_connections_not_accepted_total{reason=\"no-descriptor\"}");
    assert!((1.0..30.0).contains(&failures), "counted, and few because it rests: {failures}");
    host.expect_log("the process has no file descriptor left", Duration::from_secs(1));
    host.stop();
}
