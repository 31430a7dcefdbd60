//! The stored form of an application session: everything that it needs to go on elsewhere.
//!
//! A byte that tells the format, a CRC-32 of what follows it (four octets, the least significant first), then the version
//! that the session is with, the session and its outbox in postcard. The outbox is that of every step whose messages have
//! not left yet, so that a restored host can send them again, byte for byte. The checksum is against damage, not against
//! malice: whoever can write the store can write a call.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::session::AppSession;
use crate::step::Outgoing;

/// The only format so far.
const FORMAT: u8 = 1;
/// Octets before the session: format and checksum.
const HEAD: usize = 5;

#[derive(Serialize)]
struct View<'a> {
    version: &'a str,
    session: &'a AppSession,
    outbox: Vec<&'a Outgoing>,
}

/// What a snapshot holds.
#[derive(Debug, Deserialize)]
pub(crate) struct Snapshot {
    /// The application's version, as its descriptor told it.
    pub(crate) version: String,
    pub(crate) session: AppSession,
    pub(crate) outbox: Vec<Outgoing>,
}

/// The bytes of a session, with the version of its application, and of the messages that have not left.
pub(crate) fn encode(
    version: &str,
    session: &AppSession,
    outbox: Vec<&Outgoing>,
) -> Result<Bytes, postcard::Error> {
    let mut bytes = postcard::to_extend(&View { version, session, outbox }, vec![FORMAT, 0, 0, 0, 0])?;
    let sum = crc32fast::hash(&bytes[HEAD..]);
    bytes[1..HEAD].copy_from_slice(&sum.to_le_bytes());
    Ok(Bytes::from(bytes))
}

/// Reads a snapshot; the text says what is wrong with one that cannot be read.
pub(crate) fn decode(bytes: &[u8]) -> Result<Snapshot, String> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => match rest.split_first_chunk() {
            Some((sum, rest)) if u32::from_le_bytes(*sum) == crc32fast::hash(rest) => {
                postcard::from_bytes(rest).map_err(|fault| fault.to_string())
            }
            Some(_) | None => Err("the snapshot is damaged: its checksum is another".to_owned()),
        },
        Some((format, _)) => Err(format!("the snapshot has format {format}, and this host reads {FORMAT}")),
        None => Err("the snapshot is empty".to_owned()),
    }
}
