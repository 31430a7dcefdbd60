//! Servlets that were loaded once: the engine, and compiled code by file and settings.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use siplet_container::app::AppLimits;
use siplet_test_protocol::{Error, ErrorKind};
use siplet_wasm::{Engine, EngineConfig, Servlet};

use super::error;

/// Servlets that are kept; more empty the shelf.
const SERVLETS_MAX: usize = 64;
/// Instances that may live at one time: two worlds, all versions of a test.
const INSTANCES: u32 = 100;

pub(super) struct Shelf {
    code_cache: Option<PathBuf>,
    engine: Option<Engine>,
    servlets: BTreeMap<u64, Arc<Servlet>>,
}

impl Shelf {
    pub(super) const fn new(code_cache: Option<PathBuf>) -> Self {
        Self { code_cache, engine: None, servlets: BTreeMap::new() }
    }

    /// The servlet of a file with the settings that are laid over its own.
    pub(super) fn load(
        &mut self,
        file: &str,
        settings_file: Option<&str>,
        settings: &str,
        init: &BTreeMap<String, String>,
    ) -> Result<Arc<Servlet>, Error> {
        let refused = |text: String| error(ErrorKind::Refused, text);
        let bytes = std::fs::read(file).map_err(|why| refused(format!("{file}: {why}")))?;
        let overrides = overrides(settings_file, settings, init).map_err(refused)?;
        let mut hasher = DefaultHasher::new();
        (file, &bytes, overrides.to_string()).hash(&mut hasher);
        let key = hasher.finish();
        if let Some(known) = self.servlets.get(&key) {
            return Ok(known.clone());
        }
        let name = Path::new(file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let servlet = Servlet::load(&bytes, &name, self.engine()?, Some(&overrides))
            .map_err(|refusal| refused(refusal.to_string()))?;
        if self.servlets.len() >= SERVLETS_MAX {
            self.servlets.clear();
        }
        self.servlets.insert(key, servlet.clone());
        Ok(servlet)
    }

    fn engine(&mut self) -> Result<&Engine, Error> {
        if self.engine.is_none() {
            let code_cache = self.code_cache.clone();
            // What the servlet will be allowed is its host's to say; `siplet check` tells.
            let ceilings = AppLimits::HIGHEST;
            let config = EngineConfig { instances: INSTANCES, code_cache, ceilings, ..EngineConfig::dev() };
            self.engine =
                Some(Engine::new(config).map_err(|why| error(ErrorKind::Refused, why.to_string()))?);
        }
        self.engine.as_ref().ok_or_else(|| error(ErrorKind::Refused, "there is no engine"))
    }
}

/// The file's keys, over them those of the text, over them the parameters.
fn overrides(
    settings_file: Option<&str>,
    settings: &str,
    init: &BTreeMap<String, String>,
) -> Result<Value, String> {
    let mut all = Map::new();
    if let Some(path) = settings_file {
        let text = std::fs::read_to_string(path).map_err(|why| format!("{path}: {why}"))?;
        lay(&mut all, parse(&text).map_err(|why| format!("{path}: {why}"))?);
    }
    lay(&mut all, parse(settings).map_err(|why| format!("the settings of the test: {why}"))?);
    let init = init.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    if let Value::Object(init) = Value::Object(init)
        && !init.is_empty()
    {
        lay(&mut all, Map::from_iter([("init-parameters".to_owned(), Value::Object(init))]));
    }
    Ok(Value::Object(all))
}

fn parse(text: &str) -> Result<Map<String, Value>, String> {
    toml::from_str(text).map_err(|why| why.to_string().trim().to_owned())
}

/// Lays one table over another; tables in both become one.
fn lay(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => lay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_of_the_test_lie_over_its_settings() {
        let init = BTreeMap::from([("open".to_owned(), "09:00-18:00".to_owned())]);
        let settings = "distributable = false\n[init-parameters]\nopen = \"never\"\nrefused = []\n";
        let expected = json!({
            "distributable": false,
            "init-parameters": {"open": "09:00-18:00", "refused": []},
        });
        assert_eq!(overrides(None, settings, &init), Ok(expected));
    }

    #[test]
    fn settings_that_are_no_toml_are_told_with_their_place() {
        let text = overrides(None, "distributable = maybe", &BTreeMap::new()).expect_err("no TOML");
        assert!(text.starts_with("the settings of the test: ") && text.contains("line 1"), "{text}");
    }
}
