//! Where a result goes, and what it is called when no name was given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use catena::stream::Foreign;

use crate::args::{Args, Mode, is_stdin};
use crate::output::Target;
use crate::report::{Failure, Outcome, name_of};

/// What compressed files are called.
pub const SUFFIX: &str = ".cat";

/// Where the result of `path` goes; `derived` makes a name where none was given.
pub fn target(
    args: &Args,
    path: &Path,
    derived: impl FnOnce() -> Outcome<PathBuf>,
) -> Outcome<Target> {
    Ok(match &args.output {
        _ if args.mode() == Mode::Test => Target::Nowhere,
        Some(output) if is_stdin(output) => Target::Stdout,
        Some(output) => Target::Path(output.clone()),
        None if args.stdout || is_stdin(path) || args.range.is_some() => Target::Stdout,
        None => Target::Path(derived()?),
    })
}

/// Standard input to standard output: the middle of a pipe.
pub fn is_filter(path: &Path, target: &Target) -> bool {
    is_stdin(path) && matches!(target, Target::Stdout)
}

/// `data.bin` becomes `data.bin.cat`; with `--from`, `data.bin.gz` does too. A `.cat` file is not
/// compressed again unless forced.
pub fn compressed(path: &Path, from: Foreign, force: bool) -> Outcome<PathBuf> {
    let ends = |suffix: &str| {
        path.as_os_str()
            .as_encoded_bytes()
            .ends_with(suffix.as_bytes())
    };
    if ends(SUFFIX) && !force {
        let what = format!("already has the suffix {SUFFIX}; -f compresses it again");
        return Err(Failure::new(&name_of(path), what));
    }
    let foreign = if from == Foreign::None {
        None
    } else {
        FOREIGN.iter().find_map(|suffix| without(path, suffix))
    };
    let mut name = foreign.unwrap_or_else(|| path.to_owned()).into_os_string();
    name.push(SUFFIX);
    Ok(name.into())
}

/// `data.bin.cat` becomes `data.bin`.
pub fn raw(path: &Path) -> Outcome<PathBuf> {
    without(path, SUFFIX).ok_or_else(|| {
        let what = format!("does not end in {SUFFIX}; name the output with -o or -c");
        Failure::new(&name_of(path), what)
    })
}

/// Suffixes of what `--from` reads.
const FOREIGN: [&str; 4] = [".gz", ".zst", ".xz", ".bz2"];

/// The path without the suffix, if it has it and more than it.
fn without(path: &Path, suffix: &str) -> Option<PathBuf> {
    let name = path.file_name()?;
    let stem = name.as_encoded_bytes().strip_suffix(suffix.as_bytes())?;
    if stem.is_empty() {
        return None;
    }
    // The suffix is ASCII, so the cut falls between characters.
    let stem = name.to_str().map_or_else(
        || cut(name, suffix.len()),
        |name| Some(name[..stem.len()].into()),
    )?;
    Some(path.with_file_name(stem))
}

/// A name that is not UTF-8, without its last `n` bytes.
#[cfg(unix)]
fn cut(name: &std::ffi::OsStr, n: usize) -> Option<OsString> {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let bytes = name.as_bytes();
    Some(OsString::from_vec(
        bytes[..bytes.len().checked_sub(n)?].to_vec(),
    ))
}

#[cfg(not(unix))]
fn cut(_name: &std::ffi::OsStr, _n: usize) -> Option<OsString> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(result: Outcome<PathBuf>) -> Option<String> {
        result.ok().map(|path| name_of(&path))
    }

    #[test]
    fn compressing_adds_the_suffix() {
        let compressed = |path: &str, from, force| name(compressed(Path::new(path), from, force));
        assert_eq!(
            compressed("a/x.bin", Foreign::None, false).as_deref(),
            Some("a/x.bin.cat")
        );
        assert_eq!(compressed("x.cat", Foreign::None, false), None);
        assert_eq!(
            compressed("x.cat", Foreign::None, true).as_deref(),
            Some("x.cat.cat")
        );
        assert_eq!(
            compressed("x.gz", Foreign::None, false).as_deref(),
            Some("x.gz.cat")
        );
        assert_eq!(
            compressed("x.gz", Foreign::Auto, false).as_deref(),
            Some("x.cat")
        );
        assert_eq!(
            compressed("x.bin", Foreign::Auto, false).as_deref(),
            Some("x.bin.cat")
        );
    }

    #[test]
    fn decompressing_takes_it_away() {
        let raw = |path: &str| name(raw(Path::new(path)));
        assert_eq!(raw("a/x.bin.cat").as_deref(), Some("a/x.bin"));
        assert_eq!(raw("x.bin"), None);
        assert_eq!(raw("a/.cat"), None, "nothing would be left of the name");
    }

    #[cfg(unix)]
    #[test]
    fn names_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"\xff.cat"));
        let raw = raw(path).expect("a name");
        assert_eq!(raw.as_os_str().as_bytes(), b"\xff");
    }
}
