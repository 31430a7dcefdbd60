//! The descriptor as deployed: the file's own section, with the operator's changes over it.

use std::path::Path;

use serde_json::{Map, Value};
use siplet_container::app::{Descriptor, Handler, Handlers, Wasi};

use crate::refusal::Reason;
use crate::v0_1::{EXPORTS, interface_of};

const NAME_BYTES_MAX: usize = 64;
const INIT_PARAMETERS: &str = "init-parameters";

/// Reads the section and lays `overrides` over it, key by key, tables inside tables. A servlet without a name is called
/// as its file.
pub(super) fn descriptor(
    section: Option<&[u8]>,
    overrides: Option<&Value>,
    file_name: &str,
) -> Result<Descriptor, Reason> {
    let mut value = match section {
        Some(json) => read(json)?,
        None => Value::Object(Map::new()),
    };
    if let Some(overrides) = overrides {
        overlay(&mut value, overrides);
    }
    parameters_to_text(&mut value);
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

fn check(descriptor: &Descriptor) -> Result<(), Reason> {
    let name = &descriptor.name;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let wrong = |what: String| Err(Reason::Descriptor(what));
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(allowed) {
        return wrong(format!(
            "`name` is {name:?}; a name has 1 to {NAME_BYTES_MAX} letters, digits, `-`, `_` and `.`"
        ));
    }
    if descriptor.limits.turn_ms == 0 {
        return wrong("the limit `turn-ms` is 0, so no handler could run".to_owned());
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
    if descriptor.limits.handles == 0 {
        return wrong("the limit `handles` is 0, so no handler could act".to_owned());
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
