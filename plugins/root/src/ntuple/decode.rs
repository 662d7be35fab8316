//! Pages to numbers: the encodings of columns.

use crate::column::{Kind, Values};
use crate::error::{Error, Result};

use super::schema::ColumnMeta;

/// What a column's elements are, and how they are encoded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ColumnKind {
    Bit,
    /// Numbers of a kind; `split` by bytes, and before that as differences or with the sign last.
    Number {
        kind: Kind,
        split: bool,
        then: Then,
    },
    /// Half-precision reals, which become `float32`.
    Real16 {
        split: bool,
    },
    /// Places and tags of a variant.
    Switch,
    /// The upper bits of a `float32`.
    Truncated(u32),
    /// Steps between two reals.
    Quantized {
        bits: u32,
        low: f64,
        high: f64,
    },
}

/// What was done to numbers before they were split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    Zigzag,
    Delta,
}

impl ColumnKind {
    /// From the schema, or why there is none.
    pub fn new(column: &ColumnMeta) -> std::result::Result<Self, String> {
        let number = |kind, split, then| ColumnKind::Number { kind, split, then };
        let plain = |kind| number(kind, false, Then::Nothing);
        let split = |kind| number(kind, true, Then::Nothing);
        let (it, bits) = match column.kind {
            0x00 => (ColumnKind::Bit, 1),
            0x01 | 0x04 => (plain(Kind::U8), 8),
            0x02 | 0x03 => (plain(Kind::I8), 8),
            0x05 => (plain(Kind::I16), 16),
            0x06 => (plain(Kind::U16), 16),
            0x07 => (plain(Kind::I32), 32),
            0x08 => (plain(Kind::U32), 32),
            0x09 => (plain(Kind::I64), 64),
            0x0A => (plain(Kind::U64), 64),
            0x0B => (ColumnKind::Real16 { split: false }, 16),
            0x0C => (plain(Kind::F32), 32),
            0x0D => (plain(Kind::F64), 64),
            0x0E => (plain(Kind::U32), 32),
            0x0F => (plain(Kind::U64), 64),
            0x10 => (ColumnKind::Switch, 96),
            0x11 => (number(Kind::I16, true, Then::Zigzag), 16),
            0x12 => (split(Kind::U16), 16),
            0x13 => (number(Kind::I32, true, Then::Zigzag), 32),
            0x14 => (split(Kind::U32), 32),
            0x15 => (number(Kind::I64, true, Then::Zigzag), 64),
            0x16 => (split(Kind::U64), 64),
            0x17 => (ColumnKind::Real16 { split: true }, 16),
            0x18 => (split(Kind::F32), 32),
            0x19 => (split(Kind::F64), 64),
            0x1A => (number(Kind::U32, true, Then::Delta), 32),
            0x1B => (number(Kind::U64, true, Then::Delta), 64),
            0x1C if (10..=31).contains(&column.bits) => {
                (ColumnKind::Truncated(column.bits.into()), column.bits)
            }
            0x1D if (1..=32).contains(&column.bits) => {
                let (low, high) = column.range.ok_or("a quantized column without range")?;
                let bits = column.bits.into();
                (ColumnKind::Quantized { bits, low, high }, column.bits)
            }
            other => return Err(format!("a column of type {other:#x}")),
        };
        if bits != column.bits {
            return Err(format!(
                "a column of {} bits instead of {bits}",
                column.bits
            ));
        }
        Ok(it)
    }

    /// The kind of its numbers in memory.
    pub fn memory(self) -> Option<Kind> {
        match self {
            ColumnKind::Bit => Some(Kind::Bool),
            ColumnKind::Number { kind, .. } => Some(kind),
            ColumnKind::Switch => None,
            ColumnKind::Quantized { .. } => Some(Kind::F64),
            _ => Some(Kind::F32),
        }
    }

    /// Bytes of so many elements in a page.
    pub fn page_bytes(self, elements: u64) -> Option<u64> {
        let bits = match self {
            ColumnKind::Bit => 1,
            ColumnKind::Number { kind, .. } => 8 * kind.size() as u64,
            ColumnKind::Real16 { .. } => 16,
            ColumnKind::Switch => 96,
            ColumnKind::Truncated(bits) | ColumnKind::Quantized { bits, .. } => bits.into(),
        };
        Some(elements.checked_mul(bits)?.div_ceil(8))
    }

