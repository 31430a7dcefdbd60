use super::*;

/// Random edits beside those of a vector; the list grows beyond its place and shrinks to nothing again and again.
#[test]
fn a_short_list_is_a_vector() {
    let mut state = 7_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % below
    };
    let (mut few, mut vector) = (Few::<u32, 4>::new(0), Vec::new());
    let (mut emptied, mut longest) = (0, 0);
    for round in 0..20_000_u32 {
        let grows = round % 64 < 32;
        match random(3) {
            0 if grows => {
                few.push(round);
                vector.push(round);
            }
            1 if grows => {
                let at = random(vector.len() + 1);
                few.insert(at, round);
                vector.insert(at, round);
            }
            _ if !vector.is_empty() => {
                let at = random(vector.len());
                few.remove(at);
                vector.remove(at);
            }
            _ => emptied += 1,
        }
        if let Some(last) = few.last_mut() {
            *last += 1;
            *vector.last_mut().expect("as long as the other") += 1;
        }
        assert_eq!(*few, *vector);
        longest = longest.max(vector.len());
    }
    assert!(emptied > 100 && longest > 8, "{emptied} times empty, {longest} long: the test tests little");
}
