//! What a world and all that belongs to it share: the host, what came and was not looked at yet, how a test fails.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::time::Duration;

use siplet_test_protocol::{Answer, ErrorKind, Event, LogLine, Message, Modes, Outcome, Request, Trap};

use crate::build::Servlet;
use crate::host::Host;

/// How long an expectation waits, in virtual time: 64*T1, after which a transaction has given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(32);

/// What a world is made from, until its first phone picks up.
pub(crate) struct Plan {
    pub(crate) servlets: Vec<Servlet>,
    pub(crate) modes: Modes,
    pub(crate) seed: u64,
    pub(crate) start_s: Option<u64>,
}

/// A request that a phone sent.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) phone: usize,
    pub(crate) request: usize,
    pub(crate) method: String,
    pub(crate) call_id: String,
    pub(crate) at: &'static Location<'static>,
    /// It has its final response, or timed out.
    pub(crate) over: bool,
}

/// Something that came to a phone and that the test has not looked at.
#[derive(Clone, Debug)]
pub(crate) enum Came {
    /// A response to a request of the phone.
    Response { phone: usize, request: usize, message: Message },
    /// A request of the phone got no answer.
    TimedOut { phone: usize, request: usize },
    /// A request.
    Request {
        phone: usize,
        incoming: usize,
        message: Message,
        of_incoming: Option<usize>,
        of_request: Option<usize>,
    },
    /// The ACK of a final response.
    Acknowledged { phone: usize, incoming: usize },
}

/// The state of a test.
pub(crate) struct Core {
    pub(crate) plan: RefCell<Plan>,
    host: RefCell<Option<Host>>,
    pub(crate) phones: RefCell<Vec<String>>,
    pub(crate) asked: RefCell<Vec<Asked>>,
    pub(crate) came: RefCell<Vec<Came>>,
    pub(crate) log: RefCell<Vec<LogLine>>,
    pub(crate) traps: RefCell<Vec<Trap>>,
    pub(crate) reports: RefCell<Vec<String>>,
    pub(crate) now: Cell<Duration>,
    /// A failure was told; the end of the test has nothing to add.
    pub(crate) failed: Cell<bool>,
    pub(crate) began_at: &'static Location<'static>,
}

impl Core {
    pub(crate) fn new(servlets: Vec<Servlet>, began_at: &'static Location<'static>) -> Self {
        let plan = Plan { servlets, modes: Modes::Both, seed: 1, start_s: None };
        Self {
            plan: RefCell::new(plan),
            host: RefCell::new(None),
            phones: RefCell::default(),
            asked: RefCell::default(),
            came: RefCell::default(),
            log: RefCell::default(),
            traps: RefCell::default(),
            reports: RefCell::default(),
            now: Cell::new(Duration::ZERO),
            failed: Cell::new(false),
            began_at,
        }
    }

    /// True once there is a host.
    pub(crate) fn has_begun(&self) -> bool {
        self.host.borrow().is_some()
    }

    /// Asks the host; the first question starts it and deploys the servlets.
    #[track_caller]
    pub(crate) fn ask(&self, request: Request) -> Option<Outcome> {
        self.begin();
        self.tell(request)
    }

    #[track_caller]
    fn begin(&self) {
        if self.has_begun() {
            return;
        }
        let host = match Host::ready() {
            Ok(host) => host,
            Err(why) => self.give_up(&why),
        };
        *self.host.borrow_mut() = Some(host);
        let (seed, start_s, modes) = {
            let plan = self.plan.borrow();
            (plan.seed, plan.start_s, plan.modes)
        };
        self.tell(Request::Begin { seed, start_s, modes });
        let servlets = self.plan.borrow().servlets.clone();
        for servlet in servlets {
            let file = match &servlet.file {
                Ok(file) => file.to_string_lossy().into_owned(),
                Err(why) => self.give_up(why),
            };
            self.tell(Request::Deploy {
                file,
                settings_file: servlet.settings_file.map(|path| path.to_string_lossy().into_owned()),
                settings: servlet.settings,
                init: servlet.init,
            });
        }
    }

