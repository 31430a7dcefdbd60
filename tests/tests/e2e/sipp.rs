//! sipp as a peer: what it is told, and what it counted.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::{Folder, free_address};
use crate::places;

/// Time beyond its own limit after which sipp is killed.
const GRACE: Duration = Duration::from_secs(10);

/// A run of sipp that is being put together.
pub(crate) struct Sipp {
    scenario: Vec<String>,
    to: SocketAddr,
    tcp: bool,
    calls: u32,
    rate: u32,
    limit: Option<u32>,
    more: Vec<String>,
    timeout: Duration,
}

/// What sipp counted.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Calls that went as the scenario says.
    pub(crate) successful: u64,
    /// Calls that did not.
    pub(crate) failed: u64,
    /// Messages that no step of the scenario expected, and those of no call, but for the answers to what sipp itself
    /// sent again because the machine was slow.
    pub(crate) unexpected: u64,
    /// Messages that sipp sent again.
    pub(crate) retransmissions: u64,
    code: Option<i32>,
    calls: u32,
    errors: String,
}

impl Sipp {
    /// A scenario that sipp brings along: `uac`.
    pub(crate) fn built_in(name: &str, to: SocketAddr) -> Self {
        Self::new(vec!["-sn".to_owned(), name.to_owned()], to)
    }

    /// A scenario of ours: `tests/sipp/NAME.xml`.
    pub(crate) fn ours(name: &str, to: SocketAddr) -> Self {
        let file = places::ours("sipp").join(format!("{name}.xml"));
        Self::new(vec!["-sf".to_owned(), file.display().to_string()], to)
    }

    fn new(scenario: Vec<String>, to: SocketAddr) -> Self {
        let timeout = Duration::from_secs(30);
        Self { scenario, to, tcp: false, calls: 1, rate: 10, limit: None, more: Vec::new(), timeout }
    }

    /// Over TCP, all calls on one connection.
    pub(crate) fn tcp(mut self) -> Self {
        self.tcp = true;
        self
    }

    /// That many calls.
    pub(crate) fn calls(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// That many calls a second.
    pub(crate) fn rate(mut self, rate: u32) -> Self {
        self.rate = rate;
        self
    }

    /// At most that many calls at a time.
    pub(crate) fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Milliseconds between ACK and BYE, where the scenario has a pause.
    pub(crate) fn hold_ms(self, hold: u32) -> Self {
        self.option("-d", &hold.to_string())
    }

    /// User part of the Request-URI.
    pub(crate) fn user(self, user: &str) -> Self {
        self.option("-s", user)
    }

    /// A word `[NAME]` of the scenario.
    pub(crate) fn key(mut self, name: &str, value: &str) -> Self {
        self.more.extend(["-key".to_owned(), name.to_owned(), value.to_owned()]);
        self
    }

    /// The run fails when it takes longer.
    pub(crate) fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    fn option(mut self, name: &str, value: &str) -> Self {
        self.more.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Outcome {
        let folder = Folder::new();
        let local = SocketAddr::new(self.to.ip(), free_address().port());
        let mut command = Command::new(places::sipp());
        command.current_dir(&folder.path).env("TERM", "xterm");
        command.args(&self.scenario).arg(self.to.to_string());
        command.args(["-i", &local.ip().to_string(), "-p", &local.port().to_string()]);
        command.args(["-t", if self.tcp { "t1" } else { "u1" }]);
        command.args(["-m", &self.calls.to_string(), "-r", &self.rate.to_string()]);
        command.args(["-l", &self.limit.unwrap_or(self.calls.max(10)).to_string()]);
        command.args(["-nostdin", "-trace_err", "-error_file", "errors.log"]);
        command.args(["-trace_stat", "-stf", "counts.csv", "-fd", "1"]);
        command.args(["-timeout", &self.timeout.as_secs().to_string(), "-timeout_error"]);
        command.args(&self.more);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let code = run_within(command, self.timeout + GRACE);
        let read = |file: &str| fs::read(folder.path.join(file)).unwrap_or_default();
        let errors = String::from_utf8_lossy(&read("errors.log")).into_owned();
        Outcome::read(&String::from_utf8_lossy(&read("counts.csv")), code, self.calls, errors)
    }
}

/// The exit code; none when it had to be killed.
fn run_within(mut command: Command, limit: Duration) -> Option<i32> {
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", places::sipp()));
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            return status.code();
        }
        if Instant::now() >= until {
            child.kill().expect("the child is ours");
            child.wait().expect("the child is ours");
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Outcome {
    fn read(counts: &str, code: Option<i32>, calls: u32, errors: String) -> Self {
        let mut lines = counts.lines().filter(|line| !line.is_empty());
        let head = lines.next().unwrap_or_default();
        let last = lines.next_back().unwrap_or_default();
        let row: HashMap<&str, &str> = head.split(';').zip(last.split(';')).collect();
        let count = |name: &str| row.get(name).and_then(|value| value.parse().ok()).unwrap_or(0);
        let retransmissions = count("Retransmissions(C)");
        let answered_again: u64 = count("DeadCallMsgs(C)");
        Self {
            successful: count("SuccessfulCall(C)"),
            failed: count("FailedCall(C)"),
            unexpected: count("FailedUnexpectedMessage(C)")
                + count("OutOfCallMsgs(C)")
                + answered_again.saturating_sub(retransmissions),
            retransmissions,
            code,
            calls,
            errors,
        }
    }

    /// Every call went as the scenario says, and nothing else came.
    pub(crate) fn expect_clean(&self) {
        let clean = self.code == Some(0)
            && self.successful == u64::from(self.calls)
            && self.failed == 0
            && self.unexpected == 0;
        assert!(clean, "sipp: {self}");
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self
            .code
            .map_or_else(|| "killed: it took too long".to_owned(), |code| format!("exit code {code}"));
        writeln!(
            f,
            "{code}, {} calls asked for, {} successful, {} failed, {} unexpected, {} sent again",
            self.calls, self.successful, self.failed, self.unexpected, self.retransmissions
        )?;
        let lines: Vec<&str> = self.errors.lines().collect();
        writeln!(f, "{}", lines[..lines.len().min(60)].join("\n"))
    }
}
