//! Values of the container as WIT values, and back.

use std::time::Duration;

use siplet_container::turn::{Flat, Level, Misuse, Peer, Repeat, SessionState, TimerView};

use super::types::{self, Error, ViewParam, ViewResult};
use super::wit_context;

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        match misuse {
            Misuse::StaleHandle => Self::StaleHandle,
            Misuse::InvalidSession => Self::InvalidSession,
            Misuse::AlreadyCommitted => Self::AlreadyCommitted,
            Misuse::FinalResponseSent => Self::FinalResponseSent,
            Misuse::NoTransaction => Self::NoTransaction,
            Misuse::NoDialog => Self::NoDialog,
            Misuse::SystemHeader(name) => Self::SystemHeader(name),
            Misuse::InvalidHeader(why) => Self::InvalidHeader(why),
            Misuse::InvalidAddress(why) => Self::InvalidAddress(why),
            Misuse::InvalidStatus(status) => Self::InvalidStatus(status),
            Misuse::InvalidMethod(method) => Self::InvalidMethod(method),
            Misuse::Limit(name) => Self::Limit(name.to_owned()),
            Misuse::NotSupported(what) => Self::NotSupported(what.to_owned()),
        }
    }
}

/// A message as an argument of a handler: nothing is copied before the guest's memory.
pub(crate) fn view(flat: &Flat) -> ViewParam<'_> {
    ViewParam { bytes: &flat.bytes, index: &flat.index }
}

/// The view of a call that hands no message over.
pub(crate) const fn no_view() -> ViewParam<'static> {
    ViewParam { bytes: &[], index: &[] }
}

/// A message as an answer.
pub(super) fn view_answer(flat: Flat) -> ViewResult {
    ViewResult { bytes: flat.bytes.to_vec(), index: flat.index }
}

/// The far end of a hop.
pub(super) fn peer(peer: Peer) -> types::Peer {
    types::Peer {
        address: peer.address.ip().to_string(),
        port: peer.address.port(),
        transport: peer.transport.param_name().to_owned(),
    }
}

/// A dialog state.
pub(super) const fn session_state(state: SessionState) -> types::SessionState {
    match state {
        SessionState::Initial => types::SessionState::Initial,
        SessionState::Early => types::SessionState::Early,
        SessionState::Confirmed => types::SessionState::Confirmed,
        SessionState::Terminated => types::SessionState::Terminated,
    }
}

/// How a timer is to repeat.
pub(super) const fn repeat(repeat: types::Repeat) -> Repeat {
    match repeat {
        types::Repeat::Once => Repeat::Once,
        types::Repeat::FixedDelay(millis) => Repeat::FixedDelay(Duration::from_millis(millis)),
        types::Repeat::FixedRate(millis) => Repeat::FixedRate(Duration::from_millis(millis)),
    }
}

/// A timer of the application session.
pub(crate) fn timer(timer: &TimerView) -> types::ServletTimer {
    let millis = |period: Duration| u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    types::ServletTimer {
        id: timer.id.clone(),
        at: timer.at.as_millis(),
        repeat: match timer.repeat {
            Repeat::Once => types::Repeat::Once,
            Repeat::FixedDelay(period) => types::Repeat::FixedDelay(millis(period)),
            Repeat::FixedRate(period) => types::Repeat::FixedRate(millis(period)),
        },
        persistent: timer.persistent,
        payload: timer.payload.to_vec(),
    }
}

/// A log level.
pub(super) const fn level(level: wit_context::Level) -> Level {
    match level {
        wit_context::Level::Error => Level::Error,
        wit_context::Level::Warn => Level::Warn,
        wit_context::Level::Info => Level::Info,
        wit_context::Level::Debug => Level::Debug,
        wit_context::Level::Trace => Level::Trace,
    }
}
