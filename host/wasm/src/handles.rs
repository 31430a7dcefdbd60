//! Handles of one instance: which object of which turn an index names.
//!
//! An index rises by one with every handle and is never used again in an instance. The objects of the current turn are
//! a dense list that starts at `base`; an index below it belongs to a turn that has ended, an index above it to nothing.
//! So a handle that a guest kept in a static is `stale-handle` in the next turn and never another caller's message.

use siplet_container::turn::{MessageId, Misuse, SipKey};

/// What a handle names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// A request or response of the turn. The guest's type system keeps the two apart.
    Message(MessageId),
    /// A SIP session of the turn's application session.
    Session(SipKey),
    /// The turn's application session.
    ApplicationSession,
}

/// How many handles a turn may make and drop again for each that it may hold.
const MADE_FOR_EACH_HELD: usize = 64;
/// The instance is replaced long before its indexes run out.
const LAST_BASE: u32 = u32::MAX / 2;

/// The handles of one instance.
#[derive(Debug)]
pub(crate) struct Handles {
    base: u32,
    objects: Vec<Object>,
    /// Handles that the guest owns now; between turns: those that it has leaked.
    held: usize,
    limit: usize,
}

impl Handles {
    /// `limit`: handles that the guest may hold at one time ([`AppLimits::handles`](siplet_container::app::AppLimits)).
    pub(crate) const fn new(limit: usize) -> Self {
        Self { base: 1, objects: Vec::new(), held: 0, limit }
    }

    /// Makes every index given so far stale.
    pub(crate) fn begin_turn(&mut self) {
        // At most MADE_FOR_EACH_HELD * limit in a turn, and the instance is replaced above LAST_BASE.
        self.base = self.base.saturating_add(u32::try_from(self.objects.len()).unwrap_or(u32::MAX));
        self.objects.clear();
    }

    /// Checks that one more handle may be made, before its object is.
    pub(crate) fn room(&self) -> Result<(), Misuse> {
        self.room_for(1)
    }

    /// Checks that `count` more handles may be made.
    pub(crate) fn room_for(&self, count: usize) -> Result<(), Misuse> {
        let held = self.held.saturating_add(count) <= self.limit;
        let made = self.objects.len().saturating_add(count) <= self.limit.saturating_mul(MADE_FOR_EACH_HELD);
        if held && made { Ok(()) } else { Err(Misuse::Limit("handles")) }
    }

    /// An index for an object that the guest owns until it drops it.
    pub(crate) fn make(&mut self, object: Object) -> Result<u32, Misuse> {
        self.room()?;
        self.held += 1;
        Ok(self.lend(object))
    }

    /// An index for an object that the guest only borrows for the call; it is not counted, for it cannot be kept.
    pub(crate) fn lend(&mut self, object: Object) -> u32 {
        let offset = u32::try_from(self.objects.len()).unwrap_or(u32::MAX);
        self.objects.push(object);
        self.base.saturating_add(offset)
    }

    /// The object of an index, [`Misuse::StaleHandle`] when its turn has ended.
    pub(crate) fn get(&self, index: u32) -> Result<Object, Misuse> {
        let offset = index.checked_sub(self.base).ok_or(Misuse::StaleHandle)?;
        self.objects.get(offset as usize).copied().ok_or(Misuse::StaleHandle)
    }

    /// The guest dropped a handle that it owned, of this turn or an older one.
    pub(crate) const fn dropped(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// True when the instance should be replaced: it has leaked half its handles, or its indexes are half used.
    pub(crate) const fn worn(&self) -> bool {
        self.held > self.limit / 2 || self.base > LAST_BASE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_of_an_older_turn_is_stale_and_never_names_another_object() {
        let mut handles = Handles::new(8);
        let old = handles.make(Object::Message(MessageId(1))).expect("room");
        assert_eq!(handles.get(old), Ok(Object::Message(MessageId(1))));
        handles.begin_turn();
        let new = handles.make(Object::Message(MessageId(2))).expect("room");
        assert_ne!(old, new);
        assert_eq!(handles.get(old), Err(Misuse::StaleHandle));
        assert_eq!(handles.get(new + 1), Err(Misuse::StaleHandle));
        assert_eq!(handles.get(u32::MAX), Err(Misuse::StaleHandle));
    }

    #[test]
    fn handles_that_are_held_are_limited_over_turns_and_dropping_gives_room() {
        let mut handles = Handles::new(2);
        for _ in 0..2 {
            handles.make(Object::ApplicationSession).expect("room");
        }
        handles.begin_turn();
        assert_eq!(handles.make(Object::ApplicationSession), Err(Misuse::Limit("handles")));
        assert!(handles.worn());
        handles.dropped();
        assert!(handles.make(Object::ApplicationSession).is_ok());
    }

    #[test]
    fn handles_made_and_dropped_in_one_turn_are_limited_too() {
        let mut handles = Handles::new(1);
        let mut made = 0;
        while handles.make(Object::ApplicationSession).is_ok() {
            handles.dropped();
            made += 1;
        }
        assert_eq!(made, MADE_FOR_EACH_HELD);
    }
}
