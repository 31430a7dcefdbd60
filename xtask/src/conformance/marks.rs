//! Finds marks in text: the word RFC, a number, and one or more sections, such as `RFC 3261 §17.2.1 and §17.2.2`.

use std::cmp::Ordering;

/// One section of one RFC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) rfc: u32,
    pub(super) section: String,
}

impl Ord for Mark {
    /// As the sections stand in the RFC: 9 before 10, and appendices after the numbers.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |mark: &Self| -> (u32, Vec<(u32, String)>) {
            let parts = mark.section.split('.');
            (mark.rfc, parts.map(|part| (part.parse().unwrap_or(u32::MAX), part.to_owned())).collect())
        };
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Mark {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// All marks of a text, in its order.
pub(super) fn of(text: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("RFC ") {
        rest = &rest[at + 4..];
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(rfc) = rest[..digits].parse() else { continue };
        rest = &rest[digits..];
        while let Some((section, after)) = section(rest) {
            marks.push(Mark { rfc, section: section.to_owned() });
            rest = after;
        }
    }
    marks
}

/// The next section of a list, and the text after it.
fn section(text: &str) -> Option<(&str, &str)> {
    let between = text.trim_start_matches([' ', ',']);
    let between = between.strip_prefix("and ").unwrap_or(between);
    let named = between.strip_prefix('§')?;
    let end = named.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(named.len());
    // The full stop of a sentence is none of the section.
    let section = named[..end].trim_end_matches('.');
    (!section.is_empty()).then(|| (section, &named[section.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        of(text).into_iter().map(|mark| format!("{} {}", mark.rfc, mark.section)).collect()
    }

    #[test]
    fn marks_are_found_with_all_their_sections() {
        assert_eq!(shown("// RFC 3261 §17.2.1: left"), ["3261 17.2.1"]);
        assert_eq!(shown("RFC 3261 §8.1.1, §8.1.2 and §12."), ["3261 8.1.1", "3261 8.1.2", "3261 12"]);
        assert_eq!(shown("RFC 3261 §A and then RFC 6026 §7.1)"), ["3261 A", "6026 7.1"]);
        assert_eq!(shown("RFC 4475 has 49 messages; RFC x §1"), Vec::<String>::new());
    }

    #[test]
    fn sections_stand_in_the_order_of_the_rfc() {
        let mut marks = of("RFC 3261 §20.10 RFC 3261 §20.9 RFC 3261 §A RFC 2543 §1 RFC 3261 §20");
        marks.sort();
        let order: Vec<_> = marks.iter().map(|mark| mark.section.as_str()).collect();
        assert_eq!(order, ["1", "20", "20.9", "20.10", "A"]);
    }
}
