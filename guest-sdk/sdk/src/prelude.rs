//! What nearly every servlet uses: `use siplet::prelude::*;`.

pub use crate::{
    Address, ApplicationSession, Attribute, AttributeChange, Config, Duration, Error, Message, Method,
    Request, Response, Result, Schedule, Servlet, ServletTimer, SessionState, SipSession, Time, Uri, fail,
    log, servlet,
};
