//! Compiles a servlet crate to WebAssembly: which toolchain there is, how cargo is called, what came of it.
//!
//! Shared by `cargo xtask`, `siplet dev` and the test kit, so it has no dependency worth waiting for. It looks and
//! builds and never installs anything: where a toolchain is missing it says the one command to run ([`Missing`]).
//! Deliberately not here: when to build (`siplet dev` watches, `xtask` compares hashes), and what is done with the file.
#![forbid(unsafe_code)]

mod build;
mod cargo;
mod error;
mod messages;
mod package;
mod put;
mod toolchain;

pub use build::{Failed, Made, Order, Profile, build};
pub use cargo::{cargo, find_program, forget_own_build};
pub use error::Error;
pub use messages::{Message, parse as parse_message};
pub use package::Package;
pub use put::{put, put_bytes};
pub use toolchain::{CHOICE, DEBIAN_PACKAGES, Missing, TARGET, Toolchain};
