//! What goes wrong around a servlet: the network and the store.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use siplet_test_protocol::{Request, Rule, RuleEffect};

use crate::core::{Core, micros};
use crate::phone::Phone;

/// The network between phones and host. Only datagrams suffer; what a phone says over TCP arrives.
pub struct Network {
    core: Rc<Core>,
    /// Delay, jitter, loss and duplication, as they were set last.
    weather: RefCell<[u64; 4]>,
}

impl Network {
    pub(crate) fn new(core: Rc<Core>) -> Self {
        Self { core, weather: RefCell::new([0; 4]) }
    }

    /// The next messages are lost, whoever sends them.
    #[track_caller]
    pub fn lose_next(&self, messages: u32) -> &Self {
        self.rule(None, None, "*", messages, RuleEffect::Drop)
    }

    /// The next messages of a method or status (`"INVITE"`, `"200"`) are lost.
    #[track_caller]
    pub fn lose_next_of(&self, what: &str, messages: u32) -> &Self {
        self.rule(None, None, what, messages, RuleEffect::Drop)
    }

    /// The next messages of a method or status that the phone sends are lost.
    #[track_caller]
    pub fn lose_from(&self, phone: &Phone, what: &str, messages: u32) -> &Self {
        self.rule(Some(phone.index()), None, what, messages, RuleEffect::Drop)
    }

    /// The next messages of a method or status that the phone should get are lost.
    #[track_caller]
    pub fn lose_to(&self, phone: &Phone, what: &str, messages: u32) -> &Self {
        self.rule(None, Some(phone.index()), what, messages, RuleEffect::Drop)
    }

    /// The next messages of a method or status come twice.
    #[track_caller]
    pub fn duplicate_next_of(&self, what: &str, messages: u32) -> &Self {
        self.rule(None, None, what, messages, RuleEffect::Duplicate)
    }

    /// The next messages of a method or status come that much later, and others may overtake them.
    #[track_caller]
    pub fn delay_next_of(&self, what: &str, messages: u32, by: Duration) -> &Self {
        self.rule(None, None, what, messages, RuleEffect::DelayUs(micros(by)))
    }

    /// So many messages of a hundred are lost from now on; the same one three times at most.
    #[track_caller]
    pub fn loss(&self, percent: u64) -> &Self {
        self.set(2, percent)
    }

    /// So many messages of a hundred come twice from now on.
    #[track_caller]
    pub fn duplicate(&self, percent: u64) -> &Self {
        self.set(3, percent)
    }

    /// Every message is on its way for so long from now on.
    #[track_caller]
    pub fn delay(&self, time: Duration) -> &Self {
        self.set(0, micros(time))
    }

    /// Chance adds up to so long to the way of each message from now on: they overtake each other.
    #[track_caller]
    pub fn reorder(&self, within: Duration) -> &Self {
        self.set(1, micros(within))
    }

    /// No fault from now on, but for the rules for next messages.
    #[track_caller]
    pub fn heal(&self) -> &Self {
        *self.weather.borrow_mut() = [0; 4];
        self.tell()
    }

    #[track_caller]
    fn set(&self, at: usize, value: u64) -> &Self {
        self.weather.borrow_mut()[at] = value;
        self.tell()
    }

    #[track_caller]
    fn tell(&self) -> &Self {
        let [delay_us, jitter_us, loss_percent, duplication_percent] = *self.weather.borrow();
        self.core.ask(Request::Network { delay_us, jitter_us, loss_percent, duplication_percent });
        self
    }

    #[track_caller]
    fn rule(
        &self,
        from: Option<usize>,
        to: Option<usize>,
        what: &str,
        times: u32,
        effect: RuleEffect,
    ) -> &Self {
        self.core.ask(Request::Rule(Rule { from, to, what: what.to_owned(), times, effect }));
        self
    }
}

/// The store, in which calls survive their host.
pub struct Store {
    core: Rc<Core>,
}

impl Store {
    pub(crate) const fn new(core: Rc<Core>) -> Self {
        Self { core }
    }

    /// It takes so long to answer from now on; nothing leaves the host before.
    #[track_caller]
    pub fn latency(&self, time: Duration) {
        self.core.ask(Request::Store { latency_us: micros(time), outage: false, loses_answers: false });
    }

    /// It cannot be reached from now on.
    #[track_caller]
    pub fn outage(&self) {
        self.core.ask(Request::Store { latency_us: 0, outage: true, loses_answers: false });
    }

    /// It stores from now on, and its answers are lost.
    #[track_caller]
    pub fn loses_answers(&self) {
        self.core.ask(Request::Store { latency_us: 0, outage: false, loses_answers: true });
    }

    /// It is well and answers at once.
    #[track_caller]
    pub fn heal(&self) {
        self.core.ask(Request::Store { latency_us: 0, outage: false, loses_answers: false });
    }
}
