//! The buffers that a branch comes to, as awkward-array's `to_buffers` has them, and which of them
//! are of one length.
//!
//! A **class** is a number of rows that several buffers share: class 0 of a branch are its entries,
//! each list level, text, option and alternative of a union begins a class below. Types and columns
//! are walked in the same order, so a buffer is known by its number.

use crate::column::{Column, Kind, Type};

/// What a buffer is in awkward-array's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// Numbers, or the bytes of texts.
    Data,
    /// Where lists begin and end: one more than there are lists.
    Offsets,
    /// The position of an option's or a union's value.
    Index,
    /// Which alternative of a union.
    Tags,
}

impl Role {
    /// The last part of the buffer's key.
    pub(super) fn name(self) -> &'static str {
        match self {
            Role::Data => "data",
            Role::Offsets => "offsets",
            Role::Index => "index",
            Role::Tags => "tags",
        }
    }
}

/// A buffer to be.
#[derive(Clone, Debug)]
pub(super) struct Buffer {
    pub(super) role: Role,
    pub(super) kind: Kind,
    /// Axes of an element, if it is an array.
    pub(super) dims: Vec<usize>,
    /// The branch's class whose rows it has.
    pub(super) class: usize,
    /// Whether it is the bytes of texts.
    pub(super) text: bool,
}

impl Buffer {
    /// Numbers in an element.
    pub(super) fn count(&self) -> usize {
        self.dims.iter().product()
    }

    /// Bytes of a row.
    pub(super) fn size(&self) -> usize {
        self.count().saturating_mul(self.kind.size())
    }
}

/// A class of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// The class above it; itself for the entries.
    pub(super) parent: usize,
    pub(super) step: Step,
}

/// How a class comes from the one above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// It is the entries.
    Entries,
    /// Items of the lists of the buffer with this number.
    Items(usize),
    /// So many rows for each.
    Times(usize),
    /// What is there of an option or an alternative: its number in the branch.
    Present(usize),
}

/// A branch's buffers and classes.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    pub(super) buffers: Vec<Buffer>,
    pub(super) classes: Vec<Class>,
}

impl Shape {
    /// Of a branch of this type.
    pub(super) fn of(ty: &Type) -> Self {
        let mut shape = Shape::default();
        shape.class(0, Step::Entries);
        shape.walk(ty, 0);
        shape
    }

    fn class(&mut self, parent: usize, step: Step) -> usize {
        self.classes.push(Class { parent, step });
        self.classes.len() - 1
    }

    fn push(&mut self, role: Role, kind: Kind, dims: Vec<usize>, class: usize) -> usize {
        self.buffers.push(Buffer {
            role,
            kind,
            dims,
            class,
            text: false,
        });
        self.buffers.len() - 1
    }

    fn walk(&mut self, ty: &Type, class: usize) {
        match ty {
            Type::Scalar(kind) => {
                self.push(Role::Data, *kind, Vec::new(), class);
            }
            Type::Fixed { size, item } => match numbers(ty) {
                Some((dims, kind)) => {
                    self.push(Role::Data, kind, dims, class);
                }
                None => {
                    let inner = self.class(class, Step::Times(*size));
                    self.walk(item, inner);
                }
            },
            Type::String => {
                let offsets = self.push(Role::Offsets, Kind::I64, Vec::new(), class);
                let inner = self.class(class, Step::Items(offsets));
                let bytes = self.push(Role::Data, Kind::U8, Vec::new(), inner);
                if let Some(bytes) = self.buffers.get_mut(bytes) {
                    bytes.text = true;
                }
            }
            Type::List(item) => {
                let offsets = self.push(Role::Offsets, Kind::I64, Vec::new(), class);
                let inner = self.class(class, Step::Items(offsets));
                self.walk(item, inner);
            }
            Type::Record(fields) => {
                for field in fields {
                    self.walk(&field.ty, class);
                }
            }
            Type::Optional(item) => {
                self.push(Role::Index, Kind::I64, Vec::new(), class);
                let part = self.classes.len();
                let inner = self.class(class, Step::Present(part));
                self.walk(item, inner);
            }
            Type::Union(items) => {
                self.push(Role::Tags, Kind::I8, Vec::new(), class);
                self.push(Role::Index, Kind::I64, Vec::new(), class);
                for item in items {
                    let part = self.classes.len();
                    let inner = self.class(class, Step::Present(part));
                    self.walk(item, inner);
                }
            }
        }
    }
}

