//! Authentication-Info and Proxy-Authentication-Info: what a server says once it believes (RFC 7616 §3.5, RFC 7615,
//! RFC 3261 §20.6).

use std::borrow::Cow;

use super::write::Parameters;
use super::{AuthParams, BadParameters, Qop};

/// The value of the header, which has no scheme. Parameters that are not known are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthenticationInfo<'a> {
    /// The nonce for the next request.
    pub nextnonce: Option<Cow<'a, [u8]>>,
    /// The server's proof that it knows the secret too, in hexadecimal.
    pub rspauth: Option<Cow<'a, [u8]>>,
    /// What the proof is computed over.
    pub qop: Option<Qop>,
    /// The client's nonce of the request.
    pub cnonce: Option<Cow<'a, [u8]>>,
    /// The client's count of the request as it stands: eight hexadecimal digits.
    pub nc: Option<Cow<'a, [u8]>>,
}

impl<'a> AuthenticationInfo<'a> {
    /// Reads a header value.
    ///
    /// # Errors
    /// [`BadParameters`]
    pub fn read(value: &'a [u8]) -> Result<Self, BadParameters> {
        let mut found: [Option<Cow<'a, [u8]>>; NAMES.len()] = Default::default();
        for param in AuthParams::of(value)? {
            let Some(at) = NAMES.iter().position(|name| param.is(name)) else { continue };
            if found[at].replace(param.unquoted()).is_some() {
                return Err(BadParameters::Repeated(NAMES[at]));
            }
        }
        let [nextnonce, rspauth, qop, cnonce, nc] = found;
        let qop = match qop {
            Some(name) => Some(Qop::from_name(&name).ok_or(BadParameters::UnknownQop)?),
            None => None,
        };
        // It is written without quotes, so nothing else may come in.
        if nc.as_ref().is_some_and(|nc| nc.len() != 8 || !nc.iter().all(u8::is_ascii_hexdigit)) {
            return Err(BadParameters::Bad("nc"));
        }
        Ok(Self { nextnonce, rspauth, qop, cnonce, nc })
    }

    /// The header value; empty when there is nothing to say.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        // RFC 7616 §3.5: nextnonce, rspauth and cnonce are quoted, qop and nc never.
        Parameters::bare()
            .quoted_some("nextnonce", self.nextnonce.as_deref())
            .token_some("qop", self.qop.map(Qop::name))
            .quoted_some("rspauth", self.rspauth.as_deref())
            .quoted_some("cnonce", self.cnonce.as_deref())
            .token_some("nc", self.nc.as_deref())
            .finish()
    }
}

/// The parameters that are known.
const NAMES: [&str; 5] = ["nextnonce", "rspauth", "qop", "cnonce", "nc"];
