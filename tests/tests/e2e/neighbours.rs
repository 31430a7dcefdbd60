//! The neighbours of a servlet that misbehaves: their calls are counted and timed, one by one.
//!
//! What the host promises (issue "Foundation"): the calls of a servlet beside one that loops, panics, allocates without end
//! or recurses ten times a second have no failure at 200 calls a second, and after the first overrun their p99 moves by less
//! than 5 ms. The number of failures is exact on every machine. Times are those of a machine with nothing else to do: where
//! others want the same cores, waking up takes longer for everybody, so the limit is stretched by how much later than asked
//! for the caller itself woke up, and by how much longer a little work took than its CPU time.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::Setup;
use crate::misbehaviour::{GUESTS, Guest, settings, stretched};
use crate::phone::{Phone, Request, header, status};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("neighbours": ; alone calls_beside_a_guest_that_misbehaves_all_succeed_in_their_usual_time)
}

/// Calls that begin in a second.
const RATE: u32 = 200;
/// Time of one phase: a look at the neighbours alone, or beside one guest.
const PHASE: Duration = Duration::from_secs(6);
/// From the first call to the guest until its first overrun is over: it may stall its shard once.
const WARM_UP: Duration = Duration::from_secs(1);
/// A call that has no answer by then has failed.
const PATIENCE: Duration = Duration::from_secs(8);
/// By how much the p99 may move.
const MOVE: Duration = Duration::from_millis(5);

