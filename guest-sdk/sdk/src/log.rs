//! Lines of log: `siplet::log::info!("...")`.
//!
//! The host adds application, handler and call. What is printed to stdout or stderr is lost in a guest. Lines beyond the
//! application's limit of octets in a turn are counted and dropped.
//!
//! ```no_run
//! use siplet::prelude::*;
//!
//! let gateway = "sip:gw1.example.com";
//! log::info!("trying {gateway}");
//! log::warn!("{} of {} gateways are left", 1, 3);
//! ```

pub use crate::seam::Level;
pub use crate::{
    __log_debug as debug, __log_error as error, __log_info as info, __log_trace as trace, __log_warn as warn,
};

/// Writes one line of log; the macros of this module do the same with a format.
// jsr289: SipServlet.log(String)
pub fn line(level: Level, text: &str) {
    crate::ambient::host::log(level, text);
}

/// Something is broken that a person must mend.
#[macro_export]
#[doc(hidden)]
macro_rules! __log_error {
    ($($text:tt)+) => {
        $crate::log::line($crate::log::Level::Error, &::std::format!($($text)+))
    };
}

/// Something is odd, and the servlet goes on.
#[macro_export]
#[doc(hidden)]
macro_rules! __log_warn {
    ($($text:tt)+) => {
        $crate::log::line($crate::log::Level::Warn, &::std::format!($($text)+))
    };
}

/// What an operator wants to see of every call.
#[macro_export]
#[doc(hidden)]
macro_rules! __log_info {
    ($($text:tt)+) => {
        $crate::log::line($crate::log::Level::Info, &::std::format!($($text)+))
    };
}

/// What an author wants to see of every call.
#[macro_export]
#[doc(hidden)]
macro_rules! __log_debug {
    ($($text:tt)+) => {
        $crate::log::line($crate::log::Level::Debug, &::std::format!($($text)+))
    };
}

/// Everything.
#[macro_export]
#[doc(hidden)]
macro_rules! __log_trace {
    ($($text:tt)+) => {
        $crate::log::line($crate::log::Level::Trace, &::std::format!($($text)+))
    };
}
