//! The shell around the container: sockets, threads, files, people.
//!
//! The shell moves inputs into the container and carries its effects out; it decides nothing about SIP. A shard
//! ([`shard`]) is one thread with one container and its sockets. The main thread reads settings ([`config`]), deploys
//! servlets ([`deploy`]), answers operators ([`control`]) and scrapers ([`http`]) and ends the process ([`stop`]).
//! Start reading at [`serve`].
#![forbid(unsafe_code)]

pub mod accept;
pub mod call;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod counters;
pub mod deploy;
pub mod dev;
mod dns;
pub mod flow;
pub mod folder;
pub mod http;
pub mod hub;
pub mod inspect;
pub mod log;
pub mod metrics;
pub mod new;
pub mod nofile;
pub mod process;
pub mod record;
pub mod reference;
pub mod replay;
pub mod report;
#[cfg(test)]
mod scratch;
pub mod secret;
pub mod serve;
pub mod shadow;
pub mod shard;
pub mod sockets;
pub mod stop;
mod tcp;
pub mod terminal;
pub mod test_host;
mod udp;
pub mod vital;
pub mod wasmfile;
pub mod watch;
