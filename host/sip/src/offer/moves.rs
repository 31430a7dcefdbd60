//! What each request and response does to the exchange, whoever sends it (RFC 6337 §2, RFC 3311 §5).

use super::{Carrier, Conflict, Delivered, Invite, OfferAnswer, Party, Pending, Phase, Role};
use crate::method::Method;

impl OfferAnswer {
    pub(super) fn on_request(
        &mut self,
        by: Party,
        method: &Method,
        cseq: u32,
        describes: bool,
    ) -> Result<Role, Conflict> {
        match method {
            Method::Invite => self.on_invite(by, cseq, describes),
            Method::Ack => self.on_ack(by, cseq, describes),
            Method::Prack => self.on_prack(by, cseq, describes),
            Method::Update => self.on_update(by, cseq, describes),
            // RFC 6337 §2.1: no other method takes part in offer and answer.
            Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Info
            | Method::Message
            | Method::Subscribe
            | Method::Notify
            | Method::Publish
            | Method::Refer
            | Method::Other(_) => Ok(Role::None),
        }
    }

    pub(super) fn on_response(&mut self, method: &Method, response: Delivered) -> Result<Role, Conflict> {
        match method {
            Method::Invite => self.on_invite_response(response),
            Method::Prack => self.on_other_response(Carrier::Prack, response),
            Method::Update => self.on_other_response(Carrier::Update, response),
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Info
            | Method::Message
            | Method::Subscribe
            | Method::Notify
            | Method::Publish
            | Method::Refer
            | Method::Other(_) => Ok(Role::None),
        }
    }

    fn on_invite(&mut self, by: Party, cseq: u32, describes: bool) -> Result<Role, Conflict> {
        if let Some(invite) = self.invite {
            let is_open = invite.phase != Phase::Accepted;
            // RFC 3261 §14.1, §14.2: not while an INVITE of one's own has no final response.
            if invite.by == by && is_open {
                return Err(Conflict::InviteOfSender);
            }
            // RFC 3261 §14.1: one's own waits until the other one is confirmed; §14.2: and is refused until then. What
            // the peer sends when our ACK is still to come has not crossed our INVITE, and may be taken.
            if invite.by != by && (is_open || by == Party::Us) {
                return Err(Conflict::InviteOfOther);
            }
        }
        // RFC 6337 §4.1: an INVITE without an offer asks for one in its response, and waits for the exchange before it too.
        let role = self.offer(by, Carrier::Invite, cseq)?;
        let (role, phase) = if describes { (role, Phase::Offered) } else { (Role::None, Phase::Owed) };
        if !describes {
            self.pending = None;
        }
        self.invite = Some(Invite { by, cseq, phase });
        Ok(role)
    }

    /// The ACK of a 2xx.
    fn on_ack(&mut self, by: Party, cseq: u32, describes: bool) -> Result<Role, Conflict> {
        // RFC 3261 §13.2.1: an offer in the 2xx is answered in the ACK.
        if let Some(role) = self.answer(by.other(), Carrier::Success, cseq, describes) {
            self.invite = None;
            return Ok(role);
        }
        if describes && by == Party::Us {
            return Err(Conflict::NoPlace);
        }
        if self.invite.is_some_and(|invite| invite.by == by && invite.cseq == cseq) {
            self.invite = None;
        }
        Ok(if describes { Role::Ignored } else { Role::None })
    }

    fn on_prack(&mut self, by: Party, cseq: u32, describes: bool) -> Result<Role, Conflict> {
        // RFC 3262 §5: an offer in a reliable response is answered in its PRACK.
        if self.pending.is_some_and(|pending| pending.by != by && pending.carrier == Carrier::Reliable) {
            self.pending = None;
            self.established |= describes;
            self.settling = describes && by == Party::Us;
            return Ok(if describes { Role::Answer } else { Role::AnswerMissing });
        }
        if !describes {
            self.settling &= by == Party::Us;
            return Ok(Role::None);
        }
        // RFC 3262 §5: else a PRACK may make an offer, when the exchange before it is done.
        let was = self.settling;
        self.settling &= by == Party::Us;
        self.offer(by, Carrier::Prack, cseq).inspect_err(|_| self.settling = was)
    }

