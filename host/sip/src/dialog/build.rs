//! How a dialog is made, and confirmed by the peer's 2xx (RFC 3261 §12.1, §13.2.2.4).

use super::{Dialog, DialogState, Role, Violation};
use crate::address::NameAddr;
use crate::header::HeaderId;
use crate::message::{Malformed, Message, Part};
use crate::uri::{Scheme, Uri};
use bytes::Bytes;
use std::borrow::Cow;

impl Dialog {
    /// The dialog that our response with this status and To tag makes at the UAS (RFC 3261 §12.1.1).
    ///
    /// `over_tls` tells how the request arrived.
    ///
    /// # Errors
    /// [`Violation`] when the request has no Contact, is in a dialog already or cannot be read, or the status is not
    /// one of 101 to 299.
    // [3261-12.1.1-8, 3261-12.1.1-9, 3261-12.1.1-10, 3261-12.1.1-11, 3261-12.1.1-12, 3261-12.1.1-14]
    pub fn uas(request: &Message, local_tag: &[u8], status: u16, over_tls: bool) -> Result<Self, Violation> {
        let state = state_of(status).ok_or(Violation::NotDialogForming)?;
        let (from, to) = (request.from_()?, request.to()?);
        if to.tag().is_some() {
            return Err(Violation::NotDialogForming);
        }
        let target = remote_target(request)?;
        // RFC 3261 §12.1.1: the route set is that of Record-Route, in order. [3261-12.1.1-6, 3261-12.1.1-7]
        let routes = record_route(request)?;
        let local_party = [value_of(request, Part::To)?, b";tag=", local_tag].concat();
        let texts = Texts {
            call_id: request.call_id().ok_or(Malformed::Missing(Part::CallId))?,
            local_tag,
            // RFC 3261 §12.1.1: without a From tag, the null tag. [3261-12.1.1-13]
            remote_tag: from.tag().unwrap_or_default(),
            local_party: &local_party,
            remote_party: value_of(request, Part::From)?,
            remote_target: target,
        };
        let secure = over_tls && is_sips(request.request_uri());
        let mut dialog = texts.into_dialog(&routes, Role::Uas, state, secure);
        dialog.remote_seq = Some(request.cseq()?.0);
        Ok(dialog)
    }

    /// The dialog that a response to our request makes at the UAC (RFC 3261 §12.1.2). Each To tag makes its own.
    ///
    /// `over_tls` tells how the request was sent. A response without a Contact that can be read, which RFC 3261 does not
    /// permit but the field sends, leaves the Request-URI as the target.
    ///
    /// # Errors
    /// [`Violation`] when the response is a 100, a provisional one without a To tag, or no response that makes a
    /// dialog, or when one of the messages cannot be read.
    // [3261-12.1.2-6, 3261-12.1.2-7, 3261-12.1.2-8, 3261-12.1.2-9, 3261-12.1.2-10, 3261-12.1.2-12]
    // [3261-13.2.2.4-2]
    pub fn uac(request: &Message, response: &Message, over_tls: bool) -> Result<Self, Violation> {
        let state = response.status().and_then(state_of).ok_or(Violation::NotDialogForming)?;
        let from = request.from_()?;
        let remote_tag = response.to()?.tag();
        // RFC 3261 §12.1: a provisional response makes a dialog only with a tag.
        if remote_tag.is_none() && state == DialogState::Early {
            return Err(Violation::NotDialogForming);
        }
        let target = contact_uri(response).unwrap_or_else(|| request.request_uri());
        let routes = reversed_record_route(response)?;
        let texts = Texts {
            call_id: request.call_id().ok_or(Malformed::Missing(Part::CallId))?,
            local_tag: from.tag().ok_or(Malformed::Bad(Part::From))?,
            // RFC 3261 §12.1.2: without a To tag, the null tag. [3261-12.1.2-11]
            remote_tag: remote_tag.unwrap_or_default(),
            local_party: value_of(request, Part::From)?,
            remote_party: value_of(response, Part::To)?,
            remote_target: target,
        };
        let secure = over_tls && is_sips(request.request_uri());
        let mut dialog = texts.into_dialog(&routes, Role::Uac, state, secure);
        dialog.local_seq = Some(request.cseq()?.0);
        Ok(dialog)
    }

