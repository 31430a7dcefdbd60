//! A host around the container for tests: a script in place of a guest, a store that answers as the test says, its own time.
//!
//! It moves inputs in and effects out as the shell does, and keeps what was sent, stored and reported. It panics when a
//! script fails where the test did not expect it, and when the container says that it broke its own rules.
#![allow(dead_code, reason = "each file of tests uses its part of the harness")]

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use siplet_container::app::{AppId, Application, Descriptor, Handler};
use siplet_container::config::{Config, Limits, Listener, Secret};
use siplet_container::io::{CommandReply, Flow, Hop, Item, Key, Query, StoreError, Transport, UnitId, Write};
use siplet_container::report::Report;
use siplet_container::turn::{Callback, MessageId, Misuse, Outcome, Turn};
use siplet_container::{Container, Effect, Input};
use siplet_sip::message::Message;
use siplet_sip::time::Time;

/// What a turn does; an error fails the test.
pub(crate) type Script = Box<dyn FnMut(&mut Turn) -> Result<(), Misuse>>;

/// How the store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// Not before the test says so.
    Waits,
    /// It stores and says so.
    Acknowledges,
    /// It stores, and its answer is lost.
    LosesAnswers,
    /// It stores nothing.
    IsAway,
}

/// What a host is started with; the default is a host that stores nothing.
pub(crate) struct Setup {
    pub(crate) durable: bool,
    /// Two hosts with one seed mint the same keys.
    pub(crate) seed: u64,
    pub(crate) descriptor: Descriptor,
    pub(crate) limits: Limits,
    /// What another host has stored.
    pub(crate) stored: BTreeMap<Key, Write>,
    pub(crate) now: Time,
    pub(crate) keep_trapped: bool,
    pub(crate) secret: Secret,
    pub(crate) previous_secret: Option<Secret>,
    /// Its number, and how many shards there are.
    pub(crate) shard: (u16, u16),
}

/// The secret of hosts that are told no other.
pub(crate) const SECRET: Secret = Secret(*b"0123456789abcdef");

impl Default for Setup {
    fn default() -> Self {
        let descriptor = Descriptor { name: "app".to_owned(), ..Descriptor::default() };
        let (limits, stored, now) = (Limits::default(), BTreeMap::new(), Time::from_micros(1_000_000));
        Self {
            durable: false,
            seed: 1,
            descriptor,
            limits,
            stored,
            now,
            keep_trapped: false,
            secret: SECRET,
            previous_secret: None,
            shard: (0, 1),
        }
    }
}

/// A message that left.
pub(crate) struct Sent {
    pub(crate) hop: Hop,
    pub(crate) message: Message,
}

/// A running host.
pub(crate) struct Host {
    pub(crate) container: Container,
    pub(crate) now: Time,
    /// Where the next packets come from.
    pub(crate) flow: Flow,
    pub(crate) sent: Vec<Sent>,
    pub(crate) reports: Vec<Report>,
    pub(crate) replies: Vec<CommandReply>,
    /// How handlers end that are named here; what they did before is done.
    pub(crate) ends: BTreeMap<Handler, Outcome>,
    /// Names of the handlers that ran, in order.
    pub(crate) turns: Vec<&'static str>,
    /// Names that the DNS was asked for.
    pub(crate) queries: Vec<Query>,
    pub(crate) store: Store,
    pub(crate) stored: BTreeMap<Key, Write>,
    pub(crate) forgotten: Vec<Key>,
    /// Its records were damaged: what it sends again may be anything.
    pub(crate) is_damaged: bool,
    units: VecDeque<(UnitId, Vec<Write>)>,
    /// Turns stay away until [`Host::end_turn`].
    pub(crate) hold_turns: bool,
    held: VecDeque<Box<Turn>>,
    /// Sessions that are asked for are not looked up before [`Host::load_all`].
    pub(crate) hold_loads: bool,
    loads: Vec<Key>,
    /// How often the store was asked for a session.
    pub(crate) asked: usize,
    /// Why the store tells of no session; none: it does.
    pub(crate) load_fault: Option<StoreError>,
    /// What was for other shards.
    pub(crate) handed: Vec<(u16, Item)>,
    script: Script,
}

