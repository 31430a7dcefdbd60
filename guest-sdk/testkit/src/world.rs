//! The world of a test.

use std::fmt::Debug;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use siplet_test_protocol::{LogLine, Modes, Outcome, Request, Session as Live, Transport, Trap};

use crate::build::Servlet;
use crate::core::{Core, micros, trap_in_words};
use crate::network::{Network, Store};
use crate::phone::Phone;
use crate::session::Session;

/// How long [`World::expect_quiet`] lets transactions run out, at most.
const RUN_OUT: Duration = Duration::from_secs(99);

/// A world in virtual time: a host with the servlets of the test, a network, phones.
///
/// It begins with its first phone; what is set before that (`seed`, `starts_at`, `one_mode`, `init`) is how it begins. When it is
/// dropped at the end of the test it looks whether anything is left that the test did not look at ([`World::finish`]).
pub struct World {
    core: Rc<Core>,
}

impl World {
    /// A world with one servlet: `World::with(servlet!())`.
    #[must_use]
    #[track_caller]
    pub fn with(servlet: Servlet) -> Self {
        Self { core: Rc::new(Core::new(vec![servlet], Location::caller())) }
    }

    /// A world with several applications, deployed in this order.
    #[must_use]
    #[track_caller]
    pub fn with_all(servlets: impl IntoIterator<Item = Servlet>) -> Self {
        Self { core: Rc::new(Core::new(servlets.into_iter().collect(), Location::caller())) }
    }

    /// Sets an init parameter of the first servlet, over those of its descriptor. Tables and lists are JSON text.
    #[must_use]
    #[track_caller]
    pub fn init(self, name: &str, value: impl ToString) -> Self {
        self.change(|plan| {
            if let Some(servlet) = plan.servlets.first_mut() {
                servlet.init.insert(name.to_owned(), value.to_string());
            }
        })
    }

    /// Lays keys of a descriptor over that of the first servlet: TOML, as in `NAME.toml`.
    #[must_use]
    #[track_caller]
    pub fn settings(self, toml: &str) -> Self {
        self.change(|plan| {
            if let Some(servlet) = plan.servlets.first_mut() {
                *servlet = servlet.clone().settings(toml);
            }
        })
    }

    /// Another seed: other names, another order of faults. The same seed gives the same bytes.
    #[must_use]
    #[track_caller]
    pub fn seed(self, seed: u64) -> Self {
        self.change(|plan| plan.seed = seed)
    }

    /// The Unix time at which the world begins, in seconds; otherwise 2025-06-15 15:06:40 UTC.
    #[must_use]
    #[track_caller]
    pub fn starts_at(self, unix_s: u64) -> Self {
        self.change(|plan| plan.start_s = Some(unix_s))
    }

    /// Runs the servlets in one mode only: an instance serves call after call. The other mode, in which each turn has a new
    /// instance, is not compared; a servlet that keeps something in its own memory is no longer found.
    #[must_use]
    #[track_caller]
    pub fn one_mode(self) -> Self {
        self.change(|plan| plan.modes = Modes::Reused)
    }

    #[track_caller]
    fn change(self, change: impl FnOnce(&mut crate::core::Plan)) -> Self {
        assert!(!self.core.has_begun(), "the world has begun: this is said before its first phone");
        change(&mut self.core.plan.borrow_mut());
        self
    }

    /// A phone that is known by a URI: `sip:alice@home`. Servlets and other phones reach it there.
    #[must_use]
    #[track_caller]
    pub fn phone(&self, uri: &str) -> Phone {
        self.add_phone(uri, Transport::Udp)
    }

    /// The same over TCP.
    #[must_use]
    #[track_caller]
    pub fn tcp_phone(&self, uri: &str) -> Phone {
        self.add_phone(uri, Transport::Tcp)
    }

    #[track_caller]
    fn add_phone(&self, uri: &str, transport: Transport) -> Phone {
        let added = self.core.ask(Request::Phone { uri: uri.to_owned(), transport });
        let Some(Outcome::Phone(index)) = added else { self.core.fail("the host gave no phone") };
        self.core.phones.borrow_mut().push(uri.to_owned());
        Phone::new(self.core.clone(), index)
    }

    /// Time passes; all that is due in it happens.
    #[track_caller]
    pub fn advance(&self, time: Duration) {
        self.core.ask(Request::Advance { us: micros(time), until_message: false });
    }

