//! The transactions of an application session: the machines of RFC 3261 §17 with what their user needs beside them.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siplet_sip::dialog::AcceptRetransmit;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::provisional::{ProvisionalClient, ProvisionalServer};
use siplet_sip::time::Time;
use siplet_sip::transaction::{
    Deadline, InviteClient, InviteClientState, InviteServer, InviteServerState, MergeKey, NonInviteClient,
    NonInviteClientState, NonInviteServer, NonInviteServerState, ServerKey, TimerConfig,
};

use crate::config::Limits;
use crate::io::{Flow, Hop, Query, Transport};
use crate::turn::SipKey;

/// The machine of a server transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ServerMachine {
    Invite(InviteServer),
    Other(NonInviteServer),
}

/// A server transaction: a request that came, and its responses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ServerTx {
    pub(crate) index: u32,
    pub(crate) key: ServerKey,
    /// Set for requests outside a dialog (RFC 3261 §8.2.2.2).
    pub(crate) merge: Option<MergeKey>,
    pub(crate) sip: SipKey,
    pub(crate) request: Arc<Message>,
    pub(crate) method: Method,
    /// The top Via as responses must carry it (RFC 3261 §18.2.1, RFC 3581), where it differs.
    pub(crate) via: Option<Bytes>,
    pub(crate) flow: Flow,
    /// Where responses go (RFC 3261 §18.2.2).
    pub(crate) hop: Hop,
    pub(crate) initial: bool,
    pub(crate) started: Time,
    pub(crate) machine: ServerMachine,
    /// The 2xx that is sent again until its ACK comes (RFC 3261 §13.3.1.4).
    pub(crate) accept: Option<AcceptRetransmit>,
    /// Its reliable provisional responses, once there is one (RFC 3262).
    pub(crate) provisional: Option<Box<ProvisionalServer>>,
}

impl ServerTx {
    /// An INVITE of that SIP session without a final response (RFC 3261 §14.1).
    pub(crate) fn is_pending_invite(&self, sip: SipKey) -> bool {
        self.sip == sip && self.method == Method::Invite && self.is_open()
    }

    /// True while it keeps us from an INVITE of our own in that dialog (RFC 3261 §14.1): until it is confirmed or over. A
    /// 2xx lets us go on at once.
    pub(crate) fn blocks_invite(&self, sip: SipKey) -> bool {
        let awaits_ack = match &self.machine {
            ServerMachine::Invite(machine) => machine.state() == InviteServerState::Completed,
            ServerMachine::Other(_) => false,
        };
        self.is_pending_invite(sip) || (self.sip == sip && awaits_ack)
    }

    /// True until the final response was given, also one that waits for a PRACK.
    pub(crate) fn is_open(&self) -> bool {
        self.awaits_final() && !self.provisional.as_ref().is_some_and(|machine| machine.holds_success())
    }

    /// True until the final response has left.
    pub(crate) const fn awaits_final(&self) -> bool {
        match &self.machine {
            ServerMachine::Invite(machine) => !machine.has_final_response(),
            ServerMachine::Other(machine) => {
                matches!(machine.state(), NonInviteServerState::Trying | NonInviteServerState::Proceeding)
            }
        }
    }

    /// True while a failure response of ours to an INVITE is repeated until its ACK comes (RFC 3261 §17.2.1).
    pub(crate) fn awaits_ack_of_failure(&self) -> bool {
        match &self.machine {
            ServerMachine::Invite(machine) => machine.state() == InviteServerState::Completed,
            ServerMachine::Other(_) => false,
        }
    }

    /// True when neither the machine nor the retransmission of a 2xx needs it any more.
    pub(crate) fn is_over(&self) -> bool {
        let machine_is_over = match &self.machine {
            ServerMachine::Invite(machine) => machine.is_terminated(),
            ServerMachine::Other(machine) => machine.is_terminated(),
        };
        machine_is_over && self.accept.is_none()
    }

