//! Tables and columns: compounds whose members become branches, with a second axis and `valid`
//! lists.

use catena_hdf5_calls::{self as calls, Class, Handle};

use super::Exported;
use super::hdf5::{element, open, read, text_attribute};
use crate::column::{Column, Kind, Values};
use crate::error::{Error, Result};

/// The member that says which elements are an entry's own.
const VALID: &str = "valid";

/// Members that have no place in a tree.
pub(super) fn unfit(file: &Handle, path: &str) -> Result<Vec<String>> {
    let datatype = calls::dataset_type(&open(file, path)?)?;
    let mut all = Vec::new();
    for (name, _, of) in calls::members(&datatype)? {
        if element(&of)?.is_none() {
            all.push(format!(
                "{path}: member {}: elements of this type",
                name.to_string_lossy()
            ));
        }
    }
    Ok(all)
}

/// Of all tables of a group.
pub(super) fn unfit_group(file: &Handle, path: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for table in tables(file, path)? {
        all.extend(unfit(file, &table)?);
    }
    Ok(all)
}

fn tables(file: &Handle, path: &str) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for link in calls::links(&open(file, path)?)? {
        let inner = format!("{path}/{}", link.name.to_string_lossy());
        let object = open(file, &inner)?;
        if calls::object_info(&object)?.kind == calls::ObjectKind::Dataset
            && calls::class(&calls::dataset_type(&object)?)? == Class::Compound
        {
            all.push(inner);
        }
    }
    // What is no list first, as it was.
    all.sort_by_key(|table| !table.ends_with("/entries"));
    Ok(all)
}

/// The tree of a group that `convert` wrote.
pub(super) fn of_group(file: &Handle, path: &str) -> Result<Exported> {
    let titles = text_attribute(&open(file, path)?, "titles")?.unwrap_or_default();
    let titles: serde_json::Value = serde_json::from_str(&titles).unwrap_or_default();
    let mut branches = Vec::new();
    for table in tables(file, path)? {
        for (name, _, column) in members(file, &table)? {
            let title = titles.get(&name).and_then(|t| t.as_str()).unwrap_or("");
            branches.push((name, title.to_owned(), column));
        }
    }
    Ok(Exported {
        path: path.to_owned(),
        title: text_attribute(&open(file, path)?, "title")?.unwrap_or_default(),
        branches,
    })
}

/// The tree of a table.
pub(super) fn of_table(file: &Handle, path: &str) -> Result<Exported> {
    Ok(Exported {
        path: path.to_owned(),
        title: String::new(),
        branches: members(file, path)?,
    })
}

/// The tree of a group's columns.
pub(super) fn of_columns(file: &Handle, path: &str, names: &[String]) -> Result<Exported> {
    let mut branches = Vec::new();
    for name in names {
        let (datatype, dims, bytes) = read(&open(file, &format!("{path}/{name}"))?)?;
        if let Some(mut of) = element(&datatype)? {
            let inner = dims
                .iter()
                .skip(1)
                .map(|&n| usize::try_from(n).unwrap_or(usize::MAX));
            of.dims = inner.chain(of.dims).collect();
            branches.push((name.clone(), String::new(), of.column(&bytes)));
        }
    }
    Ok(Exported {
        path: path.to_owned(),
        title: String::new(),
        branches,
    })
}

/// A table's members as columns.
fn members(file: &Handle, path: &str) -> Result<Vec<(String, String, Column)>> {
    let (datatype, dims, bytes) = read(&open(file, path)?)?;
    let record = calls::size(&datatype);
    let mut columns = Vec::new();
    for (name, offset, of) in calls::members(&datatype)? {
        let Some(of) = element(&of)? else { continue };
        let size = of.size();
        let mut own = Vec::with_capacity(bytes.len() / record.max(1) * size);
        for row in bytes.chunks_exact(record.max(1)) {
            let part = row.get(offset..offset.saturating_add(size));
            own.extend_from_slice(
                part.ok_or_else(|| Error::corrupt("a member beyond its record"))?,
            );
        }
        columns.push((name.to_string_lossy().into_owned(), of.column(&own)));
    }
    let &[_, axis] = &dims[..] else {
        return Ok(columns
            .into_iter()
            .map(|(name, c)| (name, String::new(), c))
            .collect());
    };
    let axis = usize::try_from(axis).unwrap_or(usize::MAX).max(1);
    let valid = columns.iter().position(|(name, c)| {
        name == VALID && matches!(c, Column::Values(values) if values.kind() == Kind::Bool)
    });
    let valid = valid.map(|at| columns.remove(at).1);
    let Some(Column::Values(Values::Bool(valid))) = valid else {
        let fixed = columns.into_iter().map(|(name, column)| {
            let column = Column::Fixed {
                len: column.len() / axis,
                size: axis,
                item: Box::new(column),
            };
            (name, String::new(), column)
        });
        return Ok(fixed.collect());
    };
    let mut offsets = vec![0i64];
    for entry in valid.chunks(axis) {
        let n = entry.iter().filter(|&&v| v != 0).count() as i64;
        offsets.push(offsets.last().copied().unwrap_or(0) + n);
    }
    let lists = columns.into_iter().map(|(name, column)| {
        let list = Column::List {
            offsets: offsets.clone(),
            item: Box::new(kept(column, &valid)),
        };
        (name, String::new(), list)
    });
    Ok(lists.collect())
}

/// The elements that are valid.
fn kept(column: Column, valid: &[u8]) -> Column {
    match column {
        Column::Values(values) => {
            let mut out = Values::new(values.kind());
            for (i, _) in valid.iter().enumerate().filter(|(_, v)| **v != 0) {
                out.extend_part(&values, i..i + 1);
            }
            Column::Values(out)
        }
        Column::Fixed { size, item, .. } => {
            let repeated: Vec<u8> = valid
                .iter()
                .flat_map(|&v| std::iter::repeat_n(v, size))
                .collect();
            let item = kept(*item, &repeated);
            Column::Fixed {
                len: item.len() / size.max(1),
                size,
                item: Box::new(item),
            }
        }
        other => other,
    }
}
