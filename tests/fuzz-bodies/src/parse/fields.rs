//! The typed views of extensions over any message: nothing panics, and what is written is read again as it was.

use siplet_sip::event::{Event, SubscriptionState, judge_refer, sipfrag_status};
use siplet_sip::field::{
    Diversion, HistoryEntry, Privacy, Reason, Replaces, Warning, date_of, http_date, timestamp_with_delay,
};
use siplet_sip::message::Message;
use siplet_sip::offer::describes_session;
use siplet_sip::provisional::{ProvisionalClient, RAck, Support, early_dialog_terminated};
use siplet_sip::session_timer::{Asked, SessionExpires};
use siplet_sip::time::Duration;
use siplet_sip::uri::Uri;

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
    let _ = (message.refer_to(), message.referred_by(), message.retry_after(), message.max_breadth());
    let _ = (
        message.removes_all_contacts(),
        message.date(),
        Privacy::of(message),
        early_dialog_terminated(message),
    );
    let count =
        message.path().count() + message.service_route().count() + message.asserted_identities().count();
    let count = count + message.history().count() + message.diversions().count() + message.warnings().count();
    assert!(count <= message.bytes().len(), "there are more values than octets");
    for contact in message.contacts().flatten() {
        // One with a parameter twice may differ from itself.
        let _ = (contact.is_equivalent(&contact), contact.q(), contact.expires());
    }
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
    if let Some(reason) = Reason::parse(value) {
        assert_eq!(Reason::parse(&reason.to_value()), Some(reason), "Reason is not read as it was written");
    }
    if let Some(warning) = Warning::parse(value) {
        assert_eq!(
            Warning::parse(&warning.to_value()),
            Some(warning),
            "Warning is not read as it was written"
        );
    }
    if let Some(replaces) = Replaces::parse(value) {
        assert_eq!(
            Replaces::parse(&replaces.to_value()),
            Some(replaces),
            "Replaces is not read as it was written"
        );
    }
    if let Some(time) = date_of(value) {
        assert_eq!(date_of(http_date(time).as_bytes()), Some(time), "Date is not read as it was written");
    }
    let _ = (
        HistoryEntry::parse(value),
        Diversion::parse(value),
        timestamp_with_delay(value, Duration::from_secs(1)),
    );
    if let Ok(uri) = Uri::parse(value) {
        let _ = (uri.telephone_number().map(|number| number.digits().count()), uri.header_fields().count());
        let _ = uri.is_equivalent(&uri);
    }
    if let Some(event) = Event::parse(value) {
        let written = event.to_id().to_value();
        assert!(
            Event::parse(&written).is_some_and(|again| again.matches(&event)),
            "Event is not read as it was written"
        );
    }
    if let Some(state) = SubscriptionState::parse(value) {
        assert!(SubscriptionState::parse(state.to_string().as_bytes()).is_some());
    }
}
