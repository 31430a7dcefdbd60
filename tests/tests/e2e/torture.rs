//! The messages of RFC 4475 and RFC 5118 as datagrams: the status that their sender sees, and a host that stays up.
//!
//! `torture/expect.tsv` says what parser and validation do. What is well formed there goes on to the servlet `answer`;
//! what it gets from the layers above stands in [`ANSWERED`].

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Host, Setup};
use crate::phone::{PATIENCE, header, status};
use crate::places;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("torture": shared every_torture_message_is_answered_as_it_should;)
}

/// Ports that the Vias of the messages name: without `rport` the answer goes there (RFC 3261 §18.2.2). The first is
/// the one that the messages are sent from.
const PORTS: [u16; 4] = [5060, 5050, 6050, 19_823];

/// How long silence must last to count as none.
const SILENCE: Duration = Duration::from_millis(400);

/// Well-formed requests and their answer, by the servlet `answer` and the host around it. All other well-formed ones
/// get 200.
const ANSWERED: [(&str, u16); 17] = [
    // No servlet takes these methods (RFC 3261 §8.2.1).
    ("intmeth", 405),
    ("escnull", 405),
    ("esc02", 405),
    ("dblreq", 405),
    ("unksm2", 405),
    ("regaut01", 405),
    ("cparam01", 405),
    ("cparam02", 405),
    ("regescrt", 405),
    ("ipv6-good", 405),
    ("port-ambiguous", 405),
    ("port-unambiguous", 405),
    // Schemes that are not served (RFC 3261 §8.2.2.1).
    ("unkscm", 416),
    ("novelsc", 416),
    // An extension that is not there (§8.2.2.3), a body that the servlet does not understand (§8.2.3).
    ("bext01", 420),
    ("invut", 415),
    // No answer in a form that the caller accepts (§21.4.7).
    ("sdp01", 406),
];

/// A request whose To has a tag is for a dialog; there is none (RFC 3261 §12.2.2).
const NO_DIALOG: [&str; 3] = ["wsinv", "via-received-param-with-delim", "mult-ip-in-header"];

/// One message and what is expected.
struct Case {
    name: String,
    octets: Vec<u8>,
    /// None: nothing is to be heard.
    status: Option<u16>,
}

fn cases() -> Vec<Case> {
    let folder = places::ours("torture");
    let table = std::fs::read_to_string(folder.join("expect.tsv")).expect("the table is in the checkout");
    let case = |row: &str| {
        let cells: Vec<&str> = row.split('\t').collect();
        let (suite, name, expect) = (cells[0], cells[1], cells[2]);
        let octets =
            std::fs::read(folder.join(suite).join(format!("{name}.dat"))).expect("each row has its file");
        let status = match expect {
            _ if octets.starts_with(b"SIP/2.0 ") => None,
            "ok" if NO_DIALOG.contains(&name) => Some(481),
            "ok" => {
                Some(ANSWERED.iter().find(|(known, _)| *known == name).map_or(200, |(_, status)| *status))
            }
            "discard" => None,
            refused => Some(refused.parse().expect("a status, ok or discard")),
        };
        Case { name: name.to_owned(), octets, status }
    };
    table.lines().skip(1).map(case).collect()
}

/// A peer with an address of its own on the loopback, so that the ports of the messages are free.
struct Victim(Vec<UdpSocket>);

impl Victim {
    fn new() -> Self {
        let id = std::process::id();
        let address = Ipv4Addr::new(127, 71, (id >> 8) as u8, (id as u8).clamp(1, 254));
        let open = |port: u16| {
            let socket =
                UdpSocket::bind((address, port)).unwrap_or_else(|error| panic!("{address}:{port}: {error}"));
            socket.set_nonblocking(true).expect("it is bound");
            socket
        };
        Self(PORTS.into_iter().map(open).collect())
    }

    fn send(&self, octets: &[u8], host: SocketAddr) {
        self.0[0].send_to(octets, host).expect("loopback takes it");
    }

    /// The next message on any port.
    fn hear(&self, until: Instant) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        while Instant::now() < until {
            for socket in &self.0 {
                if let Ok((length, _)) = socket.recv_from(&mut buffer) {
                    return Some(String::from_utf8_lossy(&buffer[..length]).into_owned());
                }
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// The first final answer to this message. Repetitions of earlier answers, which nobody here acknowledges, are
    /// passed over.
    fn final_answer(&self, to: &[u8], timeout: Duration) -> Option<String> {
        let until = Instant::now() + timeout;
        let asked = identity(&String::from_utf8_lossy(to));
        loop {
            let message = self.hear(until)?;
            let is_final = status(&message).is_some_and(|status| status >= 200);
            if is_final && identity(&message) == asked {
                return Some(message);
            }
        }
    }
}

/// What an answer repeats of its request: Call-ID and CSeq, in any spelling and with any blanks, none where they are
/// missing.
fn identity(message: &str) -> [Option<String>; 2] {
    let head =
        message.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = |names: &[&str]| names.iter().find_map(|name| header(&head, name));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    [value(&["Call-ID", "i"]).map(words), value(&["CSeq"]).map(words)]
}

/// What makes two messages one transaction (RFC 3261 §17.2.3): a host that answered the first repeats itself.
fn transaction(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let method = text.split(' ').next().unwrap_or_default();
    format!("{method} {}", header(&text, "Via").unwrap_or(&text))
}

/// Sends a message to a host and says what is wrong with what comes back.
fn judge(case: &Case, host: &Host, victim: &Victim) -> Result<(), String> {
    victim.send(&case.octets, host.sip);
    let timeout = if case.status.is_some() { PATIENCE } else { SILENCE };
    let answer = victim.final_answer(&case.octets, timeout);
    let heard = answer.as_deref().and_then(status);
    if heard == case.status {
        return Ok(());
    }
    let what = |status: Option<u16>| status.map_or("silence".to_owned(), |status| status.to_string());
    Err(format!("{}: expected {}, heard {}", case.name, what(case.status), what(heard)))
}

/// A host that does not wait long for the calls that nobody here acknowledges.
fn start() -> Host {
    Setup::new().sample("answer").setting("stop-after-s = 0").section("[log]\nreports-per-minute = 0").start()
}

fn every_torture_message_is_answered_as_it_should() {
    let cases = cases();
    assert_eq!(cases.len(), 61, "RFC 4475 has 49 messages, RFC 5118 has 12");
    let victim = Victim::new();
    let mut host = start();
    let mut seen = HashSet::new();
    let mut wrong = Vec::new();
    for case in &cases {
        if !seen.insert(transaction(&case.octets)) {
            host.stop();
            host = start();
            seen = HashSet::from([transaction(&case.octets)]);
        }
        // What a 2xx without ACK repeats must not be taken for an answer to the next message.
        while victim.hear(Instant::now() + Duration::from_millis(5)).is_some() {}
        wrong.extend(judge(case, &host, &victim).err());
    }
    let asked = cases.iter().filter(|case| case.status.is_some()).count();
    assert!(
        wrong.is_empty(),
        "{} of 61 wrong ({asked} ask for an answer):\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    host.stop();
}
