//! What simulated servlets do, drawn from chance.

use std::time::Duration;

use crate::peer::{Answer, Reply};
use crate::random::Random;

use super::Swarm;

/// Time that a turn takes, in some worlds.
fn takes(random: &mut Random, swarm: &Swarm) -> String {
    if swarm.slow && random.percent(50) {
        format!("takes {}ms; ", random.between(1, 700))
    } else {
        String::new()
    }
}

/// How a handler dies, in some worlds.
fn death(random: &mut Random, swarm: &Swarm) -> Option<&'static str> {
    let dies = swarm.deaths && random.percent(25);
    dies.then(|| *random.pick(&["trap index out of bounds", "fail no", "takes 20ms; hang", "hog"]))
}

/// An answer to an INVITE.
pub(super) fn invite(random: &mut Random, swarm: &Swarm) -> String {
    let takes = takes(random, swarm);
    if let Some(death) = death(random, swarm) {
        let before =
            random.pick(&["", "180; ", "count n; ", "180; 183; count n; ", "200; ", "count n; 180; 200; "]);
        return format!("{before}{takes}{death}");
    }
    let rest = random.pick(&[
        "180; 200",
        "count n; 180; 183; 200 sdp",
        "200",
        "180; 200; count n",
        "180",
        "nothing",
        "180; 486",
        "404",
        "302 Subject:moved",
        "180; invalidate",
        "200; keep; expires 20",
        "count n; 183; 183; 180; 200",
        "200; bye",
        "180; timer 2s",
        "timer 1s; 180; 200; timer 3s",
        "timer 5s; 180; 200",
        "timer 100ms; timer 100ms; 200; cancel-timers; timer 1s",
    ]);
    format!("{takes}{rest}")
}

/// A request of a servlet's own that makes a call to the callee.
pub(super) fn invite_callee(random: &mut Random, id: u32) -> String {
    let host = if random.percent(30) { "bob" } else { "10.0.1.3:5060" };
    format!("invite sip:p{id}@{host}")
}

/// A MESSAGE that makes the servlet call.
pub(super) fn calling(random: &mut Random, id: u32) -> String {
    format!("200; {}", invite_callee(random, id))
}

/// An answer to any other request.
pub(super) fn other(random: &mut Random, swarm: &Swarm) -> String {
    let takes = takes(random, swarm);
    match death(random, swarm) {
        Some(death) => format!("count n; {takes}{death}"),
        None => format!(
            "{takes}{}",
            random.pick(&[
                "200",
                "count n; 200",
                "403",
                "200; count n",
                "timer 900ms; 200",
                "200; cancel-timers"
            ])
        ),
    }
}

/// What the servlet does with an ACK.
pub(super) fn ack(random: &mut Random, swarm: &Swarm) -> String {
    match death(random, swarm) {
        Some(death) => format!("count n; {death}"),
        None => {
            format!("{}{}", takes(random, swarm), random.pick(&["count n", "nothing", "nothing", "info"]))
        }
    }
}

/// What the servlet does with a CANCEL.
pub(super) fn cancel(random: &mut Random, swarm: &Swarm) -> String {
    death(random, swarm).map_or_else(|| takes(random, swarm) + "count n", str::to_owned)
}

/// An answer to a BYE.
pub(super) fn bye(random: &mut Random, swarm: &Swarm) -> String {
    let takes = takes(random, swarm);
    match death(random, swarm) {
        Some(death) => format!("{takes}{death}"),
        None => format!("{takes}200"),
    }
}

/// An answer to a re-INVITE.
pub(super) fn re_invite(random: &mut Random, swarm: &Swarm) -> String {
    let takes = takes(random, swarm);
    match death(random, swarm) {
        Some(death) => format!("180; {takes}{death}"),
        None => format!("{takes}{}", random.pick(&["200", "180; 200", "488", "count n; 200"])),
    }
}

/// How the callee answers a servlet's INVITE, and what the servlet does with its answers.
pub(super) fn answer(random: &mut Random, swarm: &Swarm) -> Answer {
    let mut replies = Vec::new();
    let cancels = random.percent(25);
    if cancels || random.percent(60) {
        let script = if cancels { "cancel".to_owned() } else { takes(random, swarm) + "count n" };
        replies.push(reply(random, 180, 0, script));
    }
    let success = match death(random, swarm) {
        Some(death) => format!("ack; {death}"),
        None => {
            format!("{}{}", takes(random, swarm), random.pick(&["ack", "ack", "ack; bye", "count n; ack"]))
        }
    };
    if random.percent(70) {
        replies.push(reply(random, 200, 0, success.clone()));
        if random.percent(15) {
            // Another user agent behind the same address has answered too.
            replies.push(reply(random, 200, 1, success));
        }
    } else {
        let status = *random.pick(&[302, 404, 486, 603]);
        replies.push(reply(random, status, 0, "count n".to_owned()));
    }
    Answer { replies }
}

fn reply(random: &mut Random, status: u16, fork: u32, script: String) -> Reply {
    let after = Duration::from_millis(random.below(2000));
    Reply { after, fork, headers: vec![("Script".to_owned(), script)], ..Reply::now(status) }
}
