//! The process `siplet test-host`: found, started, spoken to, used again by the next test.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use siplet_test_protocol::{Answer, Asked, Error, ErrorKind, PROTOCOL, Request, Said};

/// Where `siplet` is, for who has it elsewhere than where the kit looks; the first call counts.
pub fn use_siplet(path: impl Into<PathBuf>) {
    let _ = SIPLET.set(path.into());
}

static SIPLET: OnceLock<PathBuf> = OnceLock::new();

/// Hosts whose tests are over: the next test needs no new process, and compiled servlets are at hand.
static IDLE: Mutex<Vec<Host>> = Mutex::new(Vec::new());

/// A running `siplet test-host`. It ends with the end of its input.
pub(crate) struct Host {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next_id: u64,
}

impl Host {
    /// A host that has been greeted: an idle one, or a new one.
    pub(crate) fn ready() -> Result<Self, String> {
        let idle = IDLE.lock().map(|mut idle| idle.pop()).unwrap_or_default();
        match idle {
            Some(host) => Ok(host),
            None => Self::start(),
        }
    }

    /// Lets the next test have it.
    pub(crate) fn rest(self) {
        if let Ok(mut idle) = IDLE.lock() {
            idle.push(self);
        }
    }

    fn start() -> Result<Self, String> {
        let siplet = find()?;
        let cache = crate::build::target_folder().join("siplet-testkit").join("code");
        let mut command = Command::new(&siplet);
        command.arg("test-host").arg("--code-cache").arg(cache);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child =
            command.spawn().map_err(|why| format!("{} cannot be started: {why}", siplet.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("{} has no pipes", siplet.display()));
        };
        let mut host = Self { child, input: Some(input), output: BufReader::new(output), next_id: 1 };
        match host.ask(Request::Hello { protocol: PROTOCOL }) {
            Ok(_) => Ok(host),
            Err(error) if error.kind == ErrorKind::Protocol => {
                Err(format!("{}: {}", siplet.display(), error.text))
            }
            Err(error) => Err(format!(
                "{} does not speak the test protocol ({}): the test kit needs a siplet of its own release",
                siplet.display(),
                error.text
            )),
        }
    }

    /// Asks and waits for the answer.
    pub(crate) fn ask(&mut self, request: Request) -> Result<Answer, Error> {
        let broken = |text: String| Error { kind: ErrorKind::Line, text };
        let id = self.next_id;
        self.next_id += 1;
        let mut line = serde_json::to_vec(&Asked { id, request }).map_err(|why| broken(why.to_string()))?;
        line.push(b'\n');
        let sent = self.input.as_mut().map(|input| input.write_all(&line).and_then(|()| input.flush()));
        let mut text = String::new();
        if !matches!(sent, Some(Ok(()))) || self.output.read_line(&mut text).unwrap_or_default() == 0 {
            let ended = self.child.try_wait().ok().flatten();
            let how = ended.map_or_else(String::new, |status| format!(" ({status})"));
            return Err(broken(format!("`siplet test-host` ended in the middle of the conversation{how}")));
        }
        let said: Said = serde_json::from_str(&text).map_err(|why| {
            broken(format!("`siplet test-host` wrote what is no answer: {why}: {}", text.trim()))
        })?;
        match (said.answer, said.error) {
            (Some(answer), None) => Ok(answer),
            (_, Some(error)) => Err(error),
            (None, None) => Err(broken("`siplet test-host` answered nothing".to_owned())),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The end of its input ends it; nobody waits for more than that.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// The binary: named, in the checkout that the kit is of, or on the path.
fn find() -> Result<PathBuf, String> {
    if let Some(path) = SIPLET.get() {
        return Ok(path.clone());
    }
    if let Some(path) = std::env::var_os("SIPLET_BIN").map(PathBuf::from) {
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("SIPLET_BIN names {}, and there is no such file", path.display()))
        };
    }
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = ["debug", "release"].map(|profile| checkout.join("target").join(profile).join(binary()));
    let newest = built
        .into_iter()
        .filter_map(|path| Some((std::fs::metadata(&path).ok()?.modified().ok()?, path)))
        .max();
    if let Some((_, path)) = newest {
        return Ok(path);
    }
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    on_path.map(|folder| folder.join(binary())).find(|path| path.is_file()).ok_or_else(|| {
        "the program `siplet` is not to be found, and the tests of a servlet run in it: install it, or name it in the \
         environment variable SIPLET_BIN (in a checkout of siplet: `cargo build --workspace --bin siplet`)"
            .to_owned()
    })
}

fn binary() -> String {
    format!("siplet{}", std::env::consts::EXE_SUFFIX)
}
