//! A dataset's type, and the layout that it and the chunk's shape come to.

use catena_filter::{ByteOrder, Field, Kind, Layout};

/// An HDF5 datatype as far as it matters for bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Type {
    /// A number of this kind, bytes and order: floats, integers, bit fields, the base of an enum or
    /// bool.
    Number(Kind, u32, ByteOrder),
    /// So many bytes: fixed strings, opaque, references, what a variable-length value leaves in
    /// place, and all else.
    Bytes(u32),
    /// So many elements.
    Array(Box<Type>, u32),
    /// Bytes a record, and members with their offsets, in any order.
    Compound(u32, Vec<(u32, Type)>),
}

impl Type {
    /// Bytes an element.
    pub fn size(&self) -> u64 {
        match self {
            Type::Number(_, width, _) => u64::from(*width),
            Type::Bytes(width) => u64::from(*width),
            Type::Array(of, count) => of.size().saturating_mul(u64::from(*count)),
            Type::Compound(size, _) => u64::from(*size),
        }
    }

    /// The layout of chunks of this shape, slowest axis first. What a layout cannot express becomes
    /// bytes; never fails.
    pub fn layout(&self, chunk: &[u64]) -> Layout {
        let size = self.size();
        let mut fields = Vec::new();
        self.append(&mut fields);
        let total: u64 = fields.iter().map(field_size).sum();
        let layout = if total == size {
            Layout::from_fields(fields)
        } else {
            let width = u32::try_from(size).unwrap_or(1);
            Layout::from_fields([Field::new(Kind::Bytes, width, 1, ByteOrder::Little)])
        };
        let Ok(layout) = layout else {
            return Layout::bytes();
        };
        // Leading axes of one chunk each say nothing; the first of the others may be as long as it
        // is.
        let axes: Vec<u64> = chunk.iter().copied().skip_while(|&n| n == 1).collect();
        if axes.len() < 2 {
            return layout;
        }
        let shape: Vec<u64> = std::iter::once(0).chain(axes.into_iter().skip(1)).collect();
        layout.clone().with_shape(&shape).unwrap_or(layout)
    }

    /// Appends the fields, without holes. What does not fit together is appended as bytes.
    fn append(&self, fields: &mut Vec<Field>) {
        match self {
            &Type::Number(kind, width, order) => {
                let known = match kind {
                    Kind::Float => matches!(width, 2 | 4 | 8),
                    Kind::Int | Kind::Uint => matches!(width, 1 | 2 | 4 | 8),
                    Kind::Bytes => false,
                };
                match known {
                    true => push(fields, Field::new(kind, width, 1, order)),
                    false => push_bytes(fields, u64::from(width)),
                }
            }
            Type::Bytes(width) => push_bytes(fields, u64::from(*width)),
            Type::Array(of, count) => {
                let mut element = Vec::new();
                of.append(&mut element);
                match &element[..] {
                    [one] => match one.count.checked_mul(*count).filter(|&n| n > 0) {
                        Some(count) => push(
                            fields,
                            Field {
                                count,
                                ..one.clone()
                            },
                        ),
                        None => push_bytes(fields, self.size()),
                    },
                    several if several.len() as u64 * u64::from(*count) <= MOST_FIELDS as u64 => {
                        for _ in 0..*count {
                            several.iter().for_each(|field| push(fields, field.clone()));
                        }
                    }
                    _ => push_bytes(fields, self.size()),
                }
            }
            Type::Compound(size, members) => {
                let mut members: Vec<&(u32, Type)> = members.iter().collect();
                members.sort_by_key(|(offset, _)| *offset);
                let mut own = Vec::new();
                let mut end = 0u64;
                for (offset, of) in members {
                    let offset = u64::from(*offset);
                    let after = offset.saturating_add(of.size());
                    if offset < end || after > u64::from(*size) {
                        return push_bytes(fields, u64::from(*size));
                    }
                    push_bytes(&mut own, offset - end);
                    of.append(&mut own);
                    end = after;
                }
                push_bytes(&mut own, u64::from(*size).saturating_sub(end));
                own.into_iter().for_each(|field| push(fields, field));
            }
        }
    }
}

/// Fields beyond which a record is bytes.
const MOST_FIELDS: usize = catena_filter::layout::MAX_FIELDS;

fn field_size(field: &Field) -> u64 {
    u64::from(field.width) * u64::from(field.count)
}

/// Appends a field; one like the last is counted to it.
fn push(fields: &mut Vec<Field>, field: Field) {
    if let Some(last) = fields.last_mut()
        && (last.kind, last.width, last.order) == (field.kind, field.width, field.order)
        && let Some(count) = last.count.checked_add(field.count)
    {
        last.count = count;
        return;
    }
    fields.push(field);
}

/// Appends bytes, as unsigned ones of one byte each.
fn push_bytes(fields: &mut Vec<Field>, n: u64) {
    if n > 0 {
        let count = u32::try_from(n).unwrap_or(u32::MAX);
        push(fields, Field::new(Kind::Uint, 1, count, ByteOrder::Little));
    }
}
