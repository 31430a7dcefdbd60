//! `deploy uas timeout=3m` with its handlers below: `do-invite = 180; takes 20ms; 200 sdp`.
//!
//! `scripts=messages` lets a message bring its own script in the header `Script`. `as=answer` runs a sample servlet (of that name) instead
//! of a script; its lines are init parameters. Options: `methods`, `domains`, `accept`
//! and `supported` (comma lists), `distributable=no`, `timeout`, `on-trap`, `in-dialog-source`, `mailbox`, `sessions`,
//! `attribute-bytes`, `outbox-messages`, `version`, `canary`. A second deployment of a name is a new version; the older
//! ones are undeployed, unless the word `keep` stands behind the name.

use siplet_container::app::{AppId, Descriptor, Handler, InDialogSource, OnTrap};
use siplet_container::io::Canary;

use crate::guest::{Sample, Script, Scripted};
use crate::text::duration;
use crate::world::node::application;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let name = command.word(1, "a name")?;
    // Versions differ in the 24 bits that print.
    stage.deployed += 1;
    let sample = match command.option("as") {
        Some(sample) => crate::guest::sample(sample, stage.ring, &command.indented)?,
        None => {
            let mut servlet = scripted(&command.indented)?;
            servlet.from_messages = command.option("scripts").is_some();
            let handlers = servlet.handlers.keys().copied().collect();
            Sample { guest: Box::new(servlet), descriptor: Descriptor::default(), handlers, id: None }
        }
    };
    let Sample { guest, mut descriptor, handlers, id } = sample;
    for (option, value) in &command.options {
        set(&mut descriptor, option, value)?;
    }
    let mut application = application(name, stage.deployed << 40, descriptor, handlers);
    if let Some(id) = id {
        application.id = id;
    }
    let older = of(stage, name);
    let keeps = command.words.iter().any(|word| word == "keep");
    if stage.world.host.generation == 0 {
        stage.world.host.add(application, guest);
        stage.world.start_host();
    } else {
        stage.world.deploy(application, guest);
    }
    for id in older.iter().filter(|_| !keeps) {
        stage.world.undeploy(id);
    }
    Ok(())
}

pub(super) fn undeploy(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let name = command.word(1, "a name")?;
    let ids = match command.words.get(2) {
        Some(version) => vec![version_of(stage, name, version)?],
        None => of(stage, name),
    };
    if ids.is_empty() {
        return Err(format!("{name} is not deployed"));
    }
    ids.iter().for_each(|id| stage.world.undeploy(id));
    Ok(())
}

/// `share uas 1.0`: that version takes all new calls; `share uas 1.0 canary=2.0 percent=10`: but for the canary's.
pub(super) fn share(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let name = command.word(1, "a name")?;
    let stable = version_of(stage, name, command.word(2, "a version")?)?;
    let canary = match command.option("canary") {
        None => None,
        Some(version) => {
            let percent = command.option("percent").ok_or("a canary wants percent=")?;
            let percent = percent.parse().map_err(|_| format!("`{percent}` is no number"))?;
            Some(Canary { app: version_of(stage, name, version)?, percent })
        }
    };
    stage.world.share(stable, canary);
    Ok(())
}

/// Versions of an application that are deployed or kept, the last one last.
fn of(stage: &Stage, name: &str) -> Vec<AppId> {
    stage.world.host.serving.iter().filter(|id| &*id.name == name).cloned().collect()
}

fn version_of(stage: &Stage, name: &str, version: &str) -> Result<AppId, String> {
    let deployed = &stage.world.host.deployed;
    let is = |id: &&AppId| &*id.name == name && deployed[*id].application.descriptor.version == version;
    deployed.keys().find(is).cloned().ok_or_else(|| format!("there is no version {version} of {name}"))
}

fn scripted(lines: &[String]) -> Result<Scripted, String> {
    let mut servlet = Scripted::default();
    for line in lines {
        let (name, script) = line.split_once('=').ok_or_else(|| format!("`{line}` is no handler"))?;
        let handler =
            Handler::from_name(name.trim()).ok_or_else(|| format!("`{}` is no handler", name.trim()))?;
        servlet.handlers.insert(handler, Script::parse(script)?);
    }
    Ok(servlet)
}

fn set(descriptor: &mut Descriptor, option: &str, value: &str) -> Result<(), String> {
    let list = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
    let number = || value.parse::<usize>().map_err(|_| format!("`{value}` is no number"));
    let limits = &mut descriptor.limits;
    match option {
        "as" | "scripts" => {}
        "version" => value.clone_into(&mut descriptor.version),
        "canary" => descriptor.canary = Some(value.parse().map_err(|_| format!("`{value}` is no number"))?),
        "methods" => descriptor.methods = Some(list()),
        "domains" => descriptor.domains = list(),
        "accept" => descriptor.accept = list(),
        "supported" => descriptor.supported = list(),
        "distributable" => descriptor.distributable = value == "yes",
        "timeout" => {
            descriptor.session_timeout_s =
                u32::try_from(duration(value)?.as_secs()).map_err(|_| "too long")?;
        }
        "on-trap" => {
            descriptor.on_trap = match value {
                "keep" => OnTrap::Keep,
                "end-call" => OnTrap::EndCall,
                other => return Err(format!("`{other}` is neither keep nor end-call")),
            };
        }
        "in-dialog-source" => {
            descriptor.in_dialog_source = match value {
                "any" => InDialogSource::Any,
                "same-host" => InDialogSource::SameHost,
                "authenticated" => InDialogSource::Authenticated,
                other => return Err(format!("`{other}` is neither any, same-host nor authenticated")),
            };
        }
        "mailbox" => limits.mailbox = number()?,
        "sessions" => limits.sessions = number()?,
        "attribute-bytes" => limits.attribute_bytes = number()?,
        "outbox-messages" => limits.outbox_messages = number()?,
        other => return Err(format!("an application has no option `{other}`")),
    }
    Ok(())
}
