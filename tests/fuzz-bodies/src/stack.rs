//! Target `stack`: a whole container under octets, ticks, faults of the store and of guests, and restarts.
//!
//! The input is a program: each octet is an order such as "a request in call 2", "so much later", "the host dies". What
//! is checked is what must hold whatever comes: nothing panics, one input has no endless consequences, whatever leaves
//! is a message that can be read, and when all is over and the time has run out every table is empty.
//!
//! Deliberately not here: whether the answers are the right ones. Scenarios and the simulator know that.

mod guest;
mod script;
mod wire;
mod world;

use std::time::Duration;

use bytes::Bytes;
use siplet_container::Input;
use siplet_container::io::TransmitError;

use script::Script;
use world::{StoreMode, World};

/// Orders of one program; more of them only make a finding harder to read.
const ORDERS_MAX: usize = 64;

/// Steps of time, from a slot of the timers to behind every expiry.
const STEPS: [Duration; 8] = [
    Duration::from_millis(10),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(4),
    Duration::from_secs(33),
    Duration::from_secs(64),
    Duration::from_secs(181),
    Duration::from_secs(700),
];

/// Runs one program.
///
/// # Panics
/// A promise of the container does not hold.
pub fn stack(data: &[u8]) {
    let mut world = World::new(Script::new(data));
    for _ in 0..ORDERS_MAX {
        let Some(order) = world.script.octet() else { break };
        obey(&mut world, order);
    }
    world.finish();
}

fn obey(world: &mut World, order: u8) {
    match order % 16 {
        0..=4 => {
            let request = wire::request(&mut world.script, &world.heard);
            world.packet(request);
        }
        5..=7 => {
            if let Some(response) = wire::response(&mut world.script, &world.sent) {
                world.packet(response);
            }
        }
        8 => {
            let length = usize::from(world.script.number());
            let octets = Bytes::copy_from_slice(world.script.take(length));
            world.packet(octets);
        }
        9 | 10 => {
            let step = STEPS[usize::from(world.script.number()) % STEPS.len()];
            world.advance(step);
        }
        11 => world.repeat(),
        12 => world.store = StoreMode::of(world.script.number()),
        13 => world.acknowledge(),
        14 => world.return_turns(),
        _ => fault(world),
    }
}

/// What seldom happens.
fn fault(world: &mut World) {
    match world.script.number() % 4 {
        0 => world.restart(),
        1 => world.handle(Input::FlowLost { connection: 1 }),
        2 => {
            let at = usize::from(world.script.number());
            if let Some((hop, bytes)) = world.sent.iter().rev().nth(at).cloned() {
                world.handle(Input::TransmitFailed { bytes, hop, error: TransmitError::Unreachable });
            }
        }
        _ => world.holds_turns = !world.holds_turns,
    }
}
