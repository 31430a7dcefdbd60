//! `NAME.toml` beside `NAME.wasm`: the operator's changes to a descriptor.

use serde::Deserialize as _;
use serde_json::Value;
use siplet_container::app::Descriptor;
use toml::Table;

use crate::config::{explain, explain_message};
use crate::folder::{Folder, Unreadable};

/// Octets of an overriding file.
pub(super) const OVERRIDES_BYTES_MAX: u64 = 1 << 20;

/// Reads the overrides of a servlet, none when there is no such file.
///
/// # Errors
/// Why the file is refused, with its line.
pub(super) fn read(folder: &Folder, name: &str) -> Result<Option<Value>, String> {
    let file = format!("{name}.toml");
    let shown = folder.shown(&file);
    let bytes = match folder.read(&file, OVERRIDES_BYTES_MAX) {
        Ok((bytes, _)) => bytes,
        Err(Unreadable::Gone) => return Ok(None),
        Err(why) => return Err(format!("{shown}: {why}")),
    };
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown}: it is no text"))?;
    parse(&shown, &text).map(Some)
}

/// Reads the text of an overriding file as JSON for [`siplet_wasm::Servlet::load`].
///
/// # Errors
/// Why it is refused, with its line.
pub fn parse(shown: &str, text: &str) -> Result<Value, String> {
    let table: Table = toml::from_str(text).map_err(|error| explain(shown, text, &error).0)?;
    // Parameters may have any type; everything else is read by the descriptor's own shape.
    let mut rest = table.clone();
    rest.remove("init-parameters");
    Descriptor::deserialize(rest).map_err(|error| explain_message(shown, text, error.message()).0)?;
    serde_json::to_value(table).map_err(|error| format!("{shown}: {error}"))
}
