//! A column: the values of one branch for some entries, as buffers that nest as awkward-array's do.

use std::sync::Arc;

use super::types::Type;
use super::values::Values;

/// Texts, one after another.
#[derive(Clone, Debug, PartialEq)]
pub struct Strings {
    /// Where text `i` lies: from `offsets[i]` to `offsets[i + 1]`. Begins with 0, one longer than
    /// there are texts.
    pub offsets: Vec<i64>,
    /// The bytes of all texts.
    pub bytes: Vec<u8>,
}

impl Strings {
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.offsets.push(self.bytes.len() as i64);
    }
}

/// The values of one branch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Column {
    /// Numbers.
    Values(Values),
    /// Texts.
    Strings(Strings),
    /// `len` times `size` items.
    Fixed {
        /// Number of arrays.
        len: usize,
        /// Items of an array.
        size: usize,
        /// The items of all arrays.
        item: Box<Column>,
    },
    /// Lists of different lengths.
    List {
        /// Where list `i` lies in `item`: from `offsets[i]` to `offsets[i + 1]`. Begins with 0, one
        /// longer than there are lists.
        offsets: Vec<i64>,
        /// The items of all lists.
        item: Box<Column>,
    },
    /// Members side by side, all of the same length.
    Record {
        /// Number of records, which the members do not tell where there are none.
        len: usize,
        /// The members, by name.
        fields: Vec<(Arc<str>, Column)>,
    },
    /// Nothing or a value.
    Optional {
        /// For each entry the place of its value in `item`, or -1.
        index: Vec<i64>,
        /// The values that are there.
        item: Box<Column>,
    },
    /// A value of one of several types.
    Union {
        /// For each entry which of `items` holds its value.
        tags: Vec<i8>,
        /// And at which place.
        index: Vec<i64>,
        /// The values of each type.
        items: Vec<Column>,
    },
}

impl Column {
    /// A column of this type with no entries.
    pub fn new(ty: &Type) -> Self {
        match ty {
            Type::Scalar(kind) => Column::Values(Values::new(*kind)),
            Type::String => Column::Strings(Strings {
                offsets: vec![0],
                bytes: Vec::new(),
            }),
            Type::Fixed { size, item } => Column::Fixed {
                len: 0,
                size: *size,
                item: Box::new(Column::new(item)),
            },
            Type::List(item) => Column::List {
                offsets: vec![0],
                item: Box::new(Column::new(item)),
            },
            Type::Record(fields) => Column::Record {
                len: 0,
                fields: fields
                    .iter()
                    .map(|f| (f.name.clone(), Column::new(&f.ty)))
                    .collect(),
            },
            Type::Optional(item) => Column::Optional {
                index: Vec::new(),
                item: Box::new(Column::new(item)),
            },
            Type::Union(items) => Column::Union {
                tags: Vec::new(),
                index: Vec::new(),
                items: items.iter().map(Column::new).collect(),
            },
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        match self {
            Column::Values(values) => values.len(),
            Column::Strings(strings) => strings.offsets.len().saturating_sub(1),
            Column::List { offsets, .. } => offsets.len().saturating_sub(1),
            Column::Fixed { len, .. } | Column::Record { len, .. } => *len,
            Column::Optional { index, .. } => index.len(),
            Column::Union { tags, .. } => tags.len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all buffers.
    pub fn bytes(&self) -> usize {
        match self {
            Column::Values(values) => values.as_bytes().len(),
            Column::Strings(strings) => 8 * strings.offsets.len() + strings.bytes.len(),
            Column::Fixed { item, .. } => item.bytes(),
            Column::List { offsets, item } => 8 * offsets.len() + item.bytes(),
            Column::Record { fields, .. } => fields.iter().map(|(_, c)| c.bytes()).sum(),
            Column::Optional { index, item } => 8 * index.len() + item.bytes(),
            Column::Union { tags, index, items } => {
                tags.len() + 8 * index.len() + items.iter().map(Column::bytes).sum::<usize>()
            }
        }
    }

    /// The values of one entry's items: `(content, start, end)` of a list.
    pub fn list(&self, entry: usize) -> Option<(&Column, usize, usize)> {
        let Column::List { offsets, item } = self else {
            return None;
        };
        let start = usize::try_from(*offsets.get(entry)?).ok()?;
        let end = usize::try_from(*offsets.get(entry + 1)?).ok()?;
        Some((item, start, end))
    }
}

macro_rules! typed {
    ($($name:ident $variant:ident $type:ty, $what:literal;)*) => {
        impl Column {
            $(#[doc = $what]
            pub fn $name(&self) -> Option<&[$type]> {
                match self {
                    Column::Values(Values::$variant(values)) => Some(values),
                    _ => None,
                }
            })*
        }
    };
}

typed! {
    as_i32 I32 i32, "The numbers, if they are `int32`.";
    as_u32 U32 u32, "The numbers, if they are `uint32`.";
    as_i64 I64 i64, "The numbers, if they are `int64`.";
    as_u64 U64 u64, "The numbers, if they are `uint64`.";
    as_f32 F32 f32, "The numbers, if they are `float32`.";
    as_f64 F64 f64, "The numbers, if they are `float64`.";
    as_bool Bool u8, "The numbers, if they are truth values: 0 is false.";
}
