//! Event notification: SUBSCRIBE and NOTIFY (RFC 6665), REFER (RFC 3515) and PUBLISH (RFC 3903).
//!
//! [`Subscriber`] and [`Notifier`] are the two ends of one subscription: RFC 6665's figures as machines. [`judge_subscribe`],
//! [`judge_refer`] and [`Publications`] say how a SUBSCRIBE, REFER or PUBLISH is answered. [`Usages`] and [`failure_effect`]
//! say what still lives in a dialog that several of them share.
//!
//! Deliberately not here: what a package means, and its bodies; who is allowed to subscribe.

mod notifier;
mod publication;
mod refer;
mod subscriber;
mod usage;
mod value;

pub use notifier::{
    Notifier, NotifierAction, NotifierConfig, NotifierState, SubscribeVerdict, judge_subscribe,
};
pub use publication::{PublicationConfig, Publications, PublishVerdict};
pub use refer::{REFER_PACKAGE, ReferVerdict, judge_refer, sipfrag_of, sipfrag_status};
pub use subscriber::{Ended, Retry, Subscriber, SubscriberAction, SubscriberState};
pub use usage::{FailureEffect, Usage, Usages, failure_effect};
pub use value::{Event, EventId, Reason, SubscriptionState, Substate};

/// Statuses that end a subscription, whether they answer a NOTIFY or the refresh of a SUBSCRIBE (RFC 6665 §4.1.2.2, §4.2.2).
const fn ends_subscription(status: u16) -> bool {
    matches!(status, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}
