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
    assert!(refusal("\ndurable = 1\n").starts_with("siplet.toml:2: invalid type"));
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

/// The settings that are numbers, with their defaults.
fn numbers() -> Vec<(String, i64)> {
    let mut numbers = Vec::new();
    for (key, value) in toml::Table::try_from(Config::default()).unwrap() {
        match value {
            toml::Value::Integer(number) => numbers.push((key, number)),
            toml::Value::Table(inner) => {
                let leaves = inner.into_iter().filter_map(|(leaf, value)| Some((leaf, value.as_integer()?)));
                numbers.extend(leaves.map(|(leaf, number)| (format!("{key}.{leaf}"), number)));
            }
            _ => {}
        }
    }
    numbers
}

/// A file that sets that setting on its fourth line.
fn setting(path: &str, value: &str) -> String {
    let (section, key) = path.split_once('.').unwrap_or(("", path));
    let section = if section.is_empty() { String::new() } else { format!("[{section}]") };
    format!("# A file.\n\n{section}\n{key} = {value}\n")
}

#[test]
fn every_number_has_a_range_that_its_default_is_in() {
    let numbers = numbers();
    assert!(numbers.len() > 60, "{numbers:?}");
    for (path, default) in &numbers {
        let range = range(path).unwrap_or_else(|| panic!("{path} has no range in the example file"));
        assert!(range.contains(i128::from(*default)), "{path}: {default} is not in {range}");
        assert!(range.max.is_some_and(|max| max <= i64::MAX as u64), "{path}: TOML cannot say {range}");
    }
    let ranged = settings().iter().filter(|setting| range(setting.path).is_some()).count();
    assert_eq!(ranged, numbers.len(), "nothing else has one");
}

/// From a file with its line, from outside with who said it.
#[test]
fn a_number_out_of_its_range_is_refused_with_key_value_and_range() {
    for (path, _) in numbers() {
        let range = range(&path).unwrap();
        let (min, max) = (i128::from(range.min), i128::from(range.max.unwrap()));
        for good in [min, max] {
            let read = Config::from_text("siplet.toml", &setting(&path, &good.to_string()));
            assert!(read.is_ok(), "{path}: {read:?}");
        }
        for bad in [min - 1, max + 1, -1, i128::from(i64::MAX), i128::from(u64::MAX)] {
            let (section, key) = path.split_once('.').unwrap_or(("", &path));
            let place = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
            let words = format!("`{key}`{place} is {bad}, and must be {range}");
            assert_eq!(refusal(&setting(&path, &bad.to_string())), format!("siplet.toml:4: {words}"));
            assert_eq!(with(&path, &bad.to_string()).unwrap_err().0, format!("SIPLET_X: {words}"));
        }
    }
}

#[test]
fn what_is_no_number_is_refused_with_the_range_of_its_key() {
    for (value, shown) in [("\"two\"", "\"two\""), ("1.5", "1.5"), ("true", "true"), ("[1]", "a list")] {
        let words = format!("`shards` is {shown}, and must be a whole number, 1 to 64");
        assert_eq!(refusal(&setting("shards", value)), format!("siplet.toml:4: {words}"));
    }
    let far = "9".repeat(60);
    assert!(refusal(&setting("shards", &far)).ends_with("and must be a whole number, 1 to 64"));
    assert_eq!(
        with("shards", "1.5").unwrap_err().0,
        "SIPLET_X: `shards` is 1.5, and must be a whole number, 1 to 64"
    );
    assert!(with("shards", &far).unwrap_err().0.starts_with("SIPLET_X: "));
}

#[test]
fn a_number_is_held_to_its_range_however_it_is_written() {
    let words = "`message-bytes` in [limits] is 256, and must be 1024 to 65535";
    for text in [
        "limits.message-bytes = 256\n",
        "limits = { headers = 50, message-bytes = 256 }\n",
        "[limits]\nmessage-bytes = 0x100\n",
        "[limits]\nmessage-bytes = 2_56\n",
    ] {
        let refused = refusal(text);
        assert!(refused.starts_with("siplet.toml:") && refused.ends_with(words), "{text}: {refused}");
    }
    let first = refusal("shards = 4\n[limits]\nvias = 0\n[log]\nreports-per-minute = -2\n");
    assert!(first.starts_with("siplet.toml:3: "), "the first one is told: {first}");
}

/// INV-LIMIT: nothing that a settings file can say overflows where it is used.
#[test]
fn the_largest_and_the_smallest_numbers_work_together() {
    for largest in [false, true] {
        let mut config = Config::default();
        for (path, _) in numbers() {
            let range = range(&path).unwrap();
            let value = if largest { range.max.unwrap() } else { range.min };
            let change = Override { path, source: "it".into(), value: value.to_string() };
            config = overlay::apply(config, &change).unwrap();
        }
        config.check().unwrap();
        let (limits, timers) = (config.container_limits(), config.timer_config());
        assert_eq!(limits.sessions, config.limits.sessions);
        assert_eq!(timers.t1.as_millis(), u128::from(config.timers.t1_ms));
        let latency_us = config.store_latency_ms.checked_mul(1000);
        assert!(latency_us.is_some());
    }
}

#[test]
fn ceilings_are_those_of_the_limits_of_an_application() {
    use siplet_container::app::AppLimits;

    assert_eq!(Ceilings::default().limits(), AppLimits::CEILINGS);
    let named = toml::Table::try_from(Ceilings::default()).unwrap();
    assert_eq!(named.len(), AppLimits::CEILINGS.named().len());
    for ((name, ceiling), (_, highest)) in
        AppLimits::CEILINGS.named().into_iter().zip(AppLimits::HIGHEST.named())
    {
        assert_eq!(named[name].as_integer(), i64::try_from(ceiling).ok(), "{name}");
        let range = range(&format!("ceilings.{name}")).unwrap();
        assert_eq!(range.max, Some(highest), "{name}");
    }
    let lower = with("ceilings.turn-ms", "7").unwrap();
    assert_eq!(lower.ceilings.limits(), AppLimits { turn_ms: 7, ..AppLimits::CEILINGS });
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
