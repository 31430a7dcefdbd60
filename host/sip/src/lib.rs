//! SIP without I/O: the message layer, the transaction machines and the dialogs of RFC 3261.
//!
//! Everything here is a value or a pure machine: bytes and the time come in as arguments, decisions come out as
//! values. There is no socket, clock, thread, lock or randomness in this crate, so every behaviour is a table test.
//!
//! Start reading at [`message`] (bytes to headers), [`draft`] (headers to bytes), [`transaction`] and [`dialog`].
#![forbid(unsafe_code)]

pub mod address;
pub mod dialog;
pub mod digest;
pub mod draft;
pub mod event;
mod few;
pub mod field;
pub mod frame;
pub mod header;
pub mod limits;
pub mod message;
pub mod method;
pub mod modification;
mod octets;
pub mod offer;
pub mod provisional;
pub mod proxy;
pub mod session_timer;
pub mod time;
pub mod transaction;
pub mod uas;
pub mod uri;
pub mod validate;
pub mod via;
