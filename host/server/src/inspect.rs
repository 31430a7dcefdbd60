//! `siplet inspect NAME`: a live application session with all that it has, as the running server sees it now.
//!
//! Every shard is asked: a session may live elsewhere than its Call-ID says. What is found is facts of
//! [`siplet_container::inspect`]; [`show`] puts them into lines.

pub mod show;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use siplet_container::inspect::{Fit, Found};
use siplet_container::io::{Command, CommandReply};

use crate::hub::Hub;

/// Sessions that are named when a name fits too many.
const NAMED_MAX: usize = 8;

/// Asks all shards for the sessions of that name. `{"sessions": [..]}`: one, or all those of one Call-ID.
///
/// # Errors
/// There is none, or the name is the beginning of several: in words.
pub async fn inspect(hub: &Hub, name: &str) -> Result<Value, String> {
    let mut found = Vec::new();
    for reply in hub.ask(&Command::Inspect(name.to_owned())).await {
        if let CommandReply::Found(more) = reply {
            found.extend(more);
        }
    }
    let sessions: Result<Vec<Value>, _> = chosen(name, found)?
        .iter()
        .map(|found| {
            serde_json::to_value(&found.session).map(|mut tree| {
                read_attributes(&mut tree);
                tree
            })
        })
        .collect();
    Ok(json!({ "sessions": sessions.map_err(|error| error.to_string())? }))
}

/// Those that fit best; of those that only begin with the name there may be one.
fn chosen(name: &str, mut found: Vec<Found>) -> Result<Vec<Found>, String> {
    let Some(best) = found.iter().map(|found| found.fit).min() else {
        return Err(format!("no session has the id or Call-ID {name}; `siplet sessions` lists them"));
    };
    found.retain(|found| found.fit == best);
    found.sort_by(|a, b| a.session.id.cmp(&b.session.id));
    match best {
        Fit::Id | Fit::CallId => Ok(found),
        Fit::IdPrefix | Fit::CallIdPrefix if found.len() == 1 => Ok(found),
        Fit::IdPrefix | Fit::CallIdPrefix => {
            let mut named: Vec<String> = found
                .iter()
                .take(NAMED_MAX)
                .map(|found| format!("{} ({})", found.session.id, found.session.application))
                .collect();
            if found.len() > NAMED_MAX {
                named.push(format!("{} more", found.len() - NAMED_MAX));
            }
            Err(format!("{name} is the beginning of several: {}; give more of it", named.join(", ")))
        }
    }
}

/// Values of attributes are JSON by convention: a reader of JSON gets them as that. Others stay text.
fn read_attributes(tree: &mut Value) {
    match tree {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "attributes" {
                    field.as_array_mut().into_iter().flatten().for_each(read_attribute);
                } else {
                    read_attributes(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(read_attributes),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn read_attribute(attribute: &mut Value) {
    let Some(value) = attribute.get_mut("value") else { return };
    if let Some(read) = value.as_str().and_then(|text| serde_json::from_str(text).ok()) {
        *value = read;
    }
}
