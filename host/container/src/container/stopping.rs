//! The end of the host: every call ends with what its peers are owed, a few sessions at a time.

use siplet_sip::method::Method;

use crate::io::Ending;
use crate::turn::SessionState;

use super::slots::Slot;
use super::{Container, Work};

impl Container {
    /// Lets up to `most` sessions end that were not asked yet, each behind what waits for it. Root sessions have no peers
    /// to whom the end of the process would be news.
    pub(super) fn end_calls(&mut self, most: usize, retry_after_s: u32) -> Ending {
        let mut ending = Ending::default();
        let mut taken = 0;
        for key in self.slots.sorted_keys() {
            let Some(slot) = self.slots.get_mut(&key).filter(|slot| is_asked(slot)) else { continue };
            if taken >= most.max(1) {
                ending.left += 1;
                continue;
            }
            taken += 1;
            slot.stopping = true;
            let owed = owed(slot);
            ending.calls += owed.calls;
            ending.requests += owed.requests;
            ending.invites += owed.invites;
            self.post(key, Work::Stop { retry_after_s });
        }
        ending
    }
}

/// A session that is over ends by itself, once its transactions have.
fn is_asked(slot: &Slot) -> bool {
    let is_over = !slot.live.valid && slot.mailbox.is_empty() && slot.step.is_none();
    !slot.stopping && !slot.live.root && !is_over
}

/// What is owed as the session stands. A request that still waits for its step is one that is owed an answer.
fn owed(slot: &Slot) -> Ending {
    let live = &slot.live;
    let waiting = slot.mailbox.iter().filter_map(Work::request).count();
    // A transaction that began in an open step is in that step's copy only.
    let begun = slot.step.as_ref().map_or(0, |step| {
        let began = |index: &&u32| live.server(**index).is_none();
        step.before.began_indexes.iter().filter(began).count()
    });
    let open = live.servers.iter().filter(|tx| tx.is_open()).count();
    Ending {
        calls: live.sips.iter().filter(|sip| sip.state == SessionState::Confirmed).count(),
        requests: open + begun + waiting,
        invites: live.clients.iter().filter(|tx| tx.method == Method::Invite && tx.is_open()).count(),
        left: 0,
    }
}