    /// The dialog that a NOTIFY makes at its subscriber, confirmed at once (RFC 6665 §4.4.1): its route set is that of the
    /// NOTIFY, in order. `subscribe` is our SUBSCRIBE (or REFER) outside a dialog, `over_tls` tells how it was sent.
    ///
    /// # Errors
    /// [`Violation`] when the NOTIFY does not answer that request, has no Contact or cannot be read.
    pub fn by_notify(subscribe: &Message, notify: &Message, over_tls: bool) -> Result<Self, Violation> {
        let (from, to) = (notify.from_()?, notify.to()?);
        let call_id = subscribe.call_id().ok_or(Malformed::Missing(Part::CallId))?;
        let our_tag = subscribe.from_()?.tag().ok_or(Malformed::Bad(Part::From))?;
        // RFC 6665 §4.4.1: the same Call-ID, and our From tag in To; the owner compares Event.
        if notify.call_id() != Some(call_id) || to.tag() != Some(our_tag) {
            return Err(Violation::NotDialogForming);
        }
        let target = remote_target(notify)?;
        let routes = record_route(notify)?;
        let texts = Texts {
            call_id,
            local_tag: our_tag,
            remote_tag: from.tag().unwrap_or_default(),
            local_party: value_of(subscribe, Part::From)?,
            remote_party: value_of(notify, Part::From)?,
            remote_target: target,
        };
        let secure = over_tls && is_sips(subscribe.request_uri());
        let mut dialog = texts.into_dialog(&routes, Role::Uac, DialogState::Confirmed, secure);
        dialog.local_seq = Some(subscribe.cseq()?.0);
        dialog.remote_seq = Some(notify.cseq()?.0);
        Ok(dialog)
    }

    /// Takes the 2xx that confirms an early dialog at its UAC: the route set is that of the 2xx (RFC 3261 §13.2.2.4),
    /// and so is the target. In a dialog that is confirmed already, only the target changes (§12.2.1.2); one that is
    /// over stays as it is.
    ///
    /// # Errors
    /// [`Violation`] when the response is no 2xx or cannot be read; the dialog is unchanged then.
    // [3261-13.2.2.4-1]
    pub fn confirm(&mut self, response: &Message) -> Result<(), Violation> {
        if response.status().and_then(state_of) != Some(DialogState::Confirmed) {
            return Err(Violation::NotDialogForming);
        }
        match self.state {
            DialogState::Early => {
                let target = contact_uri(response);
                let routes = reversed_record_route(response)?;
                let mut texts: Vec<&[u8]> = routes.iter().map(|route| &**route).collect();
                texts.extend(target);
                let mut texts = pack(&texts);
                if target.is_some() {
                    self.remote_target = texts.pop().unwrap_or_default();
                }
                self.route_set = texts;
                self.state = DialogState::Confirmed;
            }
            DialogState::Confirmed => {
                self.refresh_target(response);
            }
            DialogState::Terminated => {}
        }
        Ok(())
    }
}

/// The texts of a dialog before they are copied.
struct Texts<'a> {
    call_id: &'a [u8],
    local_tag: &'a [u8],
    remote_tag: &'a [u8],
    local_party: &'a [u8],
    remote_party: &'a [u8],
    remote_target: &'a [u8],
}

