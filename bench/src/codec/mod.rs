//! The codecs that this program can run itself. Those with no lean Rust binding are in `peers.py`.

mod catena;
mod columns;
mod general;
mod pco;

use anyhow::{Result, bail};

use crate::corpus::Shape;
use crate::job::{Job, Transform};
use crate::transform::{restore, transpose};

/// The peers that run in this program: name, and the crate whose version is the codec's.
pub const NATIVE: [(&str, &str); 6] = [
    ("gzip-9", "libz-sys"),
    ("xz-9e", "liblzma-sys"),
    ("zstd-19", "zstd-sys"),
    ("zstd-22", "zstd-sys"),
    ("brotli-11", "brotli"),
    ("pco-12", "pco"),
];

/// Codes a file's bytes.
pub fn encode(job: &Job, raw: &[u8]) -> Result<Vec<u8>> {
    let (name, level) = split(&job.codec)?;
    match name {
        "catena" => catena::encode(job, level, raw),
        "pco" => pco::encode(&job.shape, job.transform, level, raw),
        _ => match stride(job) {
            Some(record) => general::encode(name, level, &transpose(raw, record)),
            None => general::encode(name, level, raw),
        },
    }
}

/// Decodes what [`encode`] made of `raw_len` bytes.
pub fn decode(job: &Job, coded: &[u8], raw_len: usize) -> Result<Vec<u8>> {
    let (name, _) = split(&job.codec)?;
    match name {
        "catena" => catena::decode(job, coded),
        "pco" => pco::decode(&job.shape, job.transform, coded, raw_len),
        _ => {
            let plain = general::decode(name, coded, raw_len)?;
            Ok(stride(job)
                .map(|record| restore(&plain, record))
                .unwrap_or(plain))
        }
    }
}

/// The arrangements worth trying for a codec on such bytes; the smallest result is the peer's best.
pub fn transforms(codec: &str, shape: &Shape) -> Vec<Transform> {
    let word = shape.word();
    let records = shape.elements.len() > 1;
    let floats = shape.elements.iter().all(|e| e.kind == 'f' && e.width >= 4);
    let any_float = shape.elements.iter().any(|e| e.kind == 'f' && e.width >= 4);
    let numbers = shape.record > 1;
    let mut out = Vec::new();
    let mut add = |yes: bool, t: Transform| {
        if yes {
            out.push(t);
        }
    };
    match codec.split('-').next().unwrap_or(codec) {
        "pco" | "openzl" => {
            add(numbers && (records || shape.columns), Transform::Column);
            add(numbers && !records, Transform::Flat);
        }
        "fpzip" | "zfp" => {
            // Records of mixed fields go column by column; the fields that are no floats go to
            // zstd.
            add(any_float && (records || shape.columns), Transform::Column);
            add(
                floats && (records || !shape.shape.is_empty()),
                Transform::Grid,
            );
            add(floats && !records, Transform::Flat);
        }
        "blosc2" => {
            add(numbers, Transform::Word);
            add(numbers, Transform::Bits);
            // Its shuffle takes elements of up to 255 bytes.
            add(records && shape.record <= 255, Transform::Record);
        }
        _ => {
            add(true, Transform::Raw);
            add(records, Transform::Record);
            add(word > 1, Transform::Word);
        }
    }
    out
}

/// `xz-9e` is codec `xz` at level 9.
fn split(codec: &str) -> Result<(&str, u32)> {
    let Some((name, level)) = codec.split_once('-') else {
        bail!("no level in '{codec}'")
    };
    Ok((name, level.trim_end_matches('e').parse()?))
}

/// The record that a general-purpose codec's input is transposed by.
fn stride(job: &Job) -> Option<usize> {
    match job.transform {
        Transform::Record => Some(job.shape.record),
        Transform::Word => Some(job.shape.word()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::corpus::{Entry, Source};
    use crate::job::{Direction, Settings};

    fn shape(dtype: &str, shape: &[u64], columns: bool, header: usize) -> Result<Shape> {
        let shape = shape.to_vec();
        let dtype = Some(dtype.to_owned());
        Entry {
            file: String::new(),
            dtype,
            shape,
            columns,
            header,
            source: Source::Raw,
            counts: false,
        }
        .shape()
    }

    #[test]
    fn every_native_codec_gives_the_bytes_back_in_every_arrangement() -> Result<()> {
        // Odd sizes: a header, a tail, columns of every width.
        let raw: Vec<u8> = (0..9_003u32)
            .flat_map(|i| ((i as f32).sqrt()).to_le_bytes())
            .take(36_001)
            .collect();
        let shapes = [
            shape("<u8,3<f4,2u1,>i2,>f8,S3", &[], false, 0)?,
            shape(">f4", &[9, 10, 100], false, 28)?,
            shape("<f8", &[4, 1000], true, 0)?,
            shape("u1", &[], false, 0)?,
        ];
        for shape in shapes {
            let codecs = NATIVE.iter().map(|(name, _)| {
                name.replace("22", "3")
                    .replace("19", "3")
                    .replace("11", "4")
            });
            for codec in codecs {
                for transform in transforms(&codec, &shape) {
                    let job = Job {
                        direction: Direction::Encode,
                        file: PathBuf::new(),
                        head: None,
                        codec: codec.clone(),
                        transform,
                        shape: shape.clone(),
                        blob: PathBuf::new(),
                        repeat: 1,
                        settings: Settings::default(),
                    };
                    let coded = encode(&job, &raw)?;
                    assert!(
                        coded.len() < raw.len(),
                        "{codec} {transform:?} {}",
                        shape.dtype
                    );
                    assert!(
                        decode(&job, &coded, raw.len())? == raw,
                        "{codec} {transform:?} {}",
                        shape.dtype
                    );
                }
            }
        }
        Ok(())
    }
}
