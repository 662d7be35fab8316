//! The type of a column: how its buffers nest. Written as awkward-array writes it: `var * float32`.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A number of fixed width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One byte, 0 is false.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 16 bits.
    U16,
    /// Signed, 32 bits.
    I32,
    /// Unsigned, 32 bits.
    U32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE-754 single precision.
    F32,
    /// IEEE-754 double precision.
    F64,
}

impl Kind {
    /// Bytes of a value.
    pub fn size(self) -> usize {
        match self {
            Kind::Bool | Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// NumPy's name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::I8 => "int8",
            Kind::U8 => "uint8",
            Kind::I16 => "int16",
            Kind::U16 => "uint16",
            Kind::I32 => "int32",
            Kind::U32 => "uint32",
            Kind::I64 => "int64",
            Kind::U64 => "uint64",
            Kind::F32 => "float32",
            Kind::F64 => "float64",
        }
    }
}

/// A member of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// The type of one entry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Type {
    /// A number.
    Scalar(Kind),
    /// Text of any length; bytes, usually UTF-8.
    String,
    /// Always this many items.
    Fixed {
        /// How many.
        size: usize,
        /// The type of an item.
        item: Box<Type>,
    },
    /// Any number of items.
    List(Box<Type>),
    /// Members side by side. May be empty: some classes have nothing that is stored.
    Record(Vec<Field>),
    /// Nothing or one.
    Optional(Box<Type>),
    /// One of several types.
    Union(Vec<Type>),
}

impl Type {
    pub(crate) fn list(item: Type) -> Type {
        Type::List(Box::new(item))
    }

    /// The type of arrays of these sizes, slowest first.
    pub(crate) fn array(self, dims: &[usize]) -> Type {
        dims.iter().rev().fold(self, |item, &size| Type::Fixed {
            size,
            item: Box::new(item),
        })
    }

    /// Number of nested types, this one included.
    pub fn nodes(&self) -> usize {
        1 + match self {
            Type::Scalar(_) | Type::String => 0,
            Type::Fixed { item, .. } | Type::List(item) | Type::Optional(item) => item.nodes(),
            Type::Record(fields) => fields.iter().map(|f| f.ty.nodes()).sum(),
            Type::Union(items) => items.iter().map(Type::nodes).sum(),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Scalar(kind) => f.write_str(kind.name()),
            Type::String => f.write_str("string"),
            Type::Fixed { size, item } => write!(f, "{size} * {item}"),
            Type::List(item) => write!(f, "var * {item}"),
            Type::Optional(item) => write!(f, "?{item}"),
            Type::Record(fields) => {
                f.write_str("{")?;
                for (i, field) in fields.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {}", field.name, field.ty)?;
                }
                f.write_str("}")
            }
            Type::Union(items) => {
                f.write_str("union[")?;
                for (i, item) in items.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

impl Serialize for Type {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
