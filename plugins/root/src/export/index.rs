//! Groups with an index: the form and the places of its buffers become columns again.

use std::collections::HashMap;
use std::ops::Range;

use catena_hdf5_calls::{self as calls, Handle};
use serde_json::Value;

use super::Exported;
use super::hdf5::{element, number_attribute, open, read, text_attribute};
use crate::column::{Column, Kind, Strings, Values};
use crate::error::{Error, Result};

/// Forms in forms, at most.
const DEPTH: usize = 64;

fn broken(what: &str) -> Error {
    Error::corrupt(format!("the index of the HDF5 file: {what}"))
}

fn index(file: &Handle, path: &str) -> Result<Value> {
    let (_, _, bytes) = read(&open(file, &format!("{path}/index"))?)?;
    serde_json::from_slice(&bytes).map_err(|e| broken(&e.to_string()))
}

fn columns(index: &Value) -> Result<Vec<(&str, &Value)>> {
    let form = index.get("form").ok_or_else(|| broken("no form"))?;
    let list = |key| form.get(key).and_then(Value::as_array);
    let (Some(fields), Some(contents)) = (list("fields"), list("contents")) else {
        return Err(broken("no record"));
    };
    let names = fields.iter().map(|name| name.as_str().unwrap_or(""));
    Ok(names.zip(contents).collect())
}

/// Columns that have no place in a tree.
pub(super) fn unfit(file: &Handle, path: &str) -> Result<Vec<String>> {
    let index = index(file, path)?;
    let all = columns(&index)?.into_iter().filter_map(|(name, form)| {
        let why = no_place(form, false, 0)?;
        Some(format!("{path}: {name}: {why} in a tree"))
    });
    Ok(all.collect())
}

/// Why a form has no place in a tree.
fn no_place(form: &Value, in_list: bool, depth: usize) -> Option<&'static str> {
    let class = form.get("class").and_then(Value::as_str).unwrap_or("");
    let text = form
        .pointer("/parameters/__array__")
        .and_then(Value::as_str)
        == Some("string");
    let inner = |in_list| no_place(form.get("content")?, in_list, depth + 1);
    match class {
        _ if depth > DEPTH => Some("forms so deep"),
        "NumpyArray" => None,
        "RegularArray" if form.get("size").and_then(Value::as_u64) == Some(0) => {
            Some("arrays of length 0")
        }
        "RegularArray" => match form.pointer("/content/class").and_then(Value::as_str) {
            Some("NumpyArray" | "RegularArray") => inner(in_list),
            _ => Some("arrays of lists or records"),
        },
        "ListOffsetArray" if text && in_list => Some("lists of texts"),
        "ListOffsetArray" if text => None,
        "ListOffsetArray" if in_list => Some("lists in lists"),
        "ListOffsetArray" => inner(true),
        "RecordArray" => {
            let contents = form.get("contents").and_then(Value::as_array)?;
            contents
                .iter()
                .find_map(|c| no_place(c, in_list, depth + 1))
        }
        "IndexedOptionArray" => Some("optional values"),
        _ => Some("unions"),
    }
}

/// A table's columns, by name.
type Rows = HashMap<String, Column>;

