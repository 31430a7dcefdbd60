//! What a replay tells on the terminal: the ladder of the run, then the verdict.

use std::fmt::Write as _;

use siplet_container::record::StepRecord;
use siplet_ladder::harmless::harmless;
use siplet_ladder::steps::ladder;

use super::Verdict;
use crate::terminal;

/// The session, and the ladder of its steps as they are this time.
pub(super) fn drawn(verdict: &Verdict, steps: &[StepRecord], notes: &[String]) -> String {
    let plural = if verdict.steps == 1 { "step" } else { "steps" };
    let mut text = format!("{}   {} {plural} recorded\n", harmless(&verdict.application), verdict.steps);
    if verdict.ran != verdict.application {
        let _ = writeln!(text, "run with {}", harmless(&verdict.ran));
    }
    let mut ladder = ladder(steps);
    if let Some(told) = &verdict.difference
        && !steps.is_empty()
    {
        ladder.mark(told.what.clone());
    }
    text.push_str(&ladder.draw(&terminal::options()));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    for note in notes {
        let _ = writeln!(text, "{}", harmless(note));
    }
    text
}

/// The last lines.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let Verdict { steps, difference, mended, died, .. } = verdict;
    let mut text = String::new();
    if let Some(told) = difference {
        let turn = told.turn.map_or_else(String::new, |turn| format!(", turn {turn}"));
        let _ = writeln!(text, "first difference: step {}{turn}: {}", told.step, harmless(&told.what));
        for (who, what) in [("recorded", &told.recorded), ("replayed", &told.replayed)] {
            let mut lines = what.lines();
            let _ = writeln!(text, "  {who}   {}", harmless(lines.next().unwrap_or_default()));
            for line in lines {
                let _ = writeln!(text, "             {}", harmless(line));
            }
        }
        return text;
    }
    for death in died {
        let mut lines = death.how.lines();
        let first = harmless(lines.next().unwrap_or_default());
        let _ = writeln!(text, "step {}   {}: {first}", death.step, death.handler);
        for line in lines {
            let _ = writeln!(text, "         {}", harmless(line));
        }
    }
    let deaths: Vec<String> =
        died.iter().map(|death| format!("{} in step {}", death.handler, death.step)).collect();
    match (mended, deaths.as_slice()) {
        (Some(step), []) => {
            let _ = writeln!(text, "mended: what died in step {step} ends well, and no handler dies");
        }
        (Some(step), deaths) => {
            let _ = writeln!(text, "what died in step {step} ends well, but here dies {}", deaths.join(", "));
        }
        (None, deaths) => {
            let plural = if *steps == 1 { "the one step".to_owned() } else { format!("all {steps} steps") };
            let also = if deaths.is_empty() {
                String::new()
            } else {
                format!("; {} died as it did when it was recorded", deaths.join(", "))
            };
            let _ = writeln!(text, "same in {plural}{also}");
        }
    }
    text
}
