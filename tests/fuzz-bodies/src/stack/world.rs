//! What is around the container: a store with moods, guests, a clock, a name server.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::app::{AppId, Application, Descriptor, Handler};
use siplet_container::config::{Config, Listener, Secret};
use siplet_container::io::{Flow, Hop, Key, Query, ResolveError, StoreError, Transport, UnitId, Write};
use siplet_container::turn::Turn;
use siplet_container::{Container, Counts, Effect, Input};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

use super::guest;
use super::script::Script;
use super::wire::{CALLS, Heard};

/// One input may lead to many effects, but not to ever more of them.
const EFFECTS_MAX: usize = 10_000;

/// The host remembers so many of its last messages for the far ends to answer.
const SENT_MAX: usize = 32;

/// Longer than every timer and expiry together.
const LONG_AFTER: Duration = Duration::from_secs(4 * 3600);

/// How the store answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoreMode {
    Stores,
    Waits,
    Refuses,
    Fails,
}

impl StoreMode {
    pub(super) fn of(number: u8) -> Self {
        match number % 4 {
            0 => Self::Stores,
            1 => Self::Waits,
            2 => Self::Refuses,
            _ => Self::Fails,
        }
    }
}

/// A container and what is around it.
pub(super) struct World {
    pub(super) script: Script,
    pub(super) store: StoreMode,
    /// Turns stay with their guests until they are asked back.
    pub(super) holds_turns: bool,
    /// The last messages of the host, oldest first.
    pub(super) sent: Vec<(Hop, Bytes)>,
    pub(super) heard: [Heard; CALLS],
    container: Container,
    now: Time,
    starts: u64,
    last: Option<Bytes>,
    records: BTreeMap<Key, Bytes>,
    waiting: VecDeque<(UnitId, Vec<Write>)>,
    held: VecDeque<Box<Turn>>,
}

impl World {
    pub(super) fn new(script: Script) -> Self {
        let mut world = Self {
            script,
            store: StoreMode::Stores,
            holds_turns: false,
            sent: Vec::new(),
            heard: Default::default(),
            container: Container::new(config(0)),
            now: Time::from_micros(1_000_000),
            starts: 0,
            last: None,
            records: BTreeMap::new(),
            waiting: VecDeque::new(),
            held: VecDeque::new(),
        };
        world.deploy();
        world
    }

    /// The host dies and another starts with what the store has. What the store had not acknowledged is lost.
    pub(super) fn restart(&mut self) {
        self.starts += 1;
        self.container = Container::new(config(self.starts));
        self.waiting.clear();
        self.held.clear();
        self.deploy();
        for (key, snapshot) in self.records.clone() {
            self.handle(Input::Restored { key, found: Ok(Some(snapshot)) });
        }
    }

    fn deploy(&mut self) {
        for (name, distributable) in [("durable", true), ("local", false)] {
            self.handle(Input::Deploy(Box::new(application(name, distributable))));
        }
    }

    /// A packet arrives over UDP.
    pub(super) fn packet(&mut self, bytes: Bytes) {
        self.last = Some(bytes.clone());
        let remote = SocketAddr::from(([127, 0, 0, 2], 5070));
        let flow = Flow { listener: 0, transport: Transport::Udp, remote, connection: 0 };
        self.handle(Input::Packet { flow, bytes });
    }

    /// The last packet arrives once more.
    pub(super) fn repeat(&mut self) {
        if let Some(bytes) = self.last.clone() {
            self.packet(bytes);
        }
    }

    /// So much later.
    pub(super) fn advance(&mut self, step: Duration) {
        self.now = Time::from_micros(self.now.as_micros() + step.as_micros() as u64);
        self.handle(Input::Tick);
    }

    /// The store acknowledges the oldest unit that it has not answered.
    pub(super) fn acknowledge(&mut self) {
        if let Some((unit, writes)) = self.waiting.pop_front() {
            self.write(writes);
            self.handle(Input::Stored { unit, result: Ok(()) });
        }
    }

    /// All turns that guests have held come back.
    pub(super) fn return_turns(&mut self) {
        for mut turn in std::mem::take(&mut self.held) {
            let outcome = guest::run(&mut turn, self.script.number());
            self.handle(Input::TurnEnded { turn, outcome });
        }
    }

