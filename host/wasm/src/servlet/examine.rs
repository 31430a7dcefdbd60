//! Reads a whole `.wasm` before anything of it is compiled: what it is, what it asks for, what it offers.
//!
//! Every byte is parsed, so a file that is still being copied is refused here and never reaches the compiler. A core
//! module that carries its component type is turned into a component; custom sections are read from the file as it came.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use siplet_container::app::Wasi;
use wasmparser::{ComponentExternalKind, Encoding, MemoryType, Parser, Payload, TypeRef};
use wit_component::ComponentEncoder;

use super::descriptor;
use crate::refusal::{Need, Reason};
use crate::v0_1::{EXPORTS, IMPORTS, PACKAGE, VERSION};
use crate::wasi_lite;

/// Bytes that a file may have.
pub(super) const FILE_BYTES_MAX: usize = 64 << 20;
/// Custom section with the descriptor, JSON.
const DESCRIPTOR_SECTION: &str = "siplet-descriptor";

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A core module that carries its component type: what `cargo build` makes.
    Module,
    /// A component.
    Component,
}

/// What stands in a file.
pub(super) struct Examined<'a> {
    pub(super) kind: FileKind,
    /// The component: the file itself, or made of it. Empty when something is wrong before that.
    pub(super) component: Cow<'a, [u8]>,
    /// Names of imported interfaces, or modules.
    pub(super) imports: Vec<String>,
    /// Names of exported interfaces.
    pub(super) exports: Vec<String>,
    /// The descriptor section, JSON.
    pub(super) descriptor: Option<&'a [u8]>,
    /// Bytes of linear memory at the start.
    pub(super) memory_bytes: u64,
    /// Bytes that the file lets its memory grow to; none: it names no maximum.
    pub(super) memory_max_bytes: Option<u64>,
    /// Bytes of information for a debugger.
    pub(super) debug_bytes: u64,
    /// It throws and catches exceptions: a panic unwinds.
    pub(super) has_exceptions: bool,
    /// All that is wrong.
    pub(super) reasons: Vec<Reason>,
}

/// What one pass over the bytes finds.
#[derive(Default)]
struct Found<'a> {
    imports: Vec<String>,
    exports: Vec<String>,
    descriptors: Vec<&'a [u8]>,
    has_component_type: bool,
    memory_bytes: u64,
    memory_max_bytes: Option<u64>,
    debug_bytes: u64,
    has_exceptions: bool,
    shared_memory: bool,
}

/// Examines a file, under the descriptor that it carries with `overrides` over it. The error is what makes it no WebAssembly at all; everything else stands in `reasons`.
pub(super) fn examine<'a>(bytes: &'a [u8], overrides: Option<&Value>) -> Result<Examined<'a>, Reason> {
    let kind = sniff(bytes)?;
    let mut found = parse(bytes).map_err(|error| Reason::Damaged(error.to_string()))?;
    let descriptor = match found.descriptors.as_slice() {
        [] => None,
        [one] => Some(*one),
        [..] => None,
    };
    let mut examined = Examined {
        kind,
        component: Cow::Borrowed(bytes),
        imports: std::mem::take(&mut found.imports),
        exports: std::mem::take(&mut found.exports),
        descriptor,
        memory_bytes: found.memory_bytes,
        memory_max_bytes: found.memory_max_bytes,
        debug_bytes: found.debug_bytes,
        has_exceptions: found.has_exceptions,
        reasons: Vec::new(),
    };
    if found.descriptors.len() > 1 {
        examined
            .reasons
            .push(Reason::Descriptor(format!("the file carries {} of them", found.descriptors.len())));
    }
    if found.shared_memory {
        examined.reasons.push(Reason::SharedMemory);
    }
    let wasi = descriptor::wasi(descriptor, overrides);
    judge_imports(&examined.imports, wasi, &mut examined.reasons);
    if kind == FileKind::Module {
        componentise(bytes, &found, wasi, &mut examined);
    }
    if examined.reasons.is_empty() {
        judge_exports(&examined.exports, &mut examined.reasons);
    }
    Ok(examined)
}

