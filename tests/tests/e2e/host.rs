//! One running `siplet serve` with a folder, ports and a log of its own.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::http::{self, Metrics};
use crate::places;

/// Time that the host has to come up: it compiles its servlets.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// Time that the host has to end when it is asked to and nothing holds it.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// Time between two looks at something that is waited for.
const LOOK: Duration = Duration::from_millis(20);

/// What a host is started with.
pub(crate) struct Setup {
    folder: Folder,
    listen: Option<String>,
    files: Option<(u64, u64)>,
    top: String,
    sections: String,
}

/// A running host. It is killed, if it still runs, when this goes; its log is printed when the test has failed.
pub(crate) struct Host {
    child: Child,
    folder: Folder,
    log: Log,
    /// Where SIP is spoken, UDP and TCP.
    pub(crate) sip: SocketAddr,
    /// Where metrics are read.
    pub(crate) http: SocketAddr,
}

impl Setup {
    /// A host with no servlets yet.
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        fs::create_dir(folder.servlets()).expect("the folder is new");
        Self { folder, listen: None, files: None, top: String::new(), sections: String::new() }
    }

    /// Deploys a sample with the settings that lie beside it.
    pub(crate) fn sample(self, name: &str) -> Self {
        self.sample_with(name, &places::sample_settings(name))
    }

    /// Deploys a sample with these settings.
    pub(crate) fn sample_with(self, name: &str, settings: &str) -> Self {
        put(&self.folder.servlets(), name, &read(&places::sample(name)), settings);
        self
    }

    /// Deploys a guest of the tests with these settings.
    pub(crate) fn guest(self, name: &str, settings: &str) -> Self {
        put(&self.folder.servlets(), name, &read(&places::guest(name)), settings);
        self
    }

    /// A setting that stands in no section: `stop-after-s = 5`.
    pub(crate) fn setting(mut self, line: &str) -> Self {
        let _ = writeln!(self.top, "{line}");
        self
    }

    /// A section with its settings.
    pub(crate) fn section(mut self, text: &str) -> Self {
        let _ = writeln!(self.sections, "{text}");
        self
    }

    /// Listens here instead of on a free port of 127.0.0.1.
    pub(crate) fn listen(mut self, listen: &str) -> Self {
        self.listen = Some(listen.to_owned());
        self
    }

    /// With these limits of open files, soft and hard.
    pub(crate) fn open_files(mut self, soft: u64, hard: u64) -> Self {
        self.files = Some((soft, hard));
        self
    }

    /// Starts the host and waits until it serves.
    pub(crate) fn start(self) -> Host {
        let sip = match &self.listen {
            Some(listen) => listen.parse().expect("a listener of these tests is an address"),
            None => free_address(),
        };
        let http = free_address();
        let file = self.folder.path.join("siplet.toml");
        let text = format!(
            "listen = [\"{sip}\"]\nservlets = {:?}\nstate-dir = {:?}\ncontrol = {:?}\nmetrics = \"{http}\"\n{}\n{}",
            self.folder.servlets(),
            self.folder.path.join("state"),
            self.folder.control(),
            self.top,
            self.sections,
        );
        fs::write(&file, text).expect("the folder can be written");
        let (child, log) = spawn(&self.folder, self.files);
        let mut host = Host { child, folder: self.folder, log, sip, http };
        host.wait_until_it_serves();
        host
    }
}

/// Starts the program with the settings of that folder, under these limits of open files.
fn spawn(folder: &Folder, files: Option<(u64, u64)>) -> (Child, Log) {
    let mut command = match files {
        None => Command::new(places::siplet()),
        Some((soft, hard)) => {
            let mut shell = Command::new("sh");
            let limits = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\" \"$@\"");
            shell.arg("-c").arg(limits).arg(places::siplet());
            shell
        }
    };
    command.arg("serve").arg("--config").arg(folder.path.join("siplet.toml")).current_dir(&folder.path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", places::siplet()));
    let log = Log::default();
    log.follow(child.stdout.take());
    log.follow(child.stderr.take());
    (child, log)
}

impl Host {
    /// A host with these samples.
    pub(crate) fn with(samples: &[&str]) -> Self {
        samples.iter().fold(Setup::new(), |setup, name| setup.sample(name)).start()
    }

    fn wait_until_it_serves(&mut self) {
        let until = Instant::now() + START_TIMEOUT;
        while Instant::now() < until {
            if http::ask("GET", self.http, "/healthz").is_some_and(|(status, _)| status == 200) {
                return;
            }
            if let Some(status) = self.ended() {
                panic!("the host ended at once ({status})");
            }
            std::thread::sleep(LOOK);
        }
        panic!("the host does not serve after {START_TIMEOUT:?}");
    }

    /// What the host has written so far, both streams.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Waits until the log holds this text; fails when that takes too long.
    pub(crate) fn expect_log(&self, text: &str, timeout: Duration) {
        let found = wait_for(timeout, || self.log().contains(text));
        assert!(found, "the log does not say {text:?} within {timeout:?}");
    }

    /// The present metrics.
    pub(crate) fn metrics(&self) -> Metrics {
        let (status, page) = http::ask("GET", self.http, "/metrics").expect("the host answers on /metrics");
        assert_eq!(status, 200, "{page}");
        Metrics::parse(&page)
    }

