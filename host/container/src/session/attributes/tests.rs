//! The bytes that attributes count for.

use super::*;

/// What the count must be.
fn counted(attributes: &Attributes) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
}

#[test]
fn bytes_are_those_of_names_and_values_after_every_change() {
    let mut attributes = Attributes::default();
    for (name, value, expected) in [
        ("a", Some("12345"), 6),
        ("a", Some("123"), 4),
        ("a", Some("123"), 4),
        ("", Some("x"), 5),
        ("ü", Some(""), 7),
        ("b", None, 7),
        ("a", None, 3),
        ("a", None, 3),
        ("", None, 2),
        ("ü", None, 0),
    ] {
        match value {
            Some(value) => {
                assert_eq!(attributes.bytes_with(name, value.as_bytes()), expected, "as foretold");
                attributes.set(name, value.as_bytes());
            }
            None => {
                attributes.remove(name);
            }
        }
        assert_eq!(attributes.bytes(), expected, "{name} {value:?}");
        assert_eq!(counted(&attributes), expected);
    }
}

#[test]
fn a_change_that_changes_nothing_says_so() {
    let mut attributes = Attributes::default();
    assert!(!attributes.remove("a"));
    assert!(attributes.set("a", b"1"));
    assert!(!attributes.set("a", b"1"));
    assert!(attributes.set("a", b"2"));
    assert!(attributes.remove("a"));
    assert!(!attributes.remove("a"));
    assert!(attributes.get("a").is_none());
}

#[test]
fn a_copy_that_changes_leaves_the_first_as_it_was() {
    let mut first = Attributes::default();
    first.set("a", b"1");
    let mut copy = first.clone();
    copy.set("a", b"22");
    copy.set("b", b"3");
    assert_eq!(first.get("a").map(|value| &value[..]), Some(&b"1"[..]));
    assert_eq!((first.bytes(), copy.bytes()), (2, 5));
    assert_eq!(copy.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "b"], "sorted by name");
}

#[test]
fn what_is_read_back_is_counted_anew() {
    let mut attributes = Attributes::default();
    for (name, value) in [("a", &b"1"[..]), ("\u{fc}", b""), ("", &[0, 255])] {
        let stored = postcard::to_stdvec(&attributes).expect("it can be written");
        let read: Attributes = postcard::from_bytes(&stored).expect("it was just written");
        assert_eq!((read.bytes(), counted(&read)), (attributes.bytes(), counted(&attributes)));
        attributes.set(name, value);
    }
    // Two entries of one name: the map has one, so the count is that of one.
    let twice: Attributes = postcard::from_bytes(&[1, 2, 1, b'a', 1, 9, 1, b'a', 2, 9, 9]).expect("a map");
    assert_eq!((twice.bytes(), counted(&twice)), (3, 3));
}
