//! One Store with one instance of one application, and the call of one handler in it.
//!
//! Invariants: an instance that trapped is not called again (the caller drops it); no guest is entered while a guest of
//! the same Store runs; the turn comes out of every call.

mod listeners;

use siplet_container::app::Handler;
use siplet_container::turn::{Callback, MessageId, Misuse, Outcome, Trap, TrapReason, Turn};
use wasmtime::component::Resource;
use wasmtime::{PoolConcurrencyLimitError, Store};

use crate::clock::{Noise, Start};
use crate::engine::ticker;
use crate::handles::Object;
use crate::servlet::Servlet;
use crate::state::{self, State};
use crate::trap;
use crate::v0_1::{self, Guest, convert};

/// Ticks until the first look at the CPU time: longer turns are looked at each tick from then on.
const FIRST_LOOK_MAX_TICKS: u64 = 20;
/// Bytes that one call to the host may carry beside the largest thing that a limit lets it carry.
const HOSTCALL_SPARE: usize = 64 << 10;
/// Handles that the component model keeps beside those that a guest may own: the borrowed ones of a call.
const HANDLES_SPARE: usize = 16;

/// What a call of the generated code gives: the error of the call, then the error that the handler returned.
type Called = wasmtime::Result<Result<(), String>>;

/// A live instance.
pub(crate) struct Instance {
    store: Store<State>,
    guest: Guest,
    in_call: bool,
    memory_high_water: u64,
}

impl Instance {
    /// Makes an instance and calls its `init`. The turn lends its time and its log, where there is one.
    pub(crate) fn start(
        servlet: &Servlet,
        turn: &mut Option<Box<Turn>>,
        start: Start,
        noise: Noise,
    ) -> Result<Self, Trap> {
        let limits = &servlet.application().descriptor.limits;
        let mut data = State::new(limits, start, noise);
        data.turn = turn.take();
        data.initialising = true;
        let mut store = Store::new(servlet.engine().wasmtime(), data);
        store.limiter(|state| &mut state.memory);
        store.epoch_deadline_callback(state::at_epoch);
        store.set_hostcall_fuel(
            limits
                .attribute_bytes
                .max(limits.outbox_bytes)
                .max(limits.log_bytes)
                .saturating_add(HOSTCALL_SPARE),
        );
        store.set_max_component_handles(limits.handles.saturating_add(HANDLES_SPARE));
        set_deadline(&mut store, limits.turn_ms);
        let guest = init(servlet, &mut store);
        store.data_mut().end_lines();
        *turn = store.data_mut().turn.take();
        let guest = guest?;
        let state = store.data_mut();
        let in_use = state.memory.in_use;
        state.initialising = false;
        let memory_high_water = in_use + limits.memory_bytes.saturating_sub(in_use) / 2;
        Ok(Self { store, guest, in_call: false, memory_high_water })
    }

    /// Calls the turn's handler.
    pub(crate) fn call(&mut self, mut turn: Box<Turn>, start: Start) -> (Box<Turn>, Outcome) {
        if std::mem::replace(&mut self.in_call, true) {
            return (turn, Outcome::Trapped(trap::host_error("its instance was entered while it ran")));
        }
        let callback = turn.callback();
        // Asked before the turn moves, so that its bytes can be lent to the guest while the turn is in the Store.
        let flat = match callback {
            Callback::Request { message, .. } | Callback::Response { message, .. } => {
                Some(turn.flat(message))
            }
            Callback::ServletInitialized
            | Callback::NoAckReceived { .. }
            | Callback::NoPrackReceived { .. }
            | Callback::Upgrade
            | Callback::Timeout { .. }
            | Callback::Session { .. }
            | Callback::ApplicationSession { .. }
            | Callback::AttributeChanged { .. } => None,
        };
        let from = turn.upgrade_from().to_owned();
        let state = self.store.data_mut();
        state.handles.begin_turn();
        state.panic = None;
        state.console.begin_turn();
        state.start = start;
        state.turn = Some(turn);
        let turn_ms = state.turn_ms;
        set_deadline(&mut self.store, turn_ms);
        let called = self.dispatch(callback, flat, &from);
        let state = self.store.data_mut();
        state.end_lines();
        turn = state
            .turn
            .take()
            .expect("only this function moves the turn, and a guest is entered once at a time");
        let outcome = match called {
            Ok(Ok(())) => Outcome::Done,
            Ok(Err(text)) => Outcome::Failed(trap::shorten(&text).to_owned()),
            Err(error) => Outcome::Trapped(trap::explain(&error, state.take_panic(), start.cpu())),
        };
        self.in_call = false;
        (turn, outcome)
    }