    /// When an INVITE that the servlet forgot is answered in its place.
    pub(crate) fn unanswered_at(&self, limits: &Limits) -> Option<Time> {
        match &self.machine {
            ServerMachine::Invite(machine) if !machine.has_final_response() => {
                Some(self.started + limits.invite_unanswered)
            }
            ServerMachine::Invite(_) | ServerMachine::Other(_) => None,
        }
    }

    pub(crate) fn deadlines(&self, limits: &Limits, mut add: impl FnMut(Deadline)) {
        let machine = match &self.machine {
            ServerMachine::Invite(machine) => machine.next_deadline(),
            ServerMachine::Other(machine) => machine.next_deadline(),
        };
        machine.into_iter().for_each(&mut add);
        self.accept.as_ref().and_then(AcceptRetransmit::next_deadline).into_iter().for_each(&mut add);
        self.provisional.as_ref().and_then(|machine| machine.next_deadline()).into_iter().for_each(&mut add);
        self.unanswered_at(limits).map(|at| Deadline { at, lazy: true }).into_iter().for_each(add);
    }
}

/// The machine of a client transaction.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum ClientMachine {
    Invite(InviteClient),
    Other(NonInviteClient),
}

/// Where the request of a client transaction goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// There.
    Hop(Hop),
    /// To an address of this name, once the DNS has told one.
    Name { query: Query, listener: u16, transport: Transport, port: u16 },
}

/// An ACK that was sent for a 2xx, kept for its retransmissions (RFC 3261 §13.2.2.4).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SentAck {
    pub(crate) to_tag: Bytes,
    pub(crate) bytes: Bytes,
    pub(crate) target: Target,
}

/// How far the wish to cancel an INVITE has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cancel {
    /// Nobody wants it.
    No,
    /// It leaves with the first provisional response (RFC 3261 §9.1).
    Wanted(Bytes),
    /// It has left.
    Sent,
}

/// A client transaction: a request that was sent, and its responses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClientTx {
    pub(crate) index: u32,
    /// A CANCEL has the branch, and so the index, of its INVITE.
    pub(crate) is_cancel: bool,
    pub(crate) sip: SipKey,
    pub(crate) method: Method,
    /// The request as it left.
    pub(crate) request: Bytes,
    pub(crate) target: Target,
    pub(crate) machine: ClientMachine,
    pub(crate) cancel: Cancel,
    pub(crate) acks: Vec<SentAck>,
    /// To tags of 2xx that were not yet acknowledged.
    pub(crate) unacked: Vec<Arc<Message>>,
    /// Which reliable provisional responses have come, once there was one (RFC 3262).
    pub(crate) provisional: Option<Box<ProvisionalClient>>,
    /// Those that have no PRACK yet.
    pub(crate) unpracked: Vec<Arc<Message>>,
}

impl ClientTx {
    /// An INVITE of that SIP session without a final response (RFC 3261 §14.1).
    pub(crate) fn is_pending_invite(&self, sip: SipKey) -> bool {
        self.sip == sip && !self.is_cancel && self.method == Method::Invite && self.is_open()
    }

    /// True until a final response came.
    pub(crate) const fn is_open(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(machine) => {
                matches!(machine.state(), InviteClientState::Calling | InviteClientState::Proceeding)
            }
            ClientMachine::Other(machine) => {
                matches!(machine.state(), NonInviteClientState::Trying | NonInviteClientState::Proceeding)
            }
        }
    }

    pub(crate) const fn is_over(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(machine) => machine.is_terminated(),
            ClientMachine::Other(machine) => machine.is_terminated(),
        }
    }

    pub(crate) fn deadlines(&self, _timers: &TimerConfig, add: impl FnMut(Deadline)) {
        let machine = match &self.machine {
            ClientMachine::Invite(machine) => machine.next_deadline(),
            ClientMachine::Other(machine) => machine.next_deadline(),
        };
        machine.into_iter().for_each(add);
    }
}
