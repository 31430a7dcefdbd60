//! The descriptor as deployed: the file's own section, with the operator's changes over it.

use std::path::Path;

use serde_json::{Map, Value};
use siplet_container::app::{AppLimits, Descriptor, Handler, Handlers, Wasi};

use crate::refusal::{Reason, WrongLimit};
use crate::v0_1::{EXPORTS, interface_of};

const NAME_BYTES_MAX: usize = 64;
const INIT_PARAMETERS: &str = "init-parameters";
const LIMITS: &str = "limits";

/// Reads the section and lays `overrides` over it, key by key, tables inside tables. A servlet without a name is called
/// as its file; its limits stay below `ceilings`.
pub(super) fn descriptor(
    section: Option<&[u8]>,
    overrides: Option<&Value>,
    file_name: &str,
    ceilings: &AppLimits,
) -> Result<Descriptor, Reason> {
    let mut value = match section {
        Some(json) => read(json)?,
        None => Value::Object(Map::new()),
    };
    if let Some(overrides) = overrides {
        overlay(&mut value, overrides);
    }
    parameters_to_text(&mut value);
    limit(&mut value, ceilings)?;
    let mut descriptor: Descriptor =
        serde_json::from_value(value).map_err(|error| Reason::Descriptor(error.to_string()))?;
    if descriptor.name.is_empty() {
        let stem = Path::new(file_name).file_stem().unwrap_or_default();
        descriptor.name = stem.to_string_lossy().into_owned();
    }
    check(&descriptor)?;
    Ok(descriptor)
}

