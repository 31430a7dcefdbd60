//! The real container in virtual time.
//!
//! A [`world::World`] is a host, its store, scripted peers and a net around the container, moved by whoever owns it. There is
//! no socket, clock, thread or sleep; the same seed and orders give the same bytes. The scenarios and the simulator live
//! in it with scripted servlets. With the feature `wasm` its servlets are WebAssembly ([`guest::wasm`]), and [`stage`]
//! answers the requests of a test kit, which come as values of `siplet-test-protocol`.
//!
//! Start reading at [`world`]. Deliberately absent: a rule of SIP Servlets (the container has them all), and a line of input or output.
#![forbid(unsafe_code)]

pub mod guest;
pub mod ladder;
pub mod peer;
pub mod random;
pub mod trace;
pub mod wire;
pub mod world;

#[cfg(feature = "wasm")]
pub mod stage;
