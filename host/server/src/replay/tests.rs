//! What a replay says without any servlet at hand; runs of real servlets are in the end-to-end ring.

use super::*;
use crate::scratch::Folder;

fn options(file: PathBuf, servlets: &Path) -> Replay {
    Replay { file, with: None, servlets: vec![servlets.to_owned()], json: false }
}

#[test]
fn what_is_no_record_ends_in_a_sentence() {
    let folder = Folder::new("replay");
    let why = |file: PathBuf| {
        let error = replay(&options(file, folder.path()), &mut Vec::new()).expect_err("it is no record");
        error.to_string()
    };
    assert!(why(folder.path().join("none.rec")).contains("none.rec cannot be read"));
    assert!(why(folder.path().to_owned()).ends_with("is no file"));
    let file = folder.path().join("old.rec");
    std::fs::write(&file, "{\"siplet_record\":7}\n").expect("a file");
    assert!(why(file).ends_with("old.rec has format 7, and this siplet reads 1"));
}

#[test]
fn a_verdict_tells_what_to_look_at() {
    let same = Verdict { steps: 3, ..Verdict::default() };
    assert_eq!(story::verdict(&same), "same in all 3 steps\n");
    assert!(same.is_good(false) && same.is_good(true));
    let died = Verdict {
        steps: 1,
        died: vec![Died { step: 1, handler: "do-invite", how: "it died (panic): no\nat a::b".to_owned() }],
        ..Verdict::default()
    };
    let told = "step 1   do-invite: it died (panic): no\n         at a::b\nsame in the one step; do-invite in step 1 died as it did when it was recorded\n";
    assert_eq!(story::verdict(&died), told);
    assert!(died.is_good(false) && !died.is_good(true));
    let told = Told {
        step: 2,
        turn: Some(1),
        what: "message 1, line 3 (Contact)".to_owned(),
        recorded: "Contact: a".to_owned(),
        replayed: "Contact: b".to_owned(),
    };
    let other = Verdict { steps: 3, difference: Some(told), ..Verdict::default() };
    let text = "first difference: step 2, turn 1: message 1, line 3 (Contact)\n  recorded   Contact: a\n  \
                replayed   Contact: b\n";
    assert_eq!(story::verdict(&other), text);
    assert!(!other.is_good(false) && !other.is_good(true));
    let mended = Verdict { steps: 1, mended: Some(1), ..Verdict::default() };
    assert!(mended.is_good(true) && story::verdict(&mended).starts_with("mended: "));
}
