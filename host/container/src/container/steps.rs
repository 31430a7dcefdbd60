//! Steps: begin, host part, turns, commit, release.
//!
//! One step of a session at a time. Whatever comes meanwhile waits in the mailbox, before its transaction machine, so that
//! nothing overtakes. `INV-TURN`, `INV-COMMIT`, `INV-ORDER` and `INV-STORE` are kept here and in `storage`.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::app::{Handler, OnTrap};
use crate::io::{Effect, Hop, Key, Query, ResolveError};
use crate::mutant::{self, Mutant};
use crate::record::Recorder;
use crate::report::{Death, DropReason, RefuseReason, Report};
use crate::session::transactions::Target;
use crate::step::{Callback, Outgoing, WorkingCopy};
use crate::turn::{LogLine, Outcome, SessionState, Turn, TurnId};

use super::slots::OpenStep;
use super::watching::Course;
use super::{Container, Waiting, Work};

impl Container {
    /// Gives a session something to do: at once when it is idle, else behind what waits.
    pub(super) fn post(&mut self, key: Key, work: Work) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        if let Some(received) = work.request()
            && !mutant::is(Mutant::RepetitionTwiceInMailbox)
            && slot.mailbox.iter().filter_map(Work::request).any(|waiting| waiting.key == received.key)
        {
            // RFC 3261 §17.2: a repetition of a request that waits; its transaction begins when its turn comes.
            return;
        }
        let limit = slot.application.descriptor.limits.mailbox.max(1);
        let waiting = slot.mailbox.len();
        // Responses, ACKs and what the host itself posts are never refused while that can be borne.
        let hard_limit = limit.saturating_mul(4);
        match &work {
            Work::Initial(received) | Work::Subsequent(received, _) | Work::Cancel(received, _)
                if waiting >= limit =>
            {
                let received = received.clone();
                self.refuse(&received.message, received.flow, 503, RefuseReason::Limit, "mailbox");
            }
            Work::Ack(received, _) if waiting >= hard_limit => {
                let flow = received.flow;
                self.dropped(DropReason::MailboxLimit, flow);
            }
            Work::Response { flow, .. } if waiting >= hard_limit => {
                let flow = *flow;
                self.dropped(DropReason::MailboxLimit, flow);
            }
            Work::Deadline if slot.mailbox.iter().any(|work| matches!(work, Work::Deadline)) => {}
            // RFC 3261 §17.2.1: one is enough, and its repetitions change nothing.
            Work::AckOfFailure { server, .. }
                if slot.mailbox.iter().any(
                    |work| matches!(work, Work::AckOfFailure { server: waiting, .. } if waiting == server),
                ) => {}
            Work::Stop { .. } if slot.mailbox.iter().any(|work| matches!(work, Work::Stop { .. })) => {}
            Work::Upgrade { .. } if slot.mailbox.iter().any(|work| matches!(work, Work::Upgrade { .. })) => {}
            Work::Initial(_)
            | Work::Subsequent(..)
            | Work::Cancel(..)
            | Work::AckOfFailure { .. }
            | Work::Ack(..)
            | Work::Response { .. }
            | Work::Deadline
            | Work::TransmitFailed { .. }
            | Work::Resolved { .. }
            | Work::Initialized
            | Work::Activated
            | Work::End
            | Work::Stop { .. }
            | Work::Upgrade { .. } => {
                if mutant::is(Mutant::MailboxOvertaken) {
                    slot.mailbox.push_front(work);
                } else {
                    slot.mailbox.push_back(work);
                }
                self.counts.mailbox += 1;
                self.longest_mailbox = self.longest_mailbox.max(slot.mailbox.len());
                self.ready.push_back(key);
            }
        }
    }

    /// Does what waits for a session until a turn is away, too many units are parked, or nothing is left.
    pub(super) fn run_mailbox(&mut self, key: Key) {
        loop {
            let most_parked = self.shared.config.limits.parked_units;
            let Some(slot) = self.slots.get_mut(&key) else { return };
            let is_parked_out = slot.parked.len() >= most_parked && !mutant::is(Mutant::ParkedLimitIgnored);
            if (slot.step.is_some() && !mutant::is(Mutant::TurnsOverlap)) || is_parked_out {
                return;
            }
            let Some(work) = slot.mailbox.pop_front() else { return };
            self.counts.mailbox -= 1;
            self.begin(key, work);
        }
    }

    /// Begins a step: the host part, on a copy.
    fn begin(&mut self, key: Key, work: Work) {
        let mut work = work;
        if let Work::Cancel(received, invite) = &mut work {
            // An INVITE that waited before it has begun by now.
            *invite = invite.or_else(|| self.find_canceled(key, received));
            let live = self.slots.get(&key).and_then(|slot| slot.live.server((*invite)?));
            if live.is_none() {
                // RFC 3261 §9.2: its INVITE has gone while it waited.
                self.refuse_cancel(received);
                return;
            }
        }
        if let Work::Upgrade { to, restored_from: None } = &work
            && !self.may_upgrade(key, to)
        {
            self.settle(key);
            return;
        }
        let Some(slot) = self.slots.get(&key) else { return };
        let mut copy =
            WorkingCopy::new(slot.live.clone(), slot.application.clone(), self.shared.clone(), self.now);
        let recorder = self.recorder(slot, &copy, &work);
        let callbacks = match &work {
            Work::Initial(received) => copy.on_initial_request(received),
            Work::Subsequent(received, sip) => copy.on_subsequent_request(received, *sip),
            Work::Cancel(received, invite) => {
                invite.map_or_else(Vec::new, |invite| copy.on_cancel(received, invite))
            }
            Work::AckOfFailure { server, .. } => {
                copy.on_ack_of_failure(*server);
                Vec::new()
            }
            Work::Ack(received, sip) => copy.on_ack(received, *sip),
            Work::Response { client, is_cancel, message, flow } => {
                copy.on_response(*client, *is_cancel, message, *flow)
            }
            Work::Deadline => copy.on_deadline(),
            Work::TransmitFailed { client, is_cancel } => {
                copy.on_client_transport_failed(*client, *is_cancel)
            }
            Work::Resolved { client, is_cancel, answer } => copy.on_resolved(*client, *is_cancel, answer),
            Work::Initialized => vec![Callback::Initialized],
            Work::Activated => {
                let handler = Handler::ApplicationSessionDidActivate;
                vec![Callback::ApplicationSession { handler }]
            }
            Work::End => {
                copy.end_all();
                Vec::new()
            }
            Work::Stop { retry_after_s } => {
                copy.end_for_stop(*retry_after_s);
                Vec::new()
            }
            Work::Upgrade { to, restored_from } => {
                let from =
                    restored_from.clone().unwrap_or_else(|| copy.application.descriptor.version.clone());
                vec![Callback::Upgrade { to: to.clone(), from }]
            }
        };
        let began = std::mem::take(&mut copy.began);
        self.index(key, &began);
        let indexes = began.iter().map(|row| row.2).collect();
        copy.began_indexes = indexes;
        self.go_on(key, copy, callbacks.into(), Course { input: work, recorder });
    }

    /// Runs the next turn of the step, or commits it.
    fn go_on(&mut self, key: Key, mut copy: WorkingCopy, mut callbacks: VecDeque<Callback>, course: Course) {
        while let Some(callback) = next_callback(&mut copy, &mut callbacks) {
            if !copy.has_handler_for(&callback) {
                if let Callback::ApplicationSession { handler: Handler::ApplicationSessionExpired } = callback
                {
                    copy.end_if_expired();
                }
                continue;
            }
            let id = TurnId(self.next_turn);
            self.next_turn += 1;
            let before = copy.clone();
            if let Callback::Upgrade { to, .. } = &callback {
                copy.application = to.clone();
            }
            let seed = self.seed_turn();
            match Turn::new(id, &callback, copy, seed) {
                Ok(turn) => {
                    let Some(slot) = self.slots.get_mut(&key) else { return };
                    slot.step = Some(OpenStep {
                        turn: id,
                        callback,
                        rest: callbacks,
                        course,
                        before,
                        orphaned: false,
                    });
                    self.counts.open_steps += 1;
                    self.effects.push_back(Effect::RunTurn(Box::new(turn)));
                    return;
                }
                // What the callback was about went with an earlier turn of the same step.
                Err(back) => copy = *back,
            }
        }
        self.commit(key, copy, course);
    }

    /// A turn came back.
    pub(super) fn on_turn_ended(&mut self, mut turn: Turn, outcome: Outcome) {
        let key = turn.key();
        let Some(slot) = self.slots.get_mut(&key) else { return };
        if slot.step.as_ref().is_none_or(|step| step.turn != turn.id()) {
            self.report(Report::Broken { what: "a turn came back that was not out", key });
            return;
        }
        let Some(step) = slot.step.take() else { return };
        self.counts.open_steps -= 1;
        let (log, log_dropped) = turn.take_log();
        if step.orphaned && !mutant::is(Mutant::OrphanCommitted) {
            self.report_log(&turn, log, log_dropped);
            self.drop_orphan(key, &step);
            return;
        }
        let call_id = if outcome == Outcome::Done { None } else { turn.call_id() };
        let began = step.before.began_indexes.clone();
        let mut step = step;
        let record = match &outcome {
            Outcome::Trapped(_) => self.keep(key, &mut step.course, &step.before),
            Outcome::Done | Outcome::Failed(_) => None,
        };
        self.write_down(&mut step, &turn, &outcome, (&log, log_dropped));
        self.report_log(&turn, log, log_dropped);
        if mutant::is(Mutant::AttributesSurviveTrap) {
            step.before.session.attributes = turn.copy.session.attributes.clone();
        }
        if mutant::is(Mutant::OutboxSurvivesTrap) {
            step.before.outbox.clone_from(&turn.copy.outbox);
        }
        let mut copy = match outcome {
            Outcome::Done => {
                let mut copy = turn.copy;
                finish(&mut copy, &step.callback);
                if let Callback::Upgrade { from, .. } = &step.callback {
                    copy.on_upgraded(from);
                }
                copy
            }
            Outcome::Failed(text) => {
                self.abandon(step.before, &step.callback, call_id, Death::Failed(text), None)
            }
            Outcome::Trapped(trap) => {
                self.abandon(step.before, &step.callback, call_id, Death::Trapped(trap), record)
            }
        };
        copy.began_indexes = began;
        self.go_on(key, copy, step.rest, step.course);
        self.ready.push_back(key);
    }

    /// Writes the turn down where the step is recorded. Where more turns follow in a step that may be kept for a death,
    /// it is written down in case one of them dies.
    fn write_down(&mut self, step: &mut OpenStep, turn: &Turn, outcome: &Outcome, log: (&[LogLine], u32)) {
        let course = &mut step.course;
        if course.recorder.is_none() && self.shared.config.keep_trapped && !step.rest.is_empty() {
            course.recorder = Some(Box::new(Recorder::new(&step.before, course.input.told())));
        }
        if let Some(recorder) = &mut course.recorder {
            recorder.on_turn(turn, &step.callback, &step.before, outcome, log);
        }
    }

    fn report_log(&mut self, turn: &Turn, lines: Vec<LogLine>, dropped: u32) {
        let app = turn.app().clone();
        for line in lines {
            self.report(Report::Log {
                app: app.clone(),
                key: turn.key(),
                level: line.level,
                message: line.message,
            });
        }
        if dropped > 0 {
            self.report(Report::LogDropped { app, lines: dropped });
        }
    }

    /// The handler died: its part is dropped, the host part stays, and what its turn owed is paid.
    // [3261-8.2-2]
    fn abandon(
        &mut self,
        mut copy: WorkingCopy,
        callback: &Callback,
        call_id: Option<String>,
        death: Death,
        record: Option<String>,
    ) -> WorkingCopy {
        let mut answered = None;
        match callback {
            Callback::Request { server, .. } => {
                if let Some(tx) = copy.session.server(*server)
                    && tx.is_open()
                {
                    // The dialog has ended with the BYE, so the BYE has succeeded.
                    let is_bye =
                        tx.method == siplet_sip::method::Method::Bye && !mutant::is(Mutant::TrappedByeFails);
                    let status = if is_bye { 200 } else { 500 };
                    copy.answer(*server, status, &[]);
                    answered = Some(status);
                }
            }
            // RFC 3261 §13.2.2.4: a 2xx is acknowledged whatever the application does.
            Callback::Response { .. } if mutant::is(Mutant::SuccessUnacknowledged) => {}
            Callback::Response { client, .. } => copy.ack_all(*client),
            Callback::NoAck { .. }
            | Callback::NoPrack { .. }
            | Callback::Ack { .. }
            | Callback::Initialized
            | Callback::Timeout { .. }
            | Callback::Session { .. }
            | Callback::ApplicationSession { .. }
            | Callback::Attribute { .. }
            | Callback::Upgrade { .. } => {}
        }
        finish(&mut copy, callback);
        // A session that cannot move stays with the version that it has, whose handler did not die.
        let application = match callback {
            Callback::Upgrade { to, .. } => to,
            Callback::Request { .. }
            | Callback::Response { .. }
            | Callback::NoAck { .. }
            | Callback::NoPrack { .. }
            | Callback::Ack { .. }
            | Callback::Timeout { .. }
            | Callback::Session { .. }
            | Callback::ApplicationSession { .. }
            | Callback::Attribute { .. }
            | Callback::Initialized => {
                let ends = copy.application.descriptor.on_trap == OnTrap::EndCall;
                if ends && copy.session.valid && !copy.session.root {
                    copy.end_all();
                }
                &copy.application
            }
        };
        let report = Report::TurnAbandoned {
            app: application.id.clone(),
            version: application.descriptor.version.clone(),
            handler: callback.handler(),
            key: copy.session.key,
            call_id,
            answered,
            death,
            record,
        };
        self.report(report);
        copy
    }

    /// A step whose session went back to an older version: nothing of it is kept, its request is refused.
    fn drop_orphan(&mut self, key: Key, step: &OpenStep) {
        for index in &step.before.began_indexes {
            if let Some(tx) = step.before.session.server(*index) {
                let (request, flow) = (tx.request.clone(), tx.flow);
                self.refuse(&request, flow, 503, RefuseReason::Store, "store");
            }
        }
        self.settle(key);
        self.ready.push_back(key);
    }

    /// Commit: the copy becomes the session. Its outbox leaves at once, or when the store has acknowledged.
    fn commit(&mut self, key: Key, mut copy: WorkingCopy, course: Course) {
        copy.session.strip_ended();
        copy.session.servers.retain(|tx| !tx.is_over());
        copy.session.clients.retain(|tx| !tx.is_over());
        copy.session.drop_ended();
        for report in std::mem::take(&mut copy.reports) {
            self.report(report);
        }
        if let Some(recorder) = course.recorder {
            self.tell_step(key, &copy, *recorder);
        }
        let dirty = std::mem::take(&mut copy.session.dirty);
        let stores = self.shared.config.durable && copy.application.descriptor.distributable;
        let Some(slot) = self.slots.get(&key) else { return };
        if slot.application.id != copy.application.id {
            let to = copy.application.clone();
            self.move_session(key, &to, stores);
        }
        let Some(slot) = self.slots.get_mut(&key) else { return };
        if stores && dirty {
            copy.session.version += 1;
            slot.live = copy.session;
            let outbox = if mutant::is(Mutant::ReleaseBeforeStored) {
                self.release(key, copy.outbox);
                Vec::new()
            } else {
                copy.outbox
            };
            self.park(key, outbox, copy.began_indexes);
        } else {
            slot.live = copy.session;
            match slot.parked.back_mut() {
                None => self.release(key, copy.outbox),
                Some(_) if mutant::is(Mutant::TryingBeforeStored) => self.release(key, copy.outbox),
                // What a clean step sends may show what is not stored yet (a 100, a repetition): it leaves behind the
                // units that wait, once.
                Some(last) => {
                    for outgoing in copy.outbox {
                        if !last.outbox.contains(&outgoing) {
                            last.outbox.push(outgoing);
                        }
                    }
                }
            }
        }
        self.settle(key);
    }

    /// Release: the messages of a committed step leave, in call order.
    pub(super) fn release(&mut self, key: Key, outbox: Vec<Outgoing>) {
        let mut outbox = outbox;
        if mutant::is(Mutant::OutboxReversed) {
            outbox.reverse();
        }
        if mutant::is(Mutant::OutboxLost) {
            outbox.pop();
        }
        for outgoing in outbox {
            match (outgoing.target, outgoing.client) {
                (Target::Hop(hop), _) => {
                    self.effects.push_back(Effect::Transmit { hop, bytes: outgoing.bytes });
                }
                (Target::Name { query, .. }, Some((client, is_cancel))) => {
                    self.resolve(key, query, Waiting::Client { key, client, is_cancel });
                }
                (Target::Name { query, listener, transport, port }, None) => {
                    let bytes = outgoing.bytes;
                    self.resolve(key, query, Waiting::Message { bytes, listener, transport, port });
                }
            }
        }
    }

    /// Asks the DNS for what waits for an address.
    pub(super) fn resolve(&mut self, key: Key, query: Query, what: Waiting) {
        if self.replaying.is_some() {
            // The answer is in the record, as the input of a step of its own.
            return;
        }
        if self.resolving_requests >= self.shared.config.limits.resolving {
            let why = ResolveError::Limit;
            self.report(Report::ResolveFailed { host: query.host, why, messages: 1 });
            match what {
                Waiting::Client { client, is_cancel, .. } => {
                    self.post(key, Work::TransmitFailed { client, is_cancel });
                }
                Waiting::Message { .. } => {
                    self.report(Report::Dropped { why: DropReason::NoRoute, flow: None })
                }
            }
            return;
        }
        self.resolving_requests += 1;
        let waiting = self.resolving.entry(query.clone()).or_default();
        waiting.push(what);
        if waiting.len() == 1 {
            self.effects.push_back(Effect::Resolve { query });
        }
    }

    /// Something of a session is due.
    pub(super) fn on_due(&mut self, key: Key) {
        self.retry_stores(key);
        self.post(key, Work::Deadline);
        self.run_mailbox(key);
        self.settle(key);
    }
}

