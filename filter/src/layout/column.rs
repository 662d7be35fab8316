//! A record as scalar columns: what the prediction engine works on.
//!
//! Every element of every field becomes a column, opaque bytes become a column a byte. A record
//! that would have more columns than the engine can keep state for is seen another way, as a grid
//! of words:
//!
//! * one array field of more than [`MAX_ARRAY_COLUMNS`] numbers (an image's row, a waveform): one
//!   column, and the array is the grid's fastest axis;
//! * more than [`MAX_COLUMNS`] columns otherwise: words, if all fields have the same width (their
//!   kind and order, or unsigned words in the first field's order where they differ), else plain
//!   bytes, with the record as the fastest axis.
//!
//! Invariant: the columns tile the expansion's record, in order and without holes.

use super::{ByteOrder, Field, Kind, Layout};

/// Most columns of an expansion.
pub const MAX_COLUMNS: usize = 256;
/// Most columns that a record of one array field is expanded into.
pub const MAX_ARRAY_COLUMNS: usize = 256;

/// One scalar of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// `Float`, `Int` or `Uint`; never `Bytes`.
    pub kind: Kind,
    /// Bytes: 1, 2, 4 or 8 (floats: not 1).
    pub width: u8,
    /// Byte order; `Little` for one byte.
    pub order: ByteOrder,
    /// First byte's place in the expansion's record.
    pub offset: u32,
    /// The field's place in [`Layout::fields`]; 0 where the record is seen as words.
    pub field: u32,
    /// The element's place in the field (for opaque bytes: the byte's).
    pub element: u32,
    /// The field's name, or `f` and its number as NumPy calls it, with `[element]` if the field has
    /// several.
    pub name: String,
}

/// A layout as the engine codes it: records of `columns`, arranged in a grid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The scalars of one record, in order.
    pub columns: Vec<Column>,
    /// Bytes a record. Smaller than the layout's where the record became an axis of the grid.
    pub record_size: u32,
    /// The grid, slowest axis first, in records of this expansion; empty for a row. The first axis
    /// is 0 if unknown.
    pub shape: Vec<u64>,
}

/// See [`Layout::columns`].
pub(super) fn expand(layout: &Layout) -> Expansion {
    let fields = layout.fields();
    let column_n: u64 = fields.iter().map(scalar_n).sum();
    let is_array = fields.len() == 1 && fields[0].kind != Kind::Bytes;
    let cap = if is_array {
        MAX_ARRAY_COLUMNS
    } else {
        MAX_COLUMNS
    };
    if column_n > cap as u64 {
        return as_axis(layout);
    }
    let mut columns = Vec::with_capacity(column_n as usize);
    for (at, field) in fields.iter().enumerate() {
        let (kind, width) = scalar(field);
        let element_n = scalar_n(field) as u32;
        let name = label(field, at);
        for element in 0..element_n {
            columns.push(Column {
                kind,
                width,
                order: field.order,
                offset: field.offset + element * u32::from(width),
                field: at as u32,
                element,
                name: if element_n == 1 {
                    name.clone()
                } else {
                    format!("{name}[{element}]")
                },
            });
        }
    }
    Expansion {
        columns,
        record_size: layout.record_size(),
        shape: layout.shape().to_vec(),
    }
}

/// The record as the fastest axis of a grid of equal words.
fn as_axis(layout: &Layout) -> Expansion {
    let fields = layout.fields();
    let (kind, width) = scalar(&fields[0]);
    let same_width = fields.iter().all(|field| scalar(field).1 == width);
    let same_kind = fields
        .iter()
        .all(|field| scalar(field).0 == kind && field.order == fields[0].order);
    let (kind, width, order) = match (same_width, same_kind) {
        (true, true) => (kind, width, fields[0].order),
        (true, false) => (Kind::Uint, width, fields[0].order),
        (false, _) => (Kind::Uint, 1, ByteOrder::Little),
    };
    let mut shape = layout.shape().to_vec();
    if shape.is_empty() {
        shape.push(0);
    }
    // A shape of MAX_RANK axes may get one more here: the limit is the format's, not the engine's.
    shape.push(u64::from(layout.record_size() / u32::from(width)));
    let name = if fields.len() == 1 {
        label(&fields[0], 0)
    } else {
        String::from("record")
    };
    let column = Column {
        kind,
        width,
        order,
        offset: 0,
        field: 0,
        element: 0,
        name,
    };
    Expansion {
        columns: vec![column],
        record_size: u32::from(width),
        shape,
    }
}

