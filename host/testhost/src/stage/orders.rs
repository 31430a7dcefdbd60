//! What a kit asks of a world, order by order.

use std::time::Duration;

use siplet_container::Input;
use siplet_container::io::{Command, Transport};
use siplet_ladder::Options;
use siplet_store::memory::Faults;
use siplet_test_protocol::{
    self as protocol, Dialog, Error, ErrorKind, Outcome, Parts, Request, Rule, RuleEffect, Session,
};

use crate::peer::{Extras, Reply};
use crate::world::left::left;
use crate::world::net::{self, Effect, Weather};
use crate::world::seen::End;

use super::error;
use super::play::Play;

/// Columns of a picture: a remark names a file and a line, and these are long.
const COLUMNS: usize = 132;
/// Phones of one world.
const PHONES_MAX: usize = 200;
/// Rules of the net that are not used up.
const RULES_MAX: usize = 1000;
/// A year: longer waits are a mistake.
const ADVANCE_US_MAX: u64 = 366 * 86_400 * 1_000_000;

type Done = Result<Option<Outcome>, Error>;

fn wrong<T>(text: impl Into<String>) -> Result<T, Error> {
    Err(error(ErrorKind::Order, text))
}

impl Play {
    /// Does an order.
    pub(super) fn order(&mut self, order: &Request) -> Done {
        let now = self.world.now;
        match order {
            Request::Phone { uri, transport } => self.add_phone(uri, *transport),
            Request::Send { phone, method, uri, parts } => {
                let phone = self.phone(*phone)?;
                let request = self.world.peers[phone].request(method, uri, &extras(parts), now);
                Ok(Some(self.as_sent(phone, request)))
            }
            Request::SendIn { phone, dialog, method, parts } => {
                let phone = self.phone(*phone)?;
                let dialog = self.dialog(phone, *dialog)?;
                let request = self.world.peers[phone].request_in(dialog, method, &extras(parts), now);
                Ok(Some(self.as_sent(phone, request)))
            }
            Request::Ack { phone, request, parts } => self.ack(*phone, *request, parts),
            Request::Cancel { phone, request, parts } => {
                let (phone, request) = self.sent(*phone, *request)?;
                self.world.peers[phone].cancel(request, &parts.headers, now);
                Ok(None)
            }
            Request::Respond { phone, incoming, status, reason, parts } => {
                self.respond(*phone, *incoming, *status, reason, parts)
            }
            Request::Answers { phone, method, status } => {
                let phone = self.phone(*phone)?;
                self.world.peers[phone].statuses.insert(method.clone(), *status);
                Ok(None)
            }
            Request::Advance { us, until_message } => {
                if *us > ADVANCE_US_MAX {
                    return wrong("time passes by a year at most");
                }
                let until = now + Duration::from_micros(*us);
                Ok(Some(Outcome::Stopped(self.run(until, *until_message))))
            }
            Request::Left => Ok(Some(Outcome::Left(left(&self.world)))),
            Request::Sessions => Ok(Some(Outcome::Sessions(self.sessions()))),
            Request::Mark { text } => {
                self.ladder().mark(text);
                Ok(None)
            }
            Request::Ladder { stable } => {
                // No CPU time is in it, so every picture is the same in the next run; a kept one has no end.
                let options = Options {
                    columns: COLUMNS,
                    ..if *stable { Options::full() } else { Options::default() }
                };
                Ok(Some(Outcome::Ladder(self.ladder().ladder().draw(&options))))
            }
            other => self.fault(other),
        }
    }

    /// What goes wrong in the world around the servlet.
    fn fault(&mut self, order: &Request) -> Done {
        match order {
            Request::Network { delay_us, jitter_us, loss_percent, duplication_percent } => {
                self.world.net.weather = Weather {
                    delay: Duration::from_micros(*delay_us),
                    jitter: Duration::from_micros(*jitter_us),
                    loss: *loss_percent,
                    duplication: *duplication_percent,
                };
            }
            Request::Rule(rule) => self.rule(rule)?,
            Request::Store { latency_us, outage, loses_answers } => {
                let faults =
                    Faults { latency_us: *latency_us, outage: *outage, lose_answers: *loses_answers };
                self.world.set_store_faults(faults);
            }
            Request::Kill { arrived } => {
                if self.world.host.container.is_none() {
                    return wrong("the host is dead already");
                }
                self.world.kill_host(*arrived);
            }
            Request::Start => {
                if self.world.host.container.is_some() {
                    return wrong("the host is alive");
                }
                self.world.start_host();
            }
            Request::Drain { retry_after_s } => {
                let command = Command::Drain { retry_after_s: *retry_after_s };
                self.world.feed(Input::Command { id: 0, command });
            }
            Request::Resume => self.world.feed(Input::Command { id: 0, command: Command::Resume }),
            _ => return wrong("this cannot be done here"),
        }
        Ok(None)
    }

    fn add_phone(&mut self, uri: &str, transport: protocol::Transport) -> Done {
        if self.world.peers.len() >= PHONES_MAX {
            return wrong(format!("a world has {PHONES_MAX} phones at most"));
        }
        let good = uri.strip_prefix("sip:").and_then(|rest| rest.split_once('@'));
        let is_word = |word: &str| {
            !word.is_empty() && !word.contains(|c: char| " <>\"@;?:,".contains(c) || c.is_control())
        };
        if !good.is_some_and(|(user, domain)| is_word(user) && is_word(domain)) {
            return wrong(format!("a phone is known by a URI such as sip:alice@home, not by {uri:?}"));
        }
        if self.world.peers.iter().any(|peer| peer.uri.as_deref() == Some(uri)) {
            return wrong(format!("there is a phone {uri} already"));
        }
        let phone = self.world.add_phone(
            uri,
            match transport {
                protocol::Transport::Udp => Transport::Udp,
                protocol::Transport::Tcp => Transport::Tcp,
            },
        );
        let manners = &mut self.world.peers[phone].manners;
        manners.acks_success = false;
        manners.answers_calls = false;
        Ok(Some(Outcome::Phone(phone)))
    }

