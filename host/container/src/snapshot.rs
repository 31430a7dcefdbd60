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

use crate::report::LoadFault;
use crate::session::AppSession;
use crate::step::Outgoing;

/// The only format so far.
pub(crate) const FORMAT: u8 = 1;
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
    let bytes = postcard::to_extend(&View { version, session, outbox }, vec![FORMAT, 0, 0, 0, 0])?;
    Ok(seal(bytes))
}

fn seal(mut bytes: Vec<u8>) -> Bytes {
    let sum = crc32fast::hash(&bytes[HEAD..]);
    bytes[1..HEAD].copy_from_slice(&sum.to_le_bytes());
    Bytes::from(bytes)
}

/// The same snapshot with its texts changed: `change` sees each and gives back another of the same length, or none.
pub(crate) fn rewrite(
    bytes: &[u8],
    change: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Result<Bytes, String> {
    let Snapshot { version, session, outbox } = decode(bytes).map_err(|fault| fault.to_string())?;
    let view = View { version: &version, session: &session, outbox: outbox.iter().collect() };
    let writer = Rewriter { change, out: vec![FORMAT, 0, 0, 0, 0] };
    let bytes = postcard::serialize_with_flavor(&view, writer).map_err(|fault| fault.to_string())?;
    Ok(seal(bytes))
}

/// Writes as the encoder does, and changes whole texts on their way. Numbers come here too, in the encoding of the format:
/// none of theirs looks like a text that is changed, for all their octets but the last have the top bit set.
struct Rewriter<'a> {
    change: &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    out: Vec<u8>,
}

impl postcard::ser_flavors::Flavor for Rewriter<'_> {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.out.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, text: &[u8]) -> postcard::Result<()> {
        match (self.change)(text).filter(|changed| changed.len() == text.len()) {
            Some(changed) => self.out.extend_from_slice(&changed),
            None => self.out.extend_from_slice(text),
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.out)
    }
}

/// Reads a snapshot.
///
/// # Errors
/// [`LoadFault::Damaged`] and [`LoadFault::Format`].
pub(crate) fn decode(bytes: &[u8]) -> Result<Snapshot, LoadFault> {
    match bytes.split_first() {
        Some((&FORMAT, rest)) => match rest.split_first_chunk() {
            Some((sum, rest)) if u32::from_le_bytes(*sum) == crc32fast::hash(rest) => {
                postcard::from_bytes(rest).map_err(|fault| LoadFault::Damaged(fault.to_string()))
            }
            Some(_) => Err(LoadFault::Damaged("its checksum is another".to_owned())),
            None => Err(LoadFault::Damaged("it ends too early".to_owned())),
        },
        Some((format, _)) => Err(LoadFault::Format(*format)),
        None => Err(LoadFault::Damaged("it is empty".to_owned())),
    }
}