impl Texts<'_> {
    fn into_dialog(self, routes: &[Cow<'_, [u8]>], role: Role, state: DialogState, secure: bool) -> Dialog {
        let mut texts: Vec<&[u8]> = routes.iter().map(|route| &**route).collect();
        texts.extend([
            self.call_id,
            self.local_tag,
            self.remote_tag,
            self.local_party,
            self.remote_party,
            self.remote_target,
        ]);
        let mut route_set = pack(&texts);
        let mut own = route_set.split_off(routes.len()).into_iter();
        let mut next = || own.next().unwrap_or_default();
        Dialog {
            call_id: next(),
            local_tag: next(),
            remote_tag: next(),
            local_party: next(),
            remote_party: next(),
            remote_target: next(),
            route_set,
            local_seq: None,
            remote_seq: None,
            role,
            state,
            secure,
        }
    }
}

/// Copies the texts into one buffer and shares it out.
pub(super) fn pack(texts: &[&[u8]]) -> Vec<Bytes> {
    let all = Bytes::from(texts.concat());
    let mut from = 0;
    texts
        .iter()
        .map(|text| {
            let part = all.slice(from..from + text.len());
            from += text.len();
            part
        })
        .collect()
}

/// The remote target that a request brings to the dialog of its UAS.
///
/// RFC 3261 §12.1.1: the URI of Contact. A client of RFC 2543, told by its branch, may leave Contact out; then its From
/// says where requests go (RFC 2543 §6.21).
///
/// # Errors
/// [`Violation::NoContact`] for a client of RFC 3261 without a Contact, or with `*`; [`Violation::Malformed`] when the
/// URI cannot be read.
pub fn remote_target(request: &Message) -> Result<&[u8], Violation> {
    let address = match request.contact()? {
        Some(contact) if contact.is_wildcard() => return Err(Violation::NoContact),
        Some(contact) => contact,
        None if request.top_via()?.magic_branch().is_some() => return Err(Violation::NoContact),
        None => request.from_()?,
    };
    // The bytes become a Request-URI one day: they must be a URI and nothing more.
    address.uri().map_err(|_| Malformed::Bad(Part::Contact))?;
    Ok(address.uri_bytes())
}

/// RFC 3261 §12.1: responses from 101 to 299 make a dialog.
const fn state_of(status: u16) -> Option<DialogState> {
    match status {
        101..=199 => Some(DialogState::Early),
        200..=299 => Some(DialogState::Confirmed),
        0..=100 | 300..=u16::MAX => None,
    }
}

/// The whole value of From or To.
fn value_of(message: &Message, part: Part) -> Result<&[u8], Malformed> {
    let id = if part == Part::From { HeaderId::From } else { HeaderId::To };
    message.header(id).ok_or(Malformed::Missing(part))
}

/// The URI of Contact in a response. One that cannot be read counts as absent: a 2xx must be acknowledged all the same.
fn contact_uri(response: &Message) -> Option<&[u8]> {
    let contact = response.contact().ok()??;
    let is_readable = !contact.is_wildcard() && contact.uri().is_ok();
    is_readable.then(|| contact.uri_bytes())
}

/// The values of Record-Route in order, each in brackets: without them, `;lr` would be a parameter of the header and
/// the proxy a strict router, which is not what a proxy means that leaves them out.
fn record_route(message: &Message) -> Result<Vec<Cow<'_, [u8]>>, Malformed> {
    message
        .values(HeaderId::RecordRoute)
        .map(|value| {
            let bad = |_| Malformed::Bad(Part::RecordRoute);
            let route = NameAddr::parse(value).map_err(bad)?;
            route.uri().map_err(bad)?;
            Ok(if route.is_bracketed() { Cow::from(value) } else { [b"<", value, b">"].concat().into() })
        })
        .collect()
}

/// RFC 3261 §12.1.2: at the UAC the route set is that of Record-Route in reverse order.
// [3261-12.1.2-4, 3261-12.1.2-5]
fn reversed_record_route(message: &Message) -> Result<Vec<Cow<'_, [u8]>>, Malformed> {
    let mut routes = record_route(message)?;
    routes.reverse();
    Ok(routes)
}

fn is_sips(uri: &[u8]) -> bool {
    Uri::parse(uri).is_ok_and(|uri| uri.scheme() == Scheme::Sips)
}
