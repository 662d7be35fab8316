//! Names and foreign text, as they may be printed: without what a terminal would obey.

use std::fmt::Write;
use std::path::Path;

/// A path with control characters and bytes that are no text escaped: `\n`, `\x1b`, `\xff`.
pub fn shown(path: &Path) -> String {
    let mut out = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        escape(chunk.valid(), &mut out);
        for byte in chunk.invalid() {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Text with control characters escaped.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text, &mut out);
    out
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        let written = match c {
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            '\t' => out.write_str("\\t"),
            // C0, DEL and C1 lie below 256.
            c if c.is_control() => write!(out, "\\x{:02x}", u32::from(c)),
            // These turn around what stands beside them.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                write!(out, "\\u{{{:x}}}", u32::from(c))
            }
            c => out.write_char(c),
        };
        // Writing to a string does not fail.
        let _ = written;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_obey() {
        assert_eq!(printable("a b-é.cat"), "a b-é.cat");
        assert_eq!(
            printable("\u{1b}[2Jx\ny\r\u{9b}31m\u{7f}\u{202e}"),
            "\\x1b[2Jx\\ny\\r\\x9b31m\\x7f\\u{202e}"
        );
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"a\xff\x1b");
            assert_eq!(shown(Path::new(name)), "a\\xff\\x1b");
        }
    }
}
