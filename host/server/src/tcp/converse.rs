//! The life of one open connection.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::io::{ConnectionId, Flow, Input, Transport};
use siplet_sip::draft::Draft;
use siplet_sip::frame::{Frame, FrameError, Framer};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::shard::Shared;

/// Octets read at a time.
const CHUNK: usize = 16 << 10;
/// Chunks read in one go before other tasks of the shard get their turn.
const BATCH: usize = 16;

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Go,
    /// The peer says no more. It may still listen: TCP does not tell a closed side from a closed connection.
    Listens,
    /// The peer has broken off, or has sent what cannot be followed.
    Close,
}

/// Reads and writes until either side ends it.
pub(super) async fn converse(core: Shared, id: ConnectionId, stream: Rc<TcpStream>) {
    let Some(mut reader) = Reader::new(&core, id) else { return };
    let Some(wake) = core.borrow().flows.get(id).map(|connection| Rc::clone(&connection.wake)) else {
        return;
    };
    let check = sleep_until(Instant::now() + reader.idle_timeout.min(reader.frame_timeout));
    tokio::pin!(check);
    loop {
        let (has_queue, finished) = match core.borrow().flows.get(id) {
            Some(connection) => (connection.has_queue(), connection.is_finished()),
            None => return,
        };
        if finished {
            break;
        }
        let interest = if has_queue { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let ready = tokio::select! {
            ready = stream.ready(interest) => ready,
            () = wake.notified() => continue,
            () = &mut check => {
                match reader.overdue() {
                    Some(next) => check.as_mut().reset(next),
                    None => break,
                }
                continue;
            }
        };
        let Ok(ready) = ready else { break };
        if ready.is_writable() && !reader.flush(&core) {
            break;
        }
        if !ready.is_readable() {
            continue;
        }
        match reader.read(&core, &stream) {
            Next::Go => {}
            Next::Listens => {
                finish(&core, &mut reader, &stream, &wake).await;
                break;
            }
            Next::Close => {
                // What was said last, such as the 400 to a broken frame, still goes out.
                let _ = reader.flush(&core);
                break;
            }
        }
    }
    core.borrow_mut().lose(id);
}

/// The peer has closed its side after its last request: answers still go to it, for `half-close-s`.
async fn finish(core: &Shared, reader: &mut Reader, stream: &TcpStream, wake: &Notify) {
    let end = sleep_until(Instant::now() + Duration::from_secs(core.borrow().limits.half_close_s));
    tokio::pin!(end);
    loop {
        let (has_queue, finished) = match core.borrow().flows.get(reader.id) {
            Some(connection) => (connection.has_queue(), connection.is_finished()),
            None => return,
        };
        if finished {
            return;
        }
        tokio::select! {
            writable = stream.writable(), if has_queue => {
                if writable.is_err() || !reader.flush(core) {
                    return;
                }
            }
            () = wake.notified() => {}
            () = &mut end => return,
        }
    }
}

/// The reading side of a connection.
struct Reader {
    id: ConnectionId,
    flow: Flow,
    framer: Framer,
    moved: Instant,
    /// Since when a message is incomplete.
    incomplete_since: Option<Instant>,
    idle_timeout: Duration,
    frame_timeout: Duration,
}

impl Reader {
    fn new(core: &Shared, id: ConnectionId) -> Option<Self> {
        let core = core.borrow();
        let connection = core.flows.get(id)?;
        let flow = Flow {
            listener: connection.listener,
            transport: Transport::Tcp,
            remote: connection.remote,
            connection: id,
        };
        Some(Self {
            id,
            flow,
            framer: Framer::new(&core.message_limits),
            moved: Instant::now(),
            incomplete_since: None,
            idle_timeout: Duration::from_secs(core.limits.idle_timeout_s),
            frame_timeout: Duration::from_secs(core.limits.frame_timeout_s),
        })
    }

    /// When to look again, none when the connection has been silent, or has kept a message waiting, for too long.
    fn overdue(&self) -> Option<Instant> {
        let idle_at = self.moved + self.idle_timeout;
        let frame_at = self.incomplete_since.map(|since| since + self.frame_timeout);
        let now = Instant::now();
        if idle_at <= now || frame_at.is_some_and(|at| at <= now) {
            return None;
        }
        Some(idle_at.min(frame_at.unwrap_or(now + self.frame_timeout)))
    }

    fn flush(&mut self, core: &Shared) -> bool {
        self.moved = Instant::now();
        core.borrow_mut().flows.get_mut(self.id).is_some_and(|connection| connection.flush().is_ok())
    }

    /// Gives whole messages to the core until the kernel has no more.
    fn read(&mut self, core: &Shared, stream: &TcpStream) -> Next {
        let mut chunk = [0; CHUNK];
        let mut core_ref = core.borrow_mut();
        core_ref.wake();
        self.moved = Instant::now();
        let mut next = Next::Go;
        for _ in 0..BATCH {
            match stream.try_read(&mut chunk) {
                // Half a message is none: nobody waits for its answer.
                Ok(0) if self.framer.pending() > 0 => next = Next::Close,
                Ok(0) => next = Next::Listens,
                Ok(len) => {
                    self.framer.push(&chunk[..len]);
                    next = self.frames(&mut core_ref);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => next = Next::Close,
            }
            if next != Next::Go {
                break;
            }
        }
        let waits = self.framer.pending() > 0;
        self.incomplete_since = waits.then(|| self.incomplete_since.unwrap_or(self.moved));
        core_ref.settle();
        next
    }

    fn frames(&mut self, core: &mut crate::shard::Core) -> Next {
        loop {
            match self.framer.next() {
                Ok(Some(Frame::Message(bytes))) => {
                    core.counters.packets_received += 1;
                    // A copy of its own: a session that keeps the message shall not keep the whole read buffer.
                    let bytes = Bytes::copy_from_slice(&bytes);
                    core.handle(Input::Packet { flow: self.flow, bytes });
                    // The message that follows is a new one; its time begins now.
                    self.incomplete_since = None;
                }
                Ok(Some(Frame::Ping)) => core.say(self.id, Bytes::from_static(b"\r\n")),
                Ok(None) => return Next::Go,
                Err(error) => {
                    core.counters.framing_errors += 1;
                    if let Some(answer) = answer_to(&error) {
                        core.say(self.id, answer);
                    }
                    return Next::Close;
                }
            }
        }
    }
}

/// The answer to a request whose end cannot be found, where its head can be read (RFC 3261 §18.3).
fn answer_to(error: &FrameError) -> Option<Bytes> {
    let head = error.answerable_head()?.clone();
    let request = Arc::new(Message::parse(head, &Limits::unbounded()).ok()?);
    if !request.is_request() || request.method() == Some(&Method::Ack) {
        return None;
    }
    let reason = format!("Bad Request: {error}");
    let reason = if error.status() == 400 { Some(reason.as_str()) } else { None };
    let answer = Draft::response(&request, error.status(), reason, None).ok()?;
    Some(answer.to_bytes())
}
