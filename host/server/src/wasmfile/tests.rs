use super::*;

/// Two sections: a custom one of 3 octets, and one of 200 octets whose length takes two.
fn whole() -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0\x00\x03\x02hi\x01\xc8\x01".to_vec();
    bytes.extend([7; 200]);
    bytes
}

#[test]
fn every_beginning_of_a_file_is_seen_as_cut_unless_it_ends_between_sections() {
    let whole = whole();
    assert_eq!(cut(&whole), None);
    let between: Vec<usize> = (0..whole.len()).filter(|end| cut(&whole[..*end]).is_none()).collect();
    assert_eq!(between, [8, 13]);
}

#[test]
fn the_place_of_the_cut_is_named() {
    let whole = whole();
    assert_eq!(cut(&[]).unwrap(), "it is empty");
    assert_eq!(cut(&whole[..5]).unwrap(), "it ends at byte 5, in its head");
    assert_eq!(cut(&whole[..100]).unwrap(), "it ends at byte 100, 116 bytes before the end of a section");
    assert_eq!(cut(&whole[..14]).unwrap(), "it ends at byte 14 in the head of a section");
}

#[test]
fn what_is_no_webassembly_is_not_called_cut() {
    for bytes in [&b"hello, I am text"[..], b"\x7fELF", b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff\xff"] {
        assert_eq!(cut(bytes), None);
    }
}