/// The next callback of a step: listeners of what has happened so far go first, and when nothing else is left, those of what
/// is ready to be invalidated.
fn next_callback(copy: &mut WorkingCopy, callbacks: &mut VecDeque<Callback>) -> Option<Callback> {
    loop {
        for event in copy.take_events().into_iter().rev() {
            callbacks.push_front(event);
        }
        if let Some(callback) = callbacks.pop_front() {
            return Some(callback);
        }
        copy.settle_ready();
        if copy.events.is_empty() {
            return None;
        }
    }
}

/// What is owed after a handler, whether it ended well or not.
fn finish(copy: &mut WorkingCopy, callback: &Callback) {
    match callback {
        Callback::NoAck { server, .. } => end_unacknowledged(copy, *server),
        Callback::NoPrack { server } => copy.refuse_unacknowledged(*server),
        Callback::Response { client, .. } => copy.prack_all(*client),
        Callback::ApplicationSession { handler: Handler::ApplicationSessionExpired } => copy.end_if_expired(),
        Callback::Request { .. }
        | Callback::Ack { .. }
        | Callback::Initialized
        | Callback::Timeout { .. }
        | Callback::Session { .. }
        | Callback::ApplicationSession { .. }
        | Callback::Attribute { .. }
        | Callback::Upgrade { .. } => {}
    }
}