    /// True when the instance should make room for a new one although nothing went wrong: it has used half of the memory
    /// that it could still get (memory never shrinks), or it leaks handles.
    pub(crate) fn worn(&self) -> bool {
        let state = self.store.data();
        state.memory.in_use > self.memory_high_water || state.handles.worn()
    }

    fn dispatch(
        &mut self,
        callback: Callback,
        flat: Option<Result<siplet_container::turn::Flat, Misuse>>,
        from: &str,
    ) -> Called {
        let view = match &flat {
            Some(Ok(flat)) => convert::view(flat),
            Some(Err(_)) => wasmtime::bail!("the turn does not know its own message"),
            None => convert::no_view(),
        };
        match callback {
            Callback::Request { handler, message } => {
                let request = Resource::new_borrow(self.lend(message));
                self.request_handler(handler, request, view)
            }
            Callback::Response { handler, message } => {
                let response = Resource::new_borrow(self.lend(message));
                self.response_handler(handler, response, view)
            }
            Callback::NoAckReceived { response } => {
                let response = Resource::new_borrow(self.lend(response));
                match &self.guest.error_listener {
                    Some(guest) => guest.call_no_ack_received(&mut self.store, response),
                    None => Ok(Ok(())),
                }
            }
            Callback::NoPrackReceived { request } => {
                let request = Resource::new_borrow(self.lend(request));
                match &self.guest.error_listener {
                    Some(guest) => guest.call_no_prack_received(&mut self.store, request),
                    None => Ok(Ok(())),
                }
            }
            Callback::ServletInitialized
            | Callback::Upgrade
            | Callback::Timeout { .. }
            | Callback::Session { .. }
            | Callback::ApplicationSession { .. }
            | Callback::AttributeChanged { .. } => self.listener(callback, from),
        }
    }

    fn lend(&mut self, message: MessageId) -> u32 {
        self.store.data_mut().handles.lend(Object::Message(message))
    }

    #[allow(clippy::match_same_arms, reason = "the last arm is wrong for each of them in the same way")]
    fn request_handler(
        &mut self,
        handler: Handler,
        request: Resource<v0_1::Request>,
        view: v0_1::types::ViewParam<'_>,
    ) -> Called {
        let (guest, store) = (&self.guest.sip_servlet, &mut self.store);
        match handler {
            Handler::DoInvite => guest.call_do_invite(store, request, view),
            Handler::DoAck => guest.call_do_ack(store, request, view),
            Handler::DoBye => guest.call_do_bye(store, request, view),
            Handler::DoCancel => guest.call_do_cancel(store, request, view),
            Handler::DoPrack => guest.call_do_prack(store, request, view),
            Handler::DoUpdate => guest.call_do_update(store, request, view),
            Handler::DoInfo => guest.call_do_info(store, request, view),
            Handler::DoMessage => guest.call_do_message(store, request, view),
            Handler::DoOptions => guest.call_do_options(store, request, view),
            Handler::DoRegister => guest.call_do_register(store, request, view),
            Handler::DoSubscribe => guest.call_do_subscribe(store, request, view),
            Handler::DoNotify => guest.call_do_notify(store, request, view),
            Handler::DoPublish => guest.call_do_publish(store, request, view),
            Handler::DoRefer => guest.call_do_refer(store, request, view),
            Handler::DoRequest => guest.call_do_request(store, request, view),
            Handler::DoProvisionalResponse
            | Handler::DoSuccessResponse
            | Handler::DoRedirectResponse
            | Handler::DoErrorResponse
            | Handler::DoBranchResponse
            | Handler::ServletInitialized
            | Handler::NoAckReceived
            | Handler::NoPrackReceived
            | Handler::Upgrade
            | Handler::Timeout
            | Handler::SessionCreated
            | Handler::SessionReadyToInvalidate
            | Handler::SessionDestroyed
            | Handler::ApplicationSessionCreated
            | Handler::ApplicationSessionExpired
            | Handler::ApplicationSessionReadyToInvalidate
            | Handler::ApplicationSessionDestroyed
            | Handler::SessionAttributeChanged
            | Handler::ApplicationSessionAttributeChanged
            | Handler::ApplicationSessionDidActivate => {
                wasmtime::bail!("{} takes no request", handler.name())
            }
        }
    }

