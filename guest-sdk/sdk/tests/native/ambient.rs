//! Time, randomness and log of the running turn.

use siplet::native::Ended;
use siplet::prelude::*;

use crate::support::{INVITE, run};

struct Clock;

#[servlet]
impl Servlet for Clock {
    fn do_invite(&self, _: Request) -> Result {
        log::warn!("{} {}", siplet::now().as_millis(), siplet::random());
        log::line(log::Level::Trace, "plain");
        Ok(())
    }
}

// jsr289: SipServlet.log(String)
#[test]
fn time_randomness_and_log_are_the_hosts() {
    let (ended, host) = run::<Clock>("do-invite", INVITE);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.log, ["Warn 1000000000 4711", "Trace plain"]);
}

#[test]
#[should_panic(expected = "siplet::now() outside a turn")]
fn there_is_no_time_outside_a_turn() {
    let _ = siplet::now();
}
