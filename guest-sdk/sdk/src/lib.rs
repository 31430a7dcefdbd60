#![doc = include_str!("../BOOK.md")]
#![deny(unsafe_code)]
// The seam is public only where a test stands behind it.
#![cfg_attr(target_arch = "wasm32", allow(unreachable_pub, dead_code))]

mod address;
mod ambient;
mod error;
mod handler;
pub mod log;
mod message;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;
pub mod prelude;
mod seam;
mod servlet;
mod session;
mod view;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use siplet_sdk_macros::servlet;
pub use siplet_sip::method::Method;
pub use siplet_sip::time::{Duration, Time};

pub use address::{Address, Uri};
pub use ambient::{now, random};
pub use error::{Error, Result};
pub use message::{Message, Request, Response};
pub use seam::{Peer, SessionState};
pub use servlet::{Config, Servlet};
pub use session::{ApplicationSession, Attribute, AttributeChange, Schedule, ServletTimer, SipSession};

/// What `#[servlet]` writes into the author's crate. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::wasm::{Exported, bindings};

    /// A text as an array, for the section of the descriptor.
    ///
    /// # Panics
    /// At compile time, when the array is longer than the text.
    #[must_use]
    pub const fn bytes_of<const N: usize>(text: &str) -> [u8; N] {
        let mut bytes = [0; N];
        let mut at = 0;
        while at < N {
            bytes[at] = text.as_bytes()[at];
            at += 1;
        }
        bytes
    }
}

/// Writes the section `siplet-descriptor` of a guest.
#[doc(hidden)]
#[macro_export]
macro_rules! __descriptor {
    ($json:expr) => {
        const _: () = {
            const JSON: &str = $json;
            #[used]
            #[unsafe(link_section = "siplet-descriptor")]
            static DESCRIPTOR: [u8; JSON.len()] = $crate::__private::bytes_of(JSON);
        };
    };
}
