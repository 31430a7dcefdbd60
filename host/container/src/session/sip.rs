//! SIP sessions: the point-to-point relation of an application with one peer, and the dialog that it may become.

use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siplet_sip::dialog::Dialog;
use siplet_sip::draft::Draft;

use crate::io::Hop;
use crate::turn::{SessionState, SipKey};

use super::attributes::Attributes;

/// One SIP session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SipSession {
    pub(crate) key: SipKey,
    pub(crate) state: SessionState,
    pub(crate) valid: bool,
    pub(crate) invalidate_when_ready: bool,
    pub(crate) call_id: Bytes,
    /// Tag of our own side; minted here, so that requests of the peer are found by it.
    pub(crate) local_tag: Bytes,
    /// Our own side's From or To value without its tag.
    pub(crate) local_party: Bytes,
    /// The peer's From or To value, with its tag where it is known.
    pub(crate) remote_party: Bytes,
    /// CSeq of the last request sent outside a dialog.
    pub(crate) local_seq: u32,
    /// Highest CSeq number that has left, 0 for none: numbers rise in the order of sending.
    pub(crate) sent_seq: u32,
    /// The dialog, once there is one.
    // [3261-12.1.1-5, 3261-12.1.2-3]
    pub(crate) dialog: Option<Dialog>,
    /// Where requests outside a dialog go.
    pub(crate) request_uri: Bytes,
    /// Address that the dialog was made with.
    pub(crate) source: Option<IpAddr>,
    /// Hop of the last message that came from the peer: its connection is used again.
    pub(crate) hop: Option<Hop>,
    /// A BYE of ours that waits for the ACK of our 2xx.
    pub(crate) held_bye: Option<Box<Draft>>,
    pub(crate) attributes: Attributes,
}

impl SipSession {
    /// The session is over for its application. Dialog and attributes stay readable inside the step.
    pub(crate) const fn end(&mut self) {
        self.valid = false;
        self.state = SessionState::Terminated;
    }

    /// Our own side's address with its tag, as it stands in From or To.
    pub(crate) fn local_party_with_tag(&self) -> Vec<u8> {
        let mut party = self.local_party.to_vec();
        party.extend_from_slice(b";tag=");
        party.extend_from_slice(&self.local_tag);
        party
    }
}