    fn on_update(&mut self, by: Party, cseq: u32, describes: bool) -> Result<Role, Conflict> {
        // RFC 3311 §5.2: one UPDATE after the other.
        if self.update_of(by).is_some() {
            return Err(Conflict::UpdateOfSender);
        }
        let role = if describes {
            // RFC 3311 §5.1 binds the sender; §5.2 has nothing to refuse the peer's for.
            if by == Party::Us && self.settling {
                return Err(Conflict::AnswerUnacknowledged);
            }
            if by == Party::Us && self.invite.is_some_and(|invite| invite.phase == Phase::Owed) {
                return Err(Conflict::OfferOwed);
            }
            self.offer(by, Carrier::Update, cseq)?
        } else {
            Role::None
        };
        *self.update_of(by) = Some(cseq);
        Ok(role)
    }

    fn on_invite_response(&mut self, response: Delivered) -> Result<Role, Conflict> {
        let Delivered { by, cseq, status, reliable, describes } = response;
        let Some(invite) = self.invite.filter(|invite| invite.by != by && invite.cseq == cseq) else {
            return self.nowhere(by, describes);
        };
        match status {
            ..=100 => self.nowhere(by, describes),
            101..=199 if reliable => self.on_reliable(invite, by, describes),
            101..=199 => match (invite.phase, describes) {
                (
                    Phase::Offered | Phase::Previewed | Phase::Owed | Phase::Exchanged | Phase::Accepted,
                    false,
                ) => Ok(Role::None),
                // RFC 3261 §13.2.1: the answer may be told beforehand, and only a reliable message makes it valid.
                (Phase::Offered | Phase::Previewed, true) => {
                    self.enter(Phase::Previewed);
                    Ok(Role::Preview)
                }
                // RFC 3261 §13.2.1: an offer has to stand in a reliable message.
                (Phase::Owed, true) => self.nowhere(by, true),
                (Phase::Exchanged | Phase::Accepted, true) => Ok(Role::Repeated),
            },
            200..=299 => self.on_success(invite, by, describes),
            300.. => {
                // RFC 3261 §14.1: the session stays as if there had been no INVITE.
                self.invite = None;
                self.settling = false;
                if self.pending.is_some_and(|pending| is_of_invite(pending, invite)) {
                    self.pending = None;
                }
                Ok(Role::None)
            }
        }
    }

    fn on_reliable(&mut self, invite: Invite, by: Party, describes: bool) -> Result<Role, Conflict> {
        match (invite.phase, describes) {
            (Phase::Offered | Phase::Previewed | Phase::Exchanged | Phase::Accepted, false) => Ok(Role::None),
            // RFC 3262 §5 [3262-5-5]: the answer, by which the session begins before the call is accepted.
            (Phase::Offered | Phase::Previewed, true) => {
                self.enter(Phase::Exchanged);
                self.settling = by == Party::Us;
                Ok(self.answer(invite.by, Carrier::Invite, invite.cseq, true).unwrap_or(Role::Repeated))
            }
            // RFC 3262 §5: the first reliable response to an INVITE without an offer has to make one.
            (Phase::Owed, true) => {
                let role = self.offer(by, Carrier::Reliable, invite.cseq)?;
                self.enter(Phase::Exchanged);
                Ok(role)
            }
            (Phase::Owed, false) => Ok(Role::OfferMissing),
            // RFC 3261 §13.2.1: no further offers in responses to the same INVITE.
            (Phase::Exchanged | Phase::Accepted, true) => Ok(Role::Repeated),
        }
    }

