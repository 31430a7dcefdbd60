//! Replaces and Join: the dialog that an INVITE is about (RFC 3891, RFC 3911).

use crate::dialog::{Dialog, DialogState, Role};
use crate::header::HeaderId;
use crate::message::{Malformed, Message, Part};
use crate::method::Method;
use crate::octets::find;
use crate::uri::Params;

/// A dialog as somebody else names it: the tags are those of a request that its receiver would get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DialogRef<'a> {
    /// Call-ID.
    pub call_id: &'a [u8],
    /// The receiver's own tag.
    pub to_tag: &'a [u8],
    /// The tag of the receiver's peer.
    pub from_tag: &'a [u8],
}

/// A Replaces value (RFC 3891 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaces<'a> {
    /// The dialog that shall be replaced.
    pub dialog: DialogRef<'a>,
    /// Whether only an early dialog may be.
    pub early_only: bool,
}

/// A Join value (RFC 3911 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Join<'a> {
    /// The dialog that shall be joined.
    pub dialog: DialogRef<'a>,
}

impl<'a> DialogRef<'a> {
    /// Call-ID and both tags, each tag once.
    fn parse(value: &'a [u8]) -> Option<(Self, Params<'a>)> {
        let end = find(b';', value)?;
        let call_id = value[..end].trim_ascii();
        let params = Params::of(&value[end..]);
        let once = |name: &[u8]| {
            let mut all = params.filter(|param| param.name.eq_ignore_ascii_case(name));
            let tag = all.next()?.value.filter(|tag| !tag.is_empty())?;
            all.next().is_none().then_some(tag)
        };
        let dialog = Self { call_id, to_tag: once(b"to-tag")?, from_tag: once(b"from-tag")? };
        (!call_id.is_empty() && params.are_well_formed()).then_some((dialog, params))
    }

    /// Whether this names the dialog.
    ///
    /// RFC 3891 §3: to-tag is compared with our tag, from-tag with the peer's; §6.1: a tag `0` is that of an end which
    /// has none, too.
    #[must_use]
    pub fn names(&self, dialog: &Dialog) -> bool {
        let same = |named: &[u8], tag: &[u8]| named == tag || (named == b"0" && tag.is_empty());
        self.call_id == dialog.call_id()
            && same(self.to_tag, dialog.local_tag())
            && same(self.from_tag, dialog.remote_tag())
    }
}

impl<'a> Replaces<'a> {
    /// Reads a value.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (dialog, params) = DialogRef::parse(value)?;
        Some(Self { dialog, early_only: params.named(b"early-only").is_some() })
    }

    /// The value as it is written.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        let early_only: &[u8] = if self.early_only { b";early-only" } else { b"" };
        [self.dialog.to_value(), early_only.to_vec()].concat()
    }
}

impl<'a> Join<'a> {
    /// Reads a value.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        Some(Self { dialog: DialogRef::parse(value)?.0 })
    }

    /// The value as it is written.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        self.dialog.to_value()
    }
}

impl DialogRef<'_> {
    fn to_value(self) -> Vec<u8> {
        [self.call_id, b";to-tag=", self.to_tag, b";from-tag=", self.from_tag].concat()
    }
}

/// A dialog that may be meant, with the name by which its owner knows it.
#[derive(Clone, Copy, Debug)]
pub struct KnownDialog<'d, K> {
    /// The owner's name for it.
    pub key: K,
    /// The dialog, also one that is over.
    pub dialog: &'d Dialog,
    /// Whether an INVITE made it.
    pub by_invite: bool,
}

/// How the replaced dialog is shut down, once the new INVITE has its 2xx (RFC 3891 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// By a BYE.
    Bye,
    /// By a CANCEL of our INVITE.
    Cancel,
}

/// What an INVITE with Replaces asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplacesVerdict<K> {
    /// There is no Replaces.
    None,
    /// To replace this dialog, if its sender may.
    Replace {
        /// The owner's name for it.
        key: K,
        /// How it is shut down.
        shutdown: Shutdown,
    },
    /// Nothing that can be done: the status of the answer.
    Refuse(u16),
}

