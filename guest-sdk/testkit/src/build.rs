//! From a servlet's package to its `.wasm`: compiled when something changed, and then once for all tests.
//!
//! Cargo writes beside what it makes a list of all sources that it was made from. While none of them is younger than the
//! `.wasm`, nothing is started at all, so that the second run of a test takes milliseconds. A lock on a file keeps two test
//! programs from building at one time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use siplet_build::{Failed, Order, Package, Profile, TARGET, Toolchain};

/// A servlet that a world can deploy; made by [`servlet!`](crate::servlet!) or from a file.
#[derive(Clone, Debug)]
pub struct Servlet {
    pub(crate) name: String,
    /// The folder of its package, for pictures that stand beside tests; empty for a file.
    pub(crate) folder: PathBuf,
    /// What to deploy, or why it cannot be.
    pub(crate) file: Result<PathBuf, String>,
    pub(crate) settings_file: Option<PathBuf>,
    pub(crate) settings: String,
    pub(crate) init: BTreeMap<String, String>,
}

/// What was built in this process, by the folder of its package.
static BUILT: Mutex<BTreeMap<PathBuf, Result<PathBuf, String>>> = Mutex::new(BTreeMap::new());

impl Servlet {
    /// The servlet of the package in that folder. [`servlet!`](crate::servlet!) is the usual way to it.
    ///
    /// A `NAME.toml` in the folder is laid over the servlet's own descriptor, as it would be beside the `.wasm`.
    #[must_use]
    pub fn package(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let manifest = Manifest::read(&folder);
        let name = manifest.as_ref().map(|manifest| manifest.name.clone()).unwrap_or_default();
        let settings = folder.join(format!("{name}.toml"));
        Self {
            file: manifest.and_then(|manifest| built(&folder, &manifest)),
            settings_file: settings.is_file().then_some(settings),
            settings: String::new(),
            init: BTreeMap::new(),
            name,
            folder,
        }
    }

    /// The servlet of a `.wasm` that is there already; a `.toml` of its name beside it is laid over its descriptor.
    #[must_use]
    pub fn file(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let settings = path.with_extension("toml");
        Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            folder: PathBuf::new(),
            file: if path.is_file() {
                Ok(path.to_path_buf())
            } else {
                Err(format!("there is no {}", path.display()))
            },
            settings_file: settings.is_file().then_some(settings),
            settings: String::new(),
            init: BTreeMap::new(),
        }
    }

    /// Sets an init parameter, over those of the descriptor.
    #[must_use]
    pub fn init(mut self, name: &str, value: impl ToString) -> Self {
        self.init.insert(name.to_owned(), value.to_string());
        self
    }

    /// Lays keys of a descriptor over its own: TOML, as in `NAME.toml`.
    #[must_use]
    pub fn settings(mut self, toml: &str) -> Self {
        self.settings.push_str(toml);
        self.settings.push('\n');
        self
    }

    /// Its name: that of the package or file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path of its `.wasm`.
    ///
    /// # Panics
    /// It does not compile.
    #[must_use]
    #[track_caller]
    pub fn path(&self) -> &Path {
        match &self.file {
            Ok(path) => path,
            Err(why) => panic!("{why}"),
        }
    }
}

/// What of a `Cargo.toml` has to be known; the rest is cargo's.
struct Manifest {
    name: String,
}

impl Manifest {
    fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        let package = text.lines().map(str::trim).skip_while(|line| *line != "[package]");
        let name = package
            .filter_map(|line| line.split_once('='))
            .find(|(key, _)| key.trim() == "name")
            .map(|(_, value)| value.trim().trim_matches('"').to_owned());
        name.map(|name| Self { name }).ok_or_else(|| format!("{} names no package", path.display()))
    }
}

/// The folder that the running test was built in: `target`.
pub(crate) fn target_folder() -> PathBuf {
    let marked = |path: &Path| {
        path.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file()).map(Path::to_path_buf)
    };
    let program = std::env::current_exe().ok().and_then(|path| marked(&path));
    program.unwrap_or_else(|| std::env::temp_dir().join("siplet-testkit"))
}