    /// The numbers of a page. `bytes` are as many as [`ColumnKind::page_bytes`] says. Of a switch,
    /// the places; see [`tags`].
    pub fn decode(self, bytes: &[u8], elements: usize) -> Values {
        match self {
            ColumnKind::Bit => {
                Values::Bool((0..elements).map(|i| bits(bytes, i, 1) as u8).collect())
            }
            ColumnKind::Number { kind, split, then } => {
                let mut values = Values::new(kind);
                if split {
                    values.extend_le(&unsplit(bytes, kind.size()));
                } else {
                    values.extend_le(bytes);
                }
                undo(then, &mut values);
                values
            }
            ColumnKind::Real16 { split } => {
                let joined;
                let bytes = if split {
                    joined = unsplit(bytes, 2);
                    joined.as_slice()
                } else {
                    bytes
                };
                let (halves, _) = bytes.as_chunks::<2>();
                let real = |&b: &[u8; 2]| half::f16::from_le_bytes(b).to_f32();
                Values::F32(halves.iter().map(real).collect())
            }
            ColumnKind::Switch => {
                let (elements, _) = bytes.as_chunks::<12>();
                let place =
                    |e: &[u8; 12]| e.first_chunk::<8>().map_or(0, |&b| u64::from_le_bytes(b));
                Values::U64(elements.iter().map(place).collect())
            }
            ColumnKind::Truncated(n) => {
                let real = |i| f32::from_bits(bits(bytes, i, n) << (32 - n));
                Values::F32((0..elements).map(real).collect())
            }
            ColumnKind::Quantized { bits: n, low, high } => {
                // In doubles and in this order, as ROOT has it; a float field rounds at the end.
                let step = (high - low) / ((1u64 << n) - 1) as f64;
                let real = |i| f64::from(bits(bytes, i, n)) * step + low;
                Values::F64((0..elements).map(real).collect())
            }
        }
    }
}

/// The tags of a page of a switch.
pub(crate) fn tags(bytes: &[u8]) -> Vec<u32> {
    let (elements, _) = bytes.as_chunks::<12>();
    let tag = |e: &[u8; 12]| e.last_chunk::<4>().map_or(0, |&b| u32::from_le_bytes(b));
    elements.iter().map(tag).collect()
}

/// `n` bits (32 at most) of element `i`, the lowest first.
fn bits(bytes: &[u8], i: usize, n: u32) -> u32 {
    let first = i * n as usize;
    let start = first / 8;
    let mut word = [0u8; 8];
    for (to, from) in word.iter_mut().zip(bytes.iter().skip(start)) {
        *to = *from;
    }
    let word = u64::from_le_bytes(word) >> (first % 8);
    (word & ((1u64 << n) - 1)) as u32
}

/// First all first bytes, then all second ones: back to elements.
pub(crate) fn unsplit(bytes: &[u8], size: usize) -> Vec<u8> {
    let n = bytes.len() / size.max(1);
    if size <= 1 || n == 0 {
        return bytes.to_vec();
    }
    let mut out = vec![0; n * size];
    for (k, plane) in bytes.chunks_exact(n).take(size).enumerate() {
        let slots = out.iter_mut().skip(k).step_by(size);
        slots.zip(plane).for_each(|(slot, &byte)| *slot = byte);
    }
    out
}

fn undo(then: Then, values: &mut Values) {
    macro_rules! zigzag {
        ($values:expr, $unsigned:ty) => {
            for v in $values.iter_mut() {
                let u = *v as $unsigned;
                *v = ((u >> 1) ^ (u & 1).wrapping_neg()) as _;
            }
        };
    }
    macro_rules! delta {
        ($values:expr) => {{
            let mut sum = 0;
            for v in $values.iter_mut() {
                sum = v.wrapping_add(sum);
                *v = sum;
            }
        }};
    }
    match (then, values) {
        (Then::Zigzag, Values::I16(v)) => zigzag!(v, u16),
        (Then::Zigzag, Values::I32(v)) => zigzag!(v, u32),
        (Then::Zigzag, Values::I64(v)) => zigzag!(v, u64),
        (Then::Delta, Values::U32(v)) => delta!(v),
        (Then::Delta, Values::U64(v)) => delta!(v),
        _ => {}
    }
}

