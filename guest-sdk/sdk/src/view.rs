//! Reading the flat view of a message inside the guest: no call to the host, no copy.

use core::cell::OnceCell;

use siplet_sip::header::{HeaderId, HeaderName};
use siplet_sip::method::Method;

use crate::seam::Flat;

/// Words before the first header line.
const HEAD_WORDS: usize = 8;
/// Words for each header line.
const LINE_WORDS: usize = 5;

/// Methods by their number in the view, from 1 on.
static METHODS: [Method; 14] = [
    Method::Invite,
    Method::Ack,
    Method::Bye,
    Method::Cancel,
    Method::Options,
    Method::Register,
    Method::Prack,
    Method::Update,
    Method::Info,
    Method::Message,
    Method::Subscribe,
    Method::Notify,
    Method::Publish,
    Method::Refer,
];

/// A message handed over flat. Offsets that point nowhere read as empty, they never panic.
#[derive(Debug, Default)]
pub(crate) struct View {
    flat: Flat,
    /// Values that are not UTF-8, decoded when first asked for; by the number of the line.
    decoded: OnceCell<Vec<Option<Box<str>>>>,
}

/// One header line.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    view: &'a View,
    number: usize,
    words: &'a [u32],
}

impl View {
    pub(crate) const fn new(flat: Flat) -> Self {
        Self { flat, decoded: OnceCell::new() }
    }

    fn word(&self, at: usize) -> u32 {
        self.flat.index.get(at).copied().unwrap_or(0)
    }

    fn slice(&self, offset: u32, len: u32) -> &[u8] {
        let start = offset as usize;
        self.flat.bytes.get(start..start.saturating_add(len as usize)).unwrap_or(&[])
    }

    /// The method of a request. A response has none and reads as an empty `Other`, which cannot be made otherwise.
    pub(crate) fn method(&self) -> Option<Method> {
        let number = self.word(1) as usize;
        match number.checked_sub(1).and_then(|at| METHODS.get(at)) {
            Some(method) => Some(method.clone()),
            None => Method::from_bytes(self.slice(self.word(2), self.word(3))).ok(),
        }
    }

    pub(crate) fn status(&self) -> u16 {
        u16::try_from(self.word(1)).unwrap_or(0)
    }

    pub(crate) fn reason(&self) -> &[u8] {
        self.slice(self.word(2), self.word(3))
    }

    pub(crate) fn request_uri(&self) -> &[u8] {
        self.slice(self.word(4), self.word(5))
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.slice(self.word(6), self.word(7))
    }

    /// All header lines in the order of the message.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> + Clone {
        let words = self.flat.index.get(HEAD_WORDS..).unwrap_or(&[]);
        words.chunks_exact(LINE_WORDS).enumerate().map(|(number, words)| Line { view: self, number, words })
    }

    /// The lines of one header.
    pub(crate) fn lines_of<'a>(&'a self, name: HeaderName<'_>) -> impl Iterator<Item = Line<'a>> + Clone {
        let code = name.id().code();
        self.lines().filter(move |line| {
            line.words[0] == code && (code != 0 || name.matches(HeaderId::Other, line.name_bytes()))
        })
    }

    fn decoded(&self, number: usize) -> &str {
        let all = self.decoded.get_or_init(|| {
            let decode = |line: Line<'_>| match core::str::from_utf8(line.bytes()) {
                Ok(_) => None,
                Err(_) => Some(String::from_utf8_lossy(line.bytes()).into()),
            };
            self.lines().map(decode).collect()
        });
        all.get(number).and_then(Option::as_deref).unwrap_or("")
    }
}

impl<'a> Line<'a> {
    pub(crate) fn id(&self) -> HeaderId {
        HeaderId::from_code(self.words[0]).unwrap_or_default()
    }

    fn name_bytes(&self) -> &'a [u8] {
        self.view.slice(self.words[1], self.words[2])
    }

    /// The name as it stands; a token, so always UTF-8.
    pub(crate) fn name(&self) -> &'a str {
        core::str::from_utf8(self.name_bytes()).unwrap_or("")
    }

    /// The value as it stands on the wire.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.view.slice(self.words[3], self.words[4])
    }

    /// The value as text, what is not UTF-8 replaced by U+FFFD.
    pub(crate) fn text(&self) -> &'a str {
        core::str::from_utf8(self.bytes()).unwrap_or_else(|_| self.view.decoded(self.number))
    }
}