fn calls_beside_a_guest_that_misbehaves_all_succeed_in_their_usual_time() {
    let setup = Setup::new().sample_with("answer", "domains = [\"127.0.0.1\"]");
    let host = GUESTS.iter().fold(setup, |setup, guest| setup.guest(guest.name, &settings(guest))).start();
    // Whatever is done once at the first calls is done now.
    Neighbours::call(host.sip, Duration::from_secs(2), Duration::ZERO);
    let alone = Neighbours::call(host.sip, PHASE, Duration::ZERO);
    alone.expect_no_failure("alone");
    let mut wrong = Vec::new();
    for guest in &GUESTS {
        let over = AtomicBool::new(false);
        let (beside, answers, stretch) = thread::scope(|scope| {
            let caller = scope.spawn(|| call_until(&over, host.sip, guest));
            let beside = Neighbours::call(host.sip, PHASE, WARM_UP);
            over.store(true, Ordering::Relaxed);
            (beside, caller.join().expect("it does not panic"), stretched())
        });
        assert!(
            answers > 20,
            "{}: it was called ten times a second, and answered {answers} times",
            guest.name
        );
        beside.expect_no_failure(guest.name);
        let late = beside.late.saturating_sub(alone.late);
        let limit = MOVE.mul_f64(stretch) + late;
        let moved = beside.p99.saturating_sub(alone.p99);
        eprintln!(
            "{}: p99 {:?} alone, {:?} beside it, moved by {moved:?}; limit {limit:?} (stretch {stretch:.1}, later by {late:?})",
            guest.name, alone.p99, beside.p99
        );
        if moved >= limit {
            wrong.push(format!("{}: p99 moved by {moved:?}, limit {limit:?}", guest.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    host.stop();
}

/// Calls the guest ten times a second and hears 500 each time; how often.
fn call_until(over: &AtomicBool, host: SocketAddr, guest: &Guest) -> u32 {
    let phone = Phone::new(host);
    let mut answers = 0;
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let invite = phone.request("INVITE", &format!("sip:anybody@{}.example", guest.name));
        phone.send(&invite.text());
        let answer = phone.final_answer(&invite, PATIENCE).expect("a final answer");
        assert_eq!(status(&answer), Some(500), "{}: {answer}", guest.name);
        phone.send(&invite.ack_of_failure(&answer));
        answers += 1;
        thread::sleep(Duration::from_millis(100).saturating_sub(begun.elapsed()));
    }
    answers
}

/// What a phase of calls to the servlet beside was like.
struct Neighbours {
    begun: usize,
    done: usize,
    wrong: Vec<String>,
    /// From INVITE to its 200: 99 of 100 calls took at most this.
    p99: Duration,
    /// 99 of 100 calls began at most so much later than they should.
    late: Duration,
}

/// One call: INVITE, 200, ACK, BYE, 200.
struct Call {
    invite: Request,
    begun: Instant,
    last: Request,
    sent: Instant,
}

impl Neighbours {
    /// Calls for that time and waits for all of them; the first ones are not timed.
    fn call(host: SocketAddr, time: Duration, untimed: Duration) -> Self {
        let socket = UdpSocket::bind((host.ip(), 0)).expect("there are free ports");
        let local = socket.local_addr().expect("it is bound");
        let begun = Instant::now();
        let count = (time.as_secs_f64() * f64::from(RATE)) as usize;
        let due = |number: usize| begun + Duration::from_secs(1) / RATE * number as u32;
        let mut calls: HashMap<String, Call> = HashMap::new();
        let (mut times, mut lates, mut wrong, mut done, mut next) =
            (Vec::new(), Vec::new(), Vec::new(), 0, 0);
        let mut buffer = vec![0; 65_535];
        while next < count || !calls.is_empty() {
            let now = Instant::now();
            if next < count && due(next) <= now {
                lates.push(now - due(next));
                let invite = Request::new("INVITE", "sip:anybody@127.0.0.1", local);
                socket.send_to(invite.text().as_bytes(), host).expect("loopback takes it");
                let call = Call { last: invite.clone(), begun: now, sent: now, invite };
                calls.insert(call.invite.call_id.clone(), call);
                next += 1;
                continue;
            }
            calls.retain(|_, call| call.wait(&socket, host, now, &mut wrong));
            let until = if next < count { due(next) } else { now + Duration::from_millis(50) };
            let wait = until.saturating_duration_since(now).max(Duration::from_micros(50));
            socket.set_read_timeout(Some(wait)).expect("it is above zero");
            let Ok((length, _)) = socket.recv_from(&mut buffer) else { continue };
            let now = Instant::now();
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let Some(call) = header(&message, "Call-ID").and_then(|id| calls.get_mut(id)) else { continue };
            match call.hear(&message, &socket, host, now) {
                Heard::Nothing => {}
                Heard::Answered(took) if call.begun >= begun + untimed => times.push(took),
                Heard::Answered(_) => {}
                Heard::Ended => {
                    let id = call.invite.call_id.clone();
                    calls.remove(&id);
                    done += 1;
                }
                Heard::Wrong => {
                    let id = call.invite.call_id.clone();
                    calls.remove(&id);
                    wrong.push(message);
                }
            }
        }
        let p99 = percentile(&mut times);
        Self { begun: count, done, wrong, p99, late: percentile(&mut lates) }
    }

    fn expect_no_failure(&self, when: &str) {
        assert!(
            self.wrong.is_empty(),
            "{when}: {} of {} calls failed: {}",
            self.wrong.len(),
            self.begun,
            self.wrong[0]
        );
        assert_eq!(self.done, self.begun, "{when}");
    }
}

/// What an answer means for its call.
enum Heard {
    Nothing,
    /// Its INVITE has its 200, after this time.
    Answered(Duration),
    /// Its BYE has its 200.
    Ended,
    Wrong,
}

impl Call {
    /// Sends again what has no answer (RFC 3261 §17.1.1.2); false when the call has failed.
    fn wait(&mut self, socket: &UdpSocket, host: SocketAddr, now: Instant, wrong: &mut Vec<String>) -> bool {
        if now.duration_since(self.begun) > PATIENCE {
            wrong.push(format!("no answer to {} within {PATIENCE:?}", self.last.method));
            return false;
        }
        if now.duration_since(self.sent) > Duration::from_millis(500) {
            self.sent = now;
            socket.send_to(self.last.text().as_bytes(), host).expect("loopback takes it");
        }
        true
    }

    fn hear(&mut self, message: &str, socket: &UdpSocket, host: SocketAddr, now: Instant) -> Heard {
        let Some(status) = status(message) else { return Heard::Nothing };
        let method = header(message, "CSeq").and_then(|cseq| cseq.split(' ').nth(1)).unwrap_or_default();
        if status < 200 || method != self.last.method {
            return Heard::Nothing;
        }
        if status >= 300 {
            return Heard::Wrong;
        }
        if method == "BYE" {
            return Heard::Ended;
        }
        let bye = self.invite.in_dialog("BYE", message);
        for request in [&self.invite.in_dialog("ACK", message), &bye] {
            socket.send_to(request.text().as_bytes(), host).expect("loopback takes it");
        }
        (self.last, self.sent) = (bye, now);
        Heard::Answered(now.duration_since(self.begun))
    }
}

fn percentile(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
}