    #[track_caller]
    fn tell(&self, request: Request) -> Option<Outcome> {
        let answered = self.host.borrow_mut().as_mut().map(|host| host.ask(request));
        match answered {
            Some(Ok(answer)) => self.take(answer),
            Some(Err(error)) if matches!(error.kind, ErrorKind::Parted | ErrorKind::Order) => {
                self.fail(&error.text)
            }
            Some(Err(error)) => self.give_up(&error.text),
            None => self.give_up("the world is over"),
        }
    }

    fn take(&self, answer: Answer) -> Option<Outcome> {
        self.now.set(Duration::from_micros(answer.now_us));
        for event in answer.events {
            self.notice(event);
        }
        answer.result
    }

    fn notice(&self, event: Event) {
        match event {
            Event::Response { phone, request, method, message } => {
                if message.status >= 200 {
                    self.is_over(phone, request);
                }
                // 100 is between neighbours; that a CANCEL was heard says nothing of the INVITE.
                let of_course = message.status == 100 || (method == "CANCEL" && message.status < 300);
                if !of_course {
                    self.came.borrow_mut().push(Came::Response { phone, request, message });
                }
            }
            Event::TimedOut { phone, request, method: _ } => {
                self.is_over(phone, request);
                self.came.borrow_mut().push(Came::TimedOut { phone, request });
            }
            Event::Request { phone, incoming, message, of_incoming, of_request } => {
                let request = Came::Request { phone, incoming, message, of_incoming, of_request };
                self.came.borrow_mut().push(request);
            }
            Event::Acknowledged { phone, incoming } => {
                self.came.borrow_mut().push(Came::Acknowledged { phone, incoming });
            }
            Event::Log(line) => self.log.borrow_mut().push(line),
            Event::Trap(trap) => self.traps.borrow_mut().push(trap),
            Event::Report { text } => self.reports.borrow_mut().push(text),
        }
    }

    fn is_over(&self, phone: usize, request: usize) {
        let mut all = self.asked.borrow_mut();
        if let Some(asked) = all.iter_mut().find(|asked| asked.phone == phone && asked.request == request) {
            asked.over = true;
        }
    }

    /// The first thing that came and is looked for; time passes until it comes, or for [`PATIENCE`].
    #[track_caller]
    pub(crate) fn wait_for(&self, wanted: impl Fn(&Came) -> bool) -> Option<Came> {
        let until = self.now.get() + PATIENCE;
        loop {
            if let Some(came) = self.find(&wanted) {
                return Some(came);
            }
            let left = until.saturating_sub(self.now.get());
            if left.is_zero() {
                return None;
            }
            self.ask(Request::Advance { us: micros(left), until_message: true });
        }
    }

    /// Takes the first thing that came and is looked for.
    pub(crate) fn find(&self, wanted: &impl Fn(&Came) -> bool) -> Option<Came> {
        let mut came = self.came.borrow_mut();
        let at = came.iter().position(wanted)?;
        Some(came.remove(at))
    }

    /// The name of a phone: the user of its URI.
    pub(crate) fn name_of(&self, phone: usize) -> String {
        let phones = self.phones.borrow();
        let uri = phones.get(phone).map_or("?", String::as_str);
        uri.trim_start_matches("sip:").split('@').next().unwrap_or_default().to_owned()
    }

    /// The picture of what happened so far.
    pub(crate) fn ladder(&self, stable: bool) -> String {
        let drawn = self.host.borrow_mut().as_mut().map(|host| host.ask(Request::Ladder { stable }));
        match drawn {
            Some(Ok(Answer { result: Some(Outcome::Ladder(ladder)), .. })) => ladder,
            _ => String::new(),
        }
    }

    /// Fails the test at the line of its author, with the ladder and that line in it.
    #[track_caller]
    pub(crate) fn fail(&self, text: &str) -> ! {
        let at = Location::caller();
        let first = text.lines().next().unwrap_or_default();
        self.fail_marked(text, Some(&format!("{}:{} {first}", at.file(), at.line())))
    }

