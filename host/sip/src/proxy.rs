//! What every proxy has to work out, whatever its application wants: where a request goes on, whether it runs in a circle,
//! and how wide it may still fork (RFC 3261 §16, RFC 5393).
//!
//! Deliberately not here: targets, response contexts and timer C.

mod breadth;
mod circle;
mod route;

pub use breadth::{Breadth, MAX_BREADTH};
pub use circle::{has_looped, loop_hash, loop_parts};
pub use route::{RecordRoutes, RouteOwner, Stripped, Way, before_target, strip_routes, way_of};
