//! Servlets in several languages in one host.

use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Host, read};
use crate::places;
use crate::sipp::Sipp;

/// How long the compiler may take for a servlet with an engine of its own.
const COMPILED: Duration = Duration::from_secs(300);

/// Left out where the samples in JavaScript are not built, because there is no node: the runner counts them as ignored.
pub(crate) fn trials() -> Vec<Trial> {
    let built = places::sample_in_javascript("answer").is_file();
    let trials = crate::trials!("languages": shared rust_and_javascript_serve_side_by_side;);
    trials.into_iter().filter(|_| built).chain((!built).then(left_out)).collect()
}

fn left_out() -> Trial {
    Trial::test("languages::rust_and_javascript_serve_side_by_side", || Ok(())).with_ignored_flag(true)
}

fn rust_and_javascript_serve_side_by_side() {
    let host = Host::with(&["answer"]);
    let settings = "name = \"answer-js\"\ndomains = [\"js.example\"]\n";
    host.put("answer-js", &read(&places::sample_in_javascript("answer")), settings);
    host.expect_log("deployed answer-js", COMPILED);
    for domain in ["js.example", "rust.example"] {
        for scenario in ["options", "message", "reinvite"] {
            Sipp::ours(scenario, host.sip).key("domain", domain).calls(20).run().expect_clean();
        }
    }
    let metrics = host.metrics();
    for name in ["answer", "answer-js"] {
        let turns = metrics.sum("siplet_turns_total", &format!("application=\"{name}\""));
        assert!(turns >= 80.0, "{name} had {turns} turns");
    }
    host.stop();
}
