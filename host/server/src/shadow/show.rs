//! The report of a shadow for people.

use std::fmt;
use std::time::Duration;

use siplet_ladder::harmless::harmless;
use siplet_ladder::spoken;

use super::Seen;
use super::report::{Difference, Report};
use crate::control::status::grouped;

/// Lines that are shown of one side of an example.
const EXAMPLE_LINES: usize = 6;

impl Seen {
    /// `1.1.0 #91ab07 in the shadow of 1.0.0 #3f9c21`.
    #[must_use]
    pub fn pair(&self) -> String {
        let Self { version, digest, beside_version, beside_digest, .. } = self;
        format!(
            "{} #{digest} in the shadow of {} #{beside_digest}",
            harmless(version),
            harmless(beside_version)
        )
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.report;
        let time = spoken(Duration::from_secs(self.for_s.max(1)));
        writeln!(f, "{} {}   {} % of new calls   {time}", harmless(&self.name), self.pair(), self.percent)?;
        if let Some(why) = &self.ended {
            writeln!(f, "  ended: {}", harmless(why))?;
        }
        let numbers = [
            ("calls", report.calls),
            ("steps", report.steps),
            ("same", report.same),
            ("differ", report.differ()),
            ("parted", report.parted),
            ("deaths", report.traps),
        ];
        let numbers = numbers.map(|(name, number)| format!("{name} {}", grouped(number)));
        let cpu = report.cpu().as_secs_f64() / Duration::from_secs(self.for_s.max(1)).as_secs_f64() * 100.0;
        writeln!(f, "  {}   cpu {cpu:.1} % of a core", numbers.join("   "))?;
        for (limit, calls) in &report.not_followed {
            let why = match limit.as_str() {
                "steps-lost" => "steps of them were lost or taken back".to_owned(),
                "moved" => "they moved to another version".to_owned(),
                limit => format!("limit `{limit}` in [shadow]"),
            };
            writeln!(f, "  {} calls not followed to their end: {why}", grouped(*calls))?;
        }
        differences(f, report)
    }
}

fn differences(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let all = report.sorted();
    if all.is_empty() {
        let nothing = if report.steps == 0 { "no call has come yet" } else { "nothing differs" };
        return writeln!(f, "  {nothing}");
    }
    let widest = |of: fn(&Difference) -> usize| all.iter().map(|one| of(one)).max().unwrap_or(0);
    let handlers = widest(|one| one.handler.chars().count());
    let whats = widest(|one| harmless(&one.what).chars().count());
    for one in &all {
        let (handler, what) = (&one.handler, harmless(&one.what));
        writeln!(f, "  {handler:handlers$}   {what:whats$}   {:>7} steps", grouped(one.steps))?;
        side(f, "was", &one.was)?;
        side(f, "is ", &one.is)?;
    }
    if report.differences_untold > 0 {
        let more = grouped(report.differences_untold);
        writeln!(f, "  {more} more are not told apart (limit `differences` in [shadow])")?;
    }
    Ok(())
}

fn side(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    let mut lines = text.lines();
    writeln!(f, "      {name}   {}", harmless(lines.next().unwrap_or("-")))?;
    for line in lines.by_ref().take(EXAMPLE_LINES - 1) {
        writeln!(f, "            {}", harmless(line))?;
    }
    let more = lines.count();
    if more > 0 {
        writeln!(f, "            ... {more} lines more")?;
    }
    Ok(())
}
