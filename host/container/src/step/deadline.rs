//! Host part: something of the session is due. Every machine is asked; what is not due does nothing.

use siplet_sip::dialog::AcceptAction;
use siplet_sip::method::Method;
use siplet_sip::transaction::{
    InviteServerAction, InviteServerEvent, NonInviteServerAction, NonInviteServerEvent,
};

use crate::app::Handler;
use crate::mutant::{self, Mutant};
use crate::report::Report;
use crate::session::timers::ServletTimer;
use crate::session::transactions::{ServerMachine, Target};

use super::{Callback, WorkingCopy};

/// When a planted defect lets a timer fire once more.
const LATER: core::time::Duration = core::time::Duration::from_secs(1);

impl WorkingCopy {
    /// Everything that is due at `now`.
    pub(crate) fn on_deadline(&mut self) -> Vec<Callback> {
        let mut callbacks = Vec::new();
        let now = self.now;
        let limits = self.shared.config.limits.clone();
        let due: Vec<u32> = self
            .session
            .servers
            .iter()
            .filter(|tx| {
                let mut is_due = false;
                tx.deadlines(&limits, |deadline| is_due |= deadline.at <= now);
                is_due
            })
            .map(|tx| tx.index)
            .collect();
        for index in due {
            self.on_server_deadline(index);
            self.on_accept_deadline(index, &mut callbacks);
            self.on_provisional_deadline(index, &mut callbacks);
            self.on_unanswered(index);
        }
        let timers = self.shared.config.timers.clone();
        let due: Vec<(u32, bool)> = self
            .session
            .clients
            .iter()
            .filter(|tx| {
                let mut is_due = false;
                tx.deadlines(&timers, |deadline| is_due |= deadline.at <= now);
                is_due
            })
            .map(|tx| (tx.index, tx.is_cancel))
            .collect();
        for (index, is_cancel) in due {
            callbacks.extend(self.on_client_deadline(index, is_cancel));
        }
        self.on_timers(&mut callbacks);
        self.on_expiry(&mut callbacks);
        callbacks
    }

    fn on_server_deadline(&mut self, index: u32) {
        let now = self.now;
        let timers = self.shared.config.timers.clone();
        let Some(tx) = self.session.server_mut(index) else { return };
        let (hop, method) = (tx.hop, tx.method.clone());
        match &mut tx.machine {
            ServerMachine::Invite(machine) => {
                match machine.on_event(InviteServerEvent::Deadline, now, &timers) {
                    Ok(InviteServerAction::Transmit(bytes)) => self.push(Target::Hop(hop), bytes),
                    Ok(InviteServerAction::SendTrying) => self.answer(index, 100, &[]),
                    Ok(
                        InviteServerAction::Nothing
                        | InviteServerAction::Confirmed
                        | InviteServerAction::PassAck
                        | InviteServerAction::AckTimeout
                        | InviteServerAction::TransportFailed
                        | InviteServerAction::Terminated,
                    )
                    | Err(_) => {}
                }
            }
            ServerMachine::Other(machine) => {
                match machine.on_event(NonInviteServerEvent::Deadline, now, &timers) {
                    Ok(NonInviteServerAction::Transmit(bytes)) => self.push(Target::Hop(hop), bytes),
                    Ok(NonInviteServerAction::SendTrying) => self.answer(index, 100, &[]),
                    Ok(NonInviteServerAction::Expired) => self.reports.push(Report::Unanswered {
                        app: self.application.id.clone(),
                        method: method.as_str().to_owned(),
                        answered: None,
                    }),
                    Ok(
                        NonInviteServerAction::Nothing
                        | NonInviteServerAction::TransportFailed
                        | NonInviteServerAction::Terminated,
                    )
                    | Err(_) => {}
                }
            }
        }
    }

    /// RFC 3261 §13.3.1.4: the 2xx again, or, after 64*T1, the end of the dialog.
    // [3261-13.3.1.4-s2]
    fn on_accept_deadline(&mut self, index: u32, callbacks: &mut Vec<Callback>) {
        let now = self.now;
        let timers = self.shared.config.timers.clone();
        let Some(tx) = self.session.server_mut(index) else { return };
        let (hop, sip) = (tx.hop, tx.sip);
        let Some(accept) = &mut tx.accept else { return };
        let response = accept.response().cloned().unwrap_or_default();
        match accept.on_deadline(now, &timers) {
            AcceptAction::Nothing => {}
            AcceptAction::Transmit(bytes) => self.push(Target::Hop(hop), bytes),
            AcceptAction::NoAck => {
                tx.accept = None;
                self.session.dirty = true;
                self.reports.push(Report::NoAck { app: self.application.id.clone() });
                self.send_held_bye(sip);
                if self.has_handler(Handler::NoAckReceived) {
                    callbacks.push(Callback::NoAck { server: index, response });
                } else {
                    self.end_with_what_is_owed(sip);
                }
            }
        }
    }

    /// A servlet that forgot an INVITE: the caller is told, and the leak ends.
    fn on_unanswered(&mut self, index: u32) {
        let now = self.now;
        let Some(tx) = self.session.server(index) else { return };
        if tx.unanswered_at(&self.shared.config.limits).is_none_or(|at| at > now) {
            return;
        }
        debug_assert!(tx.method == Method::Invite, "only an INVITE waits without a machine's deadline");
        self.reports.push(Report::Unanswered {
            app: self.application.id.clone(),
            method: tx.method.as_str().to_owned(),
            answered: Some(500),
        });
        self.answer(index, 500, &[]);
    }

    /// SIP Servlet 1.1 §9: timers that are due. Each goes on, or is gone, before its handler runs: one that dies is not
    /// called again for the same firing.
    fn on_timers(&mut self, callbacks: &mut Vec<Callback>) {
        if self.session.timers.next().is_none_or(|at| at > self.now) {
            return;
        }
        self.session.dirty = true;
        let fired = self.session.timers.fire(self.now);
        if mutant::is(Mutant::ServletTimerFiresAgain) {
            let again = |timer: &ServletTimer| ServletTimer { at: self.now + LATER, ..timer.clone() };
            fired.iter().for_each(|timer| self.session.timers.insert(again(timer)));
        }
        callbacks.extend(fired.into_iter().map(|timer| Callback::Timeout { timer }));
    }

    /// SIP Servlet 1.1 §6.1.2: an application session that expires may have its lifetime extended by its listener.
    fn on_expiry(&mut self, callbacks: &mut Vec<Callback>) {
        if !self.session.valid || self.session.expires.is_none_or(|at| at > self.now) {
            return;
        }
        let handler = Handler::ApplicationSessionExpired;
        if self.has_handler(handler) {
            callbacks.push(Callback::ApplicationSession { handler });
        } else {
            self.end_if_expired();
        }
    }
}
