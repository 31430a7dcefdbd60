//! Faults that tests cause in vital threads. Only debug builds have them; the owner of the control socket asks for them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What shall happen to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// It panics.
    Panic,
    /// One of its tasks panics, which its runtime catches.
    PanicInTask,
    /// It ends.
    End,
    /// It does nothing for three seconds.
    Stall,
}

/// How long a thread stands still.
const STALL: Duration = Duration::from_secs(3);

impl Fault {
    /// Lets it happen to the thread that runs this. True when the thread shall end.
    ///
    /// # Panics
    /// For [`Fault::Panic`].
    #[must_use]
    pub fn strike(self) -> bool {
        match self {
            Self::Panic => panic!("a test asked for this"),
            Self::PanicInTask => {
                tokio::task::spawn_local(async { panic!("a test asked a task for this") });
                false
            }
            Self::End => true,
            Self::Stall => {
                std::thread::sleep(STALL);
                false
            }
        }
    }
}
