//! Loading: a message that names a session which is not here waits until the store has told of it.
//!
//! A request without a name of ours may be the repetition of the one that made such a session (a repeated INVITE, a
//! CANCEL). It waits for the loads that were under way in its partition when it came, else it would become a second call.
//! A store that cannot be reached is asked again up to `store-attempts`; what then still waits is refused, and never as
//! if there were no such session ([`LoadFault::status`]). All that waits is bounded by `loading-packets`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::time::Time;

use crate::io::{Effect, Flow, Key, StoreError};
use crate::report::{DropReason, LoadFault, RefuseReason, Report, StoreOrder};

use super::Container;
use super::receive::Pass;

/// A packet that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) flow: Flow,
    pub(super) bytes: Bytes,
    pub(super) pass: Pass,
}

/// A session that the store is asked for.
#[derive(Debug)]
struct Load {
    /// Rises by one with each load.
    number: u64,
    attempts: u32,
    /// Set while the store is away: when it is asked again.
    retry_at: Option<Time>,
    packets: Vec<Packet>,
}

/// A request that waits for the loads of its partitions.
#[derive(Debug)]
struct Behind {
    /// Under the secret and under the previous one; the same where there is none.
    partitions: [u16; 2],
    /// The last load that was under way when it came.
    last: u64,
    /// Why a load that it waited for failed in a way that leaves open whether it is a repetition.
    fault: Option<LoadFault>,
    packet: Packet,
}

/// All that is being loaded and all that waits for it.
#[derive(Debug, Default)]
pub(super) struct Loads {
    under_way: BTreeMap<Key, Load>,
    behind: VecDeque<Behind>,
    packets: usize,
    next: u64,
    /// The earliest time at which the store is asked again.
    retry_at: Option<Time>,
}

impl Loads {
    /// Packets that wait.
    pub(super) const fn packets(&self) -> usize {
        self.packets
    }

    /// True when a session is being loaded.
    pub(super) fn are_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// When the store has to be asked again.
    pub(super) const fn next_retry(&self) -> Option<Time> {
        self.retry_at
    }

    /// The last load that is under way in one of these partitions, none when there is none up to `last`.
    fn last_in(&self, partitions: [u16; 2], last: u64) -> Option<u64> {
        let keys = |partition: u16| {
            let first = u64::from(partition) << 54;
            Key(first)..=Key(first | ((1 << 54) - 1))
        };
        let of = |partition| self.under_way.range(keys(partition)).map(|(_, load)| load.number);
        partitions.into_iter().flat_map(of).filter(|number| *number <= last).max()
    }

    /// Ends a load: the packets that waited for its session, then those that wait for no load any more, with the fault
    /// that they are refused for.
    fn end(
        &mut self,
        key: Key,
        fault: Option<&LoadFault>,
    ) -> (Vec<Packet>, Vec<(Packet, Option<LoadFault>)>) {
        let Some(load) = self.under_way.remove(&key) else { return (Vec::new(), Vec::new()) };
        let leaves_open = fault.filter(|fault| match fault {
            LoadFault::Unavailable | LoadFault::Refused | LoadFault::NotDeployed(_) => true,
            // A call whose record is lost can only be made anew.
            LoadFault::Damaged(_) | LoadFault::Format(_) | LoadFault::OtherSession => false,
        });
        let mut released = Vec::new();
        for mut waiting in std::mem::take(&mut self.behind) {
            let waited = waiting.partitions.contains(&key.partition()) && load.number <= waiting.last;
            if waited && waiting.fault.is_none() {
                waiting.fault = leaves_open.cloned();
            }
            match self.last_in(waiting.partitions, waiting.last) {
                Some(_) => self.behind.push_back(waiting),
                None => released.push((waiting.packet, waiting.fault)),
            }
        }
        self.packets -= load.packets.len() + released.len();
        (load.packets, released)
    }
}

impl Container {
    /// The packet waits for that session, which the store is asked for.
    pub(super) fn wait_for_session(&mut self, key: Key, packet: Packet) {
        let waiting = self.loads.under_way.get(&key);
        // RFC 3261 §17.2: a repetition of what waits.
        if waiting.is_some_and(|load| load.packets.contains(&packet)) || self.is_loading_limit(packet.flow) {
            return;
        }
        self.loads.packets += 1;
        if let Some(load) = self.loads.under_way.get_mut(&key) {
            load.packets.push(packet);
            return;
        }
        let number = self.loads.next;
        self.loads.next += 1;
        let load = Load { number, attempts: 1, retry_at: None, packets: vec![packet] };
        self.loads.under_way.insert(key, load);
        self.effects.push_back(Effect::Load { key });
    }

