//! The commands of the scenario language; each is a file, its example stands at its line here.

mod advance;
mod answers;
mod cancel;
mod deploy;
mod expect;
mod host;
mod kill;
mod manners;
mod net;
mod operator;
mod send;
mod show;
mod store;

use siplet_container::io::Transport;

use crate::world::seen::End;

use super::{Command, Stage};

/// Runs a command.
pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let first = command.word(0, "a command")?;
    if is_peer(first) {
        let peer = peer(stage, first);
        return match command.word(1, "what the peer does")? {
            // alice send INVITE sip:bob@host body=v=0
            "send" => send::run(stage, peer, command),
            // alice resend
            "resend" => send::again(stage, peer, command),
            // alice cancel
            "cancel" => cancel::run(stage, peer, command),
            // bob answers 180 500ms:200
            "answers" => answers::run(stage, peer, command),
            // alice never acks
            "never" | "always" => manners::run(stage, peer, command),
            // bob knows alice
            "knows" => manners::knows(stage, peer, command),
            // alice over tcp
            "over" => manners::over(stage, peer, command),
            other => Err(format!("no peer knows how to `{other}`")),
        };
    }
    match first {
        // host durable parked-units=2
        "host" => host::run(stage, command),
        // deploy uas timeout=3m (handlers below, indented)
        "deploy" => deploy::run(stage, command),
        // undeploy uas; undeploy uas 1.0
        "undeploy" => deploy::undeploy(stage, command),
        // share uas 1.0 canary=2.0 percent=10
        "share" => deploy::share(stage, command),
        // advance 2s
        "advance" => advance::run(stage, command),
        // drop host>alice 200 times=2; duplicate ...; delay alice>host BYE by=2s
        "drop" | "duplicate" | "delay" => net::run(stage, command),
        // store latency=10ms; store outage; store ok; store refuse A1
        "store" => store::run(stage, command),
        // kill; kill after=3 arrived=1
        "kill" => kill::run(stage, command),
        // restart
        "restart" => kill::restart(stage),
        // drain retry-after=5; resume
        "drain" | "resume" => operator::run(stage, command),
        // show sessions
        "show" => show::run(stage, command),
        // expect quiet
        "expect" => expect::run(stage, command),
        other => Err(format!("there is no command `{other}`")),
    }
}

/// Names that are user agents.
const PEERS: [&str; 4] = ["alice", "bob", "carol", "dave"];

fn is_peer(name: &str) -> bool {
    PEERS.contains(&name)
}

/// The peer of that name, made at its first mention.
fn peer(stage: &mut Stage, name: &str) -> usize {
    stage.world.peer(name).unwrap_or_else(|| stage.world.add_peer(name, Transport::Udp))
}

fn end(stage: &mut Stage, name: &str) -> Result<End, String> {
    match name {
        "host" => Ok(End::Host),
        name if is_peer(name) => Ok(End::Peer(peer(stage, name))),
        name => Err(format!("`{name}` is nobody")),
    }
}
