//! Writing parameters: which are quoted and which never (RFC 7616 §3.3, §3.4, §3.5).

/// A header value in the making: `Digest name=value, ...`, or the same without a scheme.
pub(super) struct Parameters {
    text: Vec<u8>,
    is_first: bool,
}

impl Parameters {
    /// Behind the scheme.
    pub(super) fn digest() -> Self {
        let mut text = Vec::with_capacity(256);
        text.extend_from_slice(b"Digest ");
        Self { text, is_first: true }
    }

    /// Without a scheme.
    pub(super) fn bare() -> Self {
        Self { text: Vec::with_capacity(128), is_first: true }
    }

    fn name(&mut self, name: &str) {
        if !self.is_first {
            self.text.extend_from_slice(b", ");
        }
        self.is_first = false;
        self.text.extend_from_slice(name.as_bytes());
        self.text.push(b'=');
    }

    /// A value that is a token.
    pub(super) fn token(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.name(name);
        self.text.extend_from_slice(value.as_ref());
        self
    }

    /// A value in quotes.
    pub(super) fn quoted(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.text.push(b'"');
        for octet in value {
            if matches!(octet, b'"' | b'\\') {
                self.text.push(b'\\');
            }
            self.text.push(*octet);
        }
        self.text.push(b'"');
        self
    }

    /// A value in quotes, where there is one.
    pub(super) fn quoted_some(self, name: &str, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.quoted(name, value),
            None => self,
        }
    }

    /// A token, where there is one.
    pub(super) fn token_some(self, name: &str, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.token(name, value),
            None => self,
        }
    }

    /// RFC 5987 §3.2: `name*=UTF-8''value` with everything escaped that is not an attr-char.
    pub(super) fn extended(mut self, name: &str, value: &[u8]) -> Self {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        self.name(name);
        self.text.extend_from_slice(b"UTF-8''");
        for octet in value {
            if is_attr_char(*octet) {
                self.text.push(*octet);
            } else {
                let escape = [b'%', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]];
                self.text.extend_from_slice(&escape);
            }
        }
        self
    }

    /// The header value.
    pub(super) fn finish(self) -> Vec<u8> {
        self.text
    }
}

/// RFC 5987 §3.2.1: `attr-char`.
pub(super) const fn is_attr_char(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'!' | b'#' | b'$' | b'&' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}
