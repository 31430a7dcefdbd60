//! Why something did not work: what the host refuses, and what the author reports.

use core::fmt;

/// What handlers and nearly all functions of the SDK return.
///
/// Without parameters it is what a handler returns: `Ok(())` commits the turn, `Err` abandons it.
pub type Result<T = ()> = core::result::Result<T, Error>;

/// Why an action was refused, or why a handler gives up.
///
/// The variants but the last are the host's answers, one for each case of `error` in `wit/v0.1`: nothing of the refused
/// action was done, and the handler may go on. [`Error::Failed`] is the author's own.
///
/// Any `std::error::Error` turns into [`Error::Failed`] with `?`, so a handler may read numbers and JSON without ado. For
/// that reason this type is not itself a `std::error::Error`; it has `Display` and `Debug`.
///
/// ```
/// use siplet::prelude::*;
///
/// fn hour(text: &str) -> Result<u8> {
///     let hour = text.parse()?;                          // ParseIntError
///     if hour > 23 {
///         fail!("{hour} is no hour of a day");
///     }
///     Ok(hour)
/// }
///
/// assert_eq!(hour("25").unwrap_err().to_string(), "25 is no hour of a day");
/// assert_eq!(hour("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The message or session belongs to a turn that has ended.
    StaleHandle,
    /// The session was invalidated.
    InvalidSession,
    /// The message was sent already and can no longer be changed or sent.
    AlreadyCommitted,
    /// The transaction of the request has its final response.
    FinalResponseSent,
    /// The transaction is over, or the message is none that can be sent from here.
    NoTransaction,
    /// The session has no dialog in the state that this asks for.
    NoDialog,
    /// The header is the container's own (Via, Call-ID, CSeq, Route...): its name.
    SystemHeader(String),
    /// A header name or value that cannot stand in a message: why.
    InvalidHeader(String),
    /// An address or URI that cannot be read: why.
    InvalidAddress(String),
    /// A status code outside 100 to 699, or one that cannot stand here.
    InvalidStatus(u16),
    /// A method that cannot be created here: ACK and CANCEL have functions of their own.
    InvalidMethod(String),
    /// A named limit of the host or of the application is reached: its name.
    Limit(String),
    /// The host does not do this: what.
    NotSupported(String),
    /// What the author's own code says: why.
    Failed(String),
}

impl Error {
    /// An error of the author's own.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleHandle => out.write_str("the message or session belongs to a turn that has ended"),
            Self::InvalidSession => out.write_str("the session was invalidated"),
            Self::AlreadyCommitted => out.write_str("the message was sent already"),
            Self::FinalResponseSent => out.write_str("the request has its final response already"),
            Self::NoTransaction => {
                out.write_str("the transaction is over, or this message cannot be sent from here")
            }
            Self::NoDialog => out.write_str("the session has no dialog in the state that this asks for"),
            Self::SystemHeader(name) => {
                write!(out, "the header {name} is the container's own and cannot be changed")
            }
            Self::InvalidHeader(why) => write!(out, "invalid header: {why}"),
            Self::InvalidAddress(why) => write!(out, "invalid address: {why}"),
            Self::InvalidStatus(status) => write!(out, "the status code {status} cannot stand here"),
            Self::InvalidMethod(method) => write!(out, "a request {method} cannot be created here"),
            Self::Limit(name) => write!(out, "the limit {name} is reached"),
            Self::NotSupported(what) => write!(out, "not supported by this host: {what}"),
            Self::Failed(why) => out.write_str(why),
        }
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Leaves the function with [`Error::Failed`] and a formatted text.
///
/// ```
/// # use siplet::prelude::*;
/// fn gateway(number: usize) -> Result<&'static str> {
///     match number {
///         0 => Ok("sip:gw1.example.com"),
///         _ => fail!("there is no gateway {number}"),
///     }
/// }
/// # assert!(gateway(1).is_err());
/// ```
#[macro_export]
macro_rules! fail {
    ($($text:tt)+) => {
        return ::core::result::Result::Err($crate::Error::Failed(::std::format!($($text)+)))
    };
}
