//! Carries out what the container decided. Nothing here decides anything.

use std::time::Instant;

use siplet_container::io::{Effect, Input, Key, StoreError, TransmitError, Transport, UnitId, Write};
use siplet_container::record::StepRecord;
use siplet_container::report::Report;
use siplet_container::turn::Turn;
use siplet_sip::time::Time;
use siplet_store::{Completion, Epoch, Store, Unit};
use siplet_wasm::RunResult;

use super::{Core, Parcel};

/// One process owns all its partitions for good; a cluster will say otherwise.
const EPOCH: Epoch = Epoch(1);

impl Core {
    pub(super) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Transmit { hop, bytes } => self.transmit(hop, bytes),
            Effect::CloseFlow { connection } => self.close(connection),
            Effect::Resolve { query } => self.resolve(query),
            Effect::RunTurn(turn) => self.run(turn),
            Effect::Store { unit, writes } => self.store(unit, writes),
            Effect::Load { key } => self.load(key),
            Effect::Forget { key } => self.forget(key),
            Effect::Handover { shard, item } => self.give(shard, Parcel::Item(item)),
            Effect::CommandReply { id, reply } => {
                if let Some(waiting) = self.replies.remove(&id) {
                    // The asker may have hung up.
                    let _ = waiting.send(reply);
                }
            }
            Effect::Report(Report::Step(step)) => self.tell_step(step),
            Effect::Report(report) => self.report(&report),
        }
    }

    pub(super) fn transmit(&mut self, hop: siplet_container::io::Hop, bytes: bytes::Bytes) {
        let sent = match hop.transport {
            Transport::Udp => match self.udp.get(usize::from(hop.listener)) {
                Some(Some(port)) => {
                    self.counters.packets_sent += 1;
                    port.send(bytes.clone(), hop.remote)
                }
                Some(None) | None => Err(TransmitError::Unreachable),
            },
            Transport::Tcp => self.send_stream(hop, bytes.clone()),
            Transport::Tls | Transport::Ws | Transport::Wss => Err(TransmitError::Unreachable),
        };
        if let Err(error) = sent {
            self.transmit_failed(hop, bytes, error);
        }
    }

    pub(super) fn transmit_failed(
        &mut self,
        hop: siplet_container::io::Hop,
        bytes: bytes::Bytes,
        error: TransmitError,
    ) {
        self.counters.transmit_failed(error);
        self.pending.push_back(Input::TransmitFailed { bytes, hop, error });
    }

    fn resolve(&mut self, query: siplet_container::io::Query) {
        let asked = match self.resolver.ask(&query) {
            Ok(asked) => asked,
            Err(why) => return self.pending.push_back(Input::Resolved { query, answer: Err(why) }),
        };
        let Some(core) = self.me.upgrade() else { return };
        tokio::task::spawn_local(async move {
            let answer = asked.await;
            let mut core = core.borrow_mut();
            core.wake();
            core.handle(Input::Resolved { query, answer });
            core.settle();
        });
    }

    fn run(&mut self, turn: Box<Turn>) {
        let app = turn.app().clone();
        let before = Instant::now();
        match self.runner.run(turn) {
            RunResult::Ran(turn, outcome) => {
                let took = before.elapsed();
                self.now = self.clock.now();
                self.counters.turn(&app, took, &outcome);
                self.pending.push_back(Input::TurnEnded { turn, outcome });
            }
            RunResult::Away => {}
        }
    }

    fn store(&mut self, unit: UnitId, writes: Vec<Write>) {
        let Some(store) = &mut self.store else {
            self.pending.push_back(Input::Stored { unit, result: Ok(()) });
            return;
        };
        let writes = writes.into_iter().map(|write| siplet_store::Write {
            key: siplet_store::Key(write.key.0),
            version: write.version,
            snapshot: write.snapshot,
        });
        store.submit(EPOCH, Unit(unit.0), writes.collect(), self.now.as_micros());
        self.collect_stored();
    }

    fn load(&mut self, key: Key) {
        match &mut self.store {
            Some(store) => store.load(siplet_store::Key(key.0), self.now.as_micros()),
            None => self.pending.push_back(Input::Restored { key, found: Ok(None) }),
        }
        self.collect_stored();
    }

    fn forget(&mut self, key: Key) {
        match &mut self.store {
            Some(store) => store.forget(EPOCH, siplet_store::Key(key.0), self.now.as_micros()),
            None => self.pending.push_back(Input::Forgotten { key, result: Ok(()) }),
        }
        self.collect_stored();
    }

    /// Turns the store's answers that are due into inputs.
    fn collect_stored(&mut self) {
        let Some(store) = &mut self.store else { return };
        let told = |error| match error {
            siplet_store::Error::Fenced => StoreError::Refused,
            siplet_store::Error::Unavailable => StoreError::Unavailable,
        };
        while let Some(completion) = store.poll(self.now.as_micros()) {
            match completion {
                Completion::Stored { unit, result } => {
                    self.pending
                        .push_back(Input::Stored { unit: UnitId(unit.0), result: result.map_err(told) });
                }
                Completion::Loaded { key, found } => {
                    let found = found.map(|found| found.map(|(_, snapshot)| snapshot)).map_err(told);
                    self.pending.push_back(Input::Restored { key: Key(key.0), found });
                }
                Completion::Forgotten { key, result } => {
                    self.pending
                        .push_back(Input::Forgotten { key: Key(key.0), result: result.map_err(told) });
                }
                Completion::Scanned { .. } => {}
            }
        }
    }

    /// Handles what the store has answered since.
    pub(super) fn poll_store(&mut self) {
        self.collect_stored();
        self.run_pending();
    }

    pub(super) fn store_timeout(&self) -> Option<Time> {
        self.store.as_ref()?.next_timeout().map(Time::from_micros)
    }

    /// Gives a told step to whoever keeps records; nobody here waits for that.
    fn tell_step(&mut self, step: Box<StepRecord>) {
        match self.steps.try_send(step) {
            Ok(()) => self.counters.steps_recorded += 1,
            Err(_) => self.counters.unrecorded += 1,
        }
    }

    pub(super) fn report(&mut self, report: &Report) {
        if let Report::Left(app) = report {
            self.runner.undeploy(app);
        }
        self.counters.report(report);
        self.reporter.tell(report, self.now);
    }
}
