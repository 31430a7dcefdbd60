//! The wasm room against real guests (`tests/guests`) and turns of a real container.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, unreachable_pub, missing_docs)]

mod cache;
mod instances;
mod languages;
mod listeners;
mod lite;
mod probation;
mod refusals;
#[path = "../support/turns.rs"]
mod support;
mod traps;
mod upgrades;
