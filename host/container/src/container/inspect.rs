//! Looks at application sessions for an operator.

use bytes::Bytes;
use siplet_sip::dialog::{Dialog, DialogState, Role};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

use crate::inspect::{
    Attribute, DialogTree, FOUND_MAX, Fit, Found, Listed, OpenTurn, ParkedUnit, SessionTree, SipSessionTree,
    TransactionTree,
};
use crate::io::{Hop, SessionLine};
use crate::names::Kind;
use crate::session::AppSession;
use crate::session::attributes::Attributes;
use crate::session::sip::SipSession;
use crate::session::transactions::{ClientMachine, ClientTx, ServerMachine, ServerTx, Target};
use crate::trace;

use super::slots::Slot;
use super::{Container, Work};

impl Container {
    /// One line for each session that is meant, by key.
    pub(super) fn list(&self, limit: usize, which: &Listed) -> Vec<SessionLine> {
        let age_s = |slot: &Slot| self.now.since(slot.live.created).as_secs();
        self.slots
            .sorted_keys()
            .into_iter()
            .filter_map(|key| self.slots.get(&key))
            .filter(|slot| which.application.as_ref().is_none_or(|name| **name == *slot.application.id.name))
            .filter(|slot| age_s(slot) >= which.older_than_s)
            .take(limit)
            .map(|slot| SessionLine {
                id: self.shared.minter.mint(Kind::ApplicationSession, slot.live.key, 0),
                application: slot.application.id.to_string(),
                age_s: age_s(slot),
                sessions: slot
                    .live
                    .sips
                    .iter()
                    .map(|sip| (text(&sip.call_id), sip.state.name().to_owned()))
                    .collect(),
            })
            .collect()
    }

    /// The sessions that fit a name: an id, a Call-ID, or, where there is none of it, the beginning of one. The best fit
    /// first, at most [`FOUND_MAX`].
    pub(super) fn inspect(&self, name: &str) -> Vec<Found> {
        let minter = &self.shared.minter;
        let kinds = [Kind::ApplicationSession, Kind::SipSession];
        let named = kinds.into_iter().find_map(|kind| minter.check(kind, name.as_bytes()));
        let mut fitting = match named {
            Some((key, _)) => self.slots.get(&key).map(|slot| (Fit::Id, &**slot)).into_iter().collect(),
            None => self.fitting(|session| fit_call_id(session, name)),
        };
        if fitting.is_empty() && !name.is_empty() {
            fitting = self.fitting(|session| self.fit_beginning(session, name));
        }
        fitting.sort_by_key(|(fit, _)| *fit);
        fitting.truncate(FOUND_MAX);
        fitting.into_iter().map(|(fit, slot)| Found { fit, session: self.tree(slot) }).collect()
    }

    fn fitting(&self, fit: impl Fn(&AppSession) -> Option<Fit>) -> Vec<(Fit, &Slot)> {
        let slots = self.slots.sorted_keys().into_iter().filter_map(|key| self.slots.get(&key));
        slots.filter_map(|slot| Some((fit(&slot.live)?, &**slot))).collect()
    }

    fn fit_beginning(&self, session: &AppSession, name: &str) -> Option<Fit> {
        let minter = &self.shared.minter;
        let own = minter.mint(Kind::ApplicationSession, session.key, 0);
        let mut sips = session.sips.iter();
        if own.starts_with(name)
            || sips.any(|sip| minter.mint(Kind::SipSession, session.key, sip.key.0).starts_with(name))
        {
            return Some(Fit::IdPrefix);
        }
        let begins = session.sips.iter().any(|sip| sip.call_id.starts_with(name.as_bytes()));
        begins.then_some(Fit::CallIdPrefix)
    }

    fn tree(&self, slot: &Slot) -> SessionTree {
        let (session, config) = (&slot.live, &self.shared.config);
        let (due, lazy) = session.next_deadlines(&config.limits, &config.timers);
        let flags = [
            ("valid", session.valid),
            ("invalidate-when-ready", session.invalidate_when_ready),
            ("root", session.root),
        ];
        SessionTree {
            id: self.shared.minter.mint(Kind::ApplicationSession, session.key, 0),
            shard: config.shard,
            partition: session.key.partition(),
            application: slot.application.id.name.to_string(),
            application_version: slot.application.descriptor.version.clone(),
            digest: format!("#{:06x}", slot.application.id.digest >> 40),
            age_ms: millis(self.now.since(session.created)),
            expires_in_ms: session.expires.map(|at| self.until(at)),
            flags: set(&flags),
            snapshot_version: session.version,
            acknowledged_version: slot.acked.as_ref().map(|acked| acked.version),
            parked: slot.parked.iter().map(parked).collect(),
            mailbox: slot.mailbox.iter().map(waiting).collect(),
            open_turn: slot.step.as_ref().map(|step| OpenTurn {
                number: step.turn.0,
                handler: step.callback.handler().name().to_owned(),
                for_ms: millis(self.now.since(step.before.now)),
                then: step.rest.iter().map(|callback| callback.handler().name().to_owned()).collect(),
            }),
            next_deadline_in_ms: due.into_iter().chain(lazy).min().map(|at| self.until(at)),
            attributes: attributes(&session.attributes),
            sip_sessions: session.sips.iter().map(|sip| self.sip(session, sip)).collect(),
        }
    }

    /// Milliseconds until then; 0 when that is past.
    fn until(&self, at: Time) -> u64 {
        millis(at.since(self.now))
    }

