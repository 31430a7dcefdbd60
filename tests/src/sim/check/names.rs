//! INV-NAMES: no tag, branch or Call-ID is minted twice, also not by a restored host.

use std::collections::BTreeMap;

use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;

use crate::wire;
use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Minted {
    /// The request that each branch was minted for.
    branches: BTreeMap<String, String>,
    /// The call and the side that each tag was minted for.
    tags: BTreeMap<String, String>,
    /// The tag that each Call-ID was minted with.
    calls: BTreeMap<String, String>,
}

fn claim(known: &mut BTreeMap<String, String>, what: &str, name: &str, whose: String) -> Option<String> {
    if name.is_empty() || wire::key_of(name).is_none() {
        return None;
    }
    let first = known.entry(name.to_owned()).or_insert_with(|| whose.clone());
    (*first != whose).then(|| format!("{what} was minted for {first} and again for {whose}"))
}

impl Minted {
    fn request(&mut self, message: &Message) -> Option<String> {
        let (number, _) = wire::cseq(message);
        let call = wire::text_call(message);
        // The CANCEL and the ACK of a failure have the branch, and the number, of their INVITE.
        let branch = wire::branch(message);
        let whose = format!("request {number} of {call}");
        let tag = wire::from_tag(message);
        claim(&mut self.branches, "a branch", &branch, whose)
            .or_else(|| claim(&mut self.tags, "a tag", &tag, call.clone()))
            .or_else(|| claim(&mut self.calls, "a Call-ID", &call, tag))
    }

    fn response(&mut self, message: &Message) -> Option<String> {
        let tag = wire::to_tag(message);
        claim(&mut self.tags, "a tag", &tag, wire::text(message, HeaderId::CallId))
    }
}

impl Checker for Minted {
    fn see(&mut self, _world: &World, seen: &Seen<'_>) -> Option<String> {
        let Seen::Transmit { bytes, .. } = seen else { return None };
        let message = wire::parse(bytes)?;
        if message.status().is_some() { self.response(&message) } else { self.request(&message) }
    }
}
