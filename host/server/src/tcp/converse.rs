//! The life of one open connection.
//!
//! A peer costs a bounded amount whatever it does: what it does not read waits up to a limit and for a limited time, a
//! message that it begins has to be whole in time, and whoever connects has to say something at all.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::io::{ConnectionId, Flow, Input, Transport};
use siplet_sip::frame::{Frame, Framer};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::config::Limits;
use crate::counters::CloseReason;
use crate::shard::Shared;

/// Octets read at a time.
const CHUNK: usize = 16 << 10;
/// Chunks read in one go before other tasks of the shard get their turn.
const BATCH: usize = 16;

/// How long a peer may take to read why it is cut off, and what it may send meanwhile, octets.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1 << 20;

/// Whether a connection goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Go,
    /// The peer says no more. It may still listen: TCP does not tell a closed side from a closed connection.
    Listens,
    /// The peer has broken off, or has sent what cannot be followed.
    Close(CloseReason),
}

/// Reads and writes until either side ends it.
pub(super) async fn converse(core: Shared, id: ConnectionId, stream: Rc<TcpStream>) {
    let Some(mut reader) = Reader::new(&core, id) else { return };
    let Some(wake) = core.borrow().flows.get(id).map(|connection| Rc::clone(&connection.wake)) else {
        return;
    };
    let why = follow(&core, &mut reader, &stream, &wake).await;
    core.borrow_mut().lose(id, why);
}

