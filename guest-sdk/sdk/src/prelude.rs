//! What nearly every servlet uses: `use siplet::prelude::*;`.

pub use crate::{
    Address, ApplicationSession, Attribute, Config, Duration, Error, Message, Method, Request, Response,
    Result, Servlet, SessionState, SipSession, Time, Uri, fail, log, servlet,
};
