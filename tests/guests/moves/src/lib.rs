//! Counts the requests of a call in an attribute, whose type the init parameter `form` names: `count` keeps a number,
//! `list` the methods. Its `upgrade` makes a list of a number, returns an error or dies, as the parameter `upgrade` says.
//! Each answer tells form and value; a value of the other form is an error.
//!
//! It is written with the SDK, because it is the SDK's `upgrade` that it tries.
#![forbid(unsafe_code)]

use siplet::prelude::*;

/// The form of the older version.
const COUNT: Attribute<u32> = Attribute::new("requests");
/// The form of the newer one, under the same name.
const LIST: Attribute<Vec<String>> = Attribute::new("requests");
/// The version that a call was taken over from.
const FROM: Attribute<String> = Attribute::new("from");

pub struct Moves {
    keeps_list: bool,
    upgrade: String,
}

#[servlet]
impl Servlet for Moves {
    fn init(config: &Config) -> Result<Self> {
        let keeps_list = config.get("form") == Some("list");
        Ok(Self { keeps_list, upgrade: config.get("upgrade").unwrap_or("moves").to_owned() })
    }

    fn do_invite(&self, request: Request) -> Result {
        self.answer(&request, "INVITE")
    }

    fn do_info(&self, request: Request) -> Result {
        self.answer(&request, "INFO")
    }

    fn do_bye(&self, request: Request) -> Result {
        self.answer(&request, "BYE")
    }

    fn upgrade(&self, from: &str, session: ApplicationSession) -> Result {
        let count = session.get(COUNT)?.unwrap_or(0);
        // Nothing of this stays when the handler does not end well.
        session.set(FROM, &from.to_owned())?;
        session.set(LIST, &vec!["?".to_owned(); count as usize])?;
        match self.upgrade.as_str() {
            "dies" => panic!("the form of version {from} is not known"),
            "refuses" => Err(Error::Failed(format!("the form of version {from} is not known"))),
            _ => Ok(()),
        }
    }
}

impl Moves {
    fn answer(&self, request: &Request, method: &str) -> Result {
        let session = request.application_session();
        let told = if self.keeps_list {
            let mut list = session.get(LIST)?.unwrap_or_default();
            list.push(method.to_owned());
            session.set(LIST, &list)?;
            format!("list {}", list.join(","))
        } else {
            let count = session.get(COUNT)?.unwrap_or(0) + 1;
            session.set(COUNT, &count)?;
            format!("count {count}")
        };
        let from = session.get(FROM)?.unwrap_or_else(|| "none".to_owned());
        request.create_response(200)?.with_header("X-Requests", told)?.with_header("X-From", from)?.send()
    }
}
