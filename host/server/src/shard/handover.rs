//! What shards give each other: bounded in messages and octets, and never waited for.
//!
//! Whoever gives takes room in the receiver's queue first and puts what it has into a batch; one batch for each shard leaves
//! at the end of a wake-up, so that one wakes it at most. The last quarter of the room is for what belongs to something that
//! is up already. What finds no room goes back to the container, which refuses or drops it.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use siplet_container::io::{ConnectionId, Hop, Input, Item, TransmitError};

use super::Core;
use crate::counters::Unhanded;

/// Something for another shard.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// Something that it owns.
    Item(Item),
    /// A message for one of its connections.
    Transmit(Hop, Bytes),
    /// One of its connections shall be closed.
    Close(ConnectionId),
}

impl Parcel {
    /// Octets that it holds.
    fn bytes(&self) -> usize {
        match self {
            Self::Item(Item::Packet { bytes, .. }) | Self::Transmit(_, bytes) => bytes.len(),
            Self::Close(_) => 0,
        }
    }

    const fn kind(&self) -> Unhanded {
        match self {
            Self::Item(Item::Packet { is_new: true, .. }) => Unhanded::NewRequest,
            Self::Item(Item::Packet { is_new: false, .. }) => Unhanded::Packet,
            Self::Transmit(..) => Unhanded::Message,
            Self::Close(_) => Unhanded::Close,
        }
    }
}

/// The room of one shard's queue, shared by all that give to it.
#[derive(Debug)]
pub struct Room {
    messages: AtomicUsize,
    bytes: AtomicUsize,
    messages_max: usize,
    bytes_max: usize,
}

impl Room {
    /// Room for so many messages of so many octets together.
    #[must_use]
    pub const fn new(messages_max: usize, bytes_max: usize) -> Self {
        Self { messages: AtomicUsize::new(0), bytes: AtomicUsize::new(0), messages_max, bytes_max }
    }

    /// Takes room for a message; false when there is none. `is_new`: it may not take the last quarter.
    #[must_use]
    pub fn take(&self, bytes: usize, is_new: bool) -> bool {
        let most = |max: usize| if is_new { max - max / 4 } else { max };
        // Two that take at once may both be refused where one would fit; never are both let in where one would.
        let messages = self.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let octets = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let fits = messages <= most(self.messages_max) && octets <= most(self.bytes_max);
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    /// A message has left the queue.
    pub fn give_back(&self, bytes: usize) {
        self.messages.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Messages that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.messages.load(Ordering::Relaxed)
    }
}

impl Core {
    /// Keeps a parcel for another shard until the end of this wake-up.
    pub(super) fn give(&mut self, shard: u16, parcel: Parcel) {
        let to = usize::from(shard);
        let room = self.shards.get(to).map(super::ShardHandle::room);
        let fits = room.is_some_and(|room| room.take(parcel.bytes(), parcel.kind() == Unhanded::NewRequest));
        match self.parcels.get_mut(to) {
            Some(parcels) if fits => parcels.push(parcel),
            Some(_) | None => self.not_given(parcel),
        }
    }

    fn not_given(&mut self, parcel: Parcel) {
        self.counters.not_handed(parcel.kind());
        match parcel {
            Parcel::Item(item) => self.pending.push_back(Input::NotHanded { item }),
            Parcel::Transmit(hop, bytes) => self.transmit_failed(hop, bytes, TransmitError::Congested),
            // It stays open until it has been idle for too long.
            Parcel::Close(_) => {}
        }
    }

    /// One batch for each shard. What was for a shard that has ended comes back.
    pub(super) fn send_parcels(&mut self) {
        let mut back = Vec::new();
        for (shard, parcels) in self.shards.iter().zip(&mut self.parcels) {
            if parcels.is_empty() {
                continue;
            }
            let batch = core::mem::take(parcels);
            let count = batch.len() as u64;
            match shard.give(batch) {
                Ok(()) => self.counters.handed_over += count,
                Err(batch) => {
                    batch.iter().for_each(|parcel| shard.room().give_back(parcel.bytes()));
                    back.extend(batch);
                }
            }
        }
        for parcel in back {
            self.not_given(parcel);
        }
    }

    pub(super) fn receive(&mut self, parcels: Vec<Parcel>, room: &Room) {
        for parcel in parcels {
            let bytes = parcel.bytes();
            match parcel {
                Parcel::Item(item) => self.handle(Input::Handed { item }),
                Parcel::Transmit(hop, bytes) => {
                    self.transmit(hop, bytes);
                    self.poll_store();
                }
                Parcel::Close(id) => self.close(id),
            }
            room.give_back(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Room;

    #[test]
    fn the_last_quarter_is_for_what_is_up_already() {
        let room = Room::new(8, 1000);
        assert_eq!((0..10).filter(|_| room.take(1, true)).count(), 6);
        assert_eq!((0..10).filter(|_| room.take(1, false)).count(), 2);
        assert_eq!(room.waiting(), 8);
        room.give_back(1);
        assert!(!room.take(1, true), "seven wait");
        assert!(room.take(1, false));
    }

    #[test]
    fn octets_are_bounded_too() {
        let room = Room::new(100, 1000);
        assert!(room.take(700, true));
        assert!(!room.take(100, true) && room.take(100, false));
        assert!(!room.take(201, false) && room.take(200, false));
        assert_eq!(room.waiting(), 3);
    }

    #[test]
    fn many_givers_never_take_more_than_there_is() {
        let room = Arc::new(Room::new(100, 100_000));
        let give = |room: Arc<Room>| move || (0..1000).filter(|_| room.take(10, false)).count();
        let givers: Vec<_> = (0..4).map(|_| std::thread::spawn(give(Arc::clone(&room)))).collect();
        let taken: usize = givers.into_iter().map(|giver| giver.join().unwrap()).sum();
        assert!(taken <= 100, "{taken}");
        assert_eq!(room.waiting(), taken);
    }
}
