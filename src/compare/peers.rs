//! The codecs that everybody has, each at its best setting: gzip, xz and zstd on the bytes as they
//! are, pco a column at a time.

use std::io::{Read, Write};

use catena::{ByteOrder, Kind, Layout};
use pco::standalone::{simple_compress, simple_decompress};

use super::Codec;

/// All peers, in the order of the table.
pub fn all() -> Vec<Box<dyn Codec>> {
    vec![Box::new(Gzip), Box::new(Zstd), Box::new(Xz), Box::new(Pco)]
}

struct Gzip;
struct Zstd;
struct Xz;
struct Pco;

impl Codec for Gzip {
    fn name(&self) -> String {
        "gzip -9".into()
    }

    fn compress(&self, raw: &[u8], _: &Layout) -> Result<Vec<u8>, String> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder
            .write_all(raw)
            .and_then(|()| encoder.finish())
            .map_err(|e| e.to_string())
    }

    fn decompress(&self, coded: &[u8], _: &Layout, raw_len: usize) -> Result<Vec<u8>, String> {
        let mut raw = Vec::with_capacity(raw_len);
        flate2::read::GzDecoder::new(coded)
            .read_to_end(&mut raw)
            .map_err(|e| e.to_string())?;
        Ok(raw)
    }
}

impl Codec for Zstd {
    fn name(&self) -> String {
        "zstd -19".into()
    }

    fn compress(&self, raw: &[u8], _: &Layout) -> Result<Vec<u8>, String> {
        zstd::bulk::compress(raw, 19).map_err(|e| e.to_string())
    }

    fn decompress(&self, coded: &[u8], _: &Layout, raw_len: usize) -> Result<Vec<u8>, String> {
        zstd::bulk::decompress(coded, raw_len).map_err(|e| e.to_string())
    }
}

impl Codec for Xz {
    fn name(&self) -> String {
        "xz -9e".into()
    }

    fn compress(&self, raw: &[u8], _: &Layout) -> Result<Vec<u8>, String> {
        /// `LZMA_PRESET_EXTREME`.
        const EXTREME: u32 = 1 << 31;
        let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 9 | EXTREME);
        encoder
            .write_all(raw)
            .and_then(|()| encoder.finish())
            .map_err(|e| e.to_string())
    }

    fn decompress(&self, coded: &[u8], _: &Layout, raw_len: usize) -> Result<Vec<u8>, String> {
        let mut raw = Vec::with_capacity(raw_len);
        liblzma::read::XzDecoder::new(coded)
            .read_to_end(&mut raw)
            .map_err(|e| e.to_string())?;
        Ok(raw)
    }
}

impl Codec for Pco {
    fn name(&self) -> String {
        "pco -12, columns".into()
    }

    /// The columns one after another, each behind its length.
    fn compress(&self, raw: &[u8], layout: &Layout) -> Result<Vec<u8>, String> {
        let record = layout.record_size() as usize;
        if layout.is_bytes() || raw.len() < record || !raw.len().is_multiple_of(record) {
            return Err("takes whole records of numbers".into());
        }
        let mut coded = Vec::new();
        for column in columns(layout)? {
            let column = column.compress(raw, record)?;
            coded.extend_from_slice(&(column.len() as u32).to_le_bytes());
            coded.extend_from_slice(&column);
        }
        Ok(coded)
    }

    fn decompress(
        &self,
        mut coded: &[u8],
        layout: &Layout,
        raw_len: usize,
    ) -> Result<Vec<u8>, String> {
        let mut raw = vec![0; raw_len];
        for column in columns(layout)? {
            let (len, rest) = coded.split_first_chunk::<4>().ok_or("truncated")?;
            let (body, rest) = rest
                .split_at_checked(u32::from_le_bytes(*len) as usize)
                .ok_or("truncated")?;
            column.decompress(body, &mut raw, layout.record_size() as usize)?;
            coded = rest;
        }
        Ok(raw)
    }
}