/// Reads and writes; why that came to an end.
async fn follow(core: &Shared, reader: &mut Reader, stream: &TcpStream, wake: &Notify) -> CloseReason {
    let check = sleep_until(Instant::now());
    tokio::pin!(check);
    loop {
        let has_queue = match reader.look(core) {
            Ok(has_queue) => has_queue,
            Err(why) => return why,
        };
        match reader.overdue(core) {
            // A timer that fires too early costs less than one that is set at every message.
            Ok(next) if next < check.deadline() || check.is_elapsed() => check.as_mut().reset(next),
            Ok(_) => {}
            Err(why) => return why,
        }
        let interest = if has_queue { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let ready = tokio::select! {
            ready = stream.ready(interest) => ready,
            () = wake.notified() => continue,
            () = &mut check => continue,
        };
        let Ok(ready) = ready else { return CloseReason::Peer };
        if ready.is_writable() && !reader.flush(core) {
            return CloseReason::Peer;
        }
        if !ready.is_readable() {
            continue;
        }
        match reader.read(core, stream) {
            Next::Go => {}
            Next::Listens => return finish(core, reader, stream, wake).await,
            Next::Close(CloseReason::Framing) => {
                linger(core, reader, stream).await;
                return CloseReason::Framing;
            }
            Next::Close(why) => return why,
        }
    }
}

/// The peer has closed its side after its last request: answers still go to it, for `half-close-s`.
async fn finish(core: &Shared, reader: &mut Reader, stream: &TcpStream, wake: &Notify) -> CloseReason {
    let end = sleep_until(Instant::now() + Duration::from_secs(core.borrow().limits.half_close_s));
    tokio::pin!(end);
    loop {
        let has_queue = match reader.look(core) {
            Ok(has_queue) => has_queue,
            Err(why) => return why,
        };
        tokio::select! {
            writable = stream.writable(), if has_queue => {
                if writable.is_err() || !reader.flush(core) {
                    return CloseReason::Peer;
                }
            }
            () = wake.notified() => {}
            () = &mut end => return CloseReason::Peer,
        }
    }
}

/// What was said last, such as the 400 to a broken frame, still goes out, and is read: a socket that is closed with octets
/// in it that nobody has read takes back what the peer has not read yet (RFC 1122 §4.2.2.13).
async fn linger(core: &Shared, reader: &mut Reader, stream: &TcpStream) {
    core.borrow_mut().close(reader.id);
    let end = sleep_until(Instant::now() + LINGER);
    tokio::pin!(end);
    let (mut dropped, mut is_shut) = (0, false);
    while dropped < LINGER_BYTES {
        let has_queue = core.borrow().flows.get(reader.id).is_some_and(|connection| connection.has_queue());
        if !has_queue && !is_shut {
            // Where that fails the peer has gone, and the next read says so.
            let _ = socket2::SockRef::from(stream).shutdown(std::net::Shutdown::Write);
            is_shut = true;
        }
        let interest = if has_queue { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        let ready = tokio::select! {
            ready = stream.ready(interest) => ready,
            () = &mut end => return,
        };
        let Ok(ready) = ready else { return };
        if ready.is_writable() && !reader.flush(core) {
            return;
        }
        if ready.is_readable() {
            match discard(stream) {
                Some(len) => dropped += len,
                None => return,
            }
        }
    }
}

/// Reads and forgets; none when nothing more will come.
fn discard(stream: &TcpStream) -> Option<usize> {
    let mut chunk = [0; CHUNK];
    match stream.try_read(&mut chunk) {
        Ok(0) => None,
        Ok(len) => Some(len),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Some(0),
        Err(_) => None,
    }
}

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
struct Patience {
    idle: Duration,
    frame: Duration,
    write: Duration,
}

impl Patience {
    fn of(limits: &Limits) -> Self {
        Self {
            idle: Duration::from_secs(limits.idle_timeout_s),
            frame: Duration::from_secs(limits.frame_timeout_s),
            write: Duration::from_secs(limits.write_timeout_s),
        }
    }
}

/// The reading side of a connection.
struct Reader {
    id: ConnectionId,
    flow: Flow,
    framer: Framer,
    moved: Instant,
    /// Since when a message is incomplete, or is waited for on a connection that the peer has opened.
    incomplete_since: Option<Instant>,
    /// A whole message or a ping has come, or the connection is ours: it may be silent until it is idle.
    has_spoken: bool,
    patience: Patience,
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
        let now = Instant::now();
        Some(Self {
            id,
            flow,
            framer: Framer::new(&core.message_limits),
            moved: now,
            incomplete_since: connection.accepted.then_some(now),
            has_spoken: !connection.accepted,
            patience: Patience::of(&core.limits),
        })
    }

    /// Whether something waits to be written; why the connection ends, when it does.
    fn look(&self, core: &Shared) -> Result<bool, CloseReason> {
        let core = core.borrow();
        let connection = core.flows.get(self.id).ok_or(CloseReason::Asked)?;
        if connection.has_overflowed() {
            return Err(CloseReason::WriteQueue);
        }
        if connection.is_finished() {
            return Err(CloseReason::Asked);
        }
        Ok(connection.has_queue())
    }

    /// When to look again; an error when the connection has been silent, has kept a message waiting, or has not read what
    /// waits for it, for too long.
    fn overdue(&self, core: &Shared) -> Result<Instant, CloseReason> {
        let stuck_since = core.borrow().flows.get(self.id).and_then(|connection| connection.stuck_since());
        let Patience { idle, frame, write } = self.patience;
        let ends = [
            (Some(self.moved + idle), CloseReason::Idle),
            (self.incomplete_since.map(|since| since + frame), CloseReason::SlowMessage),
            (stuck_since.map(|since| since + write), CloseReason::WriteTimeout),
        ];
        let now = Instant::now();
        let mut next = now + idle;
        for (end, why) in ends {
            match end {
                Some(end) if end <= now => return Err(why),
                Some(end) => next = next.min(end),
                None => {}
            }
        }
        Ok(next)
    }

    fn flush(&mut self, core: &Shared) -> bool {
        self.moved = Instant::now();
        core.borrow_mut().flush(self.id)
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
                Ok(0) if self.framer.is_in_message() => next = Next::Close(CloseReason::Peer),
                Ok(0) => next = Next::Listens,
                Ok(len) => {
                    self.framer.push(&chunk[..len]);
                    next = self.frames(&mut core_ref);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => next = Next::Close(CloseReason::Peer),
            }
            if next != Next::Go {
                break;
            }
        }
        let waits = self.framer.is_in_message() || !self.has_spoken;
        self.incomplete_since = waits.then(|| self.incomplete_since.unwrap_or(self.moved));
        core_ref.settle();
        next
    }

    fn frames(&mut self, core: &mut crate::shard::Core) -> Next {
        loop {
            let frame = match self.framer.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return Next::Go,
                Err(error) => {
                    core.counters.framing_errors += 1;
                    if let Some(head) = error.answerable_head() {
                        let (flow, head) = (self.flow, head.clone());
                        core.handle(Input::Broken { flow, head, fault: error.fault() });
                    }
                    return Next::Close(CloseReason::Framing);
                }
            };
            match frame {
                Frame::Message(bytes) => {
                    core.counters.packets_received += 1;
                    // A copy of its own: a session that keeps the message shall not keep the whole read buffer.
                    let bytes = Bytes::copy_from_slice(&bytes);
                    core.handle(Input::Packet { flow: self.flow, bytes });
                }
                // RFC 5626 §3.5.1.
                Frame::Ping => core.say(self.id, Bytes::from_static(b"\r\n")),
            }
            // The message that follows is a new one; its time begins now.
            self.incomplete_since = None;
            self.has_spoken = true;
        }
    }
}
