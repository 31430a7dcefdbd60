//! History-Info and Diversion: RFC 7044, RFC 5806.

use super::*;
use crate::limits::Limits;
use crate::message::Message;
use bytes::Bytes;

fn index(text: &str) -> HistoryIndex<'_> {
    HistoryIndex::parse(text.as_bytes()).unwrap()
}

/// RFC 7044 §5: the tree of the indices.
#[test]
fn indices_are_compared_by_their_numbers() {
    for (one, other, parent, order) in [
        ("1", "1.1", true, Ordering::Less),
        ("1.1", "1.1.2", true, Ordering::Less),
        ("1", "1.1.1", false, Ordering::Less),
        ("1", "2", false, Ordering::Less),
        ("1.1", "1.1", false, Ordering::Equal),
        ("1.2", "1.10", false, Ordering::Less),
        ("1.02", "1.2", false, Ordering::Equal),
        ("2", "1.1", false, Ordering::Greater),
        ("1.1", "1", false, Ordering::Greater),
    ] {
        assert_eq!(index(one).is_parent_of(&index(other)), parent, "{one} {other}");
        assert_eq!(index(one).compare(&index(other)), order, "{one} {other}");
    }
    for text in ["", ".", "1.", ".1", "1..2", "a", "1.-2", "1 .2", "4294967296", "1.99999999999999999999999"]
    {
        assert!(HistoryIndex::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}

/// RFC 7044 §5, its example; RFC 5806 §4.
#[test]
fn entries_are_read_in_the_order_of_the_message() {
    let text = "INVITE sip:b SIP/2.0\r\n\
                History-Info: <sip:bob@example.com>;index=1, <sip:bob@192.0.2.4?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1\r\n\
                History-Info: <sip:office@example.com>;index=1.2;mp=1, <sip:x@h>;np=1.2, <>;index=1\r\n\
                Diversion: <sip:one@h>;reason=user-busy;counter=2;limit=5;privacy=full\r\n\
                Diversion: \"Two, b\" <tel:+2>;reason=\"a b\";counter=x;privacy=off, nobody\r\n\r\n";
    let message = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default()).unwrap();
    let show = |index: Option<HistoryIndex<'_>>| {
        index.map_or("-".to_owned(), |index| String::from_utf8(index.as_bytes().to_vec()).unwrap())
    };
    let entries: Vec<String> = message
        .history()
        .map(|entry| match entry {
            Ok(HistoryEntry { index, rc, mp, np, .. }) => {
                format!("{} {} {} {}", show(Some(index)), show(rc), show(mp), show(np))
            }
            Err(fault) => fault.to_string(),
        })
        .collect();
    let bad = "malformed History-Info";
    assert_eq!(entries, ["1 - - -", "1.1 1 - -", "1.2 - 1 -", bad, bad]);
    let entry = message.history().nth(1).unwrap().unwrap();
    let (name, value) = entry.target.uri().unwrap().header_fields().next().unwrap();
    assert_eq!((&*name, &*value), (&b"Reason"[..], &b"SIP;cause=302"[..]));
    let diversions: Vec<_> = message.diversions().collect();
    let first = diversions[0].unwrap();
    assert_eq!((first.reason, first.counter, first.limit), (Some(&b"user-busy"[..]), Some(2), Some(5)));
    let second = diversions[1].unwrap();
    assert_eq!((second.reason, second.counter, second.limit), (Some(&b"\"a b\""[..]), None, None));
    assert_eq!((first.is_private(), second.is_private()), (true, false));
    assert_eq!((diversions.len(), diversions[2].is_err()), (3, true));
}