    /// Its settings file.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path.join("siplet.toml")
    }

    /// Folder of what it keeps for itself.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path.join("state")
    }

    /// Stops the host and starts another with the same settings, servlets, addresses and state; `between` runs while
    /// there is none. The log begins anew.
    pub(crate) fn restart(mut self, between: impl FnOnce()) -> Self {
        self.terminate();
        let status = self.expect_end(STOP_TIMEOUT);
        assert!(status.success(), "the host ended with {status}");
        between();
        (self.child, self.log) = spawn(&self.folder, None);
        self.wait_until_it_serves();
        self
    }

    /// Folder of the servlets.
    pub(crate) fn servlets(&self) -> PathBuf {
        self.folder.servlets()
    }

    /// The control socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.folder.control()
    }

    /// Puts a servlet into the folder by one rename, its settings first.
    pub(crate) fn put(&self, name: &str, bytes: &[u8], settings: &str) {
        put(&self.servlets(), name, bytes, settings);
    }

    /// Its process id.
    pub(crate) fn id(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    /// Asks the host to stop.
    pub(crate) fn terminate(&self) {
        rustix::process::kill_process(self.id(), rustix::process::Signal::TERM).expect("the child is ours");
    }

    /// The answer of `/healthz`: status and text; none when nobody is there.
    pub(crate) fn health(&self) -> Option<(u16, String)> {
        http::ask("GET", self.http, "/healthz")
    }

    /// Lets something happen to one of the host's threads; false when this build of it cannot do that.
    pub(crate) fn strike(&self, thread: &str, fault: &str) -> bool {
        let mut stream = UnixStream::connect(self.control()).expect("the host listens");
        let line = format!("{{\"command\":\"fault\",\"thread\":\"{thread}\",\"fault\":\"{fault}\"}}\n");
        stream.write_all(line.as_bytes()).expect("it is open");
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).expect("an answer");
        if answer.contains("this is no command") {
            eprintln!("not a debug build: nothing is struck");
            return false;
        }
        assert!(answer.contains("struck"), "{answer}");
        true
    }

    /// CPU time that the host has used.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the child runs");
        let (_, numbers) = stat.rsplit_once(')').expect("the name is in parentheses");
        let ticks = |at: usize| {
            numbers.split_whitespace().nth(at).and_then(|ticks| ticks.parse::<u64>().ok()).expect("a number")
        };
        // Ticks of 10 ms, on every Linux that there is.
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }

    /// How the host ended, none while it runs.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the child is ours")
    }

    /// Waits for the end of the host.
    pub(crate) fn expect_end(&mut self, timeout: Duration) -> ExitStatus {
        wait_for(timeout, || self.ended().is_some());
        self.ended().unwrap_or_else(|| panic!("the host still runs after {timeout:?}"))
    }

    /// Stops the host and checks that it ended well and that nothing of it was broken.
    pub(crate) fn stop(mut self) {
        self.terminate();
        let status = self.expect_end(STOP_TIMEOUT);
        assert!(status.success(), "the host ended with {status}");
        let log = self.log();
        for sign in ["a rule of the host itself was broken", "panicked at host"] {
            assert!(!log.contains(sign), "the log says {sign:?}");
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- log of the host\n{}--- end of the log", self.log.text());
        }
    }
}

/// Runs `siplet` with these arguments to its end: exit code, standard output, standard error.
pub(crate) fn siplet(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(places::siplet());
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| panic!("{:?}: {error}", places::siplet()));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Looks again and again until the condition holds; false when the time is over.
pub(crate) fn wait_for(timeout: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + timeout;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(LOOK);
    }
}

/// An address of 127.0.0.1 whose port nobody uses, neither over UDP nor over TCP.
pub(crate) fn free_address() -> SocketAddr {
    // The kernel gives the same free port to two who ask in turn; so each is given out once.
    static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..1000 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there are free ports");
        let address = tcp.local_addr().expect("it is bound");
        if !given.contains(&address.port()) && UdpSocket::bind(address).is_ok() {
            given.push(address.port());
            return address;
        }
    }
    panic!("no port is free for both UDP and TCP");
}

/// Bytes of a servlet that `cargo xtask guests` has built.
pub(crate) fn read(path: &Path) -> Vec<u8> {
    fs::read(path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask guests` builds it", path.display()))
}

fn put(servlets: &Path, name: &str, bytes: &[u8], settings: &str) {
    if !settings.is_empty() {
        fs::write(servlets.join(format!("{name}.toml")), settings).expect("the folder is ours");
    }
    let hidden = servlets.join(format!(".{name}.part"));
    fs::write(&hidden, bytes).expect("the folder is ours");
    fs::rename(hidden, servlets.join(format!("{name}.wasm"))).expect("the folder is ours");
}

/// A folder that goes when the test ends.
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Folder {
    /// A new folder among the temporary ones. Its name is short, because a Unix socket lies in it.
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("siplet-e2e-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self { path }
    }

    fn servlets(&self) -> PathBuf {
        self.path.join("servlets")
    }

    fn control(&self) -> PathBuf {
        self.path.join("control.sock")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::env::var_os("SIPLET_E2E_KEEP").is_none() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// What a child writes, collected by threads of its own.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn follow<R: std::io::Read + Send + 'static>(&self, pipe: Option<R>) {
        let (Some(pipe), log) = (pipe, self.clone()) else { return };
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n') {
                let Ok(line) = line else { return };
                let mut text = log.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&String::from_utf8_lossy(&line));
                text.push('\n');
            }
        });
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
