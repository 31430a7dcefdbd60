use std::sync::Arc;

use siplet_container::app::{Application, Descriptor, Handler};

use super::*;

fn application(name: &str, handlers: &[Handler], change: impl FnOnce(&mut Descriptor)) -> Application {
    let mut descriptor =
        Descriptor { name: name.to_owned(), version: "0.1.0".to_owned(), ..Descriptor::default() };
    change(&mut descriptor);
    Application {
        id: AppId { name: Arc::from(name), digest: 0x3f9c_2100_0000_0000 },
        descriptor,
        handlers: handlers.iter().copied().collect(),
    }
}

#[test]
fn applications_are_listed_with_what_they_take() {
    let answer = application(
        "answer",
        &[Handler::DoInvite, Handler::DoBye, Handler::DoOptions, Handler::DoMessage],
        |_| {},
    );
    let screen = application("screen-all", &[Handler::DoInvite], |descriptor| {
        descriptor.version = "0.12.0".to_owned();
        descriptor.methods = Some(vec!["INVITE".to_owned()]);
        descriptor.domains = vec!["screen.example".to_owned(), "screen.test".to_owned()];
    });
    let any = application("x", Handler::ALL, |_| {});
    assert_eq!(
        lines(&[answer, screen.clone(), any]),
        "  answer       0.1.0   #3f9c21  INVITE, OPTIONS, MESSAGE   everything that no other servlet takes\n  \
           screen-all   0.12.0  #3f9c21  INVITE to *@screen.example, *@screen.test\n  \
           x            0.1.0   #3f9c21  any method   everything that no other servlet takes\n"
    );
    assert_eq!(line(&screen), "screen-all 0.12.0 #3f9c21  INVITE to *@screen.example, *@screen.test");
}

#[test]
fn overrides_keep_parameters_of_any_type_and_refuse_unknown_keys_with_their_line() {
    let text = "domains = [\"a.example\"]\n[init-parameters]\nlist = [1, 2]\n[limits]\nturn-ms = 5\n";
    let value = overrides::parse("a.toml", text).unwrap();
    assert_eq!(value["init-parameters"]["list"], serde_json::json!([1, 2]));
    assert_eq!(value["limits"]["turn-ms"], 5);
    let refused = overrides::parse("a.toml", "version = \"1\"\ndomain = [\"a\"]\n").unwrap_err();
    assert_eq!(refused, "a.toml:2: unknown key `domain`; did you mean `domains`?");
    let refused = overrides::parse("a.toml", "version = \"1\"\n[limits]\nturn-m = 5\n").unwrap_err();
    assert_eq!(refused, "a.toml:3: unknown key `turn-m` in [limits]; did you mean `turn-ms`?");
    assert!(overrides::parse("a.toml", "version = \n").unwrap_err().starts_with("a.toml:1: "));
}
