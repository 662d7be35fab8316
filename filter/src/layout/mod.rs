//! Bytes as typed values: what a record holds and how records are arranged.
//!
//! First station of the pipeline. A [`Layout`] comes from the caller (a dtype string, an HDF5 type,
//! a ROOT branch) or from detection; it is stored in the stream, and the prediction engine reads it
//! through [`Layout::columns`].
//! Invariant: every `Layout` that exists is valid (packed fields without holes, sizes within the
//! limits below, a grid whose bytes can be counted in 63 bits), so nothing after this module checks
//! it again.
//!
//! A wrong layout costs ratio, never bytes: whatever it does not describe is coded as it is.

mod column;
mod detect;
mod dtype;
pub(crate) mod rows;
mod shape;

pub use column::{Column, Expansion, MAX_ARRAY_COLUMNS, MAX_COLUMNS};
pub(crate) use detect::candidates;
pub use detect::detect;
pub(crate) use rows::Rows;
pub use shape::parse_shape;

use crate::error::{Error, Result};

/// Most fields a record may have.
pub const MAX_FIELDS: usize = 4096;
/// Most bytes a record may have (16 MiB).
pub const MAX_RECORD_SIZE: u32 = 1 << 24;
/// Most bytes a field's name may have.
pub const MAX_NAME: usize = 255;
/// Most axes a grid may have.
pub const MAX_RANK: usize = 32;

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

impl Field {
    /// A field without a name; its offset is set when it becomes part of a layout.
    pub fn new(kind: Kind, width: u32, count: u32, order: ByteOrder) -> Self {
        let order = if width == 1 || kind == Kind::Bytes {
            ByteOrder::Little
        } else {
            order
        };
        Field {
            name: String::new(),
            kind,
            width,
            count,
            order,
            offset: 0,
        }
    }

    /// The same field with a name.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Bytes of all elements together; `None` if they cannot be counted.
    pub fn size(&self) -> Option<u32> {
        self.width.checked_mul(self.count)
    }

    fn check(&self) -> std::result::Result<u32, String> {
        match (self.kind, self.width) {
            (Kind::Bytes, 0) => return Err("bytes need a width of at least 1".into()),
            (Kind::Bytes, _)
            | (Kind::Float, 2 | 4 | 8)
            | (Kind::Int | Kind::Uint, 1 | 2 | 4 | 8) => {}
            (Kind::Float, width) => {
                return Err(format!("a float has 2, 4 or 8 bytes, not {width}"));
            }
            (Kind::Int | Kind::Uint, width) => {
                return Err(format!("an integer has 1, 2, 4 or 8 bytes, not {width}"));
            }
        }
        if self.count == 0 {
            return Err("a count of 0 holds nothing".into());
        }
        if self.name.len() > MAX_NAME {
            return Err(format!(
                "a name has at most {MAX_NAME} bytes, not {}",
                self.name.len()
            ));
        }
        match self.size() {
            Some(size) if size <= MAX_RECORD_SIZE => Ok(size),
            _ => Err(format!(
                "larger than the largest record ({MAX_RECORD_SIZE} bytes)"
            )),
        }
    }
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
        let field = Field::new(Kind::Uint, 1, 1, ByteOrder::Little);
        Layout {
            fields: vec![field],
            record_size: 1,
            shape: Vec::new(),
        }
    }

    /// Records of these fields, one after another without holes; their `offset`s are set here.
    ///
    /// # Errors
    /// A field of an impossible width or count, more than [`MAX_FIELDS`] fields or
    /// [`MAX_RECORD_SIZE`] bytes, no field.
    pub fn from_fields(fields: impl IntoIterator<Item = Field>) -> Result<Self> {
        let mut packed = Vec::new();
        let mut offset = 0u32;
        for mut field in fields {
            let at = packed.len() + 1;
            if at > MAX_FIELDS {
                return Err(Error::invalid(format!(
                    "a record has at most {MAX_FIELDS} fields"
                )));
            }
            let size = field
                .check()
                .map_err(|why| Error::invalid(format!("field {at}: {why}")))?;
            if field.width == 1 || field.kind == Kind::Bytes {
                field.order = ByteOrder::Little;
            }
            field.offset = offset;
            // Both are at most MAX_RECORD_SIZE here, so the sum fits.
            offset += size;
            if offset > MAX_RECORD_SIZE {
                return Err(Error::invalid(format!(
                    "field {at} ends at byte {offset}; a record has at most {MAX_RECORD_SIZE}"
                )));
            }
            packed.push(field);
        }
        if packed.is_empty() {
            return Err(Error::invalid("a record needs at least one field"));
        }
        Ok(Layout {
            fields: packed,
            record_size: offset,
            shape: Vec::new(),
        })
    }

    /// A layout from NumPy's comma form, such as `<f4` or `<u8,5<f4,<i4`, with or without a grid:
    /// `<f4 [41,128,128]`.
    ///
    /// A part is `[name:][count][order]type`. Types: `f2 f4 f8`, `i1 i2 i4 i8`, `u1 u2 u4 u8`,
    /// `c8 c16` (read as two floats), `b1` or `?` (a bool, read as `u1`), `S3` or `V3` (three
    /// opaque bytes). Order: `<` little, `>` big, `=` this machine's, `|` none needed; little if
    /// left out. In a name, `%2C` stands for the byte 0x2C.
    ///
    /// # Errors
    /// Names the part at fault, and why.
    pub fn parse(text: &str) -> Result<Self> {
        dtype::parse(text)
    }

    /// The same records arranged in a grid, slowest axis first; an empty shape is a plain row.
    ///
    /// The first axis may be 0, which says that its length is unknown (a grid found from a prefix,
    /// or a stream that is still growing along its slowest axis).
    ///
    /// # Errors
    /// More than [`MAX_RANK`] axes, an axis of 0 that is not the first, or more bytes than 63 bits
    /// can count.
    pub fn with_shape(mut self, shape: &[u64]) -> Result<Self> {
        shape::check(shape, self.record_size)?;
        self.shape = shape.to_vec();
        Ok(self)
    }

    /// The fields of a record, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Bytes a record.
    pub fn record_size(&self) -> u32 {
        self.record_size
    }

    /// The grid of records, slowest axis first; empty if they form a plain row. The first axis is 0
    /// if unknown.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Bytes of the whole grid; `None` for a plain row and for a grid whose first axis is unknown.
    pub fn total_size(&self) -> Option<u64> {
        match self.shape.first() {
            None | Some(0) => None,
            Some(_) => Some(self.shape.iter().product::<u64>() * u64::from(self.record_size)),
        }
    }

    /// Whether nothing is known but bytes.
    pub fn is_bytes(&self) -> bool {
        self.record_size == 1
            && self.shape.is_empty()
            && matches!(self.fields[0].kind, Kind::Uint | Kind::Bytes)
    }

    /// The fields alone in NumPy's comma form, without the grid.
    pub fn dtype(&self) -> String {
        dtype::format(&self.fields)
    }

    /// The record as scalar columns, as the engine codes it; see [`Expansion`].
    pub fn columns(&self) -> Expansion {
        column::expand(self)
    }
}
