//! Tests of SIP servlets: the real container and the real WebAssembly in virtual time.
//!
//! A test of a servlet reads like the story of a call. It runs under plain `cargo test`, takes milliseconds, and what it
//! meets is the server's own container with the servlet's own `.wasm`; only sockets and the clock are not real.
//!
//! ```no_run
//! use siplet_testkit::*;
//!
//! #[test]
//! fn outside_opening_hours_the_caller_hears_480() {
//!     let world = World::with(servlet!()).init("open", "09:00-18:00").starts_at(1_750_000_000);
//!     let (alice, bob) = (world.phone("sip:alice@home"), world.phone("sip:bob@home"));
//!     let call = alice.invite("sip:carol@home");
//!     call.expect(180);
//!     call.expect(200);
//!     call.ack();
//!     world.advance(9.hours()); // it is evening now
//!     bob.invite("sip:carol@home").expect(480);
//!     call.bye().expect(200);
//!     world.expect_quiet(); // no session, dialog, timer or transaction is left
//! }
//! # fn main() {}
//! ```
//!
//! # The first test
//!
//! A servlet's `Cargo.toml` has the kit as a dependency of its tests; nothing of it comes into the servlet:
//!
//! ```toml
//! [dev-dependencies]
//! siplet-testkit = "0.1"
//! ```
//!
//! [`servlet!()`](servlet!) compiles the servlet to WebAssembly, once for all tests and only when something has changed; what the
//! compiler complains of is shown as it says it. The world itself is a process of its own, `siplet test-host`, which the kit
//! starts and ends: so no WebAssembly engine is compiled into a servlet's tests. The binary `siplet` is looked for in the
//! environment variable `SIPLET_BIN`, then in the `target` of the checkout of siplet that the kit comes from, then on the
//! search path.
//!
//! # Phones
//!
//! [`World::phone`] gives a phone that is known by a URI. It does by itself what RFC 3261 asks of every transaction: it
//! repeats what UDP may lose, acknowledges failures, answers a BYE with 200. What is the user's to decide is the test's: a phone
//! calls ([`Phone::invite`]), acknowledges ([`Sent::ack`]), hangs up ([`Call::bye`]), cancels ([`Sent::cancel`]), sends
//! whatever else ([`Phone::request`], [`Call::send`]); and a phone is called ([`Phone::incoming`]), rings ([`Incoming::ring`]),
//! answers ([`Incoming::answer`]) or refuses ([`Incoming::reject`]).
//!
//! [`Sent::expect`] waits for the next response, and lets up to 32 s of virtual time pass for it. The response reads as a
//! [`Message`], with its headers and body. A final response or a request that came and that no `expect` has looked at
//! fails the test at its end, and so does a request that never got a final response: what a servlet does too much is a fault
//! as well.
//!
//! # Time
//!
//! Time stands still until the test lets it pass: [`World::advance`], with `32.s()`, `9.hours()` and their like from [`Times`]. An hour of
//! a call takes as long as its messages.
//!
//! # When it fails
//!
//! A test fails at its own line, and shows the picture of all that happened up to there, with that line in it:
//!
//! ```text
//! expected 480, and 200 OK came
//!
//!   alice                      screen 0.1.0                      bob
//!     |------ INVITE ------------->|                              |
//!     |                            | turn 1  do-invite  decision: - -> "accept"
//!     |<----- 180 Ringing ---------|                              |
//!     |<----- 200 OK --------------|                              |
//!     |           (9 h)            |                              |
//!     |                            |<------ INVITE ---------------|
//!     |                            |------- 200 OK -------------->|   <- tests/hours.rs:12 expected 480, and 200 OK came
//! ```
//!
//! The death of a handler, a panic or an error that it returns, fails a test too, unless it says [`World::expect_trap`].
//!
//! # Both modes
//!
//! The memory of a servlet is no state: one instance serves many calls, another shard has another instance, and after a
//! restart there is a new one. So every test runs twice, side by side and of one seed: in one world an instance serves
//! turn after turn, in the other each turn has a new one. Where the two do not do the same the test fails, and says which
//! handler it was and what to write instead: an attribute. [`World::one_mode`] switches that off.
//!
//! # What can go wrong
//!
//! [`World::network`] loses, repeats, delays and reorders messages. [`World::kill_and_restore`] ends the host in the middle of a
//! test and starts another one, which has what the store had acknowledged and nothing else; [`World::store`] makes the
//! store slow or takes it away. A call that survives all of this in a test survives it.
//!
//! # What the servlet remembers
//!
//! [`World::session`] shows the session of a call: [`Session::attribute`] reads what the servlet has set, with the
//! servlet's own types. [`World::expect_quiet`] says that nothing is left when all is over: no session that nobody will end.
//!
//! # Pictures as tests
//!
//! [`World::expect_ladder`] compares the picture of a whole test with one that is kept beside it; `SIPLET_BLESS=1 cargo test`
//! writes it.
//!
//! # Handlers by themselves
//!
//! Logic that needs no call is tested without a world: [`fake`] makes requests for a handler that is called as the
//! plain Rust function that it is.
#![forbid(unsafe_code)]

mod build;
mod call;
mod core;
pub mod fake;
mod golden;
mod host;
mod incoming;
mod message;
mod network;
mod phone;
mod session;
mod time;
mod world;

pub use build::Servlet;
pub use call::{Call, Sent};
pub use host::use_siplet;
pub use incoming::Incoming;
pub use message::Message;
pub use network::{Network, Store};
pub use phone::{Draft, Phone, SDP};
pub use session::{OfCall, Session};
pub use siplet_test_protocol::{Level, LogLine, Trap};
pub use time::Times;
pub use world::World;

/// The servlet of the package whose test this is, compiled to WebAssembly; `servlet!("../other")` is that of another package,
/// by its folder relative to this one.
#[macro_export]
macro_rules! servlet {
    () => {
        $crate::Servlet::package(env!("CARGO_MANIFEST_DIR"))
    };
    ($folder:literal) => {
        $crate::Servlet::package(concat!(env!("CARGO_MANIFEST_DIR"), "/", $folder))
    };
}
