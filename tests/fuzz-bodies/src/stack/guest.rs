//! Guests of a few kinds, well behaved and not; which kind a turn meets is the script's choice.

use std::time::Duration;

use siplet_container::turn::{Callback, Misuse, Outcome, Scope, Trap, TrapReason, Turn};

/// Runs the handler of one turn.
pub(super) fn run(turn: &mut Turn, kind: u8) -> Outcome {
    match kind % 32 {
        30 => return Outcome::Failed("the guest returned an error".to_owned()),
        31 => {
            // What it did before it died must never have been.
            let _ = handle(turn, 0);
            return Outcome::Trapped(Trap {
                reason: TrapReason::Panic,
                text: "the guest died".to_owned(),
                backtrace: Vec::new(),
                cpu: Duration::from_micros(31),
            });
        }
        _ => {}
    }
    match handle(turn, kind) {
        Ok(()) => Outcome::Done,
        Err(misuse) => Outcome::Failed(misuse.to_string()),
    }
}

fn handle(turn: &mut Turn, kind: u8) -> Result<(), Misuse> {
    match turn.callback() {
        Callback::Request { message, .. } => on_request(turn, message, kind),
        Callback::Response { message, .. } => {
            if turn.callback().handler().name() == "do-success-response" && kind % 4 != 3 {
                let ack = turn.create_ack(message)?;
                turn.send(ack)?;
            }
            if kind % 8 == 5 {
                let sip = turn.session_of(message)?;
                let bye = turn.create_request(sip, "BYE")?;
                turn.send(bye)?;
            }
            Ok(())
        }
        Callback::NoAckReceived { response } => {
            let sip = turn.session_of(response)?;
            let bye = turn.create_request(sip, "BYE")?;
            turn.send(bye)
        }
        Callback::Timeout { .. } if kind % 3 == 0 => turn.invalidate_application_session(),
        Callback::Session { session, .. } if kind % 5 == 0 => {
            turn.set_attribute(siplet_container::turn::Scope::Session(session), "a", &[kind])
        }
        Callback::ApplicationSession { .. } if kind % 7 == 0 => turn.set_expires(u32::from(kind)),
        Callback::NoPrackReceived { .. }
        | Callback::ServletInitialized
        | Callback::Upgrade
        | Callback::Timeout { .. }
        | Callback::Session { .. }
        | Callback::ApplicationSession { .. }
        | Callback::AttributeChanged { .. } => Ok(()),
    }
}

fn on_request(turn: &mut Turn, message: siplet_container::turn::MessageId, kind: u8) -> Result<(), Misuse> {
    let answer = |turn: &mut Turn, status| {
        let response = turn.create_response(message, status, None)?;
        turn.send(response)
    };
    match kind % 12 {
        0 | 1 => {
            answer(turn, 180)?;
            answer(turn, 200)
        }
        2 => answer(turn, 200),
        3 => answer(turn, 486),
        4 => Ok(()),
        5 => {
            let request =
                turn.create_initial_request("INVITE", "<sip:b2b@here>", "<sip:carol@127.0.0.3:5080>")?;
            turn.set_attribute(Scope::Application, "legs", b"2")?;
            turn.send(request)?;
            answer(turn, 183)
        }
        6 => {
            // Named, so that the DNS is asked.
            let request =
                turn.create_initial_request("MESSAGE", "<sip:b2b@here>", "<sip:carol@c.example>")?;
            turn.set_content(request, "text/plain", b"hello")?;
            turn.send(request)?;
            answer(turn, 202)
        }
        7 => turn.invalidate_application_session(),
        8 => {
            answer(turn, 200)?;
            let sip = turn.session_of(message)?;
            let bye = turn.create_request(sip, "BYE")?;
            turn.send(bye)
        }
        9 => {
            answer(turn, 200)?;
            answer(turn, 500)
        }
        10 => {
            let sip = turn.session_of(message)?;
            turn.set_invalidate_when_ready(Scope::Session(sip), false)?;
            turn.set_attribute(Scope::Session(sip), "kind", &[kind])?;
            turn.set_expires(u32::from(kind))?;
            answer(turn, 200)
        }
        _ => {
            let sip = turn.session_of(message)?;
            turn.invalidate_session(sip)?;
            answer(turn, 200)
        }
    }
}
