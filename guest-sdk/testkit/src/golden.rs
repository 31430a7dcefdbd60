//! Pictures of calls that are kept beside a test.

use std::fs;
use std::panic::Location;
use std::path::PathBuf;

use crate::core::Core;

/// Set, pictures are written instead of compared.
const BLESS: &str = "SIPLET_BLESS";

#[track_caller]
pub(crate) fn expect(core: &Core, name: &str, test: &'static Location<'static>) {
    let ladder = core.ladder(true);
    let path = match place(core, name, test) {
        Ok(path) => path,
        Err(why) => core.fail(&why),
    };
    if std::env::var_os(BLESS).is_some() {
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(why) = folder.and_then(|()| fs::write(&path, &ladder)) {
            core.fail(&format!("{} cannot be written: {why}", path.display()));
        }
        return;
    }
    match fs::read_to_string(&path) {
        Ok(kept) if kept == ladder => {}
        Ok(kept) => {
            let text = format!(
                "the ladder is another one than {} ({BLESS}=1 renews it)\n{}",
                path.display(),
                difference(&kept, &ladder)
            );
            core.fail(&text);
        }
        Err(_) => core.fail(&format!("there is no {} yet ({BLESS}=1 writes it)", path.display())),
    }
}

/// `ladders/NAME.txt` beside the file of the test.
fn place(core: &Core, name: &str, test: &Location<'_>) -> Result<PathBuf, String> {
    if name.is_empty() || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(format!("{name:?} is no name of a ladder"));
    }
    // The compiler names files from the folder that it was started in: the package's, or its workspace's.
    let packages: Vec<PathBuf> =
        core.plan.borrow().servlets.iter().map(|servlet| servlet.folder.clone()).collect();
    let started_in = std::env::current_dir().unwrap_or_default();
    let folders = packages.iter().chain([&started_in]).flat_map(|folder| folder.ancestors());
    let file = folders.map(|folder| folder.join(test.file())).find(|file| file.is_file());
    let folder = file.as_deref().and_then(std::path::Path::parent).map_or(started_in.clone(), PathBuf::from);
    Ok(folder.join("ladders").join(format!("{name}.txt")))
}

fn difference(kept: &str, new: &str) -> String {
    let (kept, new): (Vec<&str>, Vec<&str>) = (kept.lines().collect(), new.lines().collect());
    let same = kept.iter().zip(&new).take_while(|(one, other)| one == other).count();
    let rest = |lines: &[&str], mark: &str| -> Vec<String> {
        lines.iter().skip(same).take(5).map(|line| format!("  {mark} {line}")).collect()
    };
    [rest(&kept, "-"), rest(&new, "+")].concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_begins_where_it_begins() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "  - b\n  - c\n  + x\n  + c");
    }
}
