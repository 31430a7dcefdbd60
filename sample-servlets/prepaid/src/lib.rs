//! Answers calls as long as the caller's credit lasts, warns before it ends, and hangs up when it has ended.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use siplet::prelude::*;

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Due {
    /// The caller hears how long it may still talk.
    Warn,
    /// The call ends.
    Cut,
}

/// Seconds that the caller of this call may talk.
const CREDIT_S: Attribute<u64> = Attribute::new("credit-s");

/// Who may talk, and for how long.
#[derive(Debug)]
pub struct Prepaid {
    credit_s: BTreeMap<String, u64>,
    warn_before_s: u64,
}

#[servlet]
impl Servlet for Prepaid {
    fn init(config: &Config) -> Result<Self> {
        Ok(Self { credit_s: config.json("credit")?, warn_before_s: config.parse_or("warn-before", 10)? })
    }

    fn do_invite(&self, request: Request) -> Result {
        if request.is_initial()? {
            let caller = request.from()?.uri_text().to_owned();
            let Some(credit_s) = self.credit_s.get(&caller).filter(|credit_s| **credit_s > 0) else {
                return request.create_response(402)?.send();
            };
            request.application_session().set(CREDIT_S, credit_s)?;
            request.create_response(180)?.send()?;
        }
        request.create_response(200)?.with_body("application/sdp", request.body())?.send()
    }

    fn do_ack(&self, request: Request) -> Result {
        let session = request.application_session();
        if !session.timers()?.is_empty() {
            return Ok(()); // The ACK of a re-INVITE: the clock runs.
        }
        let credit_s = session.get(CREDIT_S)?.unwrap_or_default();
        if self.warn_before_s > 0 && credit_s > self.warn_before_s {
            let until = Duration::from_secs(credit_s - self.warn_before_s);
            session.create_timer(Schedule::once(until), &Due::Warn)?;
        }
        session.create_timer(Schedule::once(Duration::from_secs(credit_s)), &Due::Cut)?;
        Ok(())
    }

    fn timeout(&self, timer: ServletTimer) -> Result {
        for call in timer.application_session().sessions()? {
            if call.state()? != SessionState::Confirmed {
                continue;
            }
            match timer.info()? {
                Due::Warn => {
                    let text = format!("{} seconds left", self.warn_before_s);
                    call.create_request("INFO")?.with_body("text/plain", text.as_bytes())?.send()?;
                }
                Due::Cut => {
                    let reason = "SIP ;cause=402 ;text=\"Credit used up\"";
                    call.create_request("BYE")?.with_header("Reason", reason)?.send()?;
                }
            }
        }
        Ok(())
    }

    fn do_bye(&self, request: Request) -> Result {
        // An armed timer would keep the session of a call that is over.
        for timer in request.application_session().timers()? {
            timer.cancel()?;
        }
        request.create_response(200)?.send()
    }
}
