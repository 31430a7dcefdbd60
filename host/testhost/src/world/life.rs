//! Death and start of the host: all that is in its memory goes, what the store acknowledged comes back.

use std::time::Duration;

use bytes::Bytes;
use siplet_container::app::{AppId, Application};
use siplet_container::io::{Canary, Key};
use siplet_container::{Container, Input};

use crate::guest::Guest;

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
        for (stable, canary) in self.host.shares.values().cloned().collect::<Vec<_>>() {
            self.feed(Input::Share { stable, canary });
        }
        for (key, snapshot) in records {
            // What another node has taken is that node's to serve.
            if !self.host.fenced.iter().any(|fenced| fenced.partition() == key.partition()) {
                self.feed(Input::Restored { key, found: Ok(Some(snapshot)) });
            }
        }
    }

    /// Deploys a version: on the host that runs, and on every host that starts.
    pub fn deploy(&mut self, application: Application, guest: Box<dyn Guest>) {
        self.host.add(application.clone(), guest);
        self.feed(Input::Deploy(Box::new(application)));
    }

    /// Lets a version go.
    pub fn undeploy(&mut self, id: &AppId) {
        self.host.serving.retain(|other| other != id);
        self.host.shares.retain(|_, (stable, canary)| {
            stable != id && canary.as_ref().is_none_or(|canary| canary.app != *id)
        });
        self.feed(Input::Undeploy(id.clone()));
    }

    /// Tells which versions take the new calls of an application.
    pub fn share(&mut self, stable: AppId, canary: Option<Canary>) {
        self.host.shares.insert(stable.name.clone(), (stable.clone(), canary.clone()));
        self.feed(Input::Share { stable, canary });
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
