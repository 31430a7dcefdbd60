//! stdout and stderr of a guest: whole lines into the servlet's log, and its last words for the report of its death.

use siplet_container::turn::Level;

use crate::state::State;

/// Number of the stream stdout.
pub(super) const STDOUT: u32 = 1;
/// Number of the stream stderr.
pub(super) const STDERR: u32 = 2;

/// Octets of a line that are kept; a longer one is cut into several.
const LINE_BYTES_MAX: usize = 4096;
/// Octets of stderr that are kept for the report of a death: the end of a traceback is the part that counts.
const LAST_WORDS_MAX: usize = 4096;

/// What a guest wrote and what did not end with a line break yet.
#[derive(Debug, Default)]
pub(crate) struct Console {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// The end of what went to stderr in this turn.
    said: Vec<u8>,
}

impl Console {
    /// A turn begins: what was said before is not why it dies.
    pub(crate) fn begin_turn(&mut self) {
        self.said.clear();
    }

    /// What went to stderr in this turn, its end where it is long; none when that is nothing.
    pub(crate) fn last_words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.said);
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
        let surplus = self.said.len().saturating_sub(LAST_WORDS_MAX);
        self.said.drain(..surplus);
    }
}

impl State {
    /// Takes what a guest writes; a stream that is none of the two takes it and forgets it.
    pub(super) fn write(&mut self, stream: u32, bytes: &[u8]) {
        // Who has told why it dies has said all: what follows is the last sigh of a runtime.
        if self.panic.is_some() {
            return;
        }
        if stream == STDERR {
            self.console.keep(bytes);
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = match stream {
                STDOUT => &mut self.console.stdout,
                STDERR => &mut self.console.stderr,
                _ => return,
            };
            line.extend_from_slice(piece);
            if piece.ends_with(b"\n") || line.len() >= LINE_BYTES_MAX {
                self.end_line(stream);
            }
        }
    }

    /// Logs what stands without a line break at the end of a call.
    pub(crate) fn end_lines(&mut self) {
        self.end_line(STDOUT);
        self.end_line(STDERR);
    }

    fn end_line(&mut self, stream: u32) {
        let (line, level) = match stream {
            STDOUT => (&mut self.console.stdout, Level::Info),
            STDERR => (&mut self.console.stderr, Level::Warn),
            _ => return,
        };
        if line.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(line).trim_end().to_owned();
        line.clear();
        // Without a turn, in the trial start of a deployment, there is no log to write to.
        if let Some(turn) = self.turn.as_mut().filter(|_| !text.is_empty()) {
            turn.log(level, text);
        }
    }
}
