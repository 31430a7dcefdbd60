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

/// A file that only its owner may read.
fn put(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

fn config(folder: &Path) -> Config {
    Config { state_dir: folder.to_path_buf(), ..Config::default() }
}

const ONE: &str = "00112233445566778899aabbccddeeff\n";
const TWO: &str = "ffeeddccbbaa99887766554433221100\n";

/// Rotation is one command: `mv secret previous-secret`.
#[test]
fn a_secret_that_is_moved_away_is_the_previous_one_and_a_new_one_is_made() {
    let folder = Folder::new("secret-rotated");
    let before = load(&config(folder.path())).unwrap();
    assert_eq!(before.previous, None);
    std::fs::rename(folder.path().join(SECRET), folder.path().join(PREVIOUS)).unwrap();
    let after = load(&config(folder.path())).unwrap();
    assert_eq!(after.previous, Some(before.current));
    assert_ne!(after.current, before.current);
    assert_eq!(load(&config(folder.path())).unwrap(), after, "and stays so");
    std::fs::remove_file(folder.path().join(PREVIOUS)).unwrap();
    assert_eq!(load(&config(folder.path())).unwrap(), Secrets { current: after.current, previous: None });
}

#[test]
fn a_secret_that_was_copied_instead_of_moved_is_no_rotation() {
    let folder = Folder::new("secret-copied");
    put(&folder.path().join(SECRET), ONE);
    put(&folder.path().join(PREVIOUS), ONE);
    assert_eq!(load(&config(folder.path())).unwrap().previous, None);
}

#[test]
fn files_that_the_settings_name_are_used_and_have_to_be_there() {
    let folder = Folder::new("secret-named");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let named =
        Config { secret_file: one.clone(), previous_secret_file: two.clone(), ..config(folder.path()) };
    let why = format!("{:#}", load(&named).unwrap_err());
    assert!(why.contains("`secret-file`") && why.contains("is not there"), "{why}");
    put(&one, ONE);
    let why = format!("{:#}", load(&named).unwrap_err());
    assert!(why.contains("`previous-secret-file`") && why.contains("is not there"), "{why}");
    put(&two, TWO);
    let secrets = load(&named).unwrap();
    assert_eq!(secrets.current, Secret(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes()));
    assert_eq!(secrets.previous, Some(Secret(0xffee_ddcc_bbaa_9988_7766_5544_3322_1100_u128.to_be_bytes())));
    assert!(!folder.path().join(SECRET).exists(), "none is made beside one that is named");
    std::fs::set_permissions(&two, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(format!("{:#}", load(&named).unwrap_err()).contains("chmod 600"));
}

/// Calls end with the process where they are kept in memory: their names may.
#[test]
fn a_state_folder_that_cannot_be_used_stops_no_host_that_keeps_calls_in_memory() {
    let folder = Folder::new("secret-unusable");
    put(&folder.path().join(SECRET), "hunter2\n");
    put(&folder.path().join(PREVIOUS), "hunter1\n");
    let secrets = load(&config(folder.path())).unwrap();
    assert_eq!(secrets.previous, None);
    assert_ne!(load(&config(folder.path())).unwrap().current, secrets.current, "one of this run alone");
}