/// Tells WebAssembly from everything else by its first eight bytes.
fn sniff(bytes: &[u8]) -> Result<FileKind, Reason> {
    const MAGIC: &[u8] = b"\0asm";
    if bytes.is_empty() {
        return Err(Reason::NotWebAssembly("it is empty".to_owned()));
    }
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Reason::TooLarge { bytes: bytes.len() as u64, limit: FILE_BYTES_MAX as u64 });
    }
    if Parser::is_component(bytes) {
        return Ok(FileKind::Component);
    }
    if Parser::is_core_wasm(bytes) {
        return Ok(FileKind::Module);
    }
    if bytes.starts_with(MAGIC) && bytes.len() < 8 {
        return Err(Reason::Damaged("only its first bytes are there".to_owned()));
    }
    if bytes.starts_with(b"\x7fELF") {
        return Err(Reason::NotWebAssembly(
            "it is a program for this machine, or compiled code; give the .wasm".to_owned(),
        ));
    }
    let head = &bytes[..bytes.len().min(256)];
    let text = std::str::from_utf8(head).is_ok_and(|head| !head.contains('\0'));
    Err(Reason::NotWebAssembly(
        if text { "it is a text file" } else { "it does not begin with `\\0asm`" }.to_owned(),
    ))
}

fn parse(bytes: &[u8]) -> wasmparser::Result<Found<'_>> {
    let mut found = Found::default();
    // The file itself is at depth 1; modules and components inside it are deeper.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        #[allow(clippy::wildcard_enum_match_arm, reason = "the enum is not ours and open")]
        match payload? {
            Payload::Version { encoding: Encoding::Module | Encoding::Component, .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ImportSection(section) if depth == 1 => {
                for import in section.into_imports() {
                    let import = import?;
                    found.add_import(import.module);
                    if let TypeRef::Memory(memory) = import.ty {
                        found.add_memory(memory);
                    }
                }
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    found.add_import(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Instance {
                        found.exports.push(export.name.name.to_owned());
                    }
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    found.add_memory(memory?);
                }
            }
            Payload::CodeSectionEntry(body) => walk(&body)?,
            Payload::CustomSection(section) if section.name() == DESCRIPTOR_SECTION => {
                found.descriptors.push(section.data());
            }
            Payload::CustomSection(section) if section.name().starts_with(".debug_") => {
                found.debug_bytes = found.debug_bytes.saturating_add(section.data().len() as u64);
            }
            Payload::TagSection(_) => found.has_exceptions = true,
            Payload::CustomSection(section) if depth == 1 && section.name().starts_with("component-type") => {
                found.has_component_type = true;
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Reads the locals of a function; its instructions are the compiler's business, which validates before it compiles.
fn walk(body: &wasmparser::FunctionBody<'_>) -> wasmparser::Result<()> {
    for local in body.get_locals_reader()? {
        local?;
    }
    Ok(())
}

impl Found<'_> {
    fn add_import(&mut self, name: &str) {
        if !self.imports.iter().any(|known| known == name) {
            self.imports.push(name.to_owned());
        }
    }

    fn add_memory(&mut self, memory: MemoryType) {
        self.shared_memory |= memory.shared;
        let page = 1_u64 << memory.page_size_log2.unwrap_or(16).min(63);
        self.memory_bytes = self.memory_bytes.saturating_add(memory.initial.saturating_mul(page));
        if let Some(maximum) = memory.maximum {
            let bytes = maximum.saturating_mul(page);
            self.memory_max_bytes = Some(self.memory_max_bytes.unwrap_or(0).saturating_add(bytes));
        }
    }
}

/// Makes a component of a core module and looks at it as at one that came as a file.
fn componentise(bytes: &[u8], found: &Found<'_>, wasi: Wasi, examined: &mut Examined<'_>) {
    if !found.has_component_type {
        if examined.reasons.is_empty() {
            examined.reasons.push(Reason::NotServlet(
                "it is a module without a component type: build it with the siplet SDK (`#[servlet] impl Servlet for ...`)"
                    .to_owned(),
            ));
        }
        return;
    }
    if !examined.reasons.is_empty() {
        return;
    }
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true);
    let encoded = encoder.module(bytes).and_then(ComponentEncoder::encode);
    let component = match encoded {
        Ok(component) => component,
        Err(error) => return examined.reasons.push(Reason::Shape(format!("{error:#}"))),
    };
    match parse(&component) {
        Ok(found) => {
            examined.imports = found.imports;
            examined.exports = found.exports;
            judge_imports(&examined.imports, wasi, &mut examined.reasons);
        }
        Err(error) => examined.reasons.push(Reason::Shape(error.to_string())),
    }
    examined.component = Cow::Owned(component);
}

/// The allow-list: `siplet:servlet/types` and `siplet:servlet/context` of the version that this host speaks, and what
/// was granted of WASI.
fn judge_imports(imports: &[String], wasi: Wasi, reasons: &mut Vec<Reason>) {
    let mut foreign: BTreeMap<Need, Vec<String>> = BTreeMap::new();
    for import in imports {
        if wasi == Wasi::Lite && wasi_lite::offers(import) {
            continue;
        }
        match own(import) {
            Some((interface, true)) if IMPORTS.contains(&interface) => {}
            Some((_, false)) => {
                reasons.push(Reason::Version { name: import.clone() });
                // One sentence is enough: every other import has the same version.
                return;
            }
            Some((_, true)) | None => foreign.entry(Need::of(import)).or_default().push(import.clone()),
        }
    }
    let lite = wasi == Wasi::None && foreign.values().flatten().all(|name| wasi_lite::offers(name));
    let last = foreign.len();
    let told = foreign.into_iter().enumerate();
    reasons.extend(told.map(|(at, (need, names))| Reason::Imports {
        need,
        names,
        lite: lite && at + 1 == last,
    }));
}

fn judge_exports(exports: &[String], reasons: &mut Vec<Reason>) {
    let servlet = EXPORTS[0];
    let own: Vec<(&String, (&str, bool))> =
        exports.iter().filter_map(|name| Some((name, own(name)?))).collect();
    if own.iter().any(|(_, (interface, fits))| *interface == servlet && *fits) {
        return;
    }
    reasons.push(match own.first() {
        Some((name, (_, false))) => Reason::Version { name: (*name).clone() },
        Some((_, (_, true))) | None => Reason::NotServlet(format!(
            "it exports no {PACKAGE}/{servlet}@{VERSION}: put `#[servlet]` on an `impl Servlet for ...`"
        )),
    });
}

/// The interface of an import or export of siplet's package, and whether its version fits. None: not ours.
fn own(name: &str) -> Option<(&str, bool)> {
    let rest = name.strip_prefix(PACKAGE)?.strip_prefix('/')?;
    let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
    Some((interface, compatible(version)))
}

/// The version of the package `siplet:servlet` that a file was built for: that of the first interface of it.
pub(super) fn built_for<'n>(mut names: impl Iterator<Item = &'n String>) -> Option<String> {
    let version = |name: &'n String| name.strip_prefix(PACKAGE)?.strip_prefix('/')?.split_once('@');
    names.find_map(version).map(|(_, version)| version.to_owned())
}

/// True for another patch of the same minor version: functions are only ever added in it.
fn compatible(version: &str) -> bool {
    let minor = |version: &'static str| version.rsplit_once('.').map_or(version, |(minor, _)| minor);
    match version.strip_prefix(minor(VERSION)) {
        Some(patch) => {
            patch.strip_prefix('.').is_some_and(|patch| patch.bytes().all(|byte| byte.is_ascii_digit()))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fit_within_the_minor_version_only() {
        for (version, fits) in [
            ("0.1.0", true),
            ("0.1.17", true),
            ("0.2.0", false),
            ("0.10.0", false),
            ("0.1.0-rc1", false),
            ("", false),
        ] {
            assert_eq!(compatible(version), fits, "{version}");
        }
    }

    #[test]
    fn a_text_file_and_half_a_header_are_told_apart() {
        assert_eq!(sniff(b"(module)"), Err(Reason::NotWebAssembly("it is a text file".into())));
        assert!(matches!(sniff(b"\0asm\x01"), Err(Reason::Damaged(_))));
        assert_eq!(sniff(b"\0asm\x01\0\0\0"), Ok(FileKind::Module));
        assert_eq!(sniff(b"\0asm\x0d\0\x01\0"), Ok(FileKind::Component));
    }
}
