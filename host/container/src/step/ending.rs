//! Ending what is up, with what the peers are owed: RFC 3261 §15, §9.1; SIP Servlet 1.1 §6.1.2 leaves nobody hanging.

use siplet_sip::header::HeaderId;
use siplet_sip::method::Method;

use crate::turn::{SessionState, SipKey};

use super::WorkingCopy;

impl WorkingCopy {
    /// The peer has ended the dialog: nothing more is sent for it but what its transactions owe. A peer that hung up has
    /// no use for another 2xx.
    pub(crate) fn terminate_dialog(&mut self, sip: SipKey) {
        if let Some(session) = self.session.sip_mut(sip) {
            session.state = SessionState::Terminated;
            session.held_bye = None;
        }
        let waiting: Vec<u32> = self
            .session
            .servers
            .iter()
            .filter(|tx| tx.sip == sip && tx.accept.is_some())
            .map(|tx| tx.index)
            .collect();
        for index in waiting {
            if let Some(tx) = self.session.server_mut(index) {
                tx.accept = None;
            }
        }
    }

    /// Ends a SIP session from our side: pending requests are answered, a pending INVITE of ours is cancelled, an
    /// unacknowledged 2xx gets its ACK, and a dialog that is up gets a BYE.
    pub(crate) fn end_with_what_is_owed(&mut self, sip: SipKey) {
        let open: Vec<u32> = self
            .session
            .servers
            .iter()
            .filter(|tx| tx.sip == sip && tx.awaits_final())
            .map(|tx| tx.index)
            .collect();
        for index in open {
            let is_bye = self.session.server(index).is_some_and(|tx| tx.method == Method::Bye);
            // RFC 3261 §21.4.18: nobody is there (any more).
            self.answer(index, if is_bye { 200 } else { 480 }, &[]);
        }
        let inviting: Vec<u32> = self
            .session
            .clients
            .iter()
            .filter(|tx| tx.sip == sip && !tx.is_cancel && tx.method == Method::Invite)
            .map(|tx| tx.index)
            .collect();
        for index in inviting {
            self.ack_all(index);
            self.cancel_invite(index, None);
        }
        let Some(session) = self.session.sip(sip) else { return };
        if session.state == SessionState::Confirmed {
            self.send_bye(sip, None);
        }
        if let Some(session) = self.session.sip_mut(sip) {
            session.state = SessionState::Terminated;
        }
    }

    /// Ends every SIP session and then the application session.
    pub(crate) fn end_all(&mut self) {
        let sips: Vec<SipKey> = self.session.sips.iter().filter(|sip| sip.valid).map(|sip| sip.key).collect();
        for sip in sips {
            self.end_with_what_is_owed(sip);
        }
        self.invalidate_all();
    }

    /// The host stops: as [`Self::end_all`], but who waits for an answer is told to come again.
    pub(crate) fn end_for_stop(&mut self, retry_after_s: u32) {
        let retry_after = retry_after_s.to_string();
        let open: Vec<(u32, bool)> =
            self.session.servers.iter().filter(|tx| tx.is_open()).map(|tx| (tx.index, tx.initial)).collect();
        for (index, initial) in open {
            if initial {
                // RFC 3261 §21.5.4: another server, or this one later.
                self.answer(index, 503, &[(HeaderId::RetryAfter, retry_after.as_bytes())]);
                continue;
            }
            let is_bye = self.session.server(index).is_some_and(|tx| tx.method == Method::Bye);
            // RFC 3261 §15.1.2, §21.4.25: the BYE that follows ends the request too.
            self.answer(index, if is_bye { 200 } else { 487 }, &[]);
        }
        self.end_all();
    }

    /// A BYE of the host's own.
    pub(crate) fn send_bye(&mut self, sip: SipKey, reason: Option<&[u8]>) {
        let Ok(mut draft) = self.draft_in_dialog(sip, &Method::Bye) else { return };
        if let Some(reason) = reason {
            // Why is a courtesy; that it ends is not.
            let _ = super::respond::add(&mut draft, HeaderId::Reason, reason);
        }
        // Without a hop to the peer there is nobody to tell.
        let _ = self.send_request(sip, &Method::Bye, draft);
    }
}
