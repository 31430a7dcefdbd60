//! Credentials of a client: who one is in which realm.

use core::fmt;

use zeroize::Zeroizing;

use super::{Algorithm, Asker, Ha1};

/// A user name and the secret to it.
#[derive(Clone)]
pub struct Login {
    username: String,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Password(Zeroizing<String>),
    /// One for each function that it can be used with.
    Ha1(Vec<Ha1>),
}

impl Login {
    /// With a password: it answers every algorithm.
    #[must_use]
    pub fn with_password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: username.into(), secret: Secret::Password(Zeroizing::new(password.into())) }
    }

    /// With hashes for one realm: it answers the algorithms of their functions.
    #[must_use]
    pub fn with_ha1(username: impl Into<String>, ha1: Vec<Ha1>) -> Self {
        Self { username: username.into(), secret: Secret::Ha1(ha1) }
    }

    /// The user name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Whether it can answer a challenge of that algorithm.
    #[must_use]
    pub fn answers(&self, algorithm: Algorithm) -> bool {
        match &self.secret {
            Secret::Password(_) => true,
            Secret::Ha1(known) => known.iter().any(|ha1| ha1.function() == algorithm.function()),
        }
    }

    /// The HA1 for a realm; `None` when it cannot be had for that algorithm.
    #[must_use]
    pub fn ha1(&self, algorithm: Algorithm, realm: &[u8]) -> Option<Ha1> {
        let function = algorithm.function();
        match &self.secret {
            Secret::Password(password) => {
                Some(Ha1::new(function, self.username.as_bytes(), realm, password.as_bytes()))
            }
            Secret::Ha1(known) => known.iter().find(|ha1| ha1.function() == function).cloned(),
        }
    }
}

impl fmt::Debug for Login {
    /// Does not tell the secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Login({:?}, ..)", self.username)
    }
}

/// The logins that one answer may use: `AuthInfo` of SIP Servlet 1.1 §6.8.
#[derive(Clone, Debug, Default)]
pub struct AuthInfo {
    entries: Vec<(Option<Asker>, Option<String>, Login)>,
}

impl AuthInfo {
    /// No login.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more login, for a realm and for who asks; `None` stands for all.
    #[must_use]
    pub fn with(mut self, asker: Option<Asker>, realm: Option<&str>, login: Login) -> Self {
        self.entries.push((asker, realm.map(str::to_owned), login));
        self
    }

    /// The login for a challenge: of those that fit the one that names the realm, then the one that names who asks, then
    /// the first.
    #[must_use]
    pub fn find(&self, asker: Asker, realm: &[u8]) -> Option<&Login> {
        let fits = |(of, name, _): &&(Option<Asker>, Option<String>, Login)| {
            of.is_none_or(|of| of == asker) && name.as_ref().is_none_or(|name| name.as_bytes() == realm)
        };
        // The first of the largest: `max_by_key` would give the last.
        let best =
            self.entries.iter().filter(fits).rev().max_by_key(|(of, name, _)| (name.is_some(), of.is_some()));
        best.map(|(_, _, login)| login)
    }
}
