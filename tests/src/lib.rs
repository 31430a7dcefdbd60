//! The tests of siplet below the real sockets: scenarios with golden traces, and the simulator.
//!
//! A [`World`](world::World) of `siplet-testhost` is a host, its store, scripted peers and a net in virtual time around the real
//! container. The [`scenario`] language writes one rule down with the whole trace that it leads to; the [`sim`] makes worlds from seeds,
//! with faults, kills and restores, and checks the invariants by name. There is no socket, clock, thread or sleep here;
//! what needs those is the end-to-end ring.
//!
//! Start reading at `host/testhost`, then [`scenario`] and [`sim`].
#![forbid(unsafe_code)]

pub mod guest;
pub mod scenario;
pub mod sim;
pub mod text;

pub use siplet_testhost::{ladder, peer, random, trace, wire, world};
