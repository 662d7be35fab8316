//! What the environment asks for, as zstd and xz have it: CATENA_LEVEL and CATENA_THREADS stand in
//! for `-1` to `-9` and `-T` where the command line has none, CATENA_OPT holds options that come
//! before those of the command line.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

use catena::Level;
use catena_files::printable;

/// The level asked for, if one is.
pub fn level() -> Option<Level> {
    static LEVEL: OnceLock<Option<Level>> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let level = |text: &str| text.parse().ok().and_then(Level::new);
        number("CATENA_LEVEL", "a level from 1 to 9", level)
    })
}

/// The threads asked for; 0 means one a core.
pub fn threads() -> usize {
    static THREADS: OnceLock<usize> = OnceLock::new();
    *THREADS.get_or_init(|| {
        let threads = |text: &str| text.parse().ok();
        number("CATENA_THREADS", "a number of threads", threads).unwrap_or(0)
    })
}

/// What a variable says. As with zstd, one that makes no sense is told of and left aside.
fn number<T>(name: &str, what: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    let text = std::env::var_os(name).filter(|text| !text.is_empty())?;
    let value = text.to_str().and_then(|text| parse(text.trim()));
    if value.is_none() {
        let text = printable(&text.to_string_lossy());
        tell!("catena: {name}: '{text}' is not {what}, and is left aside");
    }
    value
}

/// The options of CATENA_OPT, which are separated by blanks.
pub fn options() -> Result<Vec<OsString>, String> {
    let text = std::env::var_os("CATENA_OPT").unwrap_or_default();
    let text: &OsStr = &text;
    let text = text.to_str().ok_or("CATENA_OPT: is not text")?;
    Ok(text.split_ascii_whitespace().map(OsString::from).collect())
}