impl Host {
    /// A host that stores nothing, with one application of these handlers.
    pub(crate) fn new(
        handlers: &[Handler],
        script: impl FnMut(&mut Turn) -> Result<(), Misuse> + 'static,
    ) -> Self {
        Self::start(Setup::default(), handlers, script)
    }

    /// A host whose store waits for the test.
    pub(crate) fn durable(
        handlers: &[Handler],
        script: impl FnMut(&mut Turn) -> Result<(), Misuse> + 'static,
    ) -> Self {
        Self::start(Setup { durable: true, ..Setup::default() }, handlers, script)
    }

    pub(crate) fn start(
        setup: Setup,
        handlers: &[Handler],
        script: impl FnMut(&mut Turn) -> Result<(), Misuse> + 'static,
    ) -> Self {
        let listener = |transport| Listener {
            transport,
            address: "10.0.0.1:5060".parse().expect("an address"),
            advertised_host: "10.0.0.1".to_owned(),
            advertised_port: 5060,
        };
        let config = Config {
            listeners: vec![listener(Transport::Udp), listener(Transport::Tcp)],
            limits: setup.limits,
            durable: setup.durable,
            secret: setup.secret,
            previous_secret: setup.previous_secret,
            shard: setup.shard.0,
            shards: setup.shard.1,
            seed: [setup.seed, 1],
            keep_trapped: setup.keep_trapped,
            ..Config::default()
        };
        let mut host = Self {
            container: Container::new(config),
            now: setup.now,
            flow: udp_from("10.0.0.2:5070"),
            sent: Vec::new(),
            reports: Vec::new(),
            replies: Vec::new(),
            ends: BTreeMap::new(),
            turns: Vec::new(),
            queries: Vec::new(),
            store: Store::Waits,
            stored: setup.stored,
            forgotten: Vec::new(),
            is_damaged: false,
            units: VecDeque::new(),
            hold_turns: false,
            held: VecDeque::new(),
            hold_loads: false,
            loads: Vec::new(),
            asked: 0,
            load_fault: None,
            handed: Vec::new(),
            script: Box::new(script),
        };
        host.handle(deploy(1, setup.descriptor, handlers));
        for (key, write) in host.stored.clone() {
            host.handle(Input::Restored { key, found: Ok(Some(write.snapshot)) });
        }
        host
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.container.handle(input, self.now);
        loop {
            self.obey();
            if self.store == Store::Waits || self.units.is_empty() {
                return;
            }
            self.answer_one(self.store);
        }
    }

    fn obey(&mut self) {
        while let Some(effect) = self.container.poll_effect() {
            match effect {
                Effect::Transmit { hop, bytes } => {
                    match Message::parse(bytes, &siplet_sip::limits::Limits::unbounded()) {
                        Ok(message) => self.sent.push(Sent { hop, message }),
                        Err(fault) => assert!(self.is_damaged, "what we send can be read: {fault}"),
                    }
                }
                Effect::RunTurn(turn) => {
                    self.turns.push(turn.callback().handler().name());
                    self.held.push_back(turn);
                    if !self.hold_turns {
                        self.run_held();
                    }
                }
                Effect::Store { unit, writes } => self.units.push_back((unit, writes)),
                Effect::Load { key } => {
                    self.asked += 1;
                    if self.hold_loads {
                        self.loads.push(key);
                    } else {
                        self.load(key);
                    }
                }
                Effect::Forget { key } => {
                    let result =
                        if self.store == Store::IsAway { Err(StoreError::Unavailable) } else { Ok(()) };
                    if result.is_ok() {
                        self.stored.remove(&key);
                        self.forgotten.push(key);
                    }
                    self.container.handle(Input::Forgotten { key, result }, self.now);
                }
                Effect::Handover { shard, item } => self.handed.push((shard, item)),
                Effect::Resolve { query } => self.queries.push(query),
                Effect::Report(broken @ Report::Broken { .. }) => panic!("{broken:?}"),
                Effect::Report(report) => self.reports.push(report),
                Effect::CommandReply { reply, .. } => self.replies.push(reply),
                effect @ Effect::CloseFlow { .. } => panic!("nobody asked for {effect:?}"),
            }
        }
    }

