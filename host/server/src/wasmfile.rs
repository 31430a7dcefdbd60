//! Tells a `.wasm` file that ends in the middle from one that is whole.
//!
//! A file that is being copied in is a beginning of a file. Sections say how long they are, so a cut shows, except one
//! between two sections: the settling time of [`crate::watch`] and the checks of deployment cover that. Whether the
//! whole file is any good is for `siplet_wasm` to say.

#[cfg(test)]
mod tests;

/// Octets before the first section: magic and version.
const HEAD: usize = 8;
const MAGIC: &[u8; 4] = b"\0asm";

/// Where and how a file ends too early, none for a file that is whole or is no WebAssembly at all.
#[must_use]
pub fn cut(bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("it is empty".to_owned());
    }
    let start = bytes.len().min(MAGIC.len());
    if bytes[..start] != MAGIC[..start] {
        return None;
    }
    let mut at = HEAD;
    while at < bytes.len() {
        let Some((size, sized)) = section_size(&bytes[at + 1..]) else {
            return Some(format!("it ends at byte {} in the head of a section", bytes.len()));
        };
        let end = at + 1 + sized + size;
        if end > bytes.len() {
            let missing = end - bytes.len();
            return Some(format!(
                "it ends at byte {}, {missing} bytes before the end of a section",
                bytes.len()
            ));
        }
        at = end;
    }
    (at > bytes.len()).then(|| format!("it ends at byte {}, in its head", bytes.len()))
}

/// An unsigned LEB128 number of at most 32 bits, and how many octets it takes. Too long a number ends the search: the
/// file is not cut but wrong.
fn section_size(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate() {
        if index == 5 {
            return Some((0, bytes.len()));
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).unwrap_or(usize::MAX / 2), index + 1));
        }
    }
    None
}
