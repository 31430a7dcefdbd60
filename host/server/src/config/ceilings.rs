//! Section `[ceilings]`: the most that an application may set each of its own limits to.
//!
//! They hold for the file and for `NAME.toml` beside it: whoever may copy a servlet into the folder may write the other
//! file too. Each has the name of its limit.

use serde::{Deserialize, Serialize};
use siplet_container::app::AppLimits;

/// Section `[ceilings]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[allow(missing_docs)]
pub struct Ceilings {
    pub memory_bytes: u64,
    pub table_elements: usize,
    pub turn_ms: u64,
    pub sessions: usize,
    pub sip_sessions: usize,
    pub transactions: usize,
    pub attribute_bytes: usize,
    pub outbox_messages: usize,
    pub outbox_bytes: usize,
    pub log_bytes: usize,
    pub mailbox: usize,
    pub handles: usize,
    pub timers: usize,
    pub listener_turns: usize,
}

impl Default for Ceilings {
    fn default() -> Self {
        let AppLimits {
            memory_bytes,
            table_elements,
            turn_ms,
            sessions,
            sip_sessions,
            transactions,
            attribute_bytes,
            outbox_messages,
            outbox_bytes,
            log_bytes,
            mailbox,
            handles,
            timers,
            listener_turns,
        } = AppLimits::CEILINGS;
        Self {
            memory_bytes,
            table_elements,
            turn_ms,
            sessions,
            sip_sessions,
            transactions,
            attribute_bytes,
            outbox_messages,
            outbox_bytes,
            log_bytes,
            mailbox,
            handles,
            timers,
            listener_turns,
        }
    }
}

impl Ceilings {
    /// The same for those who compare.
    #[must_use]
    pub const fn limits(&self) -> AppLimits {
        AppLimits {
            memory_bytes: self.memory_bytes,
            table_elements: self.table_elements,
            turn_ms: self.turn_ms,
            sessions: self.sessions,
            sip_sessions: self.sip_sessions,
            transactions: self.transactions,
            attribute_bytes: self.attribute_bytes,
            outbox_messages: self.outbox_messages,
            outbox_bytes: self.outbox_bytes,
            log_bytes: self.log_bytes,
            mailbox: self.mailbox,
            handles: self.handles,
            timers: self.timers,
            listener_turns: self.listener_turns,
        }
    }
}
