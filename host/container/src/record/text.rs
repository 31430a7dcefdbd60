//! Bytes in records that people read: text where they are text, else hexadecimal digits.
//!
//! In formats that are for machines (postcard) they are bytes as ever.

use bytes::Bytes;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text, or `{"hex": ".."}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Readable<'a> {
    Text(#[serde(borrow)] std::borrow::Cow<'a, str>),
    Hex { hex: std::borrow::Cow<'a, str> },
}

fn readable(bytes: &[u8]) -> Readable<'_> {
    match core::str::from_utf8(bytes) {
        Ok(text) => Readable::Text(text.into()),
        Err(_) => Readable::Hex { hex: to_hex(bytes).into() },
    }
}

fn bytes_of<E: Error>(readable: Readable<'_>) -> Result<Bytes, E> {
    match readable {
        Readable::Text(text) => Ok(Bytes::from(text.into_owned().into_bytes())),
        Readable::Hex { hex } => from_hex(&hex).ok_or_else(|| E::custom("these are no hexadecimal digits")),
    }
}

/// Writes bytes.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        readable(bytes).serialize(serializer)
    } else {
        bytes.serialize(serializer)
    }
}

/// Reads bytes.
///
/// # Errors
/// What is neither text nor hexadecimal digits.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    if deserializer.is_human_readable() {
        bytes_of(Readable::deserialize(deserializer)?)
    } else {
        Bytes::deserialize(deserializer)
    }
}

/// The same for bytes that may be absent.
pub mod option {
    use super::{Bytes, Deserialize, Deserializer, Readable, Serialize, Serializer, bytes_of, readable};

    /// Writes them.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            bytes.as_deref().map(readable).serialize(serializer)
        } else {
            bytes.serialize(serializer)
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// As of [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bytes>, D::Error> {
        if deserializer.is_human_readable() {
            Option::<Readable<'_>>::deserialize(deserializer)?.map(bytes_of).transpose()
        } else {
            Option::<Bytes>::deserialize(deserializer)
        }
    }
}

/// Bytes that are never text: hexadecimal digits at once.
pub mod hex {
    use super::{Bytes, Deserialize, Deserializer, Error, Serialize, Serializer, from_hex, to_hex};

    /// Writes them.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(bytes: &Option<Bytes>, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            bytes.as_deref().map(to_hex).serialize(serializer)
        } else {
            bytes.serialize(serializer)
        }
    }

    /// Reads them.
    ///
    /// # Errors
    /// What are no hexadecimal digits.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bytes>, D::Error> {
        if !deserializer.is_human_readable() {
            return Option::<Bytes>::deserialize(deserializer);
        }
        let digits = Option::<String>::deserialize(deserializer)?;
        let read = |digits: String| {
            from_hex(&digits).ok_or_else(|| D::Error::custom("these are no hexadecimal digits"))
        };
        digits.map(read).transpose()
    }
}

fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn from_hex(digits: &str) -> Option<Bytes> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_digits_come_back_as_the_bytes_they_were() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(from_hex(&to_hex(&all)).as_deref(), Some(&all[..]));
        for wrong in ["0", "0g", "é1", "zz"] {
            assert_eq!(from_hex(wrong), None, "{wrong}");
        }
    }
}
