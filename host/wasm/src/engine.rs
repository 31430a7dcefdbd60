//! The engine: compiler, memory pool, linker and epochs, made once for a process.
//!
//! Concurrency of the component model is compiled out: it makes each call three times as dear. Threads, shared memory
//! are not there at all, and WASI only as far as [`crate::wasi_lite`] has it, for those to whom it is granted.

pub(crate) mod ticker;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use siplet_container::app::AppLimits;
use wasmtime::component::Linker;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy, WasmBacktraceDetails,
};

use crate::state::State;

/// Stack of the guest's WebAssembly frames, bytes. (A guest's own stack lies in its memory and is its own affair.)
const WASM_STACK: usize = 512 << 10;
/// Frames that a report keeps.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(20).expect("20 is not 0");
/// Bytes of a memory slot that stay resident and are cleared by hand when an instance leaves it.
const MEMORY_KEEP_RESIDENT: usize = 2 << 20;
/// The same for tables.
const TABLE_KEEP_RESIDENT: usize = 16 << 10;
/// Which compiler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compiler {
    /// Optimising: for production.
    #[default]
    Cranelift,
    /// Three to four times as fast to compile, half as fast to run: for development.
    Winch,
}

/// How an [`Engine`] is made.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The compiler.
    pub compiler: Compiler,
    /// Directory for compiled code, made with mode 0700 when it is missing. None: compile at every start.
    pub code_cache: Option<PathBuf>,
    /// Instances that may live at one time: applications and their versions, times shards and side threads.
    pub instances: u32,
    /// The most of each limit that a descriptor may ask for. Address space of the pool is reserved for as much memory and
    /// as many table elements.
    pub ceilings: AppLimits,
    /// Look up source lines for the frames of a backtrace. Costs some milliseconds at each trap of a guest that carries
    /// full debug information.
    pub source_lines: bool,
}

impl Default for EngineConfig {
    /// For production: Cranelift, no cache, 1000 instances, [`AppLimits::CEILINGS`], no source lines.
    fn default() -> Self {
        Self {
            compiler: Compiler::Cranelift,
            code_cache: None,
            instances: 1000,
            ceilings: AppLimits::CEILINGS,
            source_lines: false,
        }
    }
}

impl EngineConfig {
    /// For development: Winch, source lines in backtraces.
    #[must_use]
    pub fn dev() -> Self {
        Self { compiler: Compiler::Winch, source_lines: true, ..Self::default() }
    }
}

/// How instances get their memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocator {
    /// From a pool that was reserved at start.
    Pool,
    /// One by one: the address space for a pool was not to be had. An instance costs about 20 us more.
    OnDemand,
}

/// The engine cannot be made: what is missing, in words.
#[derive(Debug)]
pub struct EngineError(String);

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

/// Compiles and links servlets. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<State>,
    allocator: Allocator,
    config: EngineConfig,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("allocator", &self.inner.allocator)
            .field("config", &self.inner.config)
            .finish()
    }
}

impl Engine {
    /// Makes the engine and reserves its memory pool, or goes without where the address space is not to be had.
    ///
    /// # Errors
    /// When this processor or system cannot run compiled code, or the epoch thread cannot be started.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError(format!("WebAssembly cannot run here: {error:#}"));
        let (wasmtime, allocator) = match wasmtime::Engine::new(&pooled(&config)) {
            Ok(engine) => (engine, Allocator::Pool),
            // A limit on address space (`ulimit -v`, a small container) shows here and nowhere else.
            Err(_) => (wasmtime::Engine::new(&base(&config)).map_err(failed)?, Allocator::OnDemand),
        };
        let mut linker = Linker::new(&wasmtime);
        crate::v0_1::add_to_linker(&mut linker).map_err(failed)?;
        ticker::register(&wasmtime).map_err(|error| {
            EngineError(format!("the thread that stops endless loops cannot start: {error}"))
        })?;
        Ok(Self { inner: Arc::new(Inner { wasmtime, linker, allocator, config }) })
    }

    /// How instances get their memory, for the log of the start.
    #[must_use]
    pub fn allocator(&self) -> Allocator {
        self.inner.allocator
    }

    /// How it was made.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    pub(crate) fn linker(&self) -> &Linker<State> {
        &self.inner.linker
    }
}

fn base(config: &EngineConfig) -> Config {
    let mut wasm = Config::new();
    wasm.strategy(match config.compiler {
        Compiler::Cranelift => Strategy::Cranelift,
        Compiler::Winch => Strategy::Winch,
    });
    wasm.epoch_interruption(true);
    wasm.max_wasm_stack(WASM_STACK);
    wasm.wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES));
    wasm.wasm_backtrace_details(if config.source_lines {
        WasmBacktraceDetails::Enable
    } else {
        WasmBacktraceDetails::Disable
    });
    wasm
}

fn pooled(config: &EngineConfig) -> Config {
    let count = config.instances;
    let mut pool = PoolingAllocationConfig::new();
    pool.pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(MEMORY_KEEP_RESIDENT)
        .table_keep_resident(TABLE_KEEP_RESIDENT)
        .table_elements(config.ceilings.table_elements)
        .max_memory_size(usize::try_from(config.ceilings.memory_bytes).unwrap_or(usize::MAX))
        .total_memories(count)
        .total_tables(count.saturating_mul(4))
        .total_core_instances(count.saturating_mul(8))
        .total_component_instances(count);
    let mut wasm = base(config);
    wasm.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    wasm
}
