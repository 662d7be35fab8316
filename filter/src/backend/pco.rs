//! pco over one column, in its wrapped form: chunks of one page each, without a header of its own.
//!
//! The chunks' lengths follow from the number of values (equal chunks of up to 2^18), so that only
//! pco's own bytes are stored. What pco would allocate for a hostile header is checked before it
//! does.

use pco::data_types::Number;
use pco::metadata::DeltaEncoding;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, PagingSpec};

use super::table::Column;
use crate::error::{Error, Result};
use crate::layout::{ByteOrder, Kind};

/// Most values of a chunk, pco's own default.
const CHUNK_MAX: usize = 1 << 18;

/// Largest window of pco's lookback that is accepted; pco 1.1 writes up to 15.
const WINDOW_LOG_MAX: u32 = 16;

/// The lengths of the chunks of `n` values: equal to within one, the longer ones first.
fn chunks(n: usize) -> impl Iterator<Item = usize> {
    let chunk_n = n.div_ceil(CHUNK_MAX).max(1);
    (0..chunk_n).map(move |i| n / chunk_n + usize::from(i < n % chunk_n))
}

/// A number as it stands in a record.
trait Stored: Number + Default {
    fn read(bytes: &[u8], order: ByteOrder) -> Vec<Self>;
    fn write(values: &[Self], order: ByteOrder) -> Vec<u8>;
}

macro_rules! stored {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            fn read(bytes: &[u8], order: ByteOrder) -> Vec<Self> {
                let (words, _) = bytes.as_chunks();
                match order {
                    ByteOrder::Little => words.iter().map(|&w| Self::from_le_bytes(w)).collect(),
                    ByteOrder::Big => words.iter().map(|&w| Self::from_be_bytes(w)).collect(),
                }
            }

            fn write(values: &[Self], order: ByteOrder) -> Vec<u8> {
                match order {
                    ByteOrder::Little => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
                    ByteOrder::Big => values.iter().flat_map(|v| v.to_be_bytes()).collect(),
                }
            }
        }
    )*};
}

stored!(u8, u16, u32, u64, i8, i16, i32, i64, half::f16, f32, f64);

/// Calls the function for the column's number type; `None` if pco has none for it.
macro_rules! dispatch {
    ($column:expr, $function:ident($($argument:expr),*)) => {
        match ($column.kind, $column.width) {
            (Kind::Uint, 1) => Some($function::<u8>($($argument),*)),
            (Kind::Uint, 2) => Some($function::<u16>($($argument),*)),
            (Kind::Uint, 4) => Some($function::<u32>($($argument),*)),
            (Kind::Uint, 8) => Some($function::<u64>($($argument),*)),
            (Kind::Int, 1) => Some($function::<i8>($($argument),*)),
            (Kind::Int, 2) => Some($function::<i16>($($argument),*)),
            (Kind::Int, 4) => Some($function::<i32>($($argument),*)),
            (Kind::Int, 8) => Some($function::<i64>($($argument),*)),
            (Kind::Float, 2) => Some($function::<half::f16>($($argument),*)),
            (Kind::Float, 4) => Some($function::<f32>($($argument),*)),
            (Kind::Float, 8) => Some($function::<f64>($($argument),*)),
            _ => None,
        }
    };
}

/// The bytes that name pco's format version, stored once for all columns of a frame.
pub(super) fn file_header() -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a Vec cannot fail; an empty header would be refused by `read_file_header`.
    let _ = FileCompressor::default().write_header(&mut out);
    out
}

/// Reads what [`file_header`] wrote and advances past it.
pub(super) fn read_file_header(input: &mut &[u8]) -> Result<FileDecompressor> {
    let (decompressor, rest) = FileDecompressor::new(*input).map_err(corrupt)?;
    *input = rest;
    Ok(decompressor)
}

/// The column's elements (as they stand in the records) compressed; `None` if pco cannot.
pub(super) fn compress(column: &Column, elements: &[u8], level: usize) -> Option<Vec<u8>> {
    dispatch!(column, compress_as(elements, column.order, level)).flatten()
}

fn compress_as<T: Stored>(elements: &[u8], order: ByteOrder, level: usize) -> Option<Vec<u8>> {
    let values = T::read(elements, order);
    let file = FileCompressor::default();
    let mut out = Vec::new();
    let mut rest = values.as_slice();
    for n in chunks(values.len()) {
        let (chunk, later) = rest.split_at(n);
        let config = ChunkConfig::default()
            .with_compression_level(level)
            .with_enable_8_bit(true)
            .with_paging_spec(PagingSpec::Exact(vec![n]));
        let mut compressor = file.chunk_compressor(chunk, &config).ok()?;
        compressor.write_meta(&mut out).ok()?;
        compressor.write_page(0, &mut out).ok()?;
        rest = later;
    }
    Some(out)
}

/// The elements of the column, `n` of them, as they stand in the records.
pub(super) fn decompress(
    file: &FileDecompressor,
    column: &Column,
    payload: &[u8],
    n: usize,
) -> Result<Vec<u8>> {
    dispatch!(column, decompress_as(file, column.order, payload, n))
        .unwrap_or_else(|| Err(Error::corrupt("pco data for a column of bytes")))
}

fn decompress_as<T: Stored>(
    file: &FileDecompressor,
    order: ByteOrder,
    mut payload: &[u8],
    n: usize,
) -> Result<Vec<u8>> {
    let mut values = vec![T::default(); n];
    let mut rest = values.as_mut_slice();
    for chunk_n in chunks(n) {
        let (chunk, later) = rest.split_at_mut(chunk_n);
        let (mut decompressor, after) =
            file.chunk_decompressor::<T, _>(payload).map_err(corrupt)?;
        if let DeltaEncoding::Lookback { config, .. } = &decompressor.meta().delta_encoding {
            // pco allocates the whole window.
            if config.window_n_log > WINDOW_LOG_MAX {
                return Err(Error::corrupt("pco data"));
            }
        }
        let mut page = decompressor
            .page_decompressor(after, chunk_n)
            .map_err(corrupt)?;
        let progress = page.read(chunk).map_err(corrupt)?;
        if progress.n_processed != chunk_n {
            return Err(Error::corrupt("pco data"));
        }
        payload = page.into_src();
        rest = later;
    }
    if !payload.is_empty() {
        return Err(Error::corrupt("pco data"));
    }
    Ok(T::write(&values, order))
}

fn corrupt(_: pco::errors::PcoError) -> Error {
    Error::corrupt("pco data")
}
