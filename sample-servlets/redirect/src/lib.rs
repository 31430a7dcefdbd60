//! Tells callers where a user is to be found: 302 from a table, 404 for who is not in it.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use siplet::prelude::*;

/// Knows where users are.
#[derive(Debug)]
pub struct Redirect {
    /// URI by user part, both as they stand in the init parameter `users`.
    users: BTreeMap<String, String>,
}

#[servlet]
impl Servlet for Redirect {
    fn init(config: &Config) -> Result<Self> {
        let users: BTreeMap<String, String> = config.json("users")?;
        for (user, uri) in &users {
            if let Err(error) = Uri::parse(uri) {
                fail!("init parameter `users`: {user}: {error}");
            }
        }
        Ok(Self { users })
    }

    fn do_invite(&self, request: Request) -> Result {
        match self.contact(request.request_uri()?.user()) {
            // [3261-13.3.1.2-s1]
            Some(contact) => request.create_response(302)?.with_header("Contact", contact)?.send(),
            None => request.create_response(404)?.send(),
        }
    }
}

impl Redirect {
    /// The Contact of that user. RFC 3261 §19.1.4: the user part is case-sensitive.
    fn contact(&self, user: Option<&str>) -> Option<String> {
        Some(format!("<{}>", self.users.get(user?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(users: &str) -> Result<Redirect> {
        Redirect::init(&Config::from_iter([("users", users)]))
    }

    #[test]
    fn a_user_in_the_table_has_a_contact_and_others_have_none() {
        let redirect = redirect(r#"{"alice": "sip:alice@192.0.2.7:5070"}"#).expect("a table");
        assert_eq!(redirect.contact(Some("alice")).as_deref(), Some("<sip:alice@192.0.2.7:5070>"));
        assert_eq!(redirect.contact(Some("Alice")), None);
        assert_eq!(redirect.contact(None), None);
    }

    #[test]
    fn a_table_with_a_line_that_is_no_uri_is_refused_by_its_name() {
        let text = redirect(r#"{"bob": "192.0.2.8"}"#).expect_err("no URI").to_string();
        assert_eq!(text, "init parameter `users`: bob: invalid address: \"192.0.2.8\" is no URI");
    }
}
