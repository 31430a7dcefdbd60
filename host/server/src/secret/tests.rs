use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::scratch::Folder;

#[test]
fn a_secret_is_made_once_and_only_for_its_owner() {
    let folder = Folder::new("secret");
    let inner = folder.path().join("state");
    let first = load_or_make(&inner).unwrap();
    assert_eq!(load_or_make(&inner).unwrap(), first);
    assert_eq!(std::fs::metadata(inner.join("secret")).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_secret_that_others_may_read_is_refused() {
    let folder = Folder::new("secret-open");
    load_or_make(folder.path()).unwrap();
    let file = folder.path().join("secret");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(format!("{:#}", load_or_make(folder.path()).unwrap_err()).contains("chmod 600"));
}

#[test]
fn a_file_that_holds_something_else_is_refused() {
    let folder = Folder::new("secret-wrong");
    let file = folder.path().join("secret");
    std::fs::write(&file, "hunter2\n").unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    assert!(format!("{:#}", load_or_make(folder.path()).unwrap_err()).contains("32 hexadecimal digits"));
}