    fn phone(&self, phone: usize) -> Result<usize, Error> {
        if phone < self.world.peers.len() { Ok(phone) } else { wrong(format!("there is no phone {phone}")) }
    }

    fn sent(&self, phone: usize, request: usize) -> Result<(usize, usize), Error> {
        let phone = self.phone(phone)?;
        match self.world.peers[phone].clients.get(request) {
            Some(_) => Ok((phone, request)),
            None => wrong(format!("phone {phone} has sent no request {request}")),
        }
    }

    fn as_sent(&self, phone: usize, request: usize) -> Outcome {
        let call_id = self.world.peers[phone].clients[request].call_id.clone();
        Outcome::Sent(protocol::Sent { request, call_id })
    }

    fn dialog(&self, phone: usize, dialog: Dialog) -> Result<usize, Error> {
        let peer = &self.world.peers[phone];
        let found = match dialog {
            Dialog::Request(request) => {
                let fits = |confirmed: bool| {
                    peer.dialogs
                        .iter()
                        .position(|dialog| dialog.client == Some(request) && (dialog.confirmed || !confirmed))
                };
                fits(true).or_else(|| fits(false))
            }
            Dialog::Incoming(incoming) => peer.dialog_of_server(incoming),
        };
        found.map_or_else(|| wrong("there is no dialog: no response with a To tag has made one"), Ok)
    }

    fn ack(&mut self, phone: usize, request: usize, parts: &Parts) -> Done {
        let (phone, request) = self.sent(phone, request)?;
        let peer = &mut self.world.peers[phone];
        let dialog = match peer.clients[request].dialog {
            Some(dialog) => Some(dialog),
            None => peer.dialogs.iter().position(|dialog| dialog.client == Some(request) && dialog.confirmed),
        };
        let Some(dialog) = dialog else { return wrong("there is nothing to acknowledge: no 2xx has come") };
        peer.ack_headers.clone_from(&parts.headers);
        peer.ack_success(request, dialog);
        // From now on the peer acknowledges repetitions by itself.
        peer.clients[request].acks_by_itself = true;
        Ok(None)
    }

    fn respond(&mut self, phone: usize, incoming: usize, status: u16, reason: &str, parts: &Parts) -> Done {
        let (phone, now) = (self.phone(phone)?, self.world.now);
        let peer = &mut self.world.peers[phone];
        let Some(server) = peer.servers.get(incoming) else {
            return wrong(format!("phone {phone} got no request {incoming}"));
        };
        if !(100..700).contains(&status) {
            return wrong(format!("{status} is no status of a response"));
        }
        if !server.finals.is_empty() {
            return wrong("the request has its final response");
        }
        let usual = siplet_sip::draft::reason_phrase(status);
        peer.reply(
            incoming,
            &Reply {
                reason: if reason.is_empty() { usual.to_owned() } else { reason.to_owned() },
                headers: parts.headers.clone(),
                body: parts.body.clone(),
                ..Reply::now(status)
            },
            now,
        );
        Ok(None)
    }

    fn rule(&mut self, rule: &Rule) -> Result<(), Error> {
        let rules = &mut self.world.net.rules;
        rules.retain(|rule| rule.times > 0);
        if rules.len() >= RULES_MAX {
            return wrong(format!("a world has {RULES_MAX} rules at most"));
        }
        for phone in [rule.from, rule.to].into_iter().flatten() {
            self.phone(phone)?;
        }
        let (from, to) = match (rule.from, rule.to) {
            (None, None) => (None, None),
            (from, to) => (Some(from.map_or(End::Host, End::Peer)), Some(to.map_or(End::Host, End::Peer))),
        };
        self.world.net.rules.push(net::Rule {
            from,
            to,
            what: rule.what.clone(),
            cseq_method: None,
            times: rule.times,
            effect: match rule.effect {
                RuleEffect::Drop => Effect::Drop,
                RuleEffect::Duplicate => Effect::Duplicate,
                RuleEffect::DelayUs(us) => Effect::Delay(Duration::from_micros(us)),
            },
        });
        Ok(())
    }

    fn sessions(&self) -> Vec<Session> {
        let Some(container) = &self.world.host.container else { return Vec::new() };
        let text = |attributes: Vec<(String, bytes::Bytes)>| {
            attributes
                .into_iter()
                .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
                .collect()
        };
        let views = container.sessions().into_iter().filter(|view| !view.root);
        views
            .map(|view| Session {
                id: view.id,
                application: view.app.name.to_string(),
                expires_in_us: view
                    .expires
                    .map(|at| u64::try_from(at.since(self.world.now).as_micros()).unwrap_or(u64::MAX)),
                attributes: text(view.attributes),
                sip_sessions: view
                    .sips
                    .into_iter()
                    .map(|sip| protocol::SipSession {
                        call_id: sip.call_id,
                        state: sip.state.name().to_owned(),
                        attributes: text(sip.attributes),
                    })
                    .collect(),
            })
            .collect()
    }
}

fn extras(parts: &Parts) -> Extras {
    Extras { headers: parts.headers.clone(), body: parts.body.clone(), ..Extras::default() }
}