/// Kind and width of one scalar of the field.
fn scalar(field: &Field) -> (Kind, u8) {
    match field.kind {
        Kind::Bytes => (Kind::Uint, 1),
        kind => (kind, field.width as u8),
    }
}

/// Scalars of the field.
fn scalar_n(field: &Field) -> u64 {
    let width = if field.kind == Kind::Bytes {
        field.width
    } else {
        1
    };
    u64::from(field.count) * u64::from(width)
}

fn label(field: &Field, at: usize) -> String {
    if field.name.is_empty() {
        format!("f{at}")
    } else {
        field.name.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(expansion: &Expansion) -> Vec<&str> {
        expansion.columns.iter().map(|c| c.name.as_str()).collect()
    }

    #[test]
    fn mixed_record() {
        let expansion = Layout::parse("id:<u8,2>f4,V3,i1").unwrap().columns();
        assert_eq!(
            names(&expansion),
            ["id", "f1[0]", "f1[1]", "f2[0]", "f2[1]", "f2[2]", "f3"]
        );
        let offsets: Vec<u32> = expansion.columns.iter().map(|c| c.offset).collect();
        assert_eq!(offsets, [0, 8, 12, 16, 17, 18, 19]);
        assert_eq!(
            (expansion.columns[2].kind, expansion.columns[2].order),
            (Kind::Float, ByteOrder::Big)
        );
        assert_eq!(
            (expansion.columns[4].kind, expansion.columns[4].width),
            (Kind::Uint, 1)
        );
        assert_eq!(
            (expansion.columns[4].field, expansion.columns[4].element),
            (2, 1)
        );
        assert_eq!(expansion.record_size, 20);
        assert!(expansion.shape.is_empty());
    }

    #[test]
    fn arrays_become_axes_beyond_the_cap() {
        assert_eq!(
            Layout::parse("256<f4").unwrap().columns().columns.len(),
            256
        );
        let row = Layout::parse("257>f4").unwrap().columns();
        assert_eq!(
            (row.columns.len(), row.record_size, row.shape),
            (1, 4, vec![0, 257])
        );
        let plane = Layout::parse("wave:1000<u2 [6,7]").unwrap().columns();
        assert_eq!(
            (plane.record_size, plane.shape.clone()),
            (2, vec![6, 7, 1000])
        );
        assert_eq!(names(&plane), ["wave"]);
    }

    #[test]
    fn wide_records_become_words_or_bytes() {
        let same = Layout::parse("600<f4,600<f4").unwrap().columns();
        assert_eq!(
            (same.columns[0].kind, same.record_size, same.shape),
            (Kind::Float, 4, vec![0, 1200])
        );
        let words = Layout::parse("600<f4,600<i4").unwrap().columns();
        assert_eq!((words.columns[0].kind, words.record_size), (Kind::Uint, 4));
        let bytes = Layout::parse("600<f4,600<i2").unwrap().columns();
        assert_eq!(
            (bytes.columns[0].width, bytes.record_size, bytes.shape),
            (1, 1, vec![0, 3600])
        );
        let opaque = Layout::parse("V257").unwrap().columns();
        assert_eq!((opaque.columns.len(), opaque.shape), (1, vec![0, 257]));
        assert_eq!(
            Layout::parse("V256").unwrap().columns().columns.len(),
            MAX_COLUMNS
        );
    }

    proptest! {
        #[test]
        fn columns_tile_the_record(
            parts in prop::collection::vec(
                (prop::sample::select(vec!["<f4", ">f8", "i1", "<u2", "V3"]), 1u32..200), 1..12),
        ) {
            let text: Vec<String> = parts.iter().map(|(kind, count)| format!("{count}{kind}")).collect();
            let layout = Layout::parse(&text.join(",")).unwrap();
            let expansion = layout.columns();
            let mut end = 0;
            for column in &expansion.columns {
                prop_assert_eq!(column.offset, end);
                end += u32::from(column.width);
            }
            prop_assert_eq!(end, expansion.record_size);
            prop_assert!(expansion.columns.len() <= MAX_COLUMNS);
            let points: u64 = expansion.shape.iter().skip(1).product();
            if !expansion.shape.is_empty() {
                prop_assert_eq!(points * u64::from(end), u64::from(layout.record_size()));
            }
        }
    }
}