    #[track_caller]
    pub(crate) fn fail_marked(&self, text: &str, mark: Option<&str>) -> ! {
        self.failed.set(true);
        if let Some(mark) = mark {
            let request = Request::Mark { text: mark.to_owned() };
            // The host may be what failed.
            let _ = self.host.borrow_mut().as_mut().map(|host| host.ask(request));
        }
        let ladder = self.ladder(false);
        if ladder.is_empty() { panic!("{text}") } else { panic!("{text}\n\n{ladder}") }
    }

    /// Fails a test that cannot run.
    #[track_caller]
    fn give_up(&self, text: &str) -> ! {
        self.failed.set(true);
        // What it was asked may be half done: no other test shall have it.
        drop(self.host.borrow_mut().take());
        panic!("{text}")
    }

    /// All that nobody looked at, in words.
    pub(crate) fn unseen(&self) -> Vec<String> {
        let mut unseen = Vec::new();
        for trap in self.traps.borrow().iter() {
            unseen.push(trap_in_words(trap));
        }
        for came in self.came.borrow().iter() {
            unseen.extend(self.unseen_in_words(came));
        }
        for asked in self.asked.borrow().iter().filter(|asked| !asked.over && asked.method != "ACK") {
            unseen.push(format!(
                "the {} of {} ({}:{}) never got a final response",
                asked.method,
                self.name_of(asked.phone),
                asked.at.file(),
                asked.at.line()
            ));
        }
        unseen
    }

    fn unseen_in_words(&self, came: &Came) -> Option<String> {
        let sent_at = |phone: usize, request: usize| {
            let asked = self.asked.borrow();
            let asked = asked.iter().find(|asked| asked.phone == phone && asked.request == request);
            asked.map_or_else(String::new, |asked| {
                format!(" to the {} that was sent at {}:{}", asked.method, asked.at.file(), asked.at.line())
            })
        };
        match came {
            Came::Response { message, .. } if message.status < 200 => None,
            Came::Response { phone, request, message } => Some(format!(
                "{} got {} {}{}, and the test did not look at it",
                self.name_of(*phone),
                message.status,
                message.reason,
                sent_at(*phone, *request)
            )),
            Came::TimedOut { phone, request } => Some(format!(
                "{} got no final response in 32 s{}, and the test did not look at that",
                self.name_of(*phone),
                sent_at(*phone, *request)
            )),
            Came::Request { phone, message, .. } => Some(format!(
                "{} got a {} that the test did not expect",
                self.name_of(*phone),
                message.method
            )),
            Came::Acknowledged { .. } => None,
        }
    }

    /// Gives the host back; it is as good as new for the next test.
    pub(crate) fn end(&self) {
        if let Some(host) = self.host.borrow_mut().take() {
            host.rest();
        }
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// `screen died in do-invite: panic: index out of bounds ...` with the guest's stack.
pub(crate) fn trap_in_words(trap: &Trap) -> String {
    let answered = trap.answered.map_or_else(String::new, |status| format!("; the request got {status}"));
    let how = if trap.reason == "failed" { "failed" } else { "died" };
    let reason = if trap.reason == "failed" { String::new() } else { format!(" ({})", trap.reason) };
    let mut text = format!("{} {how} in {}{reason}: {}{answered}", trap.application, trap.handler, trap.text);
    for frame in trap.backtrace.iter().take(8) {
        text.push_str("\n    at ");
        text.push_str(frame);
    }
    text
}

impl Came {
    /// True for a final response to that request, or the end of waiting for one.
    pub(crate) fn ends(&self, at: usize, which: usize) -> bool {
        match self {
            Self::Response { phone, request, message } => {
                *phone == at && *request == which && message.status >= 200
            }
            Self::TimedOut { phone, request } => *phone == at && *request == which,
            Self::Request { .. } | Self::Acknowledged { .. } => false,
        }
    }

    /// True for what came of that request.
    pub(crate) fn is_for(&self, at: usize, which: usize) -> bool {
        match self {
            Self::Response { phone, request, .. } | Self::TimedOut { phone, request } => {
                *phone == at && *request == which
            }
            Self::Request { .. } | Self::Acknowledged { .. } => false,
        }
    }
}
