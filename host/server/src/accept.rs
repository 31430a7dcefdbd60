//! What becomes of a connection that cannot be accepted.
//!
//! A process without free file descriptors is told so again at once for as long as somebody waits to be accepted: whoever
//! asks again without a rest does nothing else any more.

use std::io;
use std::time::Duration;

use rustix::io::Errno;

/// The first rest.
const REST_MIN: Duration = Duration::from_millis(10);
/// The longest rest: so long a peer waits after descriptors have come free.
const REST_MAX: Duration = Duration::from_millis(1000);

/// Why a connection was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AcceptFailure {
    /// The process or the system has no file descriptor left.
    NoDescriptor,
    /// The system has no memory for it.
    NoMemory,
    /// The peer or the network broke it off.
    Peer,
    /// Anything else.
    Other,
}

impl AcceptFailure {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::NoDescriptor, Self::NoMemory, Self::Peer, Self::Other];

    /// The label in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoDescriptor => "no-descriptor",
            Self::NoMemory => "no-memory",
            Self::Peer => "peer",
            Self::Other => "other",
        }
    }

    /// What an error of accept(2) means.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::MFILE | Errno::NFILE) => Self::NoDescriptor,
            Some(Errno::NOBUFS | Errno::NOMEM) => Self::NoMemory,
            // accept(2): errors of the connection that was to be accepted, told by this call.
            Some(
                Errno::CONNABORTED
                | Errno::PROTO
                | Errno::NETDOWN
                | Errno::NOPROTOOPT
                | Errno::HOSTDOWN
                | Errno::NONET
                | Errno::HOSTUNREACH
                | Errno::NETUNREACH
                | Errno::PERM
                | Errno::INTR,
            ) => Self::Peer,
            Some(_) | None => Self::Other,
        }
    }
}

/// How long accepting rests: longer each time, until a connection is accepted.
#[derive(Debug, Default)]
pub struct Rest {
    last: Option<Duration>,
}

impl Rest {
    /// A connection was accepted.
    pub fn over(&mut self) {
        self.last = None;
    }

    /// How long to rest after a failure; none where the next peer is none the worse for it.
    pub fn after(&mut self, failure: AcceptFailure) -> Option<Duration> {
        match failure {
            AcceptFailure::Peer => None,
            AcceptFailure::NoDescriptor | AcceptFailure::NoMemory | AcceptFailure::Other => {
                self.last = Some(self.last.map_or(REST_MIN, |last| (last * 2).min(REST_MAX)));
                self.last
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepting_rests_longer_each_time_while_there_is_no_descriptor() {
        let mut rest = Rest::default();
        let millis =
            |rest: &mut Rest| rest.after(AcceptFailure::NoDescriptor).map_or(0, |time| time.as_millis());
        let times: Vec<_> = (0..9).map(|_| millis(&mut rest)).collect();
        assert_eq!(times, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(rest.after(AcceptFailure::Peer), None, "the next one is another peer");
        rest.over();
        assert_eq!(millis(&mut rest), 10);
    }

    #[test]
    fn errors_of_the_system_are_told_apart() {
        let of = |errno: Errno| AcceptFailure::of(&errno.into());
        assert_eq!(of(Errno::MFILE), AcceptFailure::NoDescriptor);
        assert_eq!(of(Errno::NFILE), AcceptFailure::NoDescriptor);
        assert_eq!(of(Errno::NOBUFS), AcceptFailure::NoMemory);
        assert_eq!(of(Errno::CONNABORTED), AcceptFailure::Peer);
        assert_eq!(of(Errno::BADF), AcceptFailure::Other);
    }
}
