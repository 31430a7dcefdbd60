//! The trait that a servlet implements, and what it is made from.

use core::fmt::Display;
use core::str::FromStr;
use serde::de::DeserializeOwned;

use crate::{
    ApplicationSession, AttributeChange, Error, Request, Response, Result, ServletTimer, SipSession,
};

/// A SIP servlet: one handler for each kind of message (SIP Servlet 1.1 §5).
///
/// Write the handlers you need and put `#[servlet]` before the `impl`. For the others the host does what the defaults
/// here do, without calling the guest:
///
/// * ACK, CANCEL and all responses: nothing. A CANCEL was answered by the host before (RFC 3261 §9.2).
/// * BYE: 200. OPTIONS: 200 with an Allow header (RFC 3261 §11.2).
/// * any other request: 405 with an Allow header that names the methods of the handlers that are there
///   (RFC 3261 §8.2.1). SIP Servlet 1.1 says 500 here; that blames the server for what the caller asked.
///
/// A handler that returns `Ok` commits its turn: attributes are set, then messages leave in the order in which they were
/// sent; where the host's setting `durable` is on, not before the store has acknowledged that state. One that returns `Err` or panics leaves nothing behind: a request that is still unanswered gets 500. A
/// handler may leave its request unanswered and answer it in a later turn.
///
/// `&self` is made from the init parameters and does not change: there is one for each instance of the guest, instances
/// come and go, and what a call needs to remember belongs into an [`Attribute`](crate::Attribute) of a session.
pub trait Servlet: Sized {
    /// The methods that the servlet has handlers for, as in an Allow header; written by `#[servlet]`.
    #[doc(hidden)]
    const ALLOW: &'static str = "";

    /// Makes the servlet from its init parameters.
    ///
    /// `#[servlet]` writes this for a unit struct; any other type needs its own. It may be called at any time and often, so it should check and read the
    /// parameters and do nothing that counts; what is to be done once belongs into
    /// [`servlet_initialized`](Self::servlet_initialized). An error refuses the deployment.
    ///
    /// # Errors
    /// The author's own: what is wrong with the parameters.
    fn init(config: &Config) -> Result<Self>;