/// The trees of a group.
pub(super) fn trees(file: &Handle, path: &str) -> Result<Vec<Exported>> {
    let index = index(file, path)?;
    let group = open(file, path)?;
    let entries = number_attribute(&group, "entries")?.unwrap_or(0);
    let entries = usize::try_from(entries).map_err(|_| broken("entries"))?;
    let title = text_attribute(&group, "title")?.unwrap_or_default();
    let mut tables: HashMap<String, Rows> = HashMap::new();
    let mut branches = Vec::new();
    for (name, form) in columns(&index)? {
        if no_place(form, false, 0).is_some() {
            continue;
        }
        let mut source = Source {
            file,
            path,
            index: &index,
            tables: &mut tables,
        };
        let column = source.column(form, entries)?;
        let doc = form.pointer("/parameters/__doc__").and_then(Value::as_str);
        branches.push((name.to_owned(), doc.unwrap_or("").to_owned(), column));
    }
    let Some(parts) = index.get("trees").and_then(Value::as_array) else {
        return Ok(vec![Exported {
            path: path.to_owned(),
            title,
            branches,
        }]);
    };
    let mut trees = Vec::new();
    for part in parts {
        let name = part.get(0).and_then(Value::as_str);
        let at = |i: usize| {
            part.get(i)
                .and_then(Value::as_u64)
                .and_then(|n| usize::try_from(n).ok())
        };
        let (Some(name), Some(start), Some(end)) = (name, at(1), at(2)) else {
            return Err(broken("a tree's place"));
        };
        let sliced: Option<Vec<_>> = (branches.iter())
            .map(|(name, title, column)| {
                Some((name.clone(), title.clone(), slice(column, start..end)?))
            })
            .collect();
        trees.push(Exported {
            path: name.to_owned(),
            title: title.clone(),
            branches: sliced.ok_or_else(|| broken("a tree beyond its columns"))?,
        });
    }
    Ok(trees)
}

struct Source<'a> {
    file: &'a Handle,
    path: &'a str,
    index: &'a Value,
    tables: &'a mut HashMap<String, Rows>,
}

impl Source<'_> {
    /// The column of a form that has a place in a tree.
    fn column(&mut self, form: &Value, len: usize) -> Result<Column> {
        let class = form.get("class").and_then(Value::as_str).unwrap_or("");
        let key = form.get("form_key").and_then(Value::as_str).unwrap_or("");
        let content = || form.get("content").ok_or_else(|| broken("no content"));
        let fits = |column: Column, len: usize| match column.len() == len {
            true => Ok(column),
            false => Err(broken("a buffer of another length")),
        };
        match class {
            "NumpyArray" => {
                let bools = form.get("primitive").and_then(Value::as_str) == Some("bool");
                let mut values = numbers(self.buffer(&format!("{key}-data"))?);
                if let (true, Values::U8(bytes)) = (bools, &mut values) {
                    values = Values::Bool(std::mem::take(bytes));
                }
                let mut column = Column::Values(values);
                let shape = form.get("inner_shape").and_then(Value::as_array);
                for size in shape.into_iter().flatten().rev() {
                    let size = size.as_u64().and_then(|n| usize::try_from(n).ok());
                    let size = size.filter(|&n| n > 0).ok_or_else(|| broken("an axis"))?;
                    column = Column::Fixed {
                        len: column.len() / size,
                        size,
                        item: Box::new(column),
                    };
                }
                fits(column, len)
            }
            "RegularArray" => {
                let size = form.get("size").and_then(Value::as_u64).unwrap_or(0);
                let size = usize::try_from(size).map_err(|_| broken("a size"))?;
                let inner = len.checked_mul(size).ok_or_else(|| broken("a size"))?;
                Ok(Column::Fixed {
                    len,
                    size,
                    item: Box::new(self.column(content()?, inner)?),
                })
            }
            "ListOffsetArray" => {
                let offsets = match numbers(self.buffer(&format!("{key}-offsets"))?) {
                    Values::I64(offsets) if offsets.len() == len + 1 => offsets,
                    _ => return Err(broken("offsets")),
                };
                let sound = offsets.first() == Some(&0) && offsets.is_sorted();
                let n = offsets.last().and_then(|&n| usize::try_from(n).ok());
                let n = n.filter(|_| sound).ok_or_else(|| broken("offsets"))?;
                let item = self.column(content()?, n)?;
                let text = form.pointer("/parameters/__array__").is_some();
                Ok(match (text, item) {
                    (true, Column::Values(Values::U8(bytes))) => {
                        Column::Strings(Strings { offsets, bytes })
                    }
                    (_, item) => Column::List {
                        offsets,
                        item: Box::new(item),
                    },
                })
            }
            "RecordArray" => {
                let list = |key| form.get(key).and_then(Value::as_array);
                let (Some(names), Some(contents)) = (list("fields"), list("contents")) else {
                    return Err(broken("a record"));
                };
                let mut fields = Vec::new();
                for (name, form) in names.iter().zip(contents) {
                    fields.push((name.as_str().unwrap_or("").into(), self.column(form, len)?));
                }
                Ok(Column::Record { len, fields })
            }
            _ => Err(broken("a form")),
        }
    }

    /// A buffer as the column that its table has, or as part of it.
    fn buffer(&mut self, key: &str) -> Result<Column> {
        let place = self.index.get("buffers").and_then(|b| b.get(key));
        let place = place.ok_or_else(|| broken("a buffer without a place"))?;
        let text = |i: usize| place.get(i).and_then(Value::as_str);
        let number = |i: usize| {
            place
                .get(i)
                .and_then(Value::as_u64)
                .and_then(|n| usize::try_from(n).ok())
        };
        let (Some(table), Some(member), Some(start), Some(end)) =
            (text(0), text(1), number(2), number(3))
        else {
            return Err(broken("a place"));
        };
        if !self.tables.contains_key(table) {
            let rows = rows(self.file, &format!("{}/{table}", self.path))?;
            self.tables.insert(table.to_owned(), rows);
        }
        let column = self.tables.get(table).and_then(|rows| rows.get(member));
        let column = column.ok_or_else(|| broken("a place that is not there"))?;
        slice(column, start..end).ok_or_else(|| broken("a place beyond its table"))
    }
}