    fn on_success(&mut self, invite: Invite, by: Party, describes: bool) -> Result<Role, Conflict> {
        let role = match (invite.phase, describes) {
            (Phase::Offered, _) | (Phase::Previewed, true) => {
                self.answer(invite.by, Carrier::Invite, invite.cseq, describes).unwrap_or(Role::Repeated)
            }
            // RFC 3261 §13.2.1: the first description that the UAC received is the answer, although it should be told
            // again here.
            (Phase::Previewed, false) => {
                self.answer(invite.by, Carrier::Invite, invite.cseq, true);
                Role::None
            }
            // RFC 3261 §13.2.1: an INVITE without an offer gets one in its 2xx, and the ACK answers it.
            (Phase::Owed, true) => self.offer(by, Carrier::Success, invite.cseq)?,
            (Phase::Owed, false) => Role::OfferMissing,
            (Phase::Exchanged | Phase::Accepted, true) => Role::Repeated,
            (Phase::Exchanged | Phase::Accepted, false) => Role::None,
        };
        self.enter(Phase::Accepted);
        self.settling = false;
        Ok(role)
    }

    /// A response to PRACK or UPDATE.
    fn on_other_response(&mut self, carrier: Carrier, response: Delivered) -> Result<Role, Conflict> {
        let Delivered { by, cseq, status, describes, reliable: _ } = response;
        let asked = by.other();
        if status < 200 {
            return self.nowhere(by, describes);
        }
        let is_success = status < 300;
        let offer = Pending { by: asked, carrier, cseq };
        let role = if self.pending == Some(offer) {
            // RFC 3311 §5.3: a failure leaves the session as it is.
            let answers = is_success && describes;
            self.pending = None;
            self.established |= answers;
            match (is_success, describes) {
                (true, true) => Role::Answer,
                (true, false) => Role::AnswerMissing,
                (false, _) => Role::None,
            }
        } else {
            self.nowhere(by, describes && is_success)?
        };
        match carrier {
            Carrier::Update => {
                if *self.update_of(asked) == Some(cseq) {
                    *self.update_of(asked) = None;
                }
            }
            Carrier::Prack => self.settling &= asked == Party::Peer,
            Carrier::Invite | Carrier::Reliable | Carrier::Success => {}
        }
        Ok(role)
    }

    /// RFC 3264 §4: an offer, unless one is pending.
    fn offer(&mut self, by: Party, carrier: Carrier, cseq: u32) -> Result<Role, Conflict> {
        match self.pending {
            Some(pending) if pending.by == by => Err(Conflict::OfferOfSender),
            Some(_) => Err(Conflict::OfferOfOther),
            None => {
                self.pending = Some(Pending { by, carrier, cseq });
                Ok(Role::Offer)
            }
        }
    }

    /// The message that has to answer that offer, if it is the one that is pending.
    fn answer(&mut self, of: Party, carrier: Carrier, cseq: u32, describes: bool) -> Option<Role> {
        if self.pending != Some(Pending { by: of, carrier, cseq }) {
            return None;
        }
        self.pending = None;
        self.established |= describes;
        Some(if describes { Role::Answer } else { Role::AnswerMissing })
    }

    /// A message in which a description means nothing.
    fn nowhere(&self, by: Party, describes: bool) -> Result<Role, Conflict> {
        match (by, describes) {
            (Party::Us | Party::Peer, false) => Ok(Role::None),
            (Party::Us, true) => Err(Conflict::NoPlace),
            (Party::Peer, true) => Ok(Role::Ignored),
        }
    }

    fn enter(&mut self, phase: Phase) {
        if let Some(invite) = &mut self.invite {
            invite.phase = phase;
        }
    }

    fn update_of(&mut self, by: Party) -> &mut Option<u32> {
        match by {
            Party::Us => &mut self.our_update,
            Party::Peer => &mut self.peers_update,
        }
    }
}

/// Whether an offer stands in that INVITE or in a response to it.
fn is_of_invite(pending: Pending, invite: Invite) -> bool {
    let by = match pending.carrier {
        Carrier::Invite => invite.by,
        Carrier::Reliable | Carrier::Success => invite.by.other(),
        Carrier::Prack | Carrier::Update => return false,
    };
    pending.by == by && pending.cseq == invite.cseq
}
