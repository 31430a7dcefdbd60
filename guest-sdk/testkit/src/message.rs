//! A message as a test looks at it.

use std::fmt;
use std::rc::Rc;

use siplet_test_protocol as protocol;

use crate::core::Core;

/// A request or response that came to a phone.
#[derive(Clone)]
pub struct Message {
    core: Rc<Core>,
    inner: protocol::Message,
}

impl Message {
    pub(crate) const fn new(core: Rc<Core>, inner: protocol::Message) -> Self {
        Self { core, inner }
    }

    /// Status of a response, 0 for a request.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.inner.status
    }

    /// Reason phrase of a response.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.inner.reason
    }

    /// Method of a request; empty for a response.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.inner.method
    }

    /// Request-URI; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &str {
        &self.inner.uri
    }

    /// The first value of a header, by its long name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// All values of a header, one for each line.
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_owned();
        self.inner
            .headers
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.as_str())
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.inner.body
    }

    /// The first value of a header is this one.
    #[track_caller]
    pub fn expect_header(&self, name: &str, value: &str) -> &Self {
        match self.header(name) {
            Some(found) if found == value => self,
            Some(found) => {
                self.core.fail(&format!("expected {name}: {value}, and {} has {name}: {found}", self.title()))
            }
            None => self.core.fail(&format!("expected {name}: {value}, and {} has no {name}", self.title())),
        }
    }

    /// There is no such header.
    #[track_caller]
    pub fn expect_no_header(&self, name: &str) -> &Self {
        match self.header(name) {
            None => self,
            Some(found) => {
                self.core.fail(&format!("expected no {name}, and {} has {name}: {found}", self.title()))
            }
        }
    }

    /// The body is this one.
    #[track_caller]
    pub fn expect_body(&self, body: &str) -> &Self {
        if self.inner.body != body {
            self.core.fail(&format!(
                "expected another body of {}:\n  expected {body:?}\n  it has   {:?}",
                self.title(),
                self.inner.body
            ));
        }
        self
    }

    /// `200 OK`, `INVITE sip:bob@home`.
    pub(crate) fn title(&self) -> String {
        title(&self.inner)
    }
}

pub(crate) fn title(message: &protocol::Message) -> String {
    if message.status > 0 {
        format!("{} {}", message.status, message.reason)
    } else {
        format!("{} {}", message.method, message.uri)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.title())?;
        for (name, value) in &self.inner.headers {
            writeln!(out, "{name}: {value}")?;
        }
        write!(out, "\n{}", self.inner.body)
    }
}