    /// A call is set up, or one that is up is changed: then [`Request::is_initial`] is false (RFC 3261 §13, §14).
    // jsr289: SipServlet.doInvite(SipServletRequest)
    fn do_invite(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// The caller acknowledges a final response to its INVITE (RFC 3261 §13.2.2.4). An ACK is never answered.
    // jsr289: SipServlet.doAck(SipServletRequest)
    fn do_ack(&self, request: Request) -> Result {
        nothing(request)
    }

    /// The peer ends the call (RFC 3261 §15). The dialog is over when this is called, whatever it does.
    // jsr289: SipServlet.doBye(SipServletRequest)
    fn do_bye(&self, request: Request) -> Result {
        request.create_response(200)?.send()
    }

    /// The caller gives up an INVITE that has no final response (RFC 3261 §9). The host has answered the CANCEL with 200
    /// and the INVITE with 487.
    // jsr289: SipServlet.doCancel(SipServletRequest)
    fn do_cancel(&self, request: Request) -> Result {
        nothing(request)
    }

    /// A reliable provisional response is acknowledged (RFC 3262).
    fn do_prack(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// The session is changed without a re-INVITE (RFC 3311).
    fn do_update(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// Something is told inside a call: a digit, a package (RFC 6086).
    // jsr289: SipServlet.doInfo(SipServletRequest)
    fn do_info(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A text arrives (RFC 3428).
    // jsr289: SipServlet.doMessage(SipServletRequest)
    fn do_message(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A peer asks what we can do, or whether we are there (RFC 3261 §11).
    fn do_options(&self, request: Request) -> Result {
        answer_with_allow(&request, 200, Self::ALLOW)
    }

    /// A phone tells where it is (RFC 3261 §10).
    fn do_register(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A peer wants to be told of an event (RFC 6665 §4.1).
    fn do_subscribe(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A peer tells of an event (RFC 6665 §4.2).
    fn do_notify(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A peer publishes the state of an event (RFC 3903).
    fn do_publish(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A peer asks us to contact somebody: a transfer (RFC 3515).
    fn do_refer(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// Any other method, also those that are not yet invented.
    fn do_request(&self, request: Request) -> Result {
        not_handled(&request, Self::ALLOW)
    }

    /// A response of 101 to 199 came for a request of ours.
    // jsr289: SipServlet.doProvisionalResponse(SipServletResponse)
    fn do_provisional_response(&self, response: Response) -> Result {
        nothing(response)
    }

    /// A 2xx came for a request of ours; that of an INVITE wants [`Response::create_ack`].
    // jsr289: SipServlet.doSuccessResponse(SipServletResponse)
    fn do_success_response(&self, response: Response) -> Result {
        nothing(response)
    }

    /// A 3xx came for a request of ours.
    fn do_redirect_response(&self, response: Response) -> Result {
        nothing(response)
    }

    /// A 4xx, 5xx or 6xx came for a request of ours.
    // jsr289: SipServlet.doErrorResponse(SipServletResponse)
    fn do_error_response(&self, response: Response) -> Result {
        nothing(response)
    }

    /// A final response came on one branch of a proxy while others are still open (SIP Servlet 1.1 §10.2.4).
    fn do_branch_response(&self, response: Response) -> Result {
        nothing(response)
    }

    /// Once for a deployment, before its first call, in an application session that belongs to no call.
    // jsr289: SipServletListener.servletInitialized(SipServletContextEvent)
    // jsr289: SipServletContextEvent.getSipServlet()
    fn servlet_initialized(&self, application_session: ApplicationSession) -> Result {
        nothing(application_session)
    }

    /// No ACK came for this 2xx in 64*T1 (RFC 3261 §13.3.1.4). When the handler sends no BYE, the host does.
    // jsr289: SipErrorListener.noAckReceived(SipErrorEvent); SipErrorEvent.getResponse()
    fn no_ack_received(&self, response: Response) -> Result {
        nothing(response)
    }

    /// No PRACK came for a reliable provisional response to this INVITE in 64*T1 (RFC 3262 §3). When the handler does not
    /// answer the INVITE, the host answers 504.
    fn no_prack_received(&self, request: Request) -> Result {
        nothing(request)
    }

    /// A timer has fired (SIP Servlet 1.1 §9). One that fired for the last time is gone already; a handler that fails has
    /// had its firing all the same.
    ///
    /// ```
    /// use siplet::prelude::*;
    ///
    /// struct Prepaid;
    ///
    /// #[servlet]
    /// impl Servlet for Prepaid {
    ///     fn do_invite(&self, request: Request) -> Result {
    ///         let until_cut = Schedule::once(Duration::from_secs(600));
    ///         request.application_session().create_timer(until_cut, &"cut")?;
    ///         request.create_response(200)?.send()
    ///     }
    ///
    ///     fn timeout(&self, timer: ServletTimer) -> Result {
    ///         for session in timer.application_session().sessions()? {
    ///             session.create_request("BYE")?.send()?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    fn timeout(&self, timer: ServletTimer) -> Result {
        nothing(timer)
    }

    /// There is a new SIP session: a request came, or the servlet has made one.
    fn session_created(&self, session: SipSession) -> Result {
        nothing(session)
    }

    /// Nothing is due in the session any more: it ends after this (SIP Servlet 1.1 §6.2.4.1), unless the handler keeps it
    /// by [`SipSession::set_invalidate_when_ready`]`(false)`.
    fn session_ready_to_invalidate(&self, session: SipSession) -> Result {
        nothing(session)
    }

    /// The session is over. It can still be read, here for the last time.
    fn session_destroyed(&self, session: SipSession) -> Result {
        nothing(session)
    }

    /// A call begins: its application session is new.
    fn application_session_created(&self, application_session: ApplicationSession) -> Result {
        nothing(application_session)
    }

    /// The lifetime is over (SIP Servlet 1.1 §6.1.2). The session ends after this with what its peers are owed, unless the
    /// handler extends it by [`ApplicationSession::set_expires`]. One that is in use and invalidated when ready goes on by
    /// itself.
    fn application_session_expired(&self, application_session: ApplicationSession) -> Result {
        nothing(application_session)
    }

    /// All SIP sessions are over and no timer is armed: the session ends after this, unless the handler keeps it by
    /// [`ApplicationSession::set_invalidate_when_ready`]`(false)`.
    fn application_session_ready_to_invalidate(&self, application_session: ApplicationSession) -> Result {
        nothing(application_session)
    }

    /// The session is over. It can still be read, here for the last time.
    fn application_session_destroyed(&self, application_session: ApplicationSession) -> Result {
        nothing(application_session)
    }

    /// An attribute of a SIP session was set to another value or removed (SIP Servlet 1.1 §6.3.1). Runs after the handler
    /// that did it, in the same step.
    fn session_attribute_changed(&self, session: SipSession, change: AttributeChange) -> Result {
        let _ = change;
        nothing(session)
    }

    /// The same for an attribute of the application session.
    fn application_session_attribute_changed(
        &self,
        application_session: ApplicationSession,
        change: AttributeChange,
    ) -> Result {
        let _ = change;
        nothing(application_session)
    }

    /// The call came to this host from its stored state, because the host that had it is gone (SIP Servlet 1.1 §6.1.4).
    /// Once for each session and each move, never for one that stays. Needed rarely: sessions are whole wherever they are.
    fn application_session_did_activate(&self, application_session: ApplicationSession) -> Result {
        nothing(application_session)
    }

    /// A live call of an older version may go on with this one, once this one takes all new calls; so may a stored call
    /// whose version is gone. `from` is the older version as its descriptor told it.
    ///
    /// A servlet without this handler leaves live calls with the version that began them. With it, each call is asked in
    /// a turn of its own: `Ok` moves the call, together with what the handler changed; `Err` or a panic leaves it with
    /// the older version as it was. Read the attributes in their old type and write them in the new one:
    ///
    /// ```
    /// use siplet::prelude::*;
    ///
    /// // Version 1 counted failures; version 2 notes their status codes.
    /// const FAILURES_V1: Attribute<u32> = Attribute::new("failures");
    /// const FAILURES: Attribute<Vec<u16>> = Attribute::new("failed-with");
    ///
    /// struct Hunt;
    ///
    /// #[servlet]
    /// impl Servlet for Hunt {
    ///     fn upgrade(&self, from: &str, session: ApplicationSession) -> Result {
    ///         if !from.starts_with("1.") {
    ///             return Err(Error::Failed(format!("the form of version {from} is not known")));
    ///         }
    ///         let failures = session.get(FAILURES_V1)?.unwrap_or(0);
    ///         session.set(FAILURES, &vec![500; failures as usize])?;
    ///         session.remove(FAILURES_V1)
    ///     }
    /// }
    /// ```
    fn upgrade(&self, from: &str, application_session: ApplicationSession) -> Result {
        let _ = from;
        nothing(application_session)
    }
}

/// The default for ACK, CANCEL and responses.
#[allow(clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "the shape of a handler")]
fn nothing<T>(_given: T) -> Result {
    Ok(())
}

/// The default for most requests. RFC 3261 §8.2.1: 405 names in Allow what would be understood.
fn not_handled(request: &Request, allow: &str) -> Result {
    answer_with_allow(request, 405, allow)
}

fn answer_with_allow(request: &Request, status: u16, allow: &str) -> Result {
    request.create_response(status)?.with_header("Allow", allow)?.send()
}

/// The init parameters of a servlet, from the descriptor's `[init-parameters]`.
///
/// All values are texts. TOML arrays and tables come as JSON text and are read with [`json`](Self::json).
///
/// ```
/// use std::collections::BTreeMap;
/// use siplet::prelude::*;
///
/// struct Redirect {
///     users: BTreeMap<String, String>,
///     expires_s: u32,
/// }
///
/// #[servlet]
/// impl Servlet for Redirect {
///     fn init(config: &Config) -> Result<Self> {
///         Ok(Self { users: config.json("users")?, expires_s: config.parse_or("expires_s", 3600)? })
///     }
///
///     fn do_invite(&self, request: Request) -> Result {
///         match self.users.get(request.request_uri()?.user().unwrap_or_default()) {
///             Some(uri) => request.create_response(302)?.with_header("Contact", format!("<{uri}>"))?.send(),
///             None => request.create_response(404)?.send(),
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Config {
    // A handful of them, read once: a list is smaller in a guest than a map.
    parameters: Vec<(String, String)>,
}

impl Config {
    /// The parameter; `None` when it is not set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The parameter, which must be set.
    ///
    /// # Errors
    /// A sentence that says what to set and where.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            Error::Failed(format!(
                "init parameter `{name}` is missing: set it in [init-parameters] of the descriptor"
            ))
        })
    }

    /// The parameter read as a number or whatever `T` reads; it must be set.
    ///
    /// # Errors
    /// A sentence that names the parameter and what is wrong with it.
    pub fn parse<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T> {
        let value = self.required(name)?;
        value.parse().map_err(|error| unfit(name, value, &error))
    }

    /// The same with a value for the case that it is not set.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), when it is set.
    pub fn parse_or<T: FromStr<Err: Display>>(&self, name: &str, otherwise: T) -> Result<T> {
        if self.get(name).is_some() { self.parse(name) } else { Ok(otherwise) }
    }

    /// The parameter read as JSON: a TOML array or table. It must be set.
    ///
    /// # Errors
    /// A sentence that names the parameter and what is wrong with it.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = self.required(name)?;
        serde_json::from_str(value).map_err(|error| unfit(name, value, &error))
    }

    /// The names of all parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(|(name, _)| name.as_str())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Config {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(parameters: I) -> Self {
        Self { parameters: parameters.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}

fn unfit(name: &str, value: &str, error: &dyn Display) -> Error {
    Error::Failed(format!("init parameter `{name}` = {value:?}: {error}"))
}
