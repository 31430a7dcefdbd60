//! Route and Record-Route at a proxy: loose and strict routers before and behind it (RFC 3261 §16.4, §16.6, §16.12).

use crate::address::NameAddr;
use crate::draft::{Draft, InvalidValue};
use crate::header::HeaderId;
use crate::message::Values;
use crate::uri::Uri;

/// Whose a URI is, in the eyes of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RouteOwner {
    /// Somebody else's.
    Other,
    /// Ours, and it stands for the whole way through us.
    Ours,
    /// Ours, one of two that stand for it: one for each side ([`RecordRoutes`]).
    OursPaired,
}

/// What was taken off a received request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stripped {
    /// A strict router has sent it: the Request-URI was ours and is now the target.
    pub from_strict_router: bool,
    /// Our own Route values, one or the two of a pair, the first one first.
    pub routes: Vec<Vec<u8>>,
}

/// RFC 3261 §16.4: takes our own traces off a received request. `owner` says whose a URI of Request-URI or Route is; a
/// Request-URI is ours only when we have put it into a Record-Route.
///
/// # Errors
/// [`InvalidValue`] when the last Route value can be no Request-URI: the request is not to be sent on.
pub fn strip_routes(
    draft: &mut Draft,
    owner: impl Fn(&Uri<'_>) -> RouteOwner,
) -> Result<Stripped, InvalidValue> {
    let mut stripped = Stripped::default();
    let is_ours = |uri: &[u8]| Uri::parse(uri).map_or(RouteOwner::Other, |uri| owner(&uri));
    if is_ours(draft.request_uri()) != RouteOwner::Other
        && let Some((last, rest)) = routes_of(draft).split_last()
    {
        // RFC 3261 §16.4: a strict router before us has moved the target to the end of Route.
        draft.set_request_uri(uri_of(last))?;
        set_routes(draft, rest)?;
        stripped.from_strict_router = true;
    }
    // RFC 3261 §16.4: the first Route value is taken off when it is ours; of a pair, both.
    let mut expected = 2;
    while let Some(first) = routes_of(draft).into_iter().next() {
        let whose = is_ours(uri_of(&first));
        let is_next = match (whose, expected) {
            (RouteOwner::Other, _) | (_, 0) => false,
            (RouteOwner::Ours, 2) | (RouteOwner::OursPaired, _) => true,
            (RouteOwner::Ours, _) => false,
        };
        if !is_next {
            break;
        }
        draft.remove_top(HeaderId::Route);
        stripped.routes.push(first);
        expected = if whose == RouteOwner::Ours { 0 } else { expected - 1 };
    }
    Ok(stripped)
}

/// Where a request goes next (RFC 3261 §16.6 item 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The URI of the next hop.
    pub next_hop: Vec<u8>,
    /// Whether the next hop is a strict router.
    pub is_strict: bool,
}

/// RFC 3261 §16.6 item 6: readies a request for its next hop, when Request-URI and Route are as its application wants them:
/// for a strict router the two are exchanged.
///
/// # Errors
/// [`InvalidValue`] when the first Route value can be no Request-URI: the request is not to be sent.
pub fn before_target(draft: &mut Draft) -> Result<Way, InvalidValue> {
    let way = way_of(draft);
    if way.is_strict {
        let mut routes = routes_of(draft);
        routes.push([b"<", draft.request_uri(), b">"].concat());
        draft.set_request_uri(&way.next_hop)?;
        set_routes(draft, &routes[1..])?;
    }
    Ok(way)
}

/// The next hop of a request: the first Route value, else the Request-URI. `is_strict` when that Route value has no `lr`.
#[must_use]
pub fn way_of(draft: &Draft) -> Way {
    let Some(first) = routes_of(draft).into_iter().next() else {
        return Way { next_hop: draft.request_uri().to_vec(), is_strict: false };
    };
    let next_hop = uri_of(&first).to_vec();
    // What cannot be read is no strict router that anybody could have meant.
    let is_strict = Uri::parse(&next_hop).is_ok_and(|uri| !uri.lr());
    Way { next_hop, is_strict }
}

/// The Record-Route values of a proxy, in the order in which they stand (RFC 3261 §16.6 item 4).
///
/// Where a request leaves by another transport or address family than it came by, each side has to reach the proxy by its
/// own: then there are two, that of the callee's side on top (RFC 5658 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRoutes<'a> {
    values: [&'a [u8]; 2],
    is_pair: bool,
}

impl<'a> RecordRoutes<'a> {
    /// Of a request that came in where `inbound` is the proxy's value, and leaves where `outbound` is.
    #[must_use]
    pub fn between(inbound: &'a [u8], outbound: &'a [u8]) -> Self {
        Self { values: [outbound, inbound], is_pair: inbound != outbound }
    }

    /// Whether there are two.
    #[must_use]
    pub const fn is_pair(&self) -> bool {
        self.is_pair
    }

    /// The values, the top one first.
    pub fn values(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.values.into_iter().take(if self.is_pair { 2 } else { 1 })
    }

    /// Puts them above those that are there.
    ///
    /// # Errors
    /// [`InvalidValue`]; the draft may have the lower one then.
    pub fn add_to(&self, draft: &mut Draft) -> Result<(), InvalidValue> {
        for value in self.values.into_iter().take(if self.is_pair { 2 } else { 1 }).rev() {
            draft.prepend(HeaderId::RecordRoute, value)?;
        }
        Ok(())
    }
}

/// All Route values, the next hop first.
fn routes_of(draft: &Draft) -> Vec<Vec<u8>> {
    draft.headers(HeaderId::Route).flat_map(Values::of).map(<[u8]>::to_vec).collect()
}

fn set_routes(draft: &mut Draft, routes: &[Vec<u8>]) -> Result<(), InvalidValue> {
    draft.remove(HeaderId::Route);
    routes.iter().try_for_each(|route| draft.add(HeaderId::Route, route))
}

/// The URI of a Route value, without brackets.
fn uri_of(route: &[u8]) -> &[u8] {
    NameAddr::parse(route).map_or(route, |address| address.uri_bytes())
}

#[cfg(test)]
mod tests;
