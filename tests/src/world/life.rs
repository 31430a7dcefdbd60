//! Death and start of the host: all that is in its memory goes, what the store acknowledged comes back.

use std::time::Duration;

use bytes::Bytes;
use siplet_container::io::Key;
use siplet_container::{Container, Input};

use super::seen::Seen;
use super::{Event, World};

impl World {
    /// Starts the host: an empty container with a new seed, its applications, and every session of the store.
    pub fn start_host(&mut self) {
        if self.host.container.is_some() {
            return;
        }
        self.host.generation += 1;
        let mut config = self.host.config.clone();
        config.seed = [self.random.next(), self.random.next()];
        self.host.container = Some(Container::new(config));
        let records: Vec<(Key, Bytes)> =
            self.host.store.records().map(|(key, _, snapshot)| (Key(key.0), snapshot.clone())).collect();
        self.show(&Seen::Started { sessions: records.len() });
        for id in self.host.serving.clone() {
            let application = self.host.deployed.get(&id).map(|deployed| deployed.application.clone());
            if let Some(application) = application {
                self.feed(Input::Deploy(Box::new(application)));
            }
        }
        for (key, snapshot) in records {
            // What another node has taken is that node's to serve.
            if !self.host.fenced.iter().any(|fenced| fenced.partition() == key.partition()) {
                self.feed(Input::Restored { key, snapshot: Some(snapshot) });
            }
        }
    }

    /// Kills the host now. The first `arrived` orders that are on their way to the store arrive.
    pub fn kill_host(&mut self, arrived: usize) {
        if self.host.container.take().is_none() {
            return;
        }
        self.host.store.caller_died(arrived);
        self.host.connections.clear();
        self.show(&Seen::Killed { effects: self.host.effects });
    }

    /// Starts the host after so long.
    pub fn start_later(&mut self, after: Duration) {
        self.later(after, Event::Start);
    }

    /// Kills the host if its time has come.
    pub(super) fn die_if_due(&mut self) -> bool {
        let due = self.host.kills.first().copied().filter(|kill| kill.after_effects <= self.host.effects);
        let (Some(kill), true) = (due, self.host.container.is_some()) else { return false };
        self.host.kills.remove(0);
        self.kill_host(kill.arrived);
        if let Some(down_us) = kill.down_us {
            self.start_later(Duration::from_micros(down_us));
        }
        true
    }
}