    fn response_handler(
        &mut self,
        handler: Handler,
        response: Resource<v0_1::Response>,
        view: v0_1::types::ViewParam<'_>,
    ) -> Called {
        let (guest, store) = (&self.guest.sip_servlet, &mut self.store);
        match handler {
            Handler::DoProvisionalResponse => guest.call_do_provisional_response(store, response, view),
            Handler::DoSuccessResponse => guest.call_do_success_response(store, response, view),
            Handler::DoRedirectResponse => guest.call_do_redirect_response(store, response, view),
            Handler::DoErrorResponse => guest.call_do_error_response(store, response, view),
            Handler::DoBranchResponse => guest.call_do_branch_response(store, response, view),
            Handler::DoInvite
            | Handler::DoAck
            | Handler::DoBye
            | Handler::DoCancel
            | Handler::DoPrack
            | Handler::DoUpdate
            | Handler::DoInfo
            | Handler::DoMessage
            | Handler::DoOptions
            | Handler::DoRegister
            | Handler::DoSubscribe
            | Handler::DoNotify
            | Handler::DoPublish
            | Handler::DoRefer
            | Handler::DoRequest
            | Handler::ServletInitialized
            | Handler::NoAckReceived
            | Handler::NoPrackReceived
            | Handler::Upgrade
            | Handler::Timeout
            | Handler::SessionCreated
            | Handler::SessionReadyToInvalidate
            | Handler::SessionDestroyed
            | Handler::ApplicationSessionCreated
            | Handler::ApplicationSessionExpired
            | Handler::ApplicationSessionReadyToInvalidate
            | Handler::ApplicationSessionDestroyed
            | Handler::SessionAttributeChanged
            | Handler::ApplicationSessionAttributeChanged
            | Handler::ApplicationSessionDidActivate => {
                wasmtime::bail!("{} takes no response", handler.name())
            }
        }
    }
}

/// Instantiates and initialises; a failure of either is [`TrapReason::InitFailed`] unless a limit was its cause.
fn init(servlet: &Servlet, store: &mut Store<State>) -> Result<Guest, Trap> {
    let started =
        servlet.pre().instantiate(&mut *store).and_then(|instance| servlet.exports().load(store, &instance));
    let guest = match started {
        Ok(guest) => guest,
        Err(error) => return Err(init_failed(store, &error)),
    };
    let descriptor = &servlet.application().descriptor;
    let parameters: Vec<(&str, &str)> =
        descriptor.init_parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match guest.sip_servlet.call_init(&mut *store, &parameters) {
        Ok(Ok(())) => Ok(guest),
        Ok(Err(text)) => Err(Trap {
            reason: TrapReason::InitFailed,
            text: format!("init failed: {}", trap::shorten(&text)),
            backtrace: Vec::new(),
            cpu: store.data().start.cpu(),
        }),
        Err(error) => Err(init_failed(store, &error)),
    }
}

fn init_failed(store: &mut Store<State>, error: &wasmtime::Error) -> Trap {
    if error.is::<PoolConcurrencyLimitError>() {
        return trap::host_error(
            "the pool has no room for another instance; raise the engine's number of instances",
        );
    }
    let state = store.data_mut();
    let panic = state.take_panic();
    let mut trap = trap::explain(error, panic, state.start.cpu());
    trap.text = format!("init failed: {}", trap.text);
    trap.reason = TrapReason::InitFailed;
    trap
}

/// Must stand before every entry into the guest: without it the first epoch of the process would stop it.
fn set_deadline(store: &mut Store<State>, turn_ms: u64) {
    ticker::keep_ticking();
    let tick = u64::try_from(ticker::TICK.as_millis()).unwrap_or(u64::MAX);
    store.set_epoch_deadline(turn_ms.div_ceil(tick).clamp(1, FIRST_LOOK_MAX_TICKS));
}
