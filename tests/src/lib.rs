//! The tests of siplet below the real sockets: scenarios with golden traces, and the simulator.
//!
//! A [`world::World`] is a host, its store, scripted peers and a net in virtual time around the real container. The
//! [`scenario`] language writes one rule down with the whole trace that it leads to; the [`sim`] makes worlds from seeds,
//! with faults, kills and restores, and checks the invariants by name. There is no socket, clock, thread or sleep here;
//! what needs those is the end-to-end ring.
//!
//! Start reading at [`world`], then [`scenario`] and [`sim`].
#![forbid(unsafe_code)]

pub mod guest;
pub mod ladder;
pub mod peer;
pub mod random;
pub mod scenario;
pub mod sim;
pub mod text;
pub mod trace;
pub mod wire;
pub mod world;
