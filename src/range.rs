//! A part of the raw bytes: through the index of a file, by decoding what stands before it in a
//! pipe.

use std::io::{BufReader, Read};
use std::path::Path;

use catena::{Archive, DecompressOptions};

use crate::args::{Range, is_stdin};
use crate::input::Input;
use crate::output::Output;
use crate::report::{Failure, Outcome};

/// Bytes fetched at a time.
const CHUNK: usize = 1024 * 1024;

/// Writes the range of a file that can be read at any place.
pub fn seek(
    input: Input,
    options: DecompressOptions,
    range: Range,
    output: &mut Output,
) -> Outcome<()> {
    let name = input.name.clone();
    let wrong = |e: catena::Error| Failure::new(&name, e);
    let mut archive =
        Archive::open_with(BufReader::new(input.into_file()), options).map_err(wrong)?;
    let end = end_of(range, archive.len(), &name)?;
    let mut at = range.offset;
    let mut buffer = vec![0; CHUNK.min(usize::try_from(end - at).unwrap_or(CHUNK))];
    while at < end {
        let n = usize::try_from(end - at).map_or(buffer.len(), |left| left.min(buffer.len()));
        archive.read_at(at, &mut buffer[..n]).map_err(wrong)?;
        output.put(&buffer[..n])?;
        at += n as u64;
    }
    Ok(())
}

/// Writes the range of what can only be read once, from its beginning.
pub fn skip(decoder: &mut dyn Read, name: &str, range: Range, output: &mut Output) -> Outcome<()> {
    let wrong = |e: std::io::Error| Failure::new(name, e);
    let skipped =
        std::io::copy(&mut decoder.take(range.offset), &mut std::io::sink()).map_err(wrong)?;
    let mut buffer = vec![0; CHUNK];
    let mut left = range.len.unwrap_or(u64::MAX);
    let mut at = skipped;
    while left > 0 {
        let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let n = decoder.read(&mut buffer[..want]).map_err(wrong)?;
        if n == 0 {
            break;
        }
        output.put(&buffer[..n])?;
        (at, left) = (at + n as u64, left - n as u64);
    }
    end_of(range, at, name).map(drop)
}

/// Where the range ends in `total` raw bytes.
fn end_of(range: Range, total: u64, name: &str) -> Outcome<u64> {
    let end = range
        .len
        .map_or(total, |len| range.offset.saturating_add(len));
    if range.offset > total || end > total {
        let what = format!(
            "the range {}..{end} does not lie in its {total} bytes",
            range.offset
        );
        return Err(Failure::new(name, what));
    }
    Ok(end)
}

/// Whether the range can be found through the index.
pub fn can_seek(path: &Path, input: &Input) -> bool {
    !is_stdin(path) && input.metadata.is_file()
}