fn built(folder: &Path, manifest: &Manifest) -> Result<PathBuf, String> {
    if let Some(prebuilt) = std::env::var_os("SIPLET_TEST_SERVLETS") {
        let file = PathBuf::from(prebuilt).join(format!("{}.wasm", manifest.name));
        if file.is_file() {
            return Ok(file);
        }
    }
    let Ok(mut built) = BUILT.lock() else {
        return Err("another test died while it built servlets".to_owned());
    };
    built.entry(folder.to_path_buf()).or_insert_with(|| build(folder, manifest)).clone()
}

fn build(folder: &Path, manifest: &Manifest) -> Result<PathBuf, String> {
    let target = target_folder().join("siplet-testkit");
    let says = |what: &str, why: std::io::Error| format!("{what} {}: {why}", target.display());
    fs::create_dir_all(&target).map_err(|why| says("cannot make", why))?;
    let lock = File::create(target.join("lock")).map_err(|why| says("cannot write into", why))?;
    lock.lock().map_err(|why| says("cannot lock", why))?;
    let file = target.join(TARGET).join("release").join(format!("{}.wasm", manifest.name.replace('-', "_")));
    if is_current(&file, folder) {
        return Ok(file);
    }
    let toolchain = Toolchain::find(folder).map_err(|missing| missing.to_string())?;
    let package = Package::read(folder, &toolchain).map_err(|why| why.to_string())?;
    let order = Order { package, toolchain, profile: Profile::Release, colours: false, target: Some(target) };
    let made = siplet_build::build(&order, |_| {}).map_err(|failed| match failed {
        Failed::Errors { text, .. } => {
            format!("the servlet does not compile to WebAssembly ({TARGET}):\n\n{}", text.trim_end())
        }
        Failed::NotStarted(why) => why.to_string(),
    })?;
    let file = made.wasm;
    // Cargo leaves the file as it is when only comments changed: it was looked at now.
    let _ = File::options().append(true).open(&file).and_then(|file| file.set_modified(SystemTime::now()));
    Ok(file)
}

/// True when nothing that the file was made from is younger than it.
fn is_current(file: &Path, folder: &Path) -> bool {
    let age = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let (Some(made), Ok(list)) = (age(file), fs::read_to_string(file.with_extension("d"))) else {
        return false;
    };
    let mut sources: Vec<PathBuf> = sources(&list);
    // A crate's manifest decides as much as its sources do.
    let manifests: Vec<PathBuf> = sources
        .iter()
        .filter_map(|source| source.ancestors().map(|at| at.join("Cargo.toml")).find(|path| path.is_file()))
        .collect();
    sources.extend(manifests);
    for above in folder.ancestors() {
        let settings =
            ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "rust-toolchain", ".cargo/config.toml"];
        sources.extend(settings.iter().map(|name| above.join(name)).filter(|path| path.is_file()));
    }
    sources.sort();
    sources.dedup();
    !sources.is_empty() && sources.iter().all(|source| age(source).is_some_and(|source| source <= made))
}

/// The paths behind the colon; a blank in a path has a backslash before it.
fn sources(list: &str) -> Vec<PathBuf> {
    let Some((_, paths)) = list.split_once(": ") else { return Vec::new() };
    let mut all = vec![String::new()];
    let mut characters = paths.lines().next().unwrap_or_default().chars();
    while let Some(c) = characters.next() {
        match (c, all.last_mut()) {
            ('\\', Some(last)) => last.extend(characters.next()),
            (' ', _) => all.push(String::new()),
            (c, Some(last)) => last.push(c),
            (_, None) => {}
        }
    }
    all.into_iter().filter(|path| !path.is_empty()).map(PathBuf::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_read_from_the_list_that_cargo_writes() {
        let list = "/t/release/answer.wasm: /s/answer/src/lib.rs /my\\ sdk/src/lib.rs\n";
        assert_eq!(
            sources(list),
            [PathBuf::from("/s/answer/src/lib.rs"), PathBuf::from("/my sdk/src/lib.rs")]
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_said_to_be_missing() {
        let servlet = Servlet::file("/nowhere/answer.wasm");
        assert_eq!(
            (servlet.name().to_owned(), servlet.file),
            ("answer".to_owned(), Err("there is no /nowhere/answer.wasm".to_owned()))
        );
    }
}
