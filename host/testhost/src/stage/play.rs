//! One world of a stage: what is asked is done in it, and what phones and people would notice is gathered.

use std::sync::Arc;
use std::time::Duration;

use siplet_container::app::InstanceMode;
use siplet_sip::time::Time;
use siplet_test_protocol::{Answer, Error, ErrorKind, Event, Outcome};
use siplet_wasm::Servlet;

use crate::guest::wasm::Wasm;
use crate::ladder::LadderWatcher;
use crate::world::{STEPS_MAX, World};

use super::error;
use super::facts::{Fact, Facts};
use super::notice::Noticed;

pub(super) struct Play {
    pub(super) world: World,
    mode: InstanceMode,
    noticed: Noticed,
    pub(super) events: Vec<Event>,
}

impl Play {
    pub(super) fn new(seed: u64, start_s: Option<u64>, mode: InstanceMode) -> Self {
        let mut world = World::new(seed);
        if let Some(start_s) = start_s {
            world.start = Time::from_micros(start_s.saturating_mul(1_000_000));
            world.now = world.start;
        }
        let config = &mut world.host.config;
        // Calls survive the host: what a test kills comes back as far as the store has it.
        config.durable = true;
        config.timer_slot = Duration::from_millis(1);
        config.lazy_timer_slot = Duration::from_millis(1);
        world.watchers.push(Box::new(Facts::default()));
        world.watchers.push(Box::new(LadderWatcher::new()));
        world.start_host();
        Self { world, mode, noticed: Noticed::default(), events: Vec::new() }
    }

    /// Does something and all that is due at this moment.
    pub(super) fn play(
        &mut self,
        act: impl Fn(&mut Self) -> Result<Option<Outcome>, Error>,
    ) -> Result<Answer, Error> {
        self.world.steps = 0;
        let result = act(self);
        self.run(self.world.now, false);
        let now_us = self.world.now.as_micros() - self.world.start.as_micros();
        let result = result?;
        if self.world.steps >= STEPS_MAX {
            return Err(error(
                ErrorKind::Order,
                format!("the world does not come to rest: {STEPS_MAX} things happened and there is more"),
            ));
        }
        Ok(Answer { now_us, result, events: std::mem::take(&mut self.events) })
    }

    pub(super) fn deploy(&mut self, servlet: &Arc<Servlet>) {
        let application = servlet.application().clone();
        let older: Vec<_> =
            self.world.host.serving.iter().filter(|id| id.name == application.id.name).cloned().collect();
        let guest = Box::new(Wasm::new(servlet.clone(), self.mode));
        self.world.deploy(application.clone(), guest);
        for id in older.iter().filter(|id| **id != application.id) {
            self.world.undeploy(id);
        }
        let names: Vec<String> = self.world.host.serving.iter().map(|id| id.name.to_string()).collect();
        if names.len() == 1 {
            let name = format!("{} {}", application.id.name, application.descriptor.version);
            self.ladder().name_host(&name);
        } else {
            self.ladder().name_all(&names.join(", "));
        }
    }

    /// Runs until that time, or until a phone has got a message; true for the latter. What is due at the moment where it
    /// stops is done in both cases.
    pub(super) fn run(&mut self, until: Time, until_message: bool) -> bool {
        let (mut until, mut stopped) = (until, false);
        self.world.flush_peers();
        self.notice();
        while self.world.step(until) {
            if self.notice() && until_message {
                until = self.world.now;
                stopped = true;
            }
        }
        self.world.now = self.world.now.max(until);
        stopped
    }

    /// Gathers what is new; true when a phone got a message, or gave up waiting for one.
    fn notice(&mut self) -> bool {
        let reports = self.world.watcher::<Facts>().map(Facts::take_events).unwrap_or_default();
        self.events.extend(reports);
        let before = self.events.len();
        self.noticed.gather(&self.world.peers, &mut self.events);
        self.events.len() > before
    }

    pub(super) fn ladder(&mut self) -> &mut LadderWatcher {
        self.world.watcher::<LadderWatcher>().expect("a play is made with a ladder")
    }

    /// What happened since the facts were last forgotten.
    pub(super) fn facts(&mut self) -> Vec<Fact> {
        self.world.watcher::<Facts>().map(|facts| facts.all().to_vec()).unwrap_or_default()
    }

    pub(super) fn forget_facts(&mut self) {
        if let Some(facts) = self.world.watcher::<Facts>() {
            facts.forget();
        }
    }
}
