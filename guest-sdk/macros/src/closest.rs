//! "Did you mean": the known word that is nearest to a mistyped one.

/// The candidate that is at most a third of its letters away from `word`.
pub(crate) fn closest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = candidates.iter().map(|known| (distance(word, known), *known)).min()?;
    (distance * 3 <= best.len()).then_some(best)
}

/// How many letters must be put in, taken out or changed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, known) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *known);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_mistyped_word_finds_its_neighbour_and_a_strange_one_finds_none() {
        let known = ["do_invite", "do_info", "do_bye"];
        assert_eq!(closest("do_invit", &known), Some("do_invite"));
        assert_eq!(closest("do_by", &known), Some("do_bye"));
        assert_eq!(closest("timeout", &known), None);
    }
}
