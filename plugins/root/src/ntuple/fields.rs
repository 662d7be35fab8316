//! From the schema's fields to nodes: which columns a field is read from, and how they nest.

use crate::column::{self, Kind, Type};

use super::Name;
use super::decode::ColumnKind;
use super::schema::{Field, Role, Schema};

const MAX_DEPTH: usize = 64;
/// How the names of base classes' fields begin.
const BASE: &str = ":_";
const MAX_NODES: usize = 1 << 16;

/// Columns of a field by representation: of each cluster one is stored.
pub(crate) type Columns = Vec<Vec<usize>>;

/// How a field is read.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// Numbers from one column.
    Values(Kind, Columns),
    /// Texts from a column of ends and one of characters.
    Text(Columns),
    /// Lists, from a column of ends.
    List(Columns, Box<Node>),
    /// Nothing or one, stored as a list.
    Optional(Columns, Box<Node>),
    /// Arrays of a fixed size.
    Fixed(usize, Box<Node>),
    /// Members side by side.
    Record(Vec<(Name, Node)>),
    /// Nothing or one of several, from a column of places and tags. A variant may be valueless.
    Union(Columns, Vec<Node>),
    /// Lengths of lists, from a column of ends.
    Lengths(Kind, Columns),
}

impl Node {
    pub fn ty(&self) -> Type {
        match self {
            Node::Values(kind, _) | Node::Lengths(kind, _) => Type::Scalar(*kind),
            Node::Text(_) => Type::String,
            Node::List(_, item) => Type::list(item.ty()),
            Node::Optional(_, item) => Type::Optional(Box::new(item.ty())),
            Node::Fixed(size, item) => item.ty().array(&[*size]),
            Node::Record(members) => Type::Record(
                members
                    .iter()
                    .map(|(name, node)| column::Field {
                        name: name.clone(),
                        ty: node.ty(),
                    })
                    .collect(),
            ),
            Node::Union(_, items) => {
                Type::Optional(Box::new(Type::Union(items.iter().map(Node::ty).collect())))
            }
        }
    }
}

/// A node for each top-level field, or the reason why there is none.
pub(crate) fn build(schema: &Schema) -> Vec<(usize, Result<Node, String>)> {
    let mut builder = Builder {
        below: vec![Vec::new(); schema.fields.len()],
        schema,
        nodes_left: MAX_NODES,
    };
    for (i, field) in schema.fields.iter().enumerate() {
        if field.parent != i
            && let Some(list) = builder.below.get_mut(field.parent)
        {
            list.push(i);
        }
    }
    let top: Vec<usize> = schema.top_level().collect();
    top.into_iter().map(|i| (i, builder.node(i, 0))).collect()
}

struct Builder<'a> {
    schema: &'a Schema,
    below: Vec<Vec<usize>>,
    nodes_left: usize,
}

impl Builder<'_> {
    fn node(&mut self, number: usize, depth: usize) -> Result<Node, String> {
        let field = self.schema.fields.get(number).ok_or("no such field")?;
        self.nodes_left = self.nodes_left.checked_sub(1).ok_or("too many fields")?;
        if depth > MAX_DEPTH {
            return Err("fields nested too deep".into());
        }
        let columns = self.schema.columns_of(number);
        let below = self.below.get(number).cloned().unwrap_or_default();
        let only = |builder: &mut Self| match below.as_slice() {
            [only] => builder.node(*only, depth + 1),
            _ => Err(format!("field {} has {} fields", field.name, below.len())),
        };
        if let Some(size) = field.array {
            let size = usize::try_from(size).map_err(|_| "an array too large")?;
            let item = match below.as_slice() {
                // A bitset: its bits are its own.
                [] => Node::Values(Kind::Bool, self.known(columns)?),
                _ => only(self)?,
            };
            return Ok(Node::Fixed(size, Box::new(item)));
        }
        match field.role {
            Role::Leaf if field.type_name == "std::string" => Ok(Node::Text(self.known(columns)?)),
            Role::Leaf if field.type_name.starts_with("ROOT::RNTupleCardinality<") => {
                let kind = if field.type_name.contains("32") {
                    Kind::U32
                } else {
                    Kind::U64
                };
                Ok(Node::Lengths(kind, self.known(columns)?))
            }
            // Enums and atomics.
            Role::Leaf if columns.is_empty() => only(self),
            Role::Leaf => {
                let columns = self.known(columns)?;
                Ok(Node::Values(self.kind(field, &columns)?, columns))
            }
            Role::Collection => {
                let item = Box::new(only(self)?);
                let columns = self.known(columns)?;
                let optional = ["std::optional<", "std::unique_ptr<"];
                Ok(if optional.iter().any(|t| field.type_name.starts_with(t)) {
                    Node::Optional(columns, item)
                } else {
                    Node::List(columns, item)
                })
            }
            Role::Record => {
                let mut members: Vec<(Name, Node)> = Vec::new();
                for &i in &below {
                    let name = self.schema.fields.get(i).map_or("", |f| &f.name);
                    match self.node(i, depth + 1)? {
                        // Those of a base class, as if they were the class's own.
                        Node::Record(inherited) if name.starts_with(BASE) => {
                            members.extend(inherited);
                        }
                        node => members.push((name.into(), node)),
                    }
                }
                Ok(Node::Record(members))
            }
            Role::Variant => {
                let items = below.iter().map(|&i| self.node(i, depth + 1));
                let items = items.collect::<Result<Vec<_>, _>>()?;
                if items.len() > 125 {
                    return Err("a variant of more than 125 types".into());
                }
                Ok(Node::Union(self.known(columns)?, items))
            }
            Role::Streamer => Err(format!(
                "objects of class {} streamed as bytes",
                field.type_name
            )),
        }
    }

    /// The columns, if there are any and all are of known types.
    fn known(&self, columns: Columns) -> Result<Columns, String> {
        if columns.is_empty() {
            return Err("a field without columns".into());
        }
        for &number in columns.iter().flatten() {
            let column = self.schema.columns.get(number).ok_or("no such column")?;
            ColumnKind::new(column)?;
        }
        Ok(columns)
    }

    /// The type of numbers in memory: that of C++, or that of the column.
    fn kind(&self, field: &Field, columns: &Columns) -> Result<Kind, String> {
        let kind = match field.type_name.as_str() {
            "bool" => Kind::Bool,
            "char" | "std::int8_t" => Kind::I8,
            "std::byte" | "std::uint8_t" => Kind::U8,
            "std::int16_t" => Kind::I16,
            "std::uint16_t" => Kind::U16,
            "std::int32_t" => Kind::I32,
            "std::uint32_t" => Kind::U32,
            "std::int64_t" => Kind::I64,
            "std::uint64_t" => Kind::U64,
            "float" => Kind::F32,
            "double" => Kind::F64,
            _ => {
                let first = columns.iter().flatten().next();
                let column = first.and_then(|&c| self.schema.columns.get(c));
                return ColumnKind::new(column.ok_or("a field without columns")?)?
                    .memory()
                    .ok_or_else(|| format!("a field of type {}", field.type_name));
            }
        };
        Ok(kind)
    }
}
