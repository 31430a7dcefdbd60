//! What an author reads when something is wrong, and what a right servlet becomes.

use crate::arguments::Arguments;
use crate::servlet::{Item, expand};

fn expanded(arguments: &str, item: &str) -> syn::Result<String> {
    let arguments: Arguments = syn::parse_str(arguments)?;
    let item: Item = syn::parse_str(item)?;
    Ok(expand(&arguments, item)?.to_string())
}

/// The texts of all errors.
fn errors(arguments: &str, item: &str) -> Vec<String> {
    let error = expanded(arguments, item).expect_err("this should be refused");
    error.into_iter().map(|error| error.to_string()).collect()
}

fn refuses_key(arguments: &str, text: &str) {
    assert_eq!(errors(arguments, "impl Servlet for Answer {}"), [text], "#[servlet({arguments})]");
}

#[test]
fn keys_and_values_that_are_none_are_refused_in_words() {
    refuses_key("nam = \"x\"", "`nam` is no key of #[servlet]: did you mean `name`?");
    refuses_key("name = \"two words\"", "a name is made of letters, digits, `-`, `_` and `.`");
    refuses_key("name = 7", "this takes a string");
    refuses_key("methods = [\"invite\"]", "methods are case-sensitive: \"INVITE\"");
    refuses_key("methods = [\"IN VITE\"]", "\"IN VITE\" is no method");
    refuses_key("domains = \"a.example\"", "this takes a list of strings: [\"..\", \"..\"]");
    refuses_key("accept = [1]", "this takes a list of strings: [\"..\", \"..\"]");
    refuses_key("distributable = \"yes\"", "this takes true or false");
    refuses_key("session_timeout_s = \"1\"", "this takes a number of seconds; 0: never");
    refuses_key("on_trap = \"explode\"", "this is one of keep, end-call");
    refuses_key("name = \"a\", name = \"b\"", "`name` is given twice");
}

#[test]
fn an_item_that_is_no_servlet_is_told_what_would_be_one() {
    let before = "#[servlet] stands before `impl Servlet for YourType { .. }`";
    assert_eq!(errors("", "struct Answer;"), [before]);
    let inherent = "#[servlet] stands before an impl of the trait: `impl Servlet for YourType { .. }`";
    assert_eq!(errors("", "impl Answer {}"), [inherent]);
    assert_eq!(
        errors("", "impl Clone for Answer {}"),
        ["#[servlet] stands before an impl of the trait `Servlet`"]
    );
    let generic = "a servlet has no parameters: the host makes it by name";
    assert_eq!(errors("", "impl<T> Servlet for Answer<T> {}"), [generic]);
}

#[test]
fn all_functions_that_are_no_handlers_are_told_at_once() {
    let item =
        "impl Servlet for Answer { fn do_invit(&self) {} fn ring(&self) {} async fn do_bye(&self) {} }";
    let errors = errors("", item);
    assert_eq!(errors.len(), 3);
    assert!(
        errors[0]
            .starts_with("`do_invit` is no handler of a servlet: did you mean `do_invite`? The handlers are")
    );
    assert!(errors[1].contains("functions of your own stand in `impl YourType { .. }`"), "{}", errors[1]);
    assert_eq!(errors[2], "a handler does not wait: it returns, and goes on in a later turn");
}

#[test]
fn only_the_worlds_of_handlers_that_are_there_are_exported() {
    let plain = expanded("", "impl Servlet for Answer { fn do_invite(&self) {} }").expect("a servlet");
    assert!(plain.contains("bindings :: servlet :: export"));
    assert!(!plain.contains("lifecycle") && !plain.contains("error_listener"), "{plain}");
    let item = "impl Servlet for Answer { fn upgrade(&self) {} }";
    let upgrade = expanded("", item).expect("a servlet");
    assert!(upgrade.contains("bindings :: upgrade :: export") && !plain.contains("upgrade"), "{upgrade}");
    let item = "impl Servlet for Answer { fn servlet_initialized(&self) {} fn no_ack_received(&self) {} }";
    let both = expanded("", item).expect("a servlet");
    assert!(
        both.contains("bindings :: lifecycle :: export")
            && both.contains("bindings :: error_listener :: export")
    );
}

#[test]
fn init_is_written_when_the_author_wrote_none() {
    let without = expanded("", "impl Servlet for Answer {}").expect("a servlet");
    assert!(without.contains("Ok (Answer)"), "{without}");
    let item = "impl Servlet for Answer { fn init(config: &Config) -> Result<Self> { todo!() } }";
    assert!(!expanded("", item).expect("a servlet").contains("Ok (Answer)"));
}
