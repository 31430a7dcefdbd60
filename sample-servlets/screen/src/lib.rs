//! Keeps unwanted callers out, and everybody outside opening hours. What was decided for a call stays decided.
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};
use siplet::prelude::*;

mod hours;

use hours::Hours;

/// What was decided for a call, kept in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The call is answered.
    Accept,
    /// The caller is on the list: 403.
    Forbid,
    /// Nobody is there at this hour: 480.
    Closed,
}

const DECISION: Attribute<Decision> = Attribute::new("decision");

/// Knows who is not wanted and when somebody is there.
#[derive(Debug)]
pub struct Screen {
    /// `sip:user@host`, or `*@host` for everybody of a host.
    refused: Vec<String>,
    hours: Hours,
}

#[servlet]
impl Servlet for Screen {
    fn init(config: &Config) -> Result<Self> {
        let hours = Hours::read(config.required("open")?, config.get("utc-offset").unwrap_or("+00:00"))?;
        let refused = if config.get("refused").is_some() { config.json("refused")? } else { Vec::new() };
        Ok(Self { refused, hours })
    }

    fn do_invite(&self, request: Request) -> Result {
        let session = request.session();
        // A re-INVITE belongs to a call that was decided: nobody is thrown out when the office closes.
        let decision = match session.get(DECISION)? {
            Some(decided) => decided,
            None => {
                let decision = self.decide(&request.from()?.uri()?, siplet::now());
                session.set(DECISION, &decision)?;
                decision
            }
        };
        match decision {
            Decision::Accept if request.is_initial()? => {
                request.create_response(180)?.send()?;
                accept(&request)
            }
            Decision::Accept => accept(&request),
            Decision::Forbid => request.create_response(403)?.send(),
            Decision::Closed => request.create_response_with_reason(480, "Outside Opening Hours")?.send(),
        }
    }
}

fn accept(request: &Request) -> Result {
    request.create_response(200)?.with_body("application/sdp", request.body())?.send()
}

impl Screen {
    /// The list stands before the hours: who is on it shall not learn when to call.
    fn decide(&self, caller: &Uri<'_>, now: Time) -> Decision {
        if self.refused.iter().any(|entry| is_on(entry, caller)) {
            Decision::Forbid
        } else if self.hours.are_open(now) {
            Decision::Accept
        } else {
            Decision::Closed
        }
    }
}

/// Whether a line of the list means this caller. RFC 3261 §19.1.4: the user's case counts, the host's does not.
fn is_on(entry: &str, caller: &Uri<'_>) -> bool {
    if let Some(host) = entry.strip_prefix("*@") {
        return caller.host().eq_ignore_ascii_case(host);
    }
    match Uri::parse(entry) {
        Ok(entry) => entry.user() == caller.user() && entry.host().eq_ignore_ascii_case(caller.host()),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