    /// Time since the world began.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.core.now.get()
    }

    /// The network, to make it worse.
    #[must_use]
    pub fn network(&self) -> Network {
        Network::new(self.core.clone())
    }

    /// The store, to make it worse.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(self.core.clone())
    }

    /// The host dies and another one starts at once, with what the store had acknowledged and nothing else.
    #[track_caller]
    pub fn kill_and_restore(&self) {
        self.kill();
        self.start();
    }

    /// The host dies. Phones go on; nobody hears them.
    #[track_caller]
    pub fn kill(&self) {
        self.core.ask(Request::Kill { arrived: 0 });
    }

    /// A host starts, with what the store had acknowledged.
    #[track_caller]
    pub fn start(&self) {
        self.core.ask(Request::Start);
    }

    /// The operator drains the host: new calls get 503.
    #[track_caller]
    pub fn drain(&self) {
        self.core.ask(Request::Drain { retry_after_s: 1 });
    }

    /// The application session of a call.
    #[must_use]
    #[track_caller]
    pub fn session(&self, call: &impl crate::session::OfCall) -> Session {
        let call_id = call.call_id();
        let found =
            self.live().into_iter().find(|live| live.sip_sessions.iter().any(|sip| sip.call_id == call_id));
        match found {
            Some(live) => Session::new(self.core.clone(), live, call_id),
            None => {
                self.core.fail("the call has no session: it is over, or was refused, or died with its host")
            }
        }
    }

    /// How many application sessions live.
    #[must_use]
    #[track_caller]
    pub fn sessions(&self) -> usize {
        self.live().len()
    }

    #[track_caller]
    fn live(&self) -> Vec<Live> {
        match self.core.ask(Request::Sessions) {
            Some(Outcome::Sessions(sessions)) => sessions,
            _ => Vec::new(),
        }
    }

    /// Lets transactions run out, and fails if a session, dialog, transaction or timer is left then.
    #[track_caller]
    pub fn expect_quiet(&self) {
        let until = self.now() + RUN_OUT;
        let left = loop {
            let left = match self.core.ask(Request::Left) {
                Some(Outcome::Left(left)) => left,
                _ => Vec::new(),
            };
            if left.is_empty() {
                return;
            }
            if self.now() >= until {
                break left;
            }
            self.advance(RUN_OUT / 3);
        };
        let mut text = format!("the world is not quiet: {}", left.join(", "));
        for live in self.live() {
            text.push_str(&format!("\n  a session of {}", live.application));
            let names: Vec<&str> = live.attributes.keys().map(String::as_str).collect();
            if !names.is_empty() {
                text.push_str(&format!(" with {}", names.join(", ")));
            }
            match live.expires_in_us {
                Some(us) => text.push_str(&format!(", which expires in {} s", us / 1_000_000)),
                None => text.push_str(", which never expires"),
            }
            for sip in live.sip_sessions {
                text.push_str(&format!("\n    {} dialog of call {}", sip.state, sip.call_id));
            }
        }
        self.core.fail(&text);
    }

    /// The lines that servlets have logged, oldest first.
    #[must_use]
    pub fn log(&self) -> Vec<LogLine> {
        self.core.log.borrow().clone()
    }

    /// A servlet has logged a line with this text in it.
    #[track_caller]
    pub fn expect_log(&self, text: &str) {
        let found = self.core.log.borrow().iter().any(|line| line.text.contains(text));
        if !found {
            let lines: Vec<String> =
                self.core.log.borrow().iter().map(|line| format!("\n  {}", line.text)).collect();
            let lines = if lines.is_empty() { "\n  nothing".to_owned() } else { lines.concat() };
            self.core.fail(&format!("no servlet has logged {text:?}; what was logged:{lines}"));
        }
    }

    /// A handler has died or returned an error, and this text is in what is told of it. Otherwise the death of any handler
    /// fails the test at its end.
    #[track_caller]
    pub fn expect_trap(&self, text: &str) -> Trap {
        let mut traps = self.core.traps.borrow_mut();
        if let Some(at) = traps.iter().position(|trap| trap_in_words(trap).contains(text)) {
            return traps.remove(at);
        }
        let told: Vec<String> = traps.iter().map(|trap| format!("\n  {}", trap_in_words(trap))).collect();
        drop(traps);
        let told = if told.is_empty() { "\n  none did".to_owned() } else { told.concat() };
        self.core.fail(&format!("no handler died with {text:?} in its words:{told}"));
    }

    /// The picture of all that happened so far.
    #[must_use]
    pub fn ladder(&self) -> String {
        self.core.ladder(false)
    }

    /// The picture of all that happened is the one that is kept in `ladders/NAME.txt` beside the test. With `SIPLET_BLESS=1`
    /// it is written instead; the difference is then reviewed like any change.
    #[track_caller]
    pub fn expect_ladder(&self, name: &str) {
        crate::golden::expect(&self.core, name, Location::caller());
    }

    /// Everything that came and was not looked at is as it should be.
    #[track_caller]
    pub fn ignore_the_rest(&self) {
        self.core.came.borrow_mut().clear();
        for asked in self.core.asked.borrow_mut().iter_mut() {
            asked.over = true;
        }
    }

    /// Fails if anything is left that the test did not look at: a final response, a request, the death of a handler, a request
    /// without a final response. Otherwise the end of the test does it, whose failure stands at no line.
    #[track_caller]
    pub fn finish(self) {
        if let Some(text) = self.unseen() {
            self.core.fail(&text);
        }
    }

    fn unseen(&self) -> Option<String> {
        let unseen = self.core.unseen();
        (!self.core.failed.get() && !unseen.is_empty())
            .then(|| format!("{}\n(the world began at {})", unseen.join("\n"), self.core.began_at))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking()
            && let Some(text) = self.unseen()
        {
            self.core.fail_marked(&text, Some("the test ends here"));
        }
        self.core.end();
    }
}

impl Debug for World {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "World at {:?}\n{}", self.now(), self.ladder())
    }
}
