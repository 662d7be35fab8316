//! gzip, xz, zstd and brotli, each as its own command line sets it up at its best.

use std::io::{Read, Write};

use anyhow::{Result, bail};
use liblzma::stream::{Check, PRESET_EXTREME, Stream};

/// Codes bytes.
pub fn encode(name: &str, level: u32, raw: &[u8]) -> Result<Vec<u8>> {
    Ok(match name {
        "gzip" => {
            let mut out =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
            out.write_all(raw)?;
            out.finish()?
        }
        "xz" => {
            let stream = Stream::new_easy_encoder(level | PRESET_EXTREME, Check::Crc64)?;
            let mut out = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
            out.write_all(raw)?;
            out.finish()?
        }
        "zstd" => zstd::bulk::compress(raw, level as i32)?,
        "brotli" => {
            let mut out = brotli::CompressorWriter::new(Vec::new(), 1 << 16, level, 24);
            out.write_all(raw)?;
            out.into_inner()
        }
        _ => bail!("no codec '{name}' here"),
    })
}

/// Decodes what [`encode`] made of `raw_len` bytes.
pub fn decode(name: &str, coded: &[u8], raw_len: usize) -> Result<Vec<u8>> {
    let mut raw = Vec::with_capacity(raw_len);
    match name {
        "gzip" => flate2::read::GzDecoder::new(coded).read_to_end(&mut raw)?,
        "xz" => liblzma::read::XzDecoder::new(coded).read_to_end(&mut raw)?,
        "zstd" => return Ok(zstd::bulk::decompress(coded, raw_len)?),
        "brotli" => brotli::Decompressor::new(coded, 1 << 16).read_to_end(&mut raw)?,
        _ => bail!("no codec '{name}' here"),
    };
    Ok(raw)
}