fn rows(file: &Handle, path: &str) -> Result<Rows> {
    let (datatype, _, bytes) = read(&open(file, path)?)?;
    let record = calls::size(&datatype).max(1);
    let mut rows = HashMap::new();
    for (name, offset, of) in calls::members(&datatype)? {
        let Some(of) = element(&of)? else { continue };
        let mut own = Vec::new();
        for row in bytes.chunks_exact(record) {
            own.extend(row.iter().skip(offset).take(of.size()));
        }
        rows.insert(name.to_string_lossy().into_owned(), of.column(&own));
    }
    Ok(rows)
}

/// The numbers of arrays, one after another.
fn numbers(column: Column) -> Values {
    match column {
        Column::Values(values) => values,
        Column::Fixed { item, .. } => numbers(*item),
        _ => Values::new(Kind::U8),
    }
}

/// Some entries of a column.
fn slice(column: &Column, part: Range<usize>) -> Option<Column> {
    if part.start > part.end || part.end > column.len() {
        return None;
    }
    Some(match column {
        Column::Values(values) => {
            let mut out = Values::new(values.kind());
            out.extend_part(values, part);
            Column::Values(out)
        }
        Column::Fixed { size, item, .. } => Column::Fixed {
            len: part.len(),
            size: *size,
            item: Box::new(slice(item, part.start * size..part.end * size)?),
        },
        Column::Strings(strings) => {
            let (offsets, inner) = moved(&strings.offsets, part)?;
            Column::Strings(Strings {
                offsets,
                bytes: strings.bytes.get(inner)?.to_vec(),
            })
        }
        Column::List { offsets, item } => {
            let (offsets, inner) = moved(offsets, part)?;
            Column::List {
                offsets,
                item: Box::new(slice(item, inner)?),
            }
        }
        Column::Record { fields, .. } => {
            let fields: Option<Vec<_>> = (fields.iter())
                .map(|(name, field)| Some((name.clone(), slice(field, part.clone())?)))
                .collect();
            Column::Record {
                len: part.len(),
                fields: fields?,
            }
        }
        _ => return None,
    })
}

fn moved(offsets: &[i64], part: Range<usize>) -> Option<(Vec<i64>, Range<usize>)> {
    let own = offsets.get(part.start..=part.end)?;
    let (first, last) = (*own.first()?, *own.last()?);
    let inner = usize::try_from(first).ok()?..usize::try_from(last).ok()?;
    Some((own.iter().map(|o| o - first).collect(), inner))
}