    fn load(&mut self, key: Key) {
        let found = match self.load_fault {
            Some(fault) => Err(fault),
            None => Ok(self.stored.get(&key).map(|write| write.snapshot.clone())),
        };
        self.container.handle(Input::Restored { key, found }, self.now);
    }

    /// The store answers what it was asked for.
    pub(crate) fn load_all(&mut self) {
        for key in std::mem::take(&mut self.loads) {
            self.load(key);
        }
        self.handle(Input::Tick);
    }

    fn run_held(&mut self) {
        let mut turn = self.held.pop_front().expect("a turn is away");
        if let Err(misuse) = (self.script)(&mut turn) {
            panic!("the script of {} failed: {misuse}", turn.callback().handler().name());
        }
        let outcome = self.ends.get(&turn.callback().handler()).cloned().unwrap_or(Outcome::Done);
        self.container.handle(Input::TurnEnded { turn, outcome }, self.now);
    }

    /// The oldest turn that is away runs and comes back.
    pub(crate) fn end_turn(&mut self) {
        self.run_held();
        self.handle(Input::Tick);
    }

    pub(crate) fn receive(&mut self, text: &str) {
        let bytes = Bytes::from(text.replace('\n', "\r\n"));
        self.handle(Input::Packet { flow: self.flow, bytes });
    }

    /// The store answers all that waits, well.
    pub(crate) fn acknowledge(&mut self) {
        while !self.units.is_empty() {
            self.answer_one(Store::Acknowledges);
            self.obey();
        }
    }

    /// The store answers all that waits, as it answers now.
    pub(crate) fn answer_all(&mut self) {
        for _ in 0..self.units.len() {
            self.answer_one(self.store);
            self.obey();
        }
    }

    fn answer_one(&mut self, how: Store) {
        let Some((unit, writes)) = self.units.pop_front() else { return };
        let stores = matches!(how, Store::Acknowledges | Store::LosesAnswers);
        let current = |write: &Write| self.stored.get(&write.key).map_or(0, |stored| stored.version);
        let result = if stores && writes.iter().any(|write| write.version < current(write)) {
            // As strict as a store may be: a version that goes back is another owner's.
            Err(StoreError::Refused)
        } else {
            let writes = writes.into_iter().map(|write| (write.key, write));
            self.stored.extend(writes.filter(|_| stores));
            if how == Store::Acknowledges { Ok(()) } else { Err(StoreError::Unavailable) }
        };
        self.container.handle(Input::Stored { unit, result }, self.now);
    }

    /// Number of units that wait for the store's answer.
    pub(crate) fn units(&self) -> usize {
        self.units.len()
    }

    /// What the last unit that waits for the store writes.
    pub(crate) fn last_write(&self) -> &Write {
        self.units.back().and_then(|(_, writes)| writes.last()).expect("a unit waits")
    }

    /// Time passes; every deadline on the way is met.
    pub(crate) fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.container.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Input::Tick);
        }
        self.now = end;
    }

    /// What was sent since the last call of this: `BYE`, `200 INVITE`.
    pub(crate) fn take_sent(&mut self) -> Vec<String> {
        self.sent.drain(..).map(|sent| summary(&sent.message)).collect()
    }

    /// The last request of that method that was sent.
    pub(crate) fn sent_request(&self, method: &str) -> Message {
        let mut sent = self.sent.iter().rev().map(|sent| &sent.message);
        sent.find(|message| message.method().is_some_and(|own| own.as_str() == method))
            .unwrap_or_else(|| panic!("no {method} was sent"))
            .clone()
    }

    /// A call comes in and its 2xx is acknowledged: our tag in its dialog.
    pub(crate) fn establish(&mut self) -> String {
        self.receive(&request("INVITE", 1, "invite", ""));
        self.acknowledge();
        let tag = tag_of(&self.sent.last().expect("an answer").message);
        self.receive(&request("ACK", 1, "ack", &tag));
        self.acknowledge();
        self.sent.clear();
        tag
    }

    /// A MESSAGE lets a [`caller`] call out: the INVITE that it sent.
    pub(crate) fn call_out(&mut self) -> Message {
        self.receive(&request("MESSAGE", 1, "message", ""));
        let invite = self.sent_request("INVITE");
        self.sent.clear();
        invite
    }
}

