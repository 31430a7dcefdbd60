//! One-line summaries of messages, for ladders and traces.

use bytes::Bytes;
use siplet_sip::limits::Limits;
use siplet_sip::message::{Message, StartLine};

/// `INVITE`, or `180 INVITE`; `?` for bytes that are no message.
pub(crate) fn summary(bytes: &Bytes) -> String {
    let Ok(message) = Message::parse(bytes.clone(), &Limits::default()) else { return "?".to_owned() };
    match message.start() {
        StartLine::Request { method, .. } => method.as_str().to_owned(),
        StartLine::Response { status, .. } => match message.cseq() {
            Ok((_, method)) => format!("{status} {}", method.as_str()),
            Err(_) => status.to_string(),
        },
    }
}