/// The axes and kind of arrays of numbers, all axes known and not empty.
pub(super) fn numbers(ty: &Type) -> Option<(Vec<usize>, Kind)> {
    match ty {
        Type::Scalar(kind) => Some((Vec::new(), *kind)),
        Type::Fixed { size: 0, .. } => None,
        Type::Fixed { size, item } => {
            let (mut dims, kind) = numbers(item)?;
            dims.insert(0, *size);
            Some((dims, kind))
        }
        _ => None,
    }
}

/// A buffer's values in one batch.
#[derive(Clone, Debug)]
pub(super) enum BufferValues<'a> {
    /// Whole rows of numbers.
    Bytes(&'a crate::column::Values),
    /// Bytes of texts.
    Text(&'a [u8]),
    /// Offsets that begin with 0.
    Offsets(&'a [i64]),
    /// Places from 0 on, -1 for nothing, and how many values there are.
    Index(&'a [i64], u64),
    /// Places in the alternatives' values, which alternative's, and how many values each has.
    UnionIndex(&'a [i64], &'a [i8], Vec<u64>),
    /// Alternatives.
    Tags(&'a [i8]),
}

/// Rows of each class of a column, and its buffers' values, in the order of [`Shape::of`] its type.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) rows: Vec<u64>,
    pub(super) parts: Vec<BufferValues<'a>>,
}

impl<'a> Parts<'a> {
    /// Of a column of this type. `None` if it is of another one.
    pub(super) fn of(ty: &Type, column: &'a Column) -> Option<Self> {
        let mut parts = Parts::default();
        parts.rows.push(column.len() as u64);
        parts.walk(ty, column)?;
        Some(parts)
    }

    fn walk(&mut self, ty: &Type, column: &'a Column) -> Option<()> {
        match (ty, column) {
            (Type::Scalar(_), Column::Values(values)) => {
                self.parts.push(BufferValues::Bytes(values))
            }
            (Type::Fixed { item: of, .. }, Column::Fixed { item, .. }) => match numbers(ty) {
                Some(_) => self.parts.push(BufferValues::Bytes(innermost(item)?)),
                None => {
                    self.rows.push(item.len() as u64);
                    self.walk(of, item)?;
                }
            },
            (Type::String, Column::Strings(strings)) => {
                self.parts.push(BufferValues::Offsets(&strings.offsets));
                self.rows.push(strings.bytes.len() as u64);
                self.parts.push(BufferValues::Text(&strings.bytes));
            }
            (Type::List(of), Column::List { offsets, item }) => {
                self.parts.push(BufferValues::Offsets(offsets));
                self.rows.push(item.len() as u64);
                self.walk(of, item)?;
            }
            (Type::Record(types), Column::Record { fields, .. }) => {
                for (ty, (_, field)) in types.iter().zip(fields) {
                    self.walk(&ty.ty, field)?;
                }
            }
            (Type::Optional(of), Column::Optional { index, item }) => {
                self.parts
                    .push(BufferValues::Index(index, item.len() as u64));
                self.rows.push(item.len() as u64);
                self.walk(of, item)?;
            }
            (Type::Union(types), Column::Union { tags, index, items }) => {
                self.parts.push(BufferValues::Tags(tags));
                let lens = items.iter().map(|item| item.len() as u64).collect();
                self.parts.push(BufferValues::UnionIndex(index, tags, lens));
                for (of, item) in types.iter().zip(items) {
                    self.rows.push(item.len() as u64);
                    self.walk(of, item)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn innermost(column: &Column) -> Option<&crate::column::Values> {
    match column {
        Column::Values(values) => Some(values),
        Column::Fixed { item, .. } => innermost(item),
        _ => None,
    }
}
