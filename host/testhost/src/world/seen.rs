//! What happens in a world, as traces and checkers see it.

use bytes::Bytes;
use siplet_container::Counts;
use siplet_container::app::Handler;
use siplet_container::io::{CommandReply, Hop, Key, StoreError, UnitId, Write};
use siplet_container::report::Report;
use siplet_container::turn::{Outcome, Turn, TurnId};

use super::World;

/// An end of a message's way: the host or the peer of that index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// The host.
    Host,
    /// A peer.
    Peer(usize),
    /// An address where nobody is.
    Nowhere,
}

/// What the net did to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives, once or more often.
    Arrives(u32),
    /// It is lost.
    Lost,
    /// A rule of the test dropped it.
    Dropped,
    /// There is nobody.
    Unreachable,
}

/// Something that happened.
#[derive(Debug)]
pub enum Seen<'a> {
    /// A message went onto the wire.
    Sent {
        /// By whom.
        from: End,
        /// To whom.
        to: End,
        /// The message.
        bytes: &'a Bytes,
        /// What the net does to it.
        fate: Fate,
        /// True over a stream.
        reliable: bool,
    },
    /// The host is about to transmit, before the net sees it.
    Transmit {
        /// Where to.
        hop: &'a Hop,
        /// The message.
        bytes: &'a Bytes,
    },
    /// A message arrived; none has been done with it yet.
    Arrived {
        /// Where.
        at: End,
        /// The message.
        bytes: &'a Bytes,
    },
    /// A guest was called.
    TurnBegan {
        /// Its turn.
        turn: TurnId,
        /// The application session.
        key: Key,
        /// The handler.
        handler: Handler,
        /// The message that it was called with.
        message: Option<&'a Bytes>,
    },
    /// A guest's turn goes back to the container.
    TurnEnded {
        /// Its turn.
        turn: TurnId,
        /// The application session.
        key: Key,
        /// The application's name.
        app: &'a str,
        /// The handler.
        handler: Handler,
        /// How it ended.
        outcome: &'a Outcome,
        /// What is in its outbox.
        outbox: &'a [String],
        /// The turn, with what its handler did.
        after: &'a Turn,
    },
    /// The host gave a unit to the store.
    Store {
        /// Its number.
        unit: UnitId,
        /// Its writes.
        writes: &'a [Write],
    },
    /// The store answered.
    Stored {
        /// The unit.
        unit: UnitId,
        /// How it went.
        result: Result<(), StoreError>,
    },
    /// The host looks a session up.
    Load(Key),
    /// The host lets a record go.
    Forget(Key),
    /// The host asks for addresses.
    Resolve(&'a str),
    /// The host closed a connection.
    Closed,
    /// The host reported.
    Report(&'a Report),
    /// The host answered an operator.
    Reply(&'a CommandReply),
    /// The host took an input and did all that follows.
    Handled(Counts),
    /// The host died after so many effects.
    Killed {
        /// Effects since the first start.
        effects: u64,
    },
    /// A host started with what was stored.
    Started {
        /// Sessions in the store.
        sessions: usize,
    },
}

/// Something that sees all that happens.
pub trait Watcher {
    /// One thing that happened. The world is as it was just before.
    fn see(&mut self, world: &World, seen: &Seen<'_>);

    /// For those who ask for what it found.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}
