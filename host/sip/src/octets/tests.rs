use super::*;

/// Every length and place, so that whole blocks, overlapping ends and halves are all met.
#[test]
fn an_octet_is_found_where_it_stands_first() {
    for len in 0..70 {
        for at in 0..len {
            let mut text = vec![b':'; len];
            text[at] = b';';
            assert_eq!(find(b';', &text), Some(at), "{len} octets");
            text[len - 1] = b'=';
            assert_eq!(find_any([b'=', b';'], &text), Some(at), "{len} octets");
        }
        for other in [b';' + 0x80, 0, 0xff] {
            assert_eq!(find(b';', &vec![other; len]), None, "{len} octets");
        }
    }
}

/// Octet by octet beside what the grammar says.
#[test]
fn each_octet_is_of_its_set() {
    for octet in 0..=u8::MAX {
        let is_uri = octet > b' ' && octet != 0x7f && !matches!(octet, b'<' | b'>' | b'"');
        let is_host = octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
        for before in [0, 1, 3, 7, 16, 40] {
            let text = [vec![b'a'; before], vec![octet]].concat();
            assert_eq!(are_uri(&text), is_uri, "{octet:#x}");
            assert_eq!(has_line_end(&text), matches!(octet, b'\r' | b'\n' | 0), "{octet:#x}");
            assert_eq!(host_name_len(&text), before + usize::from(is_host), "{octet:#x}");
            let stop = (!is_uri || octet == b'@').then_some(before);
            assert_eq!(find_any_or_no_uri([b'@'], &text), stop, "{octet:#x}");
        }
    }
    assert!(are_uri(b""));
    assert_eq!((host_name_len(b""), find_any_or_no_uri([b'@'], b"")), (0, None));
}

/// The lines of a head, and whether a carriage return or a line feed stood alone up to the end of each.
fn lines_of(head: &str) -> Vec<(&str, bool, bool)> {
    let mut ends = LineEnds::of(head.as_bytes());
    let mut from = 0;
    let mut lines = Vec::new();
    while from < head.len() {
        let (end, next) = ends.next();
        lines.push((&head[from..end], ends.has_stray_return, ends.has_bare_feed));
        from = next;
    }
    assert_eq!(ends.next(), (head.len(), head.len()));
    lines
}

#[test]
fn lines_are_told_from_each_other_wherever_a_block_ends() {
    for before in 0..140 {
        let check = |end: &str, expected: &[(&str, bool, bool)]| {
            let text = format!("{}{end}", "a".repeat(before));
            let mut lines = lines_of(&text);
            if let Some(first) = lines.first_mut() {
                first.0 = first.0.trim_start_matches('a');
            }
            assert_eq!(lines, expected, "{end:?} behind {before}");
        };
        check("\r\nb\r\n", &[("", false, false), ("b", false, false)]);
        check("\r\n\r\n", &[("", false, false), ("", false, false)]);
        check("\nb\r\n", &[("", false, true), ("b", false, true)]);
        check("\n\n", &[("", false, true), ("", false, true)]);
        check("\rb\r\nc\n", &[("\rb", true, false), ("c", true, true)]);
        check("\r\r\n", &[("\r", true, false)]);
        check("\r\n\nc", &[("", false, false), ("", false, true), ("c", false, true)]);
        check("\u{b}\u{c}\t\r\nc", &[("\u{b}\u{c}\t", false, false), ("c", false, false)]);
        check("\r\nc\r", &[("", false, false), ("c\r", true, false)]);
    }
    assert_eq!(lines_of(""), []);
}

#[test]
fn a_text_is_trimmed_as_the_standard_library_does() {
    for first in 0..=u8::MAX {
        for text in [vec![first], vec![first, b'a'], vec![b'a', first], vec![first, b'a', first]] {
            assert_eq!(trim(&text), text.trim_ascii(), "{text:?}");
        }
    }
    assert_eq!(trim(b""), b"");
}
