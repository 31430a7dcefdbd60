//! The typed views of extensions over any message: nothing panics, and what is written is read again as it was.

use siplet_sip::event::{Event, SubscriptionState, judge_refer, sipfrag_status};
use siplet_sip::message::Message;
use siplet_sip::offer::describes_session;
use siplet_sip::provisional::{ProvisionalClient, RAck, Support};
use siplet_sip::session_timer::{Asked, SessionExpires};

/// Reads every typed view of the message, and every line as if it were each of the values that can be written.
///
/// # Panics
/// A promise of a view does not hold.
pub(super) fn read_all(message: &Message) {
    views(message);
    for line in message.lines() {
        values(line.value);
    }
}

fn views(message: &Message) {
    let _ = (message.rseq(), message.rack(), Support::of(message));
    let _ = (describes_session(message), Asked::of(message), judge_refer(message, true, false));
    let _ = (message.expires(), message.min_expires(), message.event(), message.subscription_state());
    let _ = sipfrag_status(message.body());
    let _ = ProvisionalClient::start(1).on_response(message);
}

fn values(value: &[u8]) {
    if let Some(rack) = RAck::parse(value) {
        assert_eq!(
            RAck::parse(rack.to_string().as_bytes()),
            Some(rack),
            "RAck is not read as it was written"
        );
    }
    if let Some(expires) = SessionExpires::parse(value) {
        assert_eq!(SessionExpires::parse(expires.to_string().as_bytes()), Some(expires));
    }
    if let Some(event) = Event::parse(value) {
        let written = event.to_id().to_value();
        assert!(Event::parse(&written).is_some_and(|again| again.matches(&event)), "Event is not read as it was written");
    }
    if let Some(state) = SubscriptionState::parse(value) {
        assert!(SubscriptionState::parse(state.to_string().as_bytes()).is_some());
    }
}
