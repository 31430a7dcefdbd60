//! The templates, as `build.rs` has found them.

/// A folder of the checkout that a crate can be made of.
#[derive(Debug)]
pub(super) struct Template {
    /// Name of the folder.
    pub(super) name: &'static str,
    /// Its files: paths below the folder, and texts.
    pub(super) files: &'static [(&'static str, &'static str)],
}

// TEMPLATES, and the manifest and the lock file of the samples' workspace: WORKSPACE, LOCK; their form: RUSTFMT.
include!(concat!(env!("OUT_DIR"), "/templates.rs"));
