//! A deployed servlet: checked, compiled, linked and started once on trial.

mod cache;
mod descriptor;
mod examine;
mod inspect;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};
use siplet_container::app::{AppId, Application, Descriptor, Wasi};
use wasmtime::component::InstancePre;

use crate::clock::{Meter, Noise};
use crate::engine::Engine;
use crate::instance::Instance;
use crate::refusal::{Reason, Refusal};
use crate::state::State;
use crate::v0_1::Exports;
use crate::wasi_lite;

pub use cache::CodeSource;
pub use examine::FileKind;
pub use inspect::{Inspection, inspect};

/// One version of an application, ready to run. Shared by all shards.
pub struct Servlet {
    application: Application,
    engine: Engine,
    pre: InstancePre<State>,
    exports: Exports,
    code: CodeSource,
}

impl fmt::Debug for Servlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servlet")
            .field("id", &self.application.id)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

impl Servlet {
    /// Checks everything, compiles (or finds the code in the cache) and makes one instance on trial, so that a servlet
    /// whose `init` fails with these parameters is refused now and not at its first call.
    ///
    /// Takes 10 to 1000 ms when it compiles: do it beside the shards. `file_name` is for messages, and the name of a
    /// servlet that has none. `overrides` are keys of [`Descriptor`], laid over those that the file carries.
    ///
    /// # Errors
    /// [`Refusal`] with all that is wrong with the file.
    pub fn load(
        bytes: &[u8],
        file_name: &str,
        engine: &Engine,
        overrides: Option<&Value>,
    ) -> Result<Arc<Self>, Refusal> {
        let refuse = |reasons| Refusal { file: file_name.to_owned(), reasons };
        let examined = examine::examine(bytes, overrides).map_err(|reason| refuse(vec![reason]))?;
        if !examined.reasons.is_empty() {
            return Err(refuse(examined.reasons));
        }
        let servlet = (|| {
            let descriptor =
                descriptor::descriptor(examined.descriptor, overrides, file_name, &engine.config().ceilings)?;
            let handlers = descriptor::handlers(&descriptor, &examined.exports)?;
            check_memory(&descriptor, examined.memory_bytes)?;
            let (file_digest, id) = digests(bytes, &descriptor);
            let compiled = cache::compile(engine, &file_digest, &examined.component);
            let (component, code) = compiled.map_err(|error| Reason::Compile(format!("{error:#}")))?;
            let shape = |error: wasmtime::Error| Reason::Shape(format!("{error:#}"));
            let pre = match descriptor.wasi {
                Wasi::None => engine.linker().instantiate_pre(&component),
                Wasi::Lite => wasi_lite::linker(engine.linker(), &component)
                    .and_then(|linker| linker.instantiate_pre(&component)),
            }
            .map_err(shape)?;
            let exports = Exports::new(&pre).map_err(shape)?;
            let application = Application { id, descriptor, handlers };
            Ok(Self { application, engine: engine.clone(), pre, exports, code })
        })()
        .map_err(|reason| refuse(vec![reason]))?;
        servlet.try_start().map_err(|reason| refuse(vec![reason]))?;
        Ok(Arc::new(servlet))
    }

    /// What the container has to know of it: name, digest, descriptor and handlers.
    #[must_use]
    pub const fn application(&self) -> &Application {
        &self.application
    }

    /// Whether it had to be compiled.
    #[must_use]
    pub const fn code(&self) -> CodeSource {
        self.code
    }

    /// The engine that it was compiled by.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Bytes of its machine code and what belongs to it.
    #[must_use]
    pub fn compiled_bytes(&self) -> usize {
        let image = self.pre.component().image_range();
        image.end.addr() - image.start.addr()
    }

    pub(crate) const fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    pub(crate) const fn exports(&self) -> &Exports {
        &self.exports
    }

    fn try_start(&self) -> Result<(), Reason> {
        let start = Meter::default().start();
        match Instance::start(self, &mut None, start, Noise::from_system()) {
            Ok(_) => Ok(()),
            Err(trap) => Err(Reason::Init(trap.text)),
        }
    }
}

fn check_memory(descriptor: &Descriptor, starts_with: u64) -> Result<(), Reason> {
    let limit = descriptor.limits.memory_bytes;
    if starts_with > limit {
        return Err(Reason::Memory { bytes: starts_with, limit });
    }
    Ok(())
}

/// Name and digest of the application that a file is with that descriptor.
#[must_use]
pub fn app_id(bytes: &[u8], descriptor: &Descriptor) -> AppId {
    digests(bytes, descriptor).1
}

/// SHA-256 of the file, and the name and digest of the application: of the file and of its descriptor as deployed.
fn digests(bytes: &[u8], descriptor: &Descriptor) -> ([u8; 32], AppId) {
    let mut hash = Sha256::new();
    hash.update(bytes);
    let file: [u8; 32] = hash.clone().finalize().into();
    // How a version begins is not what it is: a canary that is promoted stays the same version.
    let whole = Descriptor { canary: None, shadow: None, ..descriptor.clone() };
    hash.update(serde_json::to_vec(&whole).unwrap_or_default());
    let both: [u8; 32] = hash.finalize().into();
    let mut digest = [0; 8];
    digest.copy_from_slice(&both[..8]);
    (file, AppId { name: Arc::from(descriptor.name.as_str()), digest: u64::from_be_bytes(digest) })
}
