//! Attributes by name and type.

use core::fmt;
use core::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result};

/// The name of a session attribute and the type that is stored there.
///
/// Values are stored as JSON text, so that a ladder shows them (`decision: - -> "accept"`), a servlet in another language
/// reads them, and a newer version of a servlet may add fields with `#[serde(default)]`. The name should be a constant:
/// then it stands once in the source and its type cannot be mistaken.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use siplet::prelude::*;
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename_all = "kebab-case")]
/// enum Decision {
///     Accept,
///     Refuse,
/// }
///
/// const DECISION: Attribute<Decision> = Attribute::new("decision");
///
/// fn decide(request: &Request) -> Result {
///     request.session().set(DECISION, &Decision::Accept)
/// }
/// ```
pub struct Attribute<T> {
    name: &'static str,
    // An attribute holds no T, it only makes and takes some.
    value: PhantomData<fn(T) -> T>,
}

impl<T> Attribute<T> {
    /// The attribute of that name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, value: PhantomData }
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    pub(super) fn encode(self, value: &T) -> Result<Vec<u8>>
    where
        T: Serialize,
    {
        serde_json::to_vec(value).map_err(|error| self.unfit(&error))
    }

    pub(super) fn decode(self, json: &[u8]) -> Result<T>
    where
        T: DeserializeOwned,
    {
        serde_json::from_slice(json).map_err(|error| self.unfit(&error))
    }

    fn unfit(self, error: &serde_json::Error) -> Error {
        Error::Failed(format!("attribute {:?}: {error}", self.name))
    }
}

impl<T> Clone for Attribute<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Attribute<T> {}

impl<T> fmt::Debug for Attribute<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Attribute({:?})", self.name)
    }
}

/// An attribute that has another value, for [`Servlet::session_attribute_changed`](crate::Servlet::session_attribute_changed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    name: String,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl AttributeChange {
    pub(crate) const fn new(name: String, old: Option<Vec<u8>>, new: Option<Vec<u8>>) -> Self {
        Self { name, old, new }
    }

    /// Name of the attribute.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// True when it is this attribute.
    #[must_use]
    pub fn is<T>(&self, attribute: Attribute<T>) -> bool {
        self.name == attribute.name()
    }

    /// The value before; `None` when the attribute is new.
    ///
    /// # Errors
    /// [`Error::Failed`] when what was stored there is no `T`.
    pub fn old<T: DeserializeOwned>(&self, attribute: Attribute<T>) -> Result<Option<T>> {
        self.old.as_deref().map(|json| attribute.decode(json)).transpose()
    }

    /// The value now; `None` when the attribute was removed.
    ///
    /// # Errors
    /// [`Error::Failed`] when what is stored there is no `T`.
    pub fn new_value<T: DeserializeOwned>(&self, attribute: Attribute<T>) -> Result<Option<T>> {
        self.new.as_deref().map(|json| attribute.decode(json)).transpose()
    }
}