    /// Gives the container one input and does all that follows.
    pub(super) fn handle(&mut self, input: Input) {
        self.container.handle(input, self.now);
        let mut effects = 0;
        while let Some(effect) = self.container.poll_effect() {
            effects += 1;
            assert!(effects < EFFECTS_MAX, "one input has endless consequences, the last being {effect:?}");
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let answer = match effect {
            Effect::Transmit { hop, bytes } => {
                self.transmitted(hop, bytes);
                return;
            }
            Effect::RunTurn(turn) if self.holds_turns => {
                self.held.push_back(turn);
                return;
            }
            Effect::RunTurn(mut turn) => {
                let outcome = guest::run(&mut turn, self.script.number());
                Input::TurnEnded { turn, outcome }
            }
            Effect::Store { unit, writes } => match self.store {
                StoreMode::Stores => {
                    self.write(writes);
                    Input::Stored { unit, result: Ok(()) }
                }
                StoreMode::Waits => {
                    self.waiting.push_back((unit, writes));
                    return;
                }
                StoreMode::Refuses => Input::Stored { unit, result: Err(StoreError::Refused) },
                StoreMode::Fails => Input::Stored { unit, result: Err(StoreError::Unavailable) },
            },
            Effect::Load { key } => {
                let found = self.does().map(|()| self.records.get(&key).cloned());
                Input::Restored { key, found }
            }
            Effect::Resolve { query } => resolved(query, self.script.number()),
            Effect::Forget { key } => {
                let result = self.does();
                if result.is_ok() {
                    self.records.remove(&key);
                }
                Input::Forgotten { key, result }
            }
            Effect::Handover { shard, .. } => {
                panic!("there is one shard, and something was handed to shard {shard}")
            }
            Effect::CloseFlow { .. } | Effect::CommandReply { .. } | Effect::Report(_) => return,
        };
        self.container.handle(answer, self.now);
    }

    /// Whether the store does now what needs no waiting.
    fn does(&self) -> Result<(), StoreError> {
        match self.store {
            StoreMode::Stores | StoreMode::Waits => Ok(()),
            StoreMode::Refuses => Err(StoreError::Refused),
            StoreMode::Fails => Err(StoreError::Unavailable),
        }
    }

    fn transmitted(&mut self, hop: Hop, bytes: Bytes) {
        let message = Message::parse(bytes.clone(), &Limits::unbounded());
        let message = message.unwrap_or_else(|fault| panic!("what left cannot be read: {fault}: {bytes:?}"));
        Heard::listen(&mut self.heard, &message);
        if self.sent.len() == SENT_MAX {
            self.sent.remove(0);
        }
        self.sent.push((hop, bytes));
    }

    fn write(&mut self, writes: Vec<Write>) {
        self.records.extend(writes.into_iter().map(|write| (write.key, write.snapshot)));
    }

    /// Nothing comes any more: guests and store give back what they have, and the time runs out.
    pub(super) fn finish(mut self) {
        self.store = StoreMode::Stores;
        self.holds_turns = false;
        self.return_turns();
        while !self.waiting.is_empty() {
            self.acknowledge();
        }
        let end = Time::from_micros(self.now.as_micros() + LONG_AFTER.as_micros() as u64);
        let mut ticks = 0;
        while let Some(next) = self.container.next_timeout().filter(|next| *next <= end) {
            ticks += 1;
            assert!(ticks < EFFECTS_MAX, "the timers never come to rest");
            self.now = self.now.max(next);
            self.handle(Input::Tick);
        }
        self.expect_quiet();
    }

    /// Only a call that nobody has ended may be left: a dialog in an application session, and the date of its expiry.
    fn expect_quiet(&self) {
        let counts = self.container.counts();
        let calls = Counts {
            application_sessions: counts.application_sessions,
            sip_sessions: counts.sip_sessions,
            dialogs: counts.dialogs,
            deadlines: counts.deadlines,
            applications: counts.applications,
            ..Counts::default()
        };
        assert_eq!(counts, calls, "something is left when all is over");
        assert!(
            counts.application_sessions <= counts.dialogs,
            "a session is left without a dialog: {counts:?}"
        );
        assert!(
            counts.deadlines <= counts.application_sessions,
            "a deadline is left without a session: {counts:?}"
        );
        assert!(counts.dialogs <= counts.sip_sessions, "a dialog is left without a session: {counts:?}");
        assert!(
            counts.sip_sessions == 0 || counts.application_sessions > 0,
            "SIP sessions without theirs: {counts:?}"
        );
    }
}

fn resolved(query: Query, mood: u8) -> Input {
    let address = [127, 0, 0, 4].into();
    let answer = match mood % 8 {
        3 => Ok(Vec::new()),
        7 => Err(ResolveError::TimedOut),
        _ => Ok(vec![address]),
    };
    Input::Resolved { query, answer }
}

fn config(starts: u64) -> Config {
    let address = SocketAddr::from(([127, 0, 0, 1], 5060));
    let listener = |transport| Listener {
        transport,
        address,
        advertised_host: "127.0.0.1".to_owned(),
        advertised_port: 5060,
    };
    Config {
        listeners: vec![listener(Transport::Udp), listener(Transport::Tcp)],
        durable: true,
        secret: Secret([7; 16]),
        seed: [starts, 11],
        ..Config::default()
    }
}

fn application(name: &str, distributable: bool) -> Application {
    let handlers = Handler::ALL.iter().copied().filter(|handler| *handler != Handler::ServletInitialized);
    Application {
        id: AppId { name: Arc::from(name), digest: 1 },
        descriptor: Descriptor {
            name: name.to_owned(),
            domains: vec![format!("{name}.example")],
            distributable,
            ..Descriptor::default()
        },
        handlers: handlers.collect(),
    }
}
