//! Host part: a CANCEL came. RFC 3261 §9.2.

use siplet_sip::header::HeaderId;
use siplet_sip::method::Method;

use crate::app::Handler;
use crate::mutant::{self, Mutant};

use super::request::Received;
use super::{Callback, WorkingCopy};

impl WorkingCopy {
    /// The CANCEL gets its 200, the INVITE its 487, whatever the application does; then the application is told.
    ///
    /// `invite` is the transaction that the CANCEL matches. A CANCEL that crosses the final response changes nothing.
    pub(crate) fn on_cancel(&mut self, received: &Received, invite: u32) -> Vec<Callback> {
        let Some(tx) = self.session.server(invite) else { return Vec::new() };
        let (sip, open, is_invite) = (tx.sip, tx.awaits_final(), tx.method == Method::Invite);
        let server = self.begin_cancel(received, sip);
        // RFC 3261 §9.2: the To tag of the 200 is that of the responses to the request. [3261-9.2-s3]
        if !mutant::is(Mutant::CancelUnanswered) {
            self.answer(server, 200, &[]);
        }
        if mutant::is(Mutant::CancelLeavesInvitePending) {
            return Vec::new();
        }
        if !open || !is_invite {
            return Vec::new();
        }
        // RFC 3326: why the INVITE ended, as the CANCEL told it. [3261-9.2-s2]
        let reason = received.message.header(HeaderId::Reason).map(<[u8]>::to_vec);
        match &reason {
            Some(reason) => self.answer(invite, 487, &[(HeaderId::Reason, reason)]),
            None => self.answer(invite, 487, &[]),
        }
        if self.has_handler(Handler::DoCancel) {
            vec![Callback::Request { handler: Handler::DoCancel, server }]
        } else {
            Vec::new()
        }
    }
}
