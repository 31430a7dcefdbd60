use super::*;

fn refusal(text: &str) -> String {
    match Config::from_text("siplet.toml", text) {
        Ok(config) => panic!("was taken: {config:?}"),
        Err(error) => error.0,
    }
}

fn with(path: &str, value: &str) -> Result<Config, ConfigError> {
    let change = Override { path: path.into(), source: "SIPLET_X".into(), value: value.into() };
    Config::load(None, &[change])
}

#[test]
fn the_example_file_says_what_the_defaults_are() {
    assert_eq!(Config::from_text("example", EXAMPLE).unwrap(), Config::default());
}

#[test]
fn every_setting_stands_in_the_example_file_with_a_comment() {
    let defaults = toml::Table::try_from(Config::default()).unwrap();
    let mut leaves = Vec::new();
    for (key, value) in &defaults {
        match value {
            toml::Value::Table(inner) => leaves.extend(inner.keys().map(|leaf| format!("{key}.{leaf}"))),
            _ => leaves.push(key.clone()),
        }
    }
    for leaf in leaves {
        let found = settings().iter().find(|setting| setting.path == leaf);
        assert!(found.is_some_and(|setting| setting.help.len() > 10), "{leaf} is not documented");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_key_that_was_meant() {
    let text = "shards = 2\n\n[limits] # of everything\nidle-timout-s = 3\n";
    assert_eq!(
        refusal(text),
        "siplet.toml:4: unknown key `idle-timout-s` in [limits]; did you mean `idle-timeout-s`?"
    );
    assert_eq!(
        refusal("servlet = \"x\"\n"),
        "siplet.toml:1: unknown key `servlet`; did you mean `servlets`?"
    );
    let all = refusal("[log]\nzzz = 1\n");
    assert_eq!(all, "siplet.toml:2: unknown key `zzz` in [log]; known are format, level, reports-per-minute");
}

#[test]
fn a_wrong_value_is_refused_with_its_line() {
    assert!(refusal("\nshards = \"two\"\n").starts_with("siplet.toml:2: invalid type"));
    assert!(
        refusal("shards = 2\nlisten = [\"nowhere\"]\n")
            .starts_with("siplet.toml:2: `nowhere` does not begin")
    );
    assert!(refusal("shards = = 2\n").starts_with("siplet.toml:1: "));
}

#[test]
fn overrides_are_read_by_the_type_of_their_setting() {
    assert_eq!(with("limits.headers", "99").unwrap().limits.headers, 99);
    assert!(with("durable", "true").unwrap().durable);
    assert_eq!(with("servlets", "true").unwrap().servlets, PathBuf::from("true"));
    let listen = with("listen", "127.0.0.1:5070/udp, [::1]:5071").unwrap().listen;
    assert_eq!(
        listen.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["127.0.0.1:5070/udp", "[::1]:5071"]
    );
    assert_eq!(with("listen", "[::1]:5060").unwrap().listen.len(), 1);
    let route = with("route", "[{application = \"a\", methods = [\"INVITE\"]}]").unwrap().route;
    assert_eq!(route[0].methods, ["INVITE"]);
}

#[test]
fn a_wrong_override_names_who_said_it() {
    assert!(with("shards", "many").unwrap_err().0.starts_with("SIPLET_X: `many` is no number"));
    assert!(with("log.format", "xml").unwrap_err().0.starts_with("SIPLET_X: unknown variant `xml`"));
}

#[test]
fn values_that_cannot_work_are_refused_before_anything_is_opened() {
    assert!(with("listen", "0.0.0.0:5060").unwrap_err().0.contains("write `0.0.0.0:5060@HOST`"));
    assert!(with("shards", "0").unwrap_err().0.contains("must be 1 to 64"));
    assert!(with("metrics", "everywhere").unwrap_err().0.contains("address with a port"));
    assert!(with("route", "[{domains = [\"x\"]}]").unwrap_err().0.contains("names no `application`"));
}

#[test]
fn a_listener_says_what_stands_in_via() {
    let cases = [
        ("127.0.0.1:5070", "127.0.0.1:5070 udp 127.0.0.1 5070, 127.0.0.1:5070 tcp 127.0.0.1 5070"),
        ("[::1]:5070/tcp", "[::1]:5070 tcp [::1] 5070"),
        ("10.0.0.1/udp@sip.example.com", "10.0.0.1:5060 udp sip.example.com 5060"),
        ("0.0.0.0:5060/udp@[2001:db8::1]:5080", "0.0.0.0:5060 udp [2001:db8::1] 5080"),
        ("0.0.0.0:5060/udp@2001:db8::1", "0.0.0.0:5060 udp [2001:db8::1] 5060"),
    ];
    for (text, expected) in cases {
        let listen: Listen = text.parse().unwrap();
        let shown: Vec<_> = listen
            .listeners()
            .map(|l| {
                let name = l.transport.param_name();
                format!("{} {name} {} {}", l.address, l.advertised_host, l.advertised_port)
            })
            .collect();
        assert_eq!(shown.join(", "), expected, "{text}");
        assert_eq!(listen.to_string().parse::<Listen>().unwrap(), listen, "{text} survives being written");
    }
    for text in
        ["", "5060", "host:5060", "127.0.0.1:5060/sctp", "127.0.0.1:5060@a b", "127.0.0.1:5060@x:port"]
    {
        assert!(text.parse::<Listen>().is_err(), "{text}");
    }
}