    fn sip(&self, session: &AppSession, sip: &SipSession) -> SipSessionTree {
        let servers = session.servers.iter().filter(|tx| tx.sip == sip.key);
        let clients = session.clients.iter().filter(|tx| tx.sip == sip.key);
        let flags = [
            ("valid", sip.valid),
            ("invalidate-when-ready", sip.invalidate_when_ready),
            ("hanging-up", session.is_hanging_up(sip.key)),
        ];
        SipSessionTree {
            id: self.shared.minter.mint(Kind::SipSession, session.key, sip.key.0),
            state: sip.state.name().to_owned(),
            flags: set(&flags),
            call_id: text(&sip.call_id),
            local: text(&sip.local_party_with_tag()),
            remote: text(&sip.remote_party),
            source: sip.source.map(|source| source.to_string()),
            peer: sip.hop.as_ref().map(hop),
            dialog: sip.dialog.as_ref().map(dialog),
            attributes: attributes(&sip.attributes),
            transactions: servers
                .map(|tx| self.server(tx))
                .chain(clients.map(|tx| self.client(tx)))
                .collect(),
        }
    }

    fn timers(&self, timers: Vec<(&'static str, Time)>) -> Vec<(String, u64)> {
        timers.into_iter().map(|(name, at)| (name.to_owned(), self.until(at))).collect()
    }

    fn server(&self, tx: &ServerTx) -> TransactionTree {
        let (state, mut timers) = match &tx.machine {
            ServerMachine::Invite(machine) => (format!("{:?}", machine.state()), machine.timers()),
            ServerMachine::Other(machine) => (format!("{:?}", machine.state()), machine.timers()),
        };
        timers.extend(tx.accept.as_ref().and_then(|accept| Some(("2xx", accept.next_deadline()?.at))));
        timers.extend(tx.unanswered_at(&self.shared.config.limits).map(|at| ("unanswered", at)));
        TransactionTree {
            kind: "server".to_owned(),
            method: tx.method.as_str().to_owned(),
            state,
            branch: branch(&tx.request),
            cseq: tx.request.cseq().map_or(0, |(number, _)| number),
            hop: hop(&tx.hop),
            timers: self.timers(timers),
        }
    }

    fn client(&self, tx: &ClientTx) -> TransactionTree {
        let (state, timers) = match &tx.machine {
            ClientMachine::Invite(machine) => (format!("{:?}", machine.state()), machine.timers()),
            ClientMachine::Other(machine) => (format!("{:?}", machine.state()), machine.timers()),
        };
        let request = Message::parse(tx.request.clone(), &Limits::default()).ok();
        TransactionTree {
            kind: "client".to_owned(),
            method: tx.method.as_str().to_owned(),
            state,
            branch: request.as_ref().map(branch).unwrap_or_default(),
            cseq: request.and_then(|request| request.cseq().ok()).map_or(0, |(number, _)| number),
            hop: match &tx.target {
                Target::Hop(target) => hop(target),
                Target::Name { query, transport, port, .. } => {
                    format!("{} {}:{port}", transport.param_name(), query.host)
                }
            },
            timers: self.timers(timers),
        }
    }
}

fn fit_call_id(session: &AppSession, name: &str) -> Option<Fit> {
    session.sips.iter().any(|sip| sip.call_id == name.as_bytes()).then_some(Fit::CallId)
}

fn parked(parked: &super::slots::Parked) -> ParkedUnit {
    ParkedUnit {
        unit: parked.unit.0,
        version: parked.write.version,
        bytes: parked.write.snapshot.len() as u64,
        attempts: parked.attempts,
        messages: parked.outbox.iter().map(|outgoing| trace::summary(&outgoing.bytes)).collect(),
    }
}

/// What waits in a mailbox, in a word.
fn waiting(work: &Work) -> String {
    match work {
        Work::Initial(received)
        | Work::Subsequent(received, _)
        | Work::Cancel(received, _)
        | Work::Ack(received, _) => trace::summary(received.message.bytes()),
        Work::AckOfFailure { .. } => "ACK".to_owned(),
        Work::Response { message, .. } => trace::summary(message.bytes()),
        Work::Deadline => "deadline".to_owned(),
        Work::TransmitFailed { .. } => "transmit failed".to_owned(),
        Work::Resolved { .. } => "resolved".to_owned(),
        Work::Initialized => "deployed".to_owned(),
        Work::Activated => "activated".to_owned(),
        Work::End => "undeployed".to_owned(),
        Work::Stop { .. } => "stopped".to_owned(),
        Work::Upgrade { to, .. } => format!("move to {}", to.id),
    }
}

fn dialog(dialog: &Dialog) -> DialogTree {
    DialogTree {
        state: match dialog.state() {
            DialogState::Early => "early",
            DialogState::Confirmed => "confirmed",
            DialogState::Terminated => "terminated",
        }
        .to_owned(),
        role: match dialog.role() {
            Role::Uac => "uac",
            Role::Uas => "uas",
        }
        .to_owned(),
        local_tag: text(dialog.local_tag()),
        remote_tag: text(dialog.remote_tag()),
        local_cseq: dialog.local_seq(),
        remote_cseq: dialog.remote_seq(),
        remote_target: text(dialog.remote_target()),
        route_set: dialog.route_set().iter().map(|route| text(route)).collect(),
        secure: dialog.is_secure(),
    }
}

fn attributes(attributes: &Attributes) -> Vec<Attribute> {
    attributes
        .iter()
        .map(|(name, value): (&str, &Bytes)| Attribute { name: name.to_owned(), value: text(value) })
        .collect()
}

fn hop(hop: &Hop) -> String {
    format!("{} {}", hop.transport.param_name(), hop.remote)
}

fn branch(message: &Message) -> String {
    message.top_via().ok().and_then(|via| via.branch().map(text)).unwrap_or_default()
}

fn set(flags: &[(&str, bool)]) -> Vec<String> {
    flags.iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (*name).to_owned()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn millis(time: core::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