/// What an INVITE with Join asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinVerdict<K> {
    /// There is no Join.
    None,
    /// To join this dialog, if its sender may.
    Join {
        /// The owner's name for it.
        key: K,
    },
    /// Nothing that can be done: the status of the answer. A 481 is not given where the Request-URI is that of a
    /// conference: there Join is ignored (RFC 3911 §4).
    Refuse(u16),
}

/// Judges Replaces of a request (RFC 3891 §3). Whether its sender is authorised is asked behind a
/// [`ReplacesVerdict::Replace`].
///
/// # Errors
/// [`Malformed`]: the request is answered with 400.
pub fn judge_replaces<'d, K: Copy>(
    request: &Message,
    dialogs: impl Iterator<Item = KnownDialog<'d, K>>,
) -> Result<ReplacesVerdict<K>, Malformed> {
    let Some(value) = only_in_invite(request, HeaderId::Replaces, HeaderId::Join)? else {
        return Ok(ReplacesVerdict::None);
    };
    let replaces = Replaces::parse(value).ok_or(Malformed::Bad(Part::Header(HeaderId::Replaces)))?;
    let Some(known) = the_one(&replaces.dialog, dialogs) else { return Ok(ReplacesVerdict::Refuse(481)) };
    Ok(match (known.dialog.state(), known.dialog.role()) {
        (DialogState::Terminated, _) => ReplacesVerdict::Refuse(603),
        (DialogState::Confirmed, _) if replaces.early_only => ReplacesVerdict::Refuse(486),
        (DialogState::Confirmed, _) => ReplacesVerdict::Replace { key: known.key, shutdown: Shutdown::Bye },
        (DialogState::Early, Role::Uac) => {
            ReplacesVerdict::Replace { key: known.key, shutdown: Shutdown::Cancel }
        }
        // RFC 3891 §3: an early dialog that the peer has begun is not replaced.
        (DialogState::Early, Role::Uas) => ReplacesVerdict::Refuse(481),
    })
}

/// Judges Join of a request (RFC 3911 §4). Whether its sender is authorised is asked behind a [`JoinVerdict::Join`].
///
/// # Errors
/// [`Malformed`]: the request is answered with 400.
pub fn judge_join<'d, K: Copy>(
    request: &Message,
    dialogs: impl Iterator<Item = KnownDialog<'d, K>>,
) -> Result<JoinVerdict<K>, Malformed> {
    let Some(value) = only_in_invite(request, HeaderId::Join, HeaderId::Replaces)? else {
        return Ok(JoinVerdict::None);
    };
    let join = Join::parse(value).ok_or(Malformed::Bad(Part::Header(HeaderId::Join)))?;
    let Some(known) = the_one(&join.dialog, dialogs) else { return Ok(JoinVerdict::Refuse(481)) };
    Ok(match known.dialog.state() {
        DialogState::Terminated => JoinVerdict::Refuse(603),
        DialogState::Early | DialogState::Confirmed => JoinVerdict::Join { key: known.key },
    })
}

/// The value of the header, which stands once, in an INVITE, and not beside the other one (RFC 3891 §3, RFC 3911 §4).
fn only_in_invite(request: &Message, id: HeaderId, other: HeaderId) -> Result<Option<&[u8]>, Malformed> {
    let Some(value) = request.header(id) else { return Ok(None) };
    if request.headers(id).nth(1).is_some() {
        return Err(Malformed::Repeated(Part::Header(id)));
    }
    if request.method() != Some(&Method::Invite) || request.has(other) {
        return Err(Malformed::Bad(Part::Header(id)));
    }
    Ok(Some(value))
}

/// The one dialog that is meant. RFC 3891 §3, RFC 3911 §4: two are as good as none, and so is one without INVITE.
fn the_one<'d, K>(
    named: &DialogRef<'_>,
    dialogs: impl Iterator<Item = KnownDialog<'d, K>>,
) -> Option<KnownDialog<'d, K>> {
    let mut all = dialogs.filter(|known| named.names(known.dialog));
    let first = all.next()?;
    (all.next().is_none() && first.by_invite).then_some(first)
}

#[cfg(test)]
mod tests;
