//! What a Store holds: the turn that runs, its handles, the limits of the instance.

use siplet_container::app::AppLimits;
use siplet_container::turn::{MessageId, Misuse, SipKey, Turn};
use wasmtime::component::Resource;
use wasmtime::{ResourceLimiter, StoreContextMut, UpdateDeadline};

use crate::clock::{Noise, Start};
use crate::handles::{Handles, Object};
use crate::trap::{Panic, Stop};
use crate::v0_1::{ApplicationSession, Request, Response, SipSession};
use crate::wasi_lite::Console;

/// The data of one Store.
pub(crate) struct State {
    /// The turn that runs; none between turns and in the trial start of a deployment.
    pub(crate) turn: Option<Box<Turn>>,
    /// Handles of this instance.
    pub(crate) handles: Handles,
    /// Memory of this instance.
    pub(crate) memory: Memory,
    /// The panic that the guest told before it died.
    pub(crate) panic: Option<Panic>,
    /// What it wrote to stdout and stderr, where it is given WASI.
    pub(crate) console: Console,
    /// True while `init` runs.
    pub(crate) initialising: bool,
    /// Random bits for `init`.
    pub(crate) noise: Noise,
    /// When the call began.
    pub(crate) start: Start,
    /// CPU milliseconds that a call may take.
    pub(crate) turn_ms: u64,
}

impl State {
    /// A state without a turn.
    pub(crate) fn new(limits: &AppLimits, start: Start, noise: Noise) -> Self {
        Self {
            turn: None,
            handles: Handles::new(limits.handles),
            memory: Memory { limit: limits.memory_bytes, in_use: 0, table_elements: limits.table_elements },
            panic: None,
            console: Console::default(),
            initialising: false,
            noise,
            start,
            turn_ms: limits.turn_ms,
        }
    }

    /// Milliseconds since the Unix epoch: when the turn began, also during the `init` of an instance that it needed.
    pub(crate) fn now_millis(&self) -> u64 {
        match &self.turn {
            Some(turn) => turn.now().as_millis(),
            None => crate::clock::unix_millis(),
        }
    }

    /// 64 random bits: of the turn, but not during `init`. An instance may be made anew at any turn, and that must not
    /// change what the turn draws.
    pub(crate) fn random_bits(&mut self) -> u64 {
        match &mut self.turn {
            Some(turn) if !self.initialising => turn.random(),
            Some(_) | None => self.noise.next(),
        }
    }

    /// What the guest died of in its own words, if it said any.
    pub(crate) fn take_panic(&mut self) -> Option<Panic> {
        let written = self.console.last_words();
        self.panic.take().or_else(|| written.map(|text| Panic::written(&text)))
    }

    /// The turn, and the message that a handle names.
    pub(crate) fn message(&mut self, index: u32) -> Result<(&mut Turn, MessageId), Misuse> {
        match (self.handles.get(index)?, self.turn.as_deref_mut()) {
            (Object::Message(message), Some(turn)) => Ok((turn, message)),
            (Object::Message(_) | Object::Session(_) | Object::ApplicationSession, _) => {
                Err(Misuse::StaleHandle)
            }
        }
    }

    /// The turn, and the SIP session that a handle names.
    pub(crate) fn session(&mut self, index: u32) -> Result<(&mut Turn, SipKey), Misuse> {
        match (self.handles.get(index)?, self.turn.as_deref_mut()) {
            (Object::Session(session), Some(turn)) => Ok((turn, session)),
            (Object::Message(_) | Object::Session(_) | Object::ApplicationSession, _) => {
                Err(Misuse::StaleHandle)
            }
        }
    }

    /// The turn, whose application session the handle names.
    pub(crate) fn application_session(&mut self, index: u32) -> Result<&mut Turn, Misuse> {
        match (self.handles.get(index)?, self.turn.as_deref_mut()) {
            (Object::ApplicationSession, Some(turn)) => Ok(turn),
            (Object::Message(_) | Object::Session(_) | Object::ApplicationSession, _) => {
                Err(Misuse::StaleHandle)
            }
        }
    }

    /// A handle that the guest owns.
    pub(crate) fn request_handle(&mut self, request: MessageId) -> Result<Resource<Request>, Misuse> {
        Ok(Resource::new_own(self.handles.make(Object::Message(request))?))
    }

    /// A handle that the guest owns.
    pub(crate) fn response_handle(&mut self, response: MessageId) -> Result<Resource<Response>, Misuse> {
        Ok(Resource::new_own(self.handles.make(Object::Message(response))?))
    }

    /// A handle that the guest owns.
    pub(crate) fn session_handle(&mut self, session: SipKey) -> Result<Resource<SipSession>, Misuse> {
        Ok(Resource::new_own(self.handles.make(Object::Session(session))?))
    }

    /// A handle that the guest owns.
    pub(crate) fn application_session_handle(&mut self) -> Result<Resource<ApplicationSession>, Misuse> {
        Ok(Resource::new_own(self.handles.make(Object::ApplicationSession)?))
    }
}

/// Asked at every epoch that ends inside a call. Epochs count wall time, so the thread's CPU time decides: a host that
/// was not scheduled kills no innocent turn.
#[allow(clippy::needless_pass_by_value, reason = "wasmtime asks for this signature")]
pub(crate) fn at_epoch(store: StoreContextMut<'_, State>) -> wasmtime::Result<UpdateDeadline> {
    crate::engine::ticker::keep_ticking();
    let state = store.data();
    let cpu = state.start.cpu();
    if cpu.as_millis() >= u128::from(state.turn_ms) {
        return Err(wasmtime::Error::new(Stop::Deadline { cpu, limit_ms: state.turn_ms }));
    }
    Ok(UpdateDeadline::Continue(1))
}

/// Linear memory and tables of an instance.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Bytes that it may have.
    pub(crate) limit: u64,
    /// Bytes that it has. It never shrinks.
    pub(crate) in_use: u64,
    /// Elements that each table may have.
    pub(crate) table_elements: usize,
}

impl ResourceLimiter for Memory {
    /// Fails with words instead of refusing: a guest whose allocator is refused dies without a word.
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.in_use.saturating_sub(current as u64).saturating_add(desired as u64);
        if wanted > self.limit {
            return Err(wasmtime::Error::new(Stop::Memory { wanted, limit: self.limit }));
        }
        self.in_use = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.table_elements {
            return Err(wasmtime::Error::new(Stop::Table { wanted: desired, limit: self.table_elements }));
        }
        Ok(true)
    }
}
