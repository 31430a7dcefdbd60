//! JSON schemas of siplet's files, made from their documented examples: the type of a key is that of its default.

use serde_json::{Map, Value, json};

use super::{DESCRIPTOR, File};
use crate::config::{EXAMPLE, documented, split_range};

/// The schema of a file (JSON Schema 2020-12). Editors complete and check a TOML file by it.
#[must_use]
pub fn schema(of: File) -> Value {
    let (title, example) = match of {
        File::Settings => ("Settings of siplet (siplet.toml)", EXAMPLE),
        File::Servlet => ("A servlet's descriptor (NAME.toml)", DESCRIPTOR),
    };
    let mut properties = keys(example);
    match of {
        File::Settings => properties.insert("route".to_owned(), routes()),
        File::Servlet => properties.insert("init-parameters".to_owned(), init_parameters()),
    };
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn keys(example: &str) -> Map<String, Value> {
    let defaults: toml::Table = toml::from_str(example).unwrap_or_default();
    let mut properties = Map::new();
    for (path, help) in documented(example) {
        let (section, key) = path.split_once('.').unwrap_or(("", &path));
        let table = if section.is_empty() {
            Some(&defaults)
        } else {
            defaults.get(section).and_then(|t| t.as_table())
        };
        let Some(default) = table.and_then(|table| table.get(key)) else { continue };
        let property = property(default, &help);
        if section.is_empty() {
            properties.insert(key.to_owned(), property);
            continue;
        }
        let object = properties
            .entry(section)
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        object["properties"][key] = property;
    }
    properties
}

/// A key by its default and its range. A number whose largest value is the host's to say has none here.
fn property(default: &toml::Value, help: &str) -> Value {
    let (help, range) = split_range(help);
    let mut property = match default {
        toml::Value::Boolean(_) => json!({ "type": "boolean" }),
        toml::Value::Integer(_) => json!({ "type": "integer" }),
        toml::Value::Float(_) => json!({ "type": "number" }),
        toml::Value::Array(_) => json!({ "type": "array", "items": { "type": "string" } }),
        toml::Value::Table(_) => json!({ "type": "object" }),
        toml::Value::String(_) | toml::Value::Datetime(_) => json!({ "type": "string" }),
    };
    if let Some(range) = range {
        property["minimum"] = Value::from(range.min);
        if let Some(max) = range.max {
            property["maximum"] = Value::from(max);
        }
    }
    property["description"] = Value::from(help);
    property["default"] = serde_json::to_value(default).unwrap_or_default();
    property
}

fn routes() -> Value {
    let list = |what: &str| json!({ "type": "array", "items": { "type": "string" }, "description": what });
    json!({
        "type": "array",
        "description": "The default router, asked from top to bottom for a new call.",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["application"],
            "properties": {
                "application": { "type": "string", "description": "Name of the application." },
                "methods": list("Methods that it is asked for; all when there are none."),
                "domains": list("Hosts of the Request-URI that it is asked for; all when there are none."),
            },
        },
    })
}

fn init_parameters() -> Value {
    json!({
        "type": "object",
        "description": "Parameters for the servlet's init, by name. Arrays and tables reach it as JSON text.",
        "additionalProperties": true,
    })
}
