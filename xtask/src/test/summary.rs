//! Reads the summary lines of `cargo test` and adds them up.

use std::fmt;
use std::ops::{Add, AddAssign};

/// How many tests passed, failed and were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Count {
    /// What a line of a test runner's output adds: nothing, unless it is a line such as
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
    pub(super) fn of_line(line: &str) -> Self {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return Self::default() };
        let Some((_, numbers)) = rest.split_once(". ") else { return Self::default() };
        let mut count = Self::default();
        for part in numbers.split(';') {
            let Some((number, what)) = part.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse() else { continue };
            match what {
                "passed" => count.passed = number,
                "failed" => count.failed = number,
                "ignored" => count.skipped = number,
                _ => {}
            }
        }
        count
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runners_summary_lines_add_up() {
        let output = "running 4 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            a test that prints: 9 passed; 9 failed\n\
            test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 5 filtered out; finished in 1.20s\n";
        let mut sum = Count::default();
        for line in output.lines() {
            sum += Count::of_line(line);
        }
        assert_eq!(sum, Count { passed: 13, failed: 2, skipped: 1 });
    }

    #[test]
    fn the_sum_is_one_plain_line() {
        assert_eq!(Count { passed: 13, failed: 2, skipped: 0 }.to_string(), "13 passed, 2 failed");
        assert_eq!(Count { passed: 13, failed: 0, skipped: 4 }.to_string(), "13 passed, 0 failed, 4 skipped");
    }
}