/// An application `app` of that digest.
pub(crate) fn deploy(digest: u64, descriptor: Descriptor, handlers: &[Handler]) -> Input {
    let id = AppId { name: "app".into(), digest };
    Input::Deploy(Box::new(Application { id, descriptor, handlers: handlers.iter().copied().collect() }))
}

/// Packets that come as datagrams from that address.
pub(crate) fn udp_from(remote: &str) -> Flow {
    let remote = remote.parse().expect("an address");
    Flow { listener: 0, transport: Transport::Udp, remote, connection: 0 }
}

/// Answers every request with 200.
pub(crate) fn accept(turn: &mut Turn) -> Result<(), Misuse> {
    let Callback::Request { message, handler } = turn.callback() else { return Ok(()) };
    if !matches!(handler, Handler::DoAck | Handler::DoCancel) {
        let response = turn.create_response(message, 200, None)?;
        turn.send(response)?;
    }
    Ok(())
}

/// Calls out when a MESSAGE comes, and answers every request with 200.
pub(crate) fn caller(turn: &mut Turn) -> Result<(), Misuse> {
    if turn.callback().handler() == Handler::DoMessage {
        let invite = turn.create_initial_request("INVITE", "<sip:me@here>", "<sip:callee@10.0.0.3>")?;
        turn.send(invite)?;
    }
    accept(turn)
}

/// The response that a turn is about, where it is about one.
pub(crate) fn response_in(turn: &Turn) -> Option<MessageId> {
    match turn.callback() {
        Callback::Response { message, .. } => Some(message),
        Callback::Request { .. }
        | Callback::ServletInitialized
        | Callback::NoAckReceived { .. }
        | Callback::NoPrackReceived { .. }
        | Callback::Timeout { .. }
        | Callback::Session { .. }
        | Callback::ApplicationSession { .. }
        | Callback::AttributeChanged { .. }
        | Callback::Upgrade => None,
    }
}

/// `BYE`, or `200 INVITE`.
pub(crate) fn summary(message: &Message) -> String {
    let (_, method) = message.cseq().expect("a CSeq");
    match message.status() {
        Some(status) => format!("{status} {}", method.as_str()),
        None => method.as_str().to_owned(),
    }
}

pub(crate) fn tag_of(message: &Message) -> String {
    let tag = message.to().expect("a To").tag().expect("a tag").to_vec();
    String::from_utf8(tag).expect("tags are text")
}

/// A request from alice to bob in the call `call-1`; lines end in `\n`, so that a test can change it by `replace`.
pub(crate) fn request(method: &str, cseq: u32, branch: &str, to_tag: &str) -> String {
    let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    format!(
        "{method} sip:bob@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.2:5070;branch=z9hG4bK{branch}\nMax-Forwards: 70\n\
         From: <sip:alice@10.0.0.2>;tag=a\nTo: <sip:bob@10.0.0.1>{to_tag}\nCall-ID: call-1\nCSeq: {cseq} {method}\n\
         Contact: <sip:alice@10.0.0.2:5070>\nContent-Length: 0\n\n"
    )
}

/// A response of the callee to a request that we sent; an empty tag leaves To as it is.
pub(crate) fn response(request: &Message, status: u16, tag: &str) -> String {
    let text = String::from_utf8(request.bytes().to_vec()).expect("our messages are text");
    let copied =
        |name: &&str| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|own| name.starts_with(own));
    let mut lines = format!("SIP/2.0 {status} Reason\n");
    for line in text.lines().filter(copied) {
        lines.push_str(line);
        if line.starts_with("To:") && !tag.is_empty() {
            lines.push_str(&format!(";tag={tag}"));
        }
        lines.push('\n');
    }
    lines + "Contact: <sip:callee@10.0.0.3>\nContent-Length: 0\n\n"
}