/// What the descriptor grants of WASI; nothing where it cannot be read, which [`descriptor`] tells.
pub(super) fn wasi(section: Option<&[u8]>, overrides: Option<&Value>) -> Wasi {
    const KEY: &str = "wasi";
    let over = overrides.and_then(|overrides| overrides.get(KEY).cloned());
    let granted = || section.and_then(|json| read(json).ok()).and_then(|value| value.get(KEY).cloned());
    over.or_else(granted).and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

fn read(json: &[u8]) -> Result<Value, Reason> {
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<Value>();
    let first = match values.next() {
        Some(value) => {
            value.map_err(|error| Reason::Descriptor(format!("the section is no JSON: {error}")))?
        }
        None => return Err(Reason::Descriptor("the section is empty".to_owned())),
    };
    // A linker puts sections of one name behind each other.
    match values.next() {
        None => Ok(first),
        Some(_) => {
            Err(Reason::Descriptor("the file has more than one `#[servlet]`; keep one of them".to_owned()))
        }
    }
}

fn overlay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                overlay(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}

/// Init parameters reach the servlet as strings: a text as it is, everything else as its JSON text.
fn parameters_to_text(descriptor: &mut Value) {
    let Some(parameters) = descriptor.get_mut(INIT_PARAMETERS).and_then(Value::as_object_mut) else { return };
    for value in parameters.values_mut() {
        if !value.is_string() {
            *value = Value::String(value.to_string());
        }
    }
}

/// Refuses limits that are 0, above their ceiling or no number at all, whoever set them: the file or the operator's own file
/// beside it. What neither sets is the usual limit, or the ceiling where that is lower.
fn limit(descriptor: &mut Value, ceilings: &AppLimits) -> Result<(), Reason> {
    let Some(descriptor) = descriptor.as_object_mut() else { return Ok(()) };
    let limits = descriptor.entry(LIMITS).or_insert_with(|| Value::Object(Map::new()));
    // What is no table is refused where the descriptor is read.
    let Some(limits) = limits.as_object_mut() else { return Ok(()) };
    let mut wrong = Vec::new();
    for ((limit, usual), (_, most)) in AppLimits::default().named().into_iter().zip(ceilings.named()) {
        match limits.get(limit) {
            Some(asked) if asked.as_u64().is_some_and(|asked| (1..=most).contains(&asked)) => {}
            Some(asked) => wrong.push(WrongLimit { limit, asked: asked.to_string(), most }),
            None => {
                limits.insert(limit.to_owned(), Value::from(usual.min(most)));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Reason::Limits(wrong)) }
}

fn check(descriptor: &Descriptor) -> Result<(), Reason> {
    let name = &descriptor.name;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let wrong = |what: String| Err(Reason::Descriptor(what));
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
        return wrong(format!(
            "`name` is {name:?}; a name has 1 to {NAME_BYTES_MAX} letters, digits, `-`, `_` and `.`"
        ));
    }
    if descriptor.canary.is_some_and(|percent| percent > 100) {
        return wrong("`canary` is a share of new calls in percent, 0 to 100".to_owned());
    }
    if descriptor.shadow.is_some_and(|percent| percent > 100) {
        return wrong("`shadow` is a share of new calls in percent, 0 to 100".to_owned());
    }
    if descriptor.canary.is_some() && descriptor.shadow.is_some() {
        return wrong("a version begins by `canary` or by `shadow`, not by both".to_owned());
    }
    Ok(())
}

/// Which handlers a servlet has: those that its descriptor names, else all that its exports let it have.
pub(super) fn handlers(descriptor: &Descriptor, exports: &[String]) -> Result<Handlers, Reason> {
    let has = |handler: Handler| {
        let interface = interface_of(handler);
        // Without it the file would be no servlet.
        interface == EXPORTS[0] || exports.iter().any(|name| name.contains(&format!("/{interface}@")))
    };
    let Some(names) = &descriptor.handlers else {
        return Ok(Handler::ALL.iter().copied().filter(|handler| has(*handler)).collect());
    };
    let mut handlers = Handlers::default();
    for name in names {
        let Some(handler) = Handler::from_name(name) else {
            return Err(Reason::Descriptor(format!(
                "`handlers` names {name:?}, and there is no such handler"
            )));
        };
        if !has(handler) {
            return Err(Reason::Descriptor(format!(
                "`handlers` names {name:?}, but the file does not export the interface that it belongs to"
            )));
        }
        handlers.insert(handler);
    }
    Ok(handlers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As the host does where its operator sets no ceilings.
    fn descriptor(
        section: Option<&[u8]>,
        overrides: Option<&Value>,
        file: &str,
    ) -> Result<Descriptor, Reason> {
        super::descriptor(section, overrides, file, &AppLimits::CEILINGS)
    }

    /// Whoever sets it: the file, or the operator beside it.
    #[test]
    fn a_limit_beyond_its_ceiling_is_refused_with_what_was_asked_and_what_to_do() {
        for (limit, most) in AppLimits::CEILINGS.named() {
            let json = |value: u64| json!({"limits": {limit: value}});
            let in_file = |value| descriptor(Some(json(value).to_string().as_bytes()), None, "f.wasm");
            let beside = |value| descriptor(None, Some(&json(value)), "f.wasm");
            for taken in [in_file(most), in_file(1), beside(most), beside(1)] {
                assert!(taken.is_ok(), "{limit}: {taken:?}");
            }
            for asked in [0, most + 1, u64::MAX] {
                let refused = in_file(asked).expect_err("it is out of range");
                assert_eq!(beside(asked).expect_err("it is out of range"), refused);
                let text = refused.to_string();
                assert!(text.contains(&format!("`{limit}` is {asked}")), "{text}");
                let words = if asked == 0 {
                    "must be at least 1".to_owned()
                } else {
                    format!(
                        "at most {most}; ask for less in its descriptor or in the .toml beside it, or raise `{limit}` under [ceilings]"
                    )
                };
                assert!(text.contains(&words), "{text}");
            }
        }
    }

    #[test]
    fn the_operator_beside_a_file_may_take_back_what_the_file_asks_for() {
        let section = br#"{"limits":{"turn-ms":5000,"handles":99999}}"#;
        let refused = descriptor(Some(section), None, "f.wasm").expect_err("too much").to_string();
        assert!(refused.contains("`turn-ms` is 5000") && refused.contains("`handles` is 99999"), "{refused}");
        let over = json!({"limits": {"turn-ms": 50, "handles": 100}});
        let taken = descriptor(Some(section), Some(&over), "f.wasm").expect("it is right");
        assert_eq!((taken.limits.turn_ms, taken.limits.handles), (50, 100));
    }

    #[test]
    fn a_limit_that_is_no_number_is_named() {
        for value in ["-1", "1.5", "1e30", "\"many\"", "99999999999999999999999"] {
            let section = format!(r#"{{"limits":{{"mailbox":{value}}}}}"#);
            let refused = descriptor(Some(section.as_bytes()), None, "f.wasm").expect_err(value).to_string();
            assert!(refused.contains("`mailbox` is ") && refused.contains("whole number"), "{refused}");
        }
    }

    /// A servlet that asks for nothing is not refused by a host that gives little.
    #[test]
    fn what_nobody_asks_for_is_the_usual_limit_or_the_ceiling_where_that_is_lower() {
        let ceilings = AppLimits { turn_ms: 5, attribute_bytes: 100, ..AppLimits::CEILINGS };
        let taken = super::descriptor(None, None, "f.wasm", &ceilings).expect("it is right");
        let expected = AppLimits { turn_ms: 5, attribute_bytes: 100, ..AppLimits::default() };
        assert_eq!(taken.limits, expected);
    }

    #[test]
    fn every_limit_has_a_ceiling_that_is_not_below_it() {
        let keys = serde_json::to_value(AppLimits::default()).expect("it is plain data");
        let names: Vec<_> = AppLimits::default().named().map(|(name, _)| name).to_vec();
        let all: std::collections::BTreeSet<_> = keys.as_object().expect("a table").keys().collect();
        assert_eq!(all, names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>().iter().collect());
        for (name, value) in AppLimits::default().named() {
            assert_eq!(keys[name], value, "{name}");
        }
        let ((usual, most), highest) = ((AppLimits::default(), AppLimits::CEILINGS), AppLimits::HIGHEST);
        for (((name, usual), (_, most)), (_, highest)) in
            usual.named().into_iter().zip(most.named()).zip(highest.named())
        {
            assert!(usual <= most && most <= highest, "{name}");
        }
    }

    #[test]
    fn the_operators_keys_lie_over_those_of_the_file() {
        let section =
            br#"{"name":"screen","limits":{"turn-ms":10,"handles":9},"init-parameters":{"a":"1","b":"2"}}"#;
        let over = json!({"limits": {"turn-ms": 50}, "init-parameters": {"b": ["x", 3], "c": 7}});
        let descriptor = descriptor(Some(section), Some(&over), "f.wasm").expect("it is right");
        assert_eq!((descriptor.limits.turn_ms, descriptor.limits.handles), (50, 9));
        let parameters: Vec<_> =
            descriptor.init_parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(parameters, [("a", "1"), ("b", r#"["x",3]"#), ("c", "7")]);
    }

    #[test]
    fn a_servlet_without_a_name_is_called_as_its_file() {
        let descriptor = descriptor(None, None, "dir/answer.wasm").expect("it is right");
        assert_eq!(descriptor.name, "answer");
    }

    #[test]
    fn two_descriptors_behind_each_other_are_refused() {
        let error = descriptor(Some(b"{}{}"), None, "f.wasm").expect_err("two");
        assert!(error.to_string().contains("more than one `#[servlet]`"), "{error}");
    }

    #[test]
    fn unknown_keys_and_unknown_handlers_are_refused_by_name() {
        let error = descriptor(Some(br#"{"time-out":1}"#), None, "f.wasm").expect_err("unknown key");
        assert!(error.to_string().contains("time-out"), "{error}");
        let known = descriptor(Some(br#"{"handlers":["do-invite","do-dance"]}"#), None, "f.wasm")
            .expect("shape is right");
        let error = handlers(&known, &[]).expect_err("unknown handler");
        assert!(error.to_string().contains("do-dance"), "{error}");
    }
}