/// Numbers of one kind as numbers of another: what C++ does on assignment, without what is
/// undefined there.
pub(crate) fn cast(values: Values, kind: Kind) -> Result<Values> {
    if values.kind() == kind {
        return Ok(values);
    }
    macro_rules! to {
        ($v:expr) => {
            match kind {
                Kind::Bool => Values::Bool($v.into_iter().map(|x| (x as u64 != 0) as u8).collect()),
                Kind::I8 => Values::I8($v.into_iter().map(|x| x as i8).collect()),
                Kind::U8 => Values::U8($v.into_iter().map(|x| x as u8).collect()),
                Kind::I16 => Values::I16($v.into_iter().map(|x| x as i16).collect()),
                Kind::U16 => Values::U16($v.into_iter().map(|x| x as u16).collect()),
                Kind::I32 => Values::I32($v.into_iter().map(|x| x as i32).collect()),
                Kind::U32 => Values::U32($v.into_iter().map(|x| x as u32).collect()),
                Kind::I64 => Values::I64($v.into_iter().map(|x| x as i64).collect()),
                Kind::U64 => Values::U64($v.into_iter().map(|x| x as u64).collect()),
                Kind::F32 => Values::F32($v.into_iter().map(|x| x as f32).collect()),
                Kind::F64 => Values::F64($v.into_iter().map(|x| x as f64).collect()),
            }
        };
    }
    let real = |k| matches!(k, Kind::F32 | Kind::F64);
    if real(values.kind()) != real(kind) {
        return Err(Error::corrupt(
            "reals in a field of integers, or the reverse",
        ));
    }
    Ok(match values {
        Values::Bool(v) | Values::U8(v) => to!(v),
        Values::I8(v) => to!(v),
        Values::I16(v) => to!(v),
        Values::U16(v) => to!(v),
        Values::I32(v) => to!(v),
        Values::U32(v) => to!(v),
        Values::I64(v) => to!(v),
        Values::U64(v) => to!(v),
        Values::F32(v) => to!(v),
        Values::F64(v) => to!(v),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: u16, bits: u16) -> ColumnMeta {
        ColumnMeta {
            kind,
            bits,
            field: 0,
            representation: 0,
            first_element: 0,
            range: Some((-1.0, 1.0)),
        }
    }

    #[test]
    fn encodings() {
        let decode = |kind, bits, bytes: &[u8], n| {
            let kind = ColumnKind::new(&column(kind, bits)).unwrap();
            assert_eq!(kind.page_bytes(n as u64), Some(bytes.len() as u64));
            kind.decode(bytes, n)
        };
        let bools = decode(0x00, 1, &[0b101, 1], 9);
        assert_eq!(bools, Values::Bool(vec![1, 0, 1, 0, 0, 0, 0, 0, 1]));
        // 0, -1, 1, -2 zigzag to 0, 1, 2, 3; their low bytes come first.
        let signed = decode(0x11, 16, &[0, 1, 2, 3, 0, 0, 0, 0], 4);
        assert_eq!(signed, Values::I16(vec![0, -1, 1, -2]));
        let ends = decode(0x1A, 32, &[1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0], 3);
        assert_eq!(ends, Values::U32(vec![1, 1, 3]));
        let reals = decode(0x18, 32, &[0, 0, 0, 0, 0x80, 0, 0x3F, 0x40], 2);
        assert_eq!(reals, Values::F32(vec![1.0, 2.0]));
        // The upper 16 bits of 1.0 and -2.0.
        let short = decode(0x1C, 16, &[0x80, 0x3F, 0x00, 0xC0], 2);
        assert_eq!(short, Values::F32(vec![1.0, -2.0]));
        let steps = decode(0x1D, 2, &[0b11_00], 2);
        assert_eq!(steps, Values::F64(vec![-1.0, 1.0]));
        let halves = decode(0x0B, 16, &[0, 0x3C], 1);
        assert_eq!(halves, Values::F32(vec![1.0]));
        assert!(ColumnKind::new(&column(0x07, 31)).is_err());
        assert!(ColumnKind::new(&column(0x99, 8)).is_err());
    }
}