/// A scalar of the record as pco sees it.
struct Column {
    offset: usize,
    number: Number,
    order: ByteOrder,
}

/// pco has no numbers of one byte: they are widened.
#[derive(Clone, Copy)]
enum Number {
    Byte,
    U16,
    I16,
    F16,
    U32,
    I32,
    F32,
    U64,
    I64,
    F64,
}

fn columns(layout: &Layout) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    for field in layout.fields() {
        let number = match (field.kind, field.width) {
            (_, 1) => Number::Byte,
            (Kind::Float, 2) => Number::F16,
            (Kind::Int, 2) => Number::I16,
            (Kind::Uint, 2) => Number::U16,
            (Kind::Float, 4) => Number::F32,
            (Kind::Float, 8) => Number::F64,
            (Kind::Int, 4) => Number::I32,
            (Kind::Int, 8) => Number::I64,
            (Kind::Uint, 4) => Number::U32,
            (Kind::Uint, 8) => Number::U64,
            (kind, width) => return Err(format!("no numbers of {width} bytes ({kind:?})")),
        };
        let place = |at: u32| Column {
            offset: (field.offset + at * field.width) as usize,
            number,
            order: field.order,
        };
        columns.extend((0..field.count).map(place));
    }
    Ok(columns)
}

impl Column {
    fn compress(&self, raw: &[u8], record: usize) -> Result<Vec<u8>, String> {
        let config = pco::ChunkConfig::default().with_compression_level(12);
        macro_rules! gather {
            ($type:ty) => {{
                let value = |bytes: &[u8]| {
                    bytes[self.offset..]
                        .first_chunk()
                        .map(|b| match self.order {
                            ByteOrder::Little => <$type>::from_le_bytes(*b),
                            ByteOrder::Big => <$type>::from_be_bytes(*b),
                        })
                };
                let values: Option<Vec<$type>> = raw.chunks_exact(record).map(value).collect();
                simple_compress(&values.ok_or("a field ends past its record")?, &config)
            }};
        }
        let coded = match self.number {
            Number::Byte => {
                let values: Vec<u16> = raw
                    .chunks_exact(record)
                    .map(|r| u16::from(r[self.offset]))
                    .collect();
                simple_compress(&values, &config)
            }
            Number::U16 => gather!(u16),
            Number::I16 => gather!(i16),
            Number::F16 => gather!(half::f16),
            Number::U32 => gather!(u32),
            Number::I32 => gather!(i32),
            Number::F32 => gather!(f32),
            Number::U64 => gather!(u64),
            Number::I64 => gather!(i64),
            Number::F64 => gather!(f64),
        };
        coded.map_err(|e| e.to_string())
    }

    fn decompress(&self, coded: &[u8], raw: &mut [u8], record: usize) -> Result<(), String> {
        macro_rules! scatter {
            ($type:ty) => {{
                let values = simple_decompress::<$type>(coded).map_err(|e| e.to_string())?;
                for (place, value) in raw.chunks_exact_mut(record).zip(values) {
                    let bytes = match self.order {
                        ByteOrder::Little => value.to_le_bytes(),
                        ByteOrder::Big => value.to_be_bytes(),
                    };
                    place[self.offset..][..size_of::<$type>()].copy_from_slice(&bytes);
                }
            }};
        }
        match self.number {
            Number::Byte => {
                let values = simple_decompress::<u16>(coded).map_err(|e| e.to_string())?;
                for (place, value) in raw.chunks_exact_mut(record).zip(values) {
                    place[self.offset] = value as u8;
                }
            }
            Number::U16 => scatter!(u16),
            Number::I16 => scatter!(i16),
            Number::F16 => scatter!(half::f16),
            Number::U32 => scatter!(u32),
            Number::I32 => scatter!(i32),
            Number::F32 => scatter!(f32),
            Number::U64 => scatter!(u64),
            Number::I64 => scatter!(i64),
            Number::F64 => scatter!(f64),
        }
        Ok(())
    }
}
