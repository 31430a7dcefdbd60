//! Defects that can be planted, so that the simulator shows that it would find them.
//!
//! Without the feature `mutants` [`is`] is a constant `false` and the compiler takes every planted place out. With it
//! one defect at a time is planted for the calling thread, by `plant`.

/// A defect. Its place in the code asks [`is`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say what is wrong")]
pub enum Mutant {
    AckDoesNotStopSuccess,
    AttributesSurviveTrap,
    CancelLeavesInvitePending,
    CancelUnanswered,
    ClientsLostInRestore,
    FailureUnacknowledged,
    ForgetLost,
    ForgetNotRetried,
    ForgetTooEarly,
    InvalidatedWithTimers,
    LaterUnitsLeaveWithFirst,
    MailboxOvertaken,
    MergeKeysLeak,
    MovedVersionLeavesUnstored,
    NamesRepeatAfterRestore,
    OrphanCommitted,
    OutboxLost,
    OutboxNotInSnapshot,
    OutboxReversed,
    OutboxSurvivesTrap,
    ParkedLimitIgnored,
    RefusalTellsUnstoredState,
    ReleaseBeforeStored,
    RepetitionLeavesUnstored,
    RepetitionTwiceInMailbox,
    RolledBackStateStays,
    ServerKeysNotRestored,
    ServletTimerFiresAgain,
    ServletTimersNotRestored,
    SessionLeaks,
    SuccessForgottenInRestore,
    SuccessUnacknowledged,
    TimersNotRestored,
    TrappedByeFails,
    TryingBeforeStored,
    TurnsOverlap,
    VersionsGoBack,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 37] = [
        Self::AckDoesNotStopSuccess,
        Self::AttributesSurviveTrap,
        Self::CancelLeavesInvitePending,
        Self::CancelUnanswered,
        Self::ClientsLostInRestore,
        Self::FailureUnacknowledged,
        Self::ForgetLost,
        Self::ForgetNotRetried,
        Self::ForgetTooEarly,
        Self::InvalidatedWithTimers,
        Self::LaterUnitsLeaveWithFirst,
        Self::MailboxOvertaken,
        Self::MergeKeysLeak,
        Self::MovedVersionLeavesUnstored,
        Self::NamesRepeatAfterRestore,
        Self::OrphanCommitted,
        Self::OutboxLost,
        Self::OutboxNotInSnapshot,
        Self::OutboxReversed,
        Self::OutboxSurvivesTrap,
        Self::ParkedLimitIgnored,
        Self::RefusalTellsUnstoredState,
        Self::ReleaseBeforeStored,
        Self::RepetitionLeavesUnstored,
        Self::RepetitionTwiceInMailbox,
        Self::RolledBackStateStays,
        Self::ServerKeysNotRestored,
        Self::ServletTimerFiresAgain,
        Self::ServletTimersNotRestored,
        Self::SessionLeaks,
        Self::SuccessForgottenInRestore,
        Self::SuccessUnacknowledged,
        Self::TimersNotRestored,
        Self::TrappedByeFails,
        Self::TryingBeforeStored,
        Self::TurnsOverlap,
        Self::VersionsGoBack,
    ];
}

#[cfg(feature = "mutants")]
thread_local! {
    static PLANTED: core::cell::Cell<Option<Mutant>> = const { core::cell::Cell::new(None) };
}

/// Plants a defect for all containers of the calling thread; none: heals them.
#[cfg(feature = "mutants")]
pub fn plant(mutant: Option<Mutant>) {
    PLANTED.set(mutant);
}

/// True while that defect is planted.
#[cfg(feature = "mutants")]
pub(crate) fn is(mutant: Mutant) -> bool {
    PLANTED.get() == Some(mutant)
}

/// Nothing is planted in a host that serves.
#[cfg(not(feature = "mutants"))]
pub(crate) const fn is(_mutant: Mutant) -> bool {
    false
}
