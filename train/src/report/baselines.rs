//! The marks to beat: what others make of the held-out bytes, and what Catena's experts make of
//! them alone.

use anyhow::{Context, Result};
use catena_filter::{ByteOrder, CompressOptions, Kind, Layout, Level};
use liblzma::stream::{Check, PRESET_EXTREME, Stream};
use pco::ChunkConfig;
use pco::data_types::Number;
use pco::standalone::simple_compress;

/// zstd's level, for itself and for what pco does not take.
const ZSTD: i32 = 19;

/// One mark.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What coded the bytes.
    pub name: String,
    /// Coded bits per raw byte.
    pub bpb: f64,
}

/// Coded bits per raw byte; 0 of nothing.
pub fn bits_per_byte(coded: usize, raw: usize) -> f64 {
    if raw == 0 {
        return 0.0;
    }
    8.0 * coded as f64 / raw as f64
}

/// What `xz -9e`, `zstd -19`, pco (level 12, a column at a time) and Catena's experts (level 7)
/// make of these bytes, each from a cold start. It takes as long as they take: about three seconds
/// a megabyte.
///
/// # Errors
/// Those of the codecs.
pub fn baselines(held_out: &[u8], layout: &Layout) -> Result<Vec<Baseline>> {
    let (others, experts) = std::thread::scope(|scope| {
        let experts = scope.spawn(|| experts(held_out, layout));
        let others = || Ok([xz(held_out)?, zstd(held_out)?, columns(held_out, layout)?]);
        let others: Result<[usize; 3]> = others();
        (others, experts.join())
    });
    let [xz, zstd, pco] = others?;
    let experts = experts.map_err(|_| anyhow::anyhow!("the experts gave up"))??;
    let sizes = [
        ("xz -9e", xz),
        ("zstd -19", zstd),
        ("pco, columns", pco),
        ("experts alone", experts),
    ];
    let baseline = |(name, coded): (&str, usize)| Baseline {
        name: name.to_owned(),
        bpb: bits_per_byte(coded, held_out.len()),
    };
    Ok(sizes.into_iter().map(baseline).collect())
}

fn experts(raw: &[u8], layout: &Layout) -> Result<usize> {
    let options = CompressOptions::new()
        .with_level(Level::new(7).context("no level 7")?)
        .with_layout(layout.clone())
        .with_threads(1);
    Ok(catena_filter::compress(raw, &options)?.len())
}

fn xz(raw: &[u8]) -> Result<usize> {
    let stream = Stream::new_easy_encoder(9 | PRESET_EXTREME, Check::Crc64)?;
    let mut out = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    std::io::Write::write_all(&mut out, raw)?;
    Ok(out.finish()?.len())
}

fn zstd(raw: &[u8]) -> Result<usize> {
    Ok(zstd::bulk::compress(raw, ZSTD)?.len())
}

/// pco by column; bytes that are no numbers, and what fills no record, by zstd.
fn columns(raw: &[u8], layout: &Layout) -> Result<usize> {
    let record = layout.record_size() as usize;
    let rows = raw.chunks_exact(record);
    let mut coded = match rows.remainder() {
        [] => 0,
        rest => zstd(rest)?,
    };
    for field in layout.fields() {
        let width = field.width as usize;
        for element in 0..field.count as usize {
            let at = field.offset as usize + element * width;
            let mut column = Vec::with_capacity(rows.len() * width);
            for row in rows.clone() {
                let value = row
                    .get(at..at + width)
                    .context("a field ends past its record")?;
                match field.order {
                    ByteOrder::Little => column.extend_from_slice(value),
                    ByteOrder::Big => column.extend(value.iter().rev()),
                }
            }
            coded += match (field.kind, field.width) {
                (Kind::Float, 4) => numbers(&column, f32::from_le_bytes),
                (Kind::Float, 8) => numbers(&column, f64::from_le_bytes),
                (Kind::Int, 1) => numbers(&column, i8::from_le_bytes),
                (Kind::Int, 2) => numbers(&column, i16::from_le_bytes),
                (Kind::Int, 4) => numbers(&column, i32::from_le_bytes),
                (Kind::Int, 8) => numbers(&column, i64::from_le_bytes),
                (Kind::Uint, 1) => numbers(&column, u8::from_le_bytes),
                (Kind::Uint | Kind::Float, 2) => numbers(&column, u16::from_le_bytes),
                (Kind::Uint, 4) => numbers(&column, u32::from_le_bytes),
                (Kind::Uint, 8) => numbers(&column, u64::from_le_bytes),
                _ => zstd(&column),
            }?;
        }
    }
    Ok(coded)
}

fn numbers<T: Number, const N: usize>(bytes: &[u8], read: fn([u8; N]) -> T) -> Result<usize> {
    let values: Vec<T> = bytes.as_chunks::<N>().0.iter().map(|b| read(*b)).collect();
    let config = ChunkConfig::default()
        .with_compression_level(12)
        .with_enable_8_bit(true);
    Ok(simple_compress(&values, &config)?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &[u8], dtype: &str) -> Result<Vec<Baseline>> {
        baselines(raw, &Layout::parse(dtype)?)
    }

    #[test]
    fn the_sample_s_marks() -> Result<()> {
        let raw = include_bytes!("../../../samples/zee.bin");
        let marks = of(&raw[..80 * 1000], "20<f4")?;
        let bpb: Vec<f64> = marks.iter().map(|m| m.bpb).collect();
        assert!(bpb.iter().all(|b| (2.0..6.0).contains(b)), "{marks:?}");
        assert!(
            bpb[..3].iter().all(|b| *b > bpb[3]),
            "the experts are best: {marks:?}"
        );
        Ok(())
    }

    #[test]
    fn all_kinds_of_bytes() -> Result<()> {
        let raw: Vec<u8> = (0..997u32).map(|i| (i * i % 251) as u8).collect();
        for dtype in ["u1", "<f2,>f8,i1,3>i2,>u4,S5,<u8,<i8,<u2,<i4,f4,u1", "V7"] {
            assert_eq!(of(&raw, dtype)?.len(), 4);
            assert_eq!(of(&raw[..3], dtype)?.len(), 4);
        }
        assert!(of(&[], "<f4")?.iter().all(|b| b.bpb == 0.0));
        Ok(())
    }

    #[test]
    fn big_endian_is_turned() -> Result<()> {
        let little: Vec<u8> = (0..4000u32).flat_map(|i| (i * 3).to_le_bytes()).collect();
        let big: Vec<u8> = (0..4000u32).flat_map(|i| (i * 3).to_be_bytes()).collect();
        let pco = |raw: &[u8], dtype| columns(raw, &Layout::parse(dtype)?);
        assert_eq!(pco(&little, "<u4")?, pco(&big, ">u4")?);
        Ok(())
    }
}