    /// True when a request without a name of ours has to wait: it may belong to a session that is being loaded.
    pub(super) fn waits_for_loads(&mut self, partitions: [u16; 2], packet: Packet) -> bool {
        let Some(last) = self.loads.last_in(partitions, u64::MAX).filter(|_| !packet.pass.loaded) else {
            return false;
        };
        let is_repetition = self.loads.behind.iter().any(|waiting| waiting.packet == packet);
        if !is_repetition && !self.is_loading_limit(packet.flow) {
            self.loads.packets += 1;
            self.loads.behind.push_back(Behind { partitions, last, fault: None, packet });
        }
        true
    }

    /// True when no more packets may wait; one that would is dropped, and its client sends it again.
    fn is_loading_limit(&mut self, flow: Flow) -> bool {
        let full = self.loads.packets >= self.shared.config.limits.loading_packets;
        if full {
            self.dropped(DropReason::LoadingLimit, flow);
        }
        full
    }

    /// The store has told of a session: because a message asked for it, at the start, or at a take-over.
    pub(super) fn on_restored(&mut self, key: Key, found: Result<Option<Bytes>, StoreError>) {
        let outcome = match found {
            // What is here is newer than what the store has.
            _ if self.slots.contains(&key) => Ok(()),
            // It has ended, and only the store does not know it yet.
            Ok(_) if self.forgetting.contains(key) => Ok(()),
            Ok(None) => Ok(()),
            Ok(Some(bytes)) => self.restore(key, &bytes),
            Err(StoreError::Unavailable) if self.load_again(key) => return,
            Err(StoreError::Unavailable) => Err(LoadFault::Unavailable),
            Err(StoreError::Refused) => Err(LoadFault::Refused),
        };
        let fault = outcome.err();
        let (packets, released) = self.loads.end(key, fault.as_ref());
        match fault {
            None => packets.into_iter().for_each(|packet| self.receive_loaded(packet)),
            Some(fault) => self.fail_load(key, fault, packets),
        }
        for (packet, fault) in released {
            match fault {
                None => self.receive_loaded(packet),
                Some(fault) => self.refuse_unloaded(&packet, &fault),
            }
        }
    }

    /// True when the store is asked again later.
    fn load_again(&mut self, key: Key) -> bool {
        let limits = &self.shared.config.limits;
        let (most, at) = (limits.store_attempts, self.now + limits.store_retry_after);
        let Some(load) = self.loads.under_way.get_mut(&key).filter(|load| load.attempts < most) else {
            return false;
        };
        load.retry_at = Some(at);
        let attempt = load.attempts;
        self.loads.retry_at = Some(self.loads.retry_at.map_or(at, |other| other.min(at)));
        self.report(Report::StoreUnavailable { order: StoreOrder::Load(key), attempt });
        true
    }

    /// Asks the store again for what it was asked for in vain.
    pub(super) fn run_loads(&mut self) {
        if self.loads.retry_at.is_none_or(|at| at > self.now) {
            return;
        }
        for (key, load) in &mut self.loads.under_way {
            if load.retry_at.is_some_and(|at| at <= self.now) {
                load.retry_at = None;
                load.attempts += 1;
                self.effects.push_back(Effect::Load { key: *key });
            }
        }
        self.loads.retry_at = self.loads.under_way.values().filter_map(|load| load.retry_at).min();
    }

    fn fail_load(&mut self, key: Key, why: LoadFault, packets: Vec<Packet>) {
        let is_answered = |message: &Message| message.method().is_some_and(|method| *method != Method::Ack);
        let limits = &self.shared.config.limits.message;
        let read = |packet: &Packet| Message::parse(packet.bytes.clone(), limits).ok();
        let requests = packets.iter().filter_map(read).filter(is_answered).count();
        self.report(Report::LoadFailed { key, why: why.clone(), requests });
        for packet in packets {
            self.refuse_unloaded(&packet, &why);
        }
    }

    /// Refuses a request whose session could not be loaded; what cannot be answered is dropped.
    fn refuse_unloaded(&mut self, packet: &Packet, why: &LoadFault) {
        let flow = packet.flow;
        let Ok(message) = Message::parse(packet.bytes.clone(), &self.shared.config.limits.message) else {
            return self.dropped(DropReason::Malformed, flow);
        };
        // RFC 3261 §17.1.1.3: an ACK is never answered.
        if message.method().is_none_or(|method| *method == Method::Ack) {
            return self.dropped(DropReason::LoadFailed, flow);
        }
        self.refuse(&Arc::new(message), flow, why.status(), RefuseReason::LoadFailed, &why.to_string());
    }
}
