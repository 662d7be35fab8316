//! The awkward Form of a group: what its buffers mean, as awkward-array writes it.

use serde_json::{Map, Value, json};

use super::buffers::{Role, numbers};
use super::select::{Chosen, unit};
use crate::column::Type;

/// A form, and the key of each buffer of each column.
pub(super) struct Form {
    pub(super) form: Value,
    pub(super) keys: Vec<Vec<String>>,
}

/// The form of a record of these columns. Nodes are numbered as `to_buffers` does: each before
/// those in it.
pub(super) fn form(columns: &[Chosen]) -> Form {
    let mut nodes = Nodes::default();
    let root = nodes.next();
    let mut keys = Vec::new();
    let mut contents = Vec::new();
    for column in columns {
        let mut node = nodes.walk(&column.ty);
        let mut parameters = Map::new();
        if !column.title.is_empty() {
            parameters.insert("__doc__".into(), json!(column.title));
        }
        if let Some(unit) = unit(&column.title) {
            parameters.insert("unit".into(), json!(unit));
        }
        if let (false, Some(node)) = (parameters.is_empty(), node.as_object_mut()) {
            let own = node.entry("parameters").or_insert_with(|| json!({}));
            if let Some(own) = own.as_object_mut() {
                own.extend(parameters);
            }
        }
        contents.push(node);
        keys.push(std::mem::take(&mut nodes.keys));
    }
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let form =
        json!({"class": "RecordArray", "fields": names, "contents": contents, "form_key": root});
    Form { form, keys }
}

#[derive(Default)]
struct Nodes {
    n: usize,
    keys: Vec<String>,
}

impl Nodes {
    fn next(&mut self) -> String {
        self.n += 1;
        format!("node{}", self.n - 1)
    }

    fn key(&mut self, node: &str, role: Role) {
        self.keys.push(format!("{node}-{}", role.name()));
    }

    /// A type's node. Keys come in the order of the buffers.
    fn walk(&mut self, ty: &Type) -> Value {
        let key = self.next();
        match ty {
            Type::Scalar(kind) => {
                self.key(&key, Role::Data);
                json!({"class": "NumpyArray", "primitive": kind.name(), "form_key": key})
            }
            Type::Fixed { size, item } => match numbers(ty) {
                Some((dims, kind)) => {
                    self.key(&key, Role::Data);
                    json!({"class": "NumpyArray", "primitive": kind.name(), "inner_shape": dims, "form_key": key})
                }
                None => {
                    let content = self.walk(item);
                    json!({"class": "RegularArray", "size": size, "content": content, "form_key": key})
                }
            },
            Type::String => {
                self.key(&key, Role::Offsets);
                let inner = self.next();
                self.key(&inner, Role::Data);
                let chars = json!({
                    "class": "NumpyArray", "primitive": "uint8", "parameters": {"__array__": "char"}, "form_key": inner,
                });
                json!({
                    "class": "ListOffsetArray", "offsets": "i64", "content": chars,
                    "parameters": {"__array__": "string"}, "form_key": key,
                })
            }
            Type::List(item) => {
                self.key(&key, Role::Offsets);
                let content = self.walk(item);
                json!({"class": "ListOffsetArray", "offsets": "i64", "content": content, "form_key": key})
            }
            Type::Record(fields) => {
                let names: Vec<&str> = fields.iter().map(|f| &*f.name).collect();
                let contents: Vec<Value> = fields.iter().map(|f| self.walk(&f.ty)).collect();
                json!({"class": "RecordArray", "fields": names, "contents": contents, "form_key": key})
            }
            Type::Optional(item) => {
                self.key(&key, Role::Index);
                let content = self.walk(item);
                json!({"class": "IndexedOptionArray", "index": "i64", "content": content, "form_key": key})
            }
            Type::Union(items) => {
                self.key(&key, Role::Tags);
                self.key(&key, Role::Index);
                let contents: Vec<Value> = items.iter().map(|item| self.walk(item)).collect();
                json!({"class": "UnionArray", "tags": "i8", "index": "i64", "contents": contents, "form_key": key})
            }
        }
    }
}
