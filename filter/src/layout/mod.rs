//! Bytes as typed values: what a record holds and how records are arranged.

use crate::error::{Error, Result};

/// How a field's bits are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// IEEE-754 binary16, binary32 or binary64.
    Float,
    /// Two's complement.
    Int,
    /// Unsigned.
    Uint,
    /// Opaque bytes (`S` and `V` of NumPy), any width.
    Bytes,
}

/// Byte order of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// One field of a record: `count` elements of `width` bytes from `offset` on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name, empty if none was given.
    pub name: String,
    /// How the bits are read.
    pub kind: Kind,
    /// Bytes an element; 1, 2, 4 or 8 for numbers, any non-zero number for `Kind::Bytes`.
    pub width: u32,
    /// Elements (a sub-array), at least 1.
    pub count: u32,
    /// Byte order; `Little` for one-byte elements and for bytes.
    pub order: ByteOrder,
    /// First byte's place in the record.
    pub offset: u32,
}

/// What the bytes of a stream are: records of fields (packed, no holes), in a grid or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    fields: Vec<Field>,
    record_size: u32,
    shape: Vec<u64>,
}

impl Layout {
    /// Plain bytes: records of one unsigned byte.
    pub fn bytes() -> Self {
        let field = Field { name: String::new(), kind: Kind::Uint, width: 1, count: 1, order: ByteOrder::Little, offset: 0 };
        Layout { fields: vec![field], record_size: 1, shape: Vec::new() }
    }

    /// A layout from NumPy's comma form, such as `<f4` or `<u8,5<f4,<i4`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut fields = Vec::new();
        let mut offset = 0u32;
        for part in text.split(',') {
            let part = part.trim();
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let count: u32 = if digits == 0 { 1 } else { part[..digits].parse().map_err(|_| Error::invalid("count"))? };
            let rest = &part[digits..];
            let (order, rest) = match rest.as_bytes().first() {
                Some(b'<') => (ByteOrder::Little, &rest[1..]),
                Some(b'>') => (ByteOrder::Big, &rest[1..]),
                Some(b'|') => (ByteOrder::Little, &rest[1..]),
                _ => (ByteOrder::Little, rest),
            };
            let kind = match rest.as_bytes().first() {
                Some(b'f') => Kind::Float,
                Some(b'i') => Kind::Int,
                Some(b'u') => Kind::Uint,
                Some(b'S' | b'V') => Kind::Bytes,
                _ => return Err(Error::invalid(format!("unknown element type in '{part}'"))),
            };
            let width: u32 = rest[1..].parse().map_err(|_| Error::invalid(format!("no width in '{part}'")))?;
            fields.push(Field { name: String::new(), kind, width, count, order, offset });
            offset += width * count;
        }
        Ok(Layout { fields, record_size: offset, shape: Vec::new() })
    }

    /// The same records arranged in a grid, slowest axis first.
    pub fn with_shape(mut self, shape: &[u64]) -> Self {
        self.shape = shape.to_vec();
        self
    }

    /// The fields of a record, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Bytes a record.
    pub fn record_size(&self) -> u32 {
        self.record_size
    }

    /// The grid of records, slowest axis first; empty if they form a plain row.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }
}
