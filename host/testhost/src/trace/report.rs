//! Reports in a trace: those that tell of something; coming and going of applications is in the commands already.

use siplet_container::report::{Death, Report, StoreOrder};

use super::Names;

pub(super) fn line(report: &Report, names: &mut Names) -> Option<String> {
    Some(match report {
        Report::Dropped { why, .. } => format!("report dropped {}", why.name()),
        Report::Refused { status, why, text, .. } => {
            format!("report refused {status} {} \"{text}\"", why.name())
        }
        Report::TurnAbandoned { handler, answered, death, .. } => {
            let death = match death {
                Death::Failed(text) => format!("failed \"{text}\""),
                Death::Trapped(trap) => format!("{} \"{}\"", trap.reason.name(), trap.text),
            };
            let answered = answered.map_or("nothing".to_owned(), |status| status.to_string());
            format!("report abandoned {} {death} answered={answered}", handler.name())
        }
        Report::Log { level, message, .. } => {
            format!("log {} {message}", format!("{level:?}").to_lowercase())
        }
        Report::ListenersDropped { turns, .. } => format!("report listeners-dropped turns={turns}"),
        Report::LogDropped { lines, .. } => format!("report log-dropped lines={lines}"),
        Report::Unanswered { method, answered, .. } => {
            let answered = answered.map_or("nothing".to_owned(), |status| status.to_string());
            format!("report unanswered {method} answered={answered}")
        }
        Report::NoAck { .. } => "report no-ack".to_owned(),
        Report::NoPrack { .. } => "report no-prack".to_owned(),
        Report::ClientTimeout { method, .. } => format!("report client-timeout {method}"),
        Report::TransmitFailed { .. } => "report transmit-failed".to_owned(),
        Report::StoreRefused { key } => format!("report store-refused {}", names.session(*key)),
        Report::StoreUnavailable { order: StoreOrder::Unit(_), attempt } => {
            format!("report store-unavailable attempt={attempt}")
        }
        Report::StoreUnavailable { order: StoreOrder::Load(key), attempt } => {
            format!("report store-unavailable load {} attempt={attempt}", names.session(*key))
        }
        Report::StoreUnavailable { order: StoreOrder::Forget(key), attempt } => {
            format!("report store-unavailable forget {} attempt={attempt}", names.session(*key))
        }
        Report::RolledBack { key, units, requests } => {
            format!("report rolled-back {} units={units} requests={requests}", names.session(*key))
        }
        Report::LoadFailed { key, why, requests } => {
            format!("report load-failed {} {} \"{why}\" requests={requests}", names.session(*key), why.name())
        }
        Report::RecordLeft { key } => format!("report record-left {}", names.session(*key)),
        Report::ResolveFailed { host, why, messages } => {
            format!("report resolve-failed {host} {} messages={messages}", why.name())
        }
        Report::Restored { key, .. } => format!("report restored {}", names.session(*key)),
        Report::Left(app) => format!("report left {}", app.name),
        Report::NotDeployed(app) => format!("report not-deployed {}", app.name),
        Report::Upgraded { from, key, .. } => format!("report upgraded {} from {from}", names.session(*key)),
        Report::Broken { what, key } => format!("report broken {} \"{what}\"", names.session(*key)),
        Report::Unrecorded { limit, .. } => format!("report unrecorded {limit}"),
        Report::Deployed(_) | Report::Step(_) => return None,
    })
}
