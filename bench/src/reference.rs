//! Sizes that were measured elsewhere, by codecs that cannot be run here: read from a CSV, marked
//! as given.
//!
//! Columns `file,bytes,codec,compressed_bytes` by name, any others are skipped. A codec's name may
//! end in `@512K`: the row is then about the file's first so many KiB.

use std::path::Path;

use anyhow::{Context, Result};

use crate::row::Row;

/// The rows of a file of given sizes that are about whole files (`head` is nothing) or heads of
/// that many bytes.
pub fn read(path: &Path, head: Option<u64>) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    parse(&text, head).with_context(|| path.display().to_string())
}

fn parse(text: &str, head: Option<u64>) -> Result<Vec<Row>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .with_context(|| format!("no column '{name}'"))
    };
    let (file, raw, codec, coded) = (
        column("file")?,
        column("bytes")?,
        column("codec")?,
        column("compressed_bytes")?,
    );
    let mut rows = Vec::new();
    for line in lines.filter(|l| !l.is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |i: usize| {
            cells
                .get(i)
                .copied()
                .with_context(|| format!("short line '{line}'"))
        };
        let (name, about) = match cell(codec)?.split_once('@') {
            Some((name, kib)) => (name, Some(kib.trim_end_matches('K').parse::<u64>()? * 1024)),
            None => (cell(codec)?, None),
        };
        if about == head {
            rows.push(Row {
                file: cell(file)?.to_owned(),
                raw: cell(raw)?.parse()?,
                codec: name.to_owned(),
                transform: None,
                coded: cell(coded)?.parse()?,
                cost: None,
                version: "given".to_owned(),
            });
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "set,file,bytes,codec,compressed_bytes,bpd\ndev,a.f32,100,xz-9e,50,4\ndev,a.f32,10,pq-5@512K,7,5\n";

    #[test]
    fn whole_files_and_heads_are_kept_apart() -> Result<()> {
        let whole = parse(CSV, None)?;
        assert_eq!(
            (whole.len(), whole[0].codec.as_str(), whole[0].coded),
            (1, "xz-9e", 50)
        );
        let heads = parse(CSV, Some(512 * 1024))?;
        assert_eq!(
            (heads.len(), heads[0].codec.as_str(), heads[0].raw),
            (1, "pq-5", 10)
        );
        assert!(parse(CSV, Some(65536))?.is_empty());
        assert!(parse("a,b\n", None).is_err());
        Ok(())
    }
}
