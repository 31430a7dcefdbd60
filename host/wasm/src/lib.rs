//! Runs one turn of a SIP servlet in a WebAssembly component.
//!
//! The room has four doors. [`Engine`] is made once for a process: the compiler, the memory pool and the clock that cuts
//! endless loops. [`Servlet::load`] takes the bytes of a `.wasm`, checks all of it before anything runs, and either gives
//! a compiled servlet or a [`Refusal`], whose sentence says what to change. [`Runner`] belongs to one shard's thread and
//! calls handlers: the [`Turn`](siplet_container::turn::Turn) goes in by value and always comes out again, also after a
//! trap. [`inspect`] explains a file without deploying it.
//!
//! ```text
//! Engine::new(EngineConfig) -> Result<Engine, EngineError>                       Clone, Send, Sync
//! Servlet::load(&[u8], file_name: &str, &Engine, overrides: Option<&serde_json::Value>) -> Result<Arc<Servlet>, Refusal>
//! Servlet::application(&self) -> &Application                                    for Input::Deploy
//! Runner::new(&Engine, RunnerConfig, on_done: OnDone) -> Runner                  one for each shard thread
//! Runner::deploy(&mut self, Arc<Servlet>)      Runner::undeploy(&mut self, &AppId)
//! Runner::run(&mut self, Box<Turn>) -> RunResult       Ran(turn, outcome) at once, or Away: OnDone is called later
//! inspect(&[u8], file_name: &str, overrides: Option<&serde_json::Value>, ceilings: &AppLimits) -> Inspection
//! type OnDone = Arc<dyn Fn(Box<Turn>, Outcome) + Send + Sync>;                   called from a side thread
//! ```
//! `overrides` is `NAME.toml` beside the file as a JSON value: the keys of
//! [`Descriptor`](siplet_container::app::Descriptor), each of them optional. Values of `init-parameters` that are no
//! strings become JSON text.
//!
//! Invariants. One application in a Store, because a trap poisons the whole Store. A guest is never called from inside
//! one of its own host calls. A handle is good in the turn that made it and in no other. An instance that trapped is
//! never called again. Nothing here sends, stores or waits: the turn decides what an action means, this crate only
//! carries it over the boundary.
//!
//! Deliberately absent: threads, shared memory, and any import that could block. Of WASI there is what never waits, and
//! only for a servlet whose descriptor says `wasi = "lite"`.
#![deny(unsafe_code)]

mod clock;
mod engine;
mod handles;
mod instance;
mod probation;
mod refusal;
mod runner;
mod servlet;
mod state;
mod trap;
mod v0_1;
mod wasi_lite;

pub use engine::{Allocator, Compiler, Engine, EngineConfig, EngineError};
pub use refusal::{Need, Reason, Refusal, WrongLimit};
pub use runner::{Counters, OnDone, RunResult, Runner, RunnerConfig};
pub use servlet::{CodeSource, FileKind, Inspection, Servlet, app_id, inspect};
pub use v0_1::VERSION as WIT_VERSION;
