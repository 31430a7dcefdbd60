//! The application of a simulated world and its versions.

use siplet_container::app::{AppId, Application, Descriptor, Handler, Handlers};
use siplet_container::io::Canary;

use crate::guest::{Script, Scripted};
use crate::world::World;
use crate::world::node::application;

use super::super::plan::Plan;

const NAME: &str = "sim";
/// An application session expires after this.
const EXPIRY_S: u32 = 60;

/// What handlers do where the message brings no script.
const DEFAULTS: [(Handler, &str); 11] = [
    (Handler::DoInvite, "200"),
    (Handler::DoBye, "200"),
    (Handler::DoInfo, "200"),
    (Handler::DoMessage, "200"),
    (Handler::DoOptions, "200"),
    (Handler::DoSuccessResponse, "ack"),
    (Handler::DoErrorResponse, "nothing"),
    (Handler::DoProvisionalResponse, "nothing"),
    (Handler::DoRedirectResponse, "nothing"),
    (Handler::Timeout, "fires; pending 480"),
    (Handler::ApplicationSessionReadyToInvalidate, "all-fired"),
];

/// A version of the application. Its upgrade does what the script says.
///
/// # Panics
/// Never: the scripts are well formed.
pub(super) fn version(
    plan: &Plan,
    number: u32,
    upgrade: Option<&str>,
    canary: Option<u8>,
) -> (Application, Scripted) {
    let mut descriptor = Descriptor { session_timeout_s: EXPIRY_S, canary, ..Descriptor::default() };
    descriptor.version = number.to_string();
    descriptor.limits.mailbox = plan.limits.mailbox;
    let version = plan.versioned.then_some(number);
    let mut servlet = Scripted { from_messages: true, marks: true, version, ..Scripted::default() };
    for (handler, script) in DEFAULTS.into_iter().chain(upgrade.map(|script| (Handler::Upgrade, script))) {
        servlet.handlers.insert(handler, Script::parse(script).expect("the scripts are well formed"));
    }
    let has = |handler: &Handler| match handler {
        Handler::ServletInitialized => false,
        Handler::Upgrade => upgrade.is_some(),
        // A turn at each take-over would hide what is wrong with sessions that nothing touches.
        Handler::ApplicationSessionDidActivate => plan.seed % 4 == 0,
        _ => true,
    };
    let handlers: Handlers = Handler::ALL.iter().copied().filter(has).collect();
    (application(NAME, digest(number), descriptor, handlers), servlet)
}

/// Versions differ in the 24 bits that print.
fn digest(number: u32) -> u64 {
    u64::from(number) << 40
}

fn id(number: u32) -> AppId {
    AppId { name: NAME.into(), digest: digest(number) }
}

/// Deploys a version; `alone`: those before it are undeployed.
pub(super) fn deploy(
    world: &mut World,
    plan: &Plan,
    number: u32,
    upgrade: Option<&str>,
    canary: Option<u8>,
    alone: bool,
) {
    let (application, servlet) = version(plan, number, upgrade, canary);
    let older = world.host.serving.clone();
    world.deploy(application, Box::new(servlet));
    for id in older.iter().filter(|_| alone) {
        world.undeploy(id);
    }
}

/// Tells which versions take new calls. Those that are not there are left alone, as when a plan is made smaller.
pub(super) fn share(world: &mut World, stable: u32, canary: Option<(u32, u8)>) {
    let canary = canary.map(|(version, percent)| Canary { app: id(version), percent });
    let known = |id: &AppId| world.host.serving.contains(id);
    if known(&id(stable)) && canary.as_ref().is_none_or(|canary| known(&canary.app)) {
        world.share(id(stable), canary);
    }
}