/// A dialog whose 2xx nobody acknowledged ends, unless the servlet has ended it (RFC 3261 §13.3.1.4).
fn end_unacknowledged(copy: &mut WorkingCopy, server: u32) {
    let Some(sip) = copy.session.server(server).map(|tx| tx.sip) else { return };
    if copy.session.sip(sip).is_some_and(|session| session.state == SessionState::Confirmed) {
        copy.end_with_what_is_owed(sip);
    }
}

impl WorkingCopy {
    /// The DNS has answered: the request goes to the first address, or to nobody.
    pub(crate) fn on_resolved(
        &mut self,
        client: u32,
        is_cancel: bool,
        answer: &[std::net::IpAddr],
    ) -> Vec<Callback> {
        let Some(tx) = self.session.client_mut(client, is_cancel) else { return Vec::new() };
        let Target::Name { query, listener, transport, port } = tx.target.clone() else { return Vec::new() };
        let Some(ip) = answer.iter().find(|ip| ip.is_ipv6() == query.ipv6) else {
            return self.on_client_transport_failed(client, is_cancel);
        };
        let remote = SocketAddr::new(*ip, port);
        tx.target = Target::Hop(Hop { listener, transport, remote, connection: 0, fallback: None });
        let (target, bytes) = (tx.target.clone(), tx.request.clone());
        self.session.dirty = true;
        self.push(target, bytes);
        Vec::new()
    }
}
